package rest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// A Binding is where the members of one operation are.
type Binding struct {
	status  int
	in, out side
}

// A side is an input or an output.
type side struct {
	// bound are the members that have a place outside the body.
	bound []*shape.Field
	// payload is the member that is the body.
	payload *shape.Field
	// body has the members that the body has, where no member is the body.
	body *shape.Shape
}

// Bind compiles the binding of an operation with this route, whose answers have
// this status when all went well.
func Bind(pattern string, status int, in, out *shape.Shape) (*Binding, error) {
	b := &Binding{status: status}
	var err error
	if b.in, err = split(in, shape.InLabel, shape.InQuery, shape.InParams, shape.InHeader, shape.InPrefix); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if b.out, err = split(out, shape.InStatus, shape.InHeader, shape.InPrefix); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	if out.IsNone() {
		b.out.body = nil
	}
	return b, b.in.labelled(pattern)
}

// split sorts the members of s by their places, of which there are these beside
// the body.
func split(s *shape.Shape, locations ...shape.Location) (side, error) {
	var d side
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Location == shape.InBody:
			continue
		case f.Location == shape.InPayload && d.payload != nil:
			return side{}, fmt.Errorf("%s and %s cannot both be the body", d.payload.Name, f.Name)
		case f.Location == shape.InPayload:
			d.payload = f
		case !slices.Contains(locations, f.Location):
			return side{}, fmt.Errorf("%s cannot be in such a place", f.Name)
		case !fits(f):
			return side{}, fmt.Errorf("%s: a member of its type has no such place", f.Name)
		default:
			d.bound = append(d.bound, f)
		}
	}
	body := s.Only(func(f *shape.Field) bool { return f.Location == shape.InBody })
	if d.payload == nil {
		d.body = body
	} else if len(body.Fields) > 0 {
		return side{}, fmt.Errorf("%s has no place, since %s is the body", body.Fields[0].Name, d.payload.Name)
	}
	return d, nil
}

// fits says whether the type of f can be where f is.
func fits(f *shape.Field) bool {
	s := f.Shape
	list := s.Kind == shape.KindList && s.Elem.Scalar()
	switch f.Location {
	case shape.InLabel:
		return s.Scalar()
	case shape.InQuery, shape.InHeader:
		return s.Scalar() || list
	case shape.InParams:
		return s.Kind == shape.KindMap && (s.Elem.Kind == shape.KindString || s.Elem.Kind == shape.KindList && s.Elem.Elem.Kind == shape.KindString)
	case shape.InPrefix:
		return s.Kind == shape.KindMap && s.Elem.Kind == shape.KindString
	default:
		return s.Kind == shape.KindInt
	}
}

// labelled checks that the labels of a route and the members that stand for them
// are the same.
func (d *side) labelled(pattern string) error {
	_, path, _ := strings.Cut(pattern, " ")
	path, _, _ = strings.Cut(path, "?")
	var want []string
	for _, segment := range segments(path) {
		if name, ok := label(segment); ok {
			want = append(want, strings.TrimSuffix(name, "+"))
		}
	}
	for _, f := range d.bound {
		if f.Location != shape.InLabel {
			continue
		}
		i := slices.Index(want, f.LocationName)
		if i < 0 {
			return fmt.Errorf("the route %q has no label %s", pattern, f.LocationName)
		}
		want = slices.Delete(want, i, i+1)
	}
	if len(want) > 0 {
		return fmt.Errorf("no member is the label %s of the route %q", want[0], pattern)
	}
	return nil
}

// A Request is what an input is read from.
type Request struct {
	Labels map[string]string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Stream is the body of an operation whose body is a stream.
	Stream io.Reader
}

// Streams says whether the body of a request is a stream.
func (b *Binding) Streams() bool {
	return b.in.payload != nil && b.in.payload.Shape.Kind == shape.KindReader
}

// Decode reads the input from r into in. When there is more in lists and maps
// than anybody may ask for, the error is [shape.ErrTooManyParts], and in holds
// the first of them.
func (b *Binding) Decode(r *Request, in reflect.Value) error {
	for _, f := range b.in.bound {
		if err := decode(r, f, f.Of(in)); err != nil {
			return shape.Serialization(shape.Within(err, "."+f.Name))
		}
	}
	if b.in.payload == nil {
		return awsjson.Read(r.Body, b.in.body, in)
	}
	f := b.in.payload
	return decodePayload(r, f.Shape, f.Of(in))
}

func decode(r *Request, f *shape.Field, v reflect.Value) error {
	switch f.Location {
	case shape.InLabel:
		return shape.ReadText(r.Labels[f.LocationName], f.Shape, v)
	case shape.InQuery:
		return decodeQuery(r.Query[f.LocationName], f.Shape, v)
	case shape.InParams:
		return decodeParams(r.Query, f.Shape, v)
	case shape.InHeader:
		return decodeHeader(r.Header.Values(f.LocationName), f.Shape, v)
	default:
		decodePrefix(r.Header, f.LocationName, f.Shape, v)
		return nil
	}
}

func decodeQuery(values []string, s *shape.Shape, v reflect.Value) error {
	switch {
	case len(values) == 0:
		return nil
	case s.Kind == shape.KindList:
		return decodeList(values, s, v)
	default:
		return shape.ReadText(values[0], s, v)
	}
}

// decodeParams reads all of a query string, of the parameters that stand twice
// the first where the member has room for one.
func decodeParams(query url.Values, s *shape.Shape, v reflect.Value) error {
	if len(query) == 0 {
		return nil
	}
	v.Set(reflect.MakeMapWithSize(s.Type, len(query)))
	for name, values := range query {
		elem := reflect.New(s.Type.Elem()).Elem()
		if err := decodeQuery(values, s.Elem, elem); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(name).Convert(s.Type.Key()), elem)
	}
	return nil
}

func decodeList(values []string, s *shape.Shape, v reflect.Value) error {
	v.Set(reflect.MakeSlice(s.Type, len(values), len(values)))
	for i, text := range values {
		if err := shape.ReadText(text, s.Elem, v.Index(i)); err != nil {
			return shape.Within(err, fmt.Sprintf("[%d]", i))
		}
	}
	return nil
}

func decodePayload(r *Request, s *shape.Shape, v reflect.Value) error {
	switch s.Kind {
	case shape.KindReader:
		v.Set(reflect.ValueOf(r.Stream))
	case shape.KindBlob:
		if len(r.Body) > 0 {
			v.SetBytes(slices.Clone(r.Body))
		}
	case shape.KindString:
		if len(r.Body) > 0 {
			return shape.Serialization(shape.ReadText(string(r.Body), s, v))
		}
	default:
		return awsjson.Read(r.Body, s, v)
	}
	return nil
}

// Encode writes the head of the answer for out into header and appends its body.
// The body of an output that is a stream is left to the caller.
func (b *Binding) Encode(header http.Header, body []byte, out reflect.Value) (status int, _ []byte, err error) {
	if b.out.payload == nil {
		if b.out.body != nil {
			header.Set("Content-Type", "application/json")
			if body, err = awsjson.Append(body, out, b.out.body); err != nil {
				return 0, nil, err
			}
		}
	} else if body, err = encodePayload(header, body, b.out.payload, out); err != nil {
		return 0, nil, err
	}
	status = b.status
	for _, f := range b.out.bound {
		v := f.Of(out)
		if f.Absent(v) {
			continue
		}
		if f.Location == shape.InStatus {
			if status = int(reflect.Indirect(v).Int()); status < 200 || status > 599 {
				return 0, nil, fmt.Errorf("encode %s: an answer cannot have the status %d", f.Name, status)
			}
			continue
		}
		encodeHeader(header, f, v)
	}
	return status, body, nil
}

func encodePayload(header http.Header, body []byte, f *shape.Field, out reflect.Value) ([]byte, error) {
	v := f.Of(out)
	if f.Shape.Ptr && v.IsNil() {
		return body, nil
	}
	switch f.Shape.Kind {
	case shape.KindBlob:
		header.Set("Content-Type", "application/octet-stream")
		return append(body, v.Bytes()...), nil
	case shape.KindString:
		header.Set("Content-Type", "text/plain")
		return append(body, reflect.Indirect(v).String()...), nil
	case shape.KindWriter:
		header.Set("Content-Type", "application/octet-stream")
		return body, nil
	case shape.KindEvents:
		return body, nil
	default:
		header.Set("Content-Type", "application/json")
		return awsjson.Append(body, v, f.Shape)
	}
}
