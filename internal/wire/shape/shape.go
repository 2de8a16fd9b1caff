// Package shape says what Go types are on the wire, whatever the dialect, and
// what their values must satisfy.
//
// A [Compiler] turns the inputs and outputs of one service into shapes, with the
// [Limits] on their members; what the wire cannot carry, and a limit that could
// never fail, are errors then. The packages of the dialects read and write values
// by their shapes. [Check] finds what is wrong with an input and says it in AWS's
// words. What cannot be read at all is an [Error] made here, so that each dialect
// says the same.
package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// A Kind is what a value is on the wire, whatever its Go type.
type Kind uint8

// The kinds.
const (
	KindString Kind = iota + 1
	KindBool
	KindInt
	KindFloat
	KindTime
	KindBlob
	KindList
	KindMap
	KindStruct
	KindDocument // JSON of any form, as it was sent: a json.RawMessage
	KindReader   // an io.Reader that is the body of a request
	KindWriter   // a Stream
	KindEvents   // Events of some type
)

// A Shape is a Go type as the dialects see it, with the constraints on its
// members. Shapes are compiled once per service and never change afterwards;
// they refer to each other where types are recursive.
type Shape struct {
	Kind Kind
	// Ptr says that the Go type is a pointer to Type.
	Ptr  bool
	Type reflect.Type
	// size is what a value takes in memory, in bytes, without the text of strings
	// and the elements of lists and maps.
	size uintptr
	// Elem is the element of a list, the value of a map, and the structure of an
	// event.
	Elem *Shape
	// Format is how a timestamp is spelled.
	Format Format
	// Fields are the members of a structure in the order of the Go type, Index
	// their places by wire name.
	Fields []Field
	Index  map[string]int
	// Strings counts the members of type *string; a decoder makes room for all
	// of them at once.
	Strings int
	// checked says that the shape or something below it has a limit.
	checked bool
	// whole says that it is that of an input or output.
	whole bool
	// wrapper is what the members in the body are within: see [Shape.Within].
	wrapper string
}

// A Field is one member of a structure.
type Field struct {
	// Name is the member's name in JSON, camel the same as errors spell it.
	Name, camel string
	// at is the way to the Go field; longer than one for embedded structs.
	at    []int
	Shape *Shape
	omit  bool
	Form  Form
	// Location is where restJson1 has the member, LocationName the name of the label,
	// parameter or header there, or what such names begin with.
	Location     Location
	LocationName string
	limit        *limit
	// hidden says that trails do not show what the member is, and omitted that they do
	// not have it.
	hidden, omitted bool
	// trailOnly is for what only trails show.
	trailOnly bool
}

// A Form is how the query protocol spells a member.
type Form struct {
	Name string
	// Flat lists and maps number their entries right after the name, others
	// after a further word.
	Flat bool
	// Member is the word before the numbers of a list that is not flat.
	Member string
	// Key and Value are the words for the two halves of a map's entry.
	Key, Value string
	// URL marks the member that stands for the path of the request.
	URL bool
	// JSON is the member's name in the protocol's JSON.
	JSON string
}

// Of returns the Go field within the structure v.
func (f *Field) Of(v reflect.Value) reflect.Value {
	if len(f.at) == 1 {
		return v.Field(f.at[0])
	}
	return v.FieldByIndex(f.at)
}

// Absent says whether the output member v is left out of an answer. A nil
// pointer always is: answers never hold null.
func (f *Field) Absent(v reflect.Value) bool { return f.trailOnly || f.Unset(v) }

// Unset says whether there is nothing to be said of the output member v.
func (f *Field) Unset(v reflect.Value) bool {
	switch {
	case f.Shape.Ptr, f.Shape.Kind.Streams():
		return v.IsNil()
	case f.Shape.Kind == KindDocument:
		return v.Len() == 0
	case !f.omit:
		return false
	case f.Shape.Kind == KindTime:
		return TimeOf(v).IsZero()
	case f.Shape.Kind == KindList, f.Shape.Kind == KindMap, f.Shape.Kind == KindBlob:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// A Compiler compiles the types of one service.
type Compiler struct {
	limits Limits
	// used are the keys of limits that a member was found for.
	used map[string]bool
	made map[reflect.Type]*Shape
}

// NewCompiler returns a compiler of the types of one service, whose members have
// these limits.
func NewCompiler(limits Limits) *Compiler {
	return &Compiler{limits: limits, used: map[string]bool{}, made: map[reflect.Type]*Shape{}}
}

var timeType = reflect.TypeFor[Time]()

// Compile returns the shape of t, which is that of an input, an output, or what
// an error says beside its message. What the wire cannot carry is an error.
func (c *Compiler) Compile(t reflect.Type) (*Shape, error) {
	s, err := c.compile(t)
	if err != nil {
		return nil, err
	}
	if s.Kind != KindStruct || s.Ptr {
		return nil, fmt.Errorf("%s: inputs and outputs are structs", t)
	}
	s.whole = true
	return s, nil
}

func (c *Compiler) compile(t reflect.Type) (*Shape, error) {
	if s, ok := c.made[t]; ok {
		return s, nil
	}
	s := &Shape{Type: t}
	c.made[t] = s // before the members, which may be of this type again
	if t.Kind() == reflect.Pointer {
		s.Ptr, s.Type = true, t.Elem()
	}
	if ok, err := c.streamed(s); ok {
		return s, err
	}
	var err error
	switch s.Type.Kind() {
	case reflect.String:
		s.Kind = KindString
	case reflect.Bool:
		s.Kind = KindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Kind = KindInt
	case reflect.Float32, reflect.Float64:
		s.Kind = KindFloat
	case reflect.Slice:
		if s.Type == reflect.TypeFor[json.RawMessage]() {
			s.Kind = KindDocument
			break
		}
		if s.Type.Elem().Kind() == reflect.Uint8 {
			s.Kind = KindBlob
			break
		}
		s.Kind = KindList
		s.Elem, err = c.compile(s.Type.Elem())
	case reflect.Map:
		if s.Type.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%s: a map on the wire has strings for keys", t)
		}
		s.Kind = KindMap
		s.Elem, err = c.compile(s.Type.Elem())
	case reflect.Struct:
		if s.Type == timeType {
			s.Kind = KindTime
			break
		}
		if s.Type == reflect.TypeFor[time.Time]() {
			return nil, fmt.Errorf("%s: a timestamp on the wire is a wire.Time", t)
		}
		s.Kind = KindStruct
		err = c.members(s)
	default:
		return nil, fmt.Errorf("%s: the wire carries strings, booleans, integers, floats, times, bytes, documents, lists, maps, structures and streams only", t)
	}
	if err != nil {
		return nil, err
	}
	s.measure()
	return s, nil
}

// entrySize is what a map needs for an entry beside the value, and at least for
// itself, about.
const entrySize = 64

// measure sets the size of s from what it is made of. A member of a recursive
// type counts as a pointer: it is there only if the request says so.
func (s *Shape) measure() {
	s.size = s.Type.Size()
	if s.Ptr {
		s.size += reflect.TypeFor[uintptr]().Size()
	}
	if s.Kind == KindMap {
		s.size += 4 * entrySize
	}
	for i := range s.Fields {
		if member := s.Fields[i].Shape; member.Ptr {
			s.size += member.Type.Size()
		} else if member.Kind == KindMap {
			s.size += 4 * entrySize
		}
	}
}

// Part returns what an element of the list, or an entry of the map, takes in
// memory, in bytes and without what it is made of. Decoders count them against
// [MaxParts].
func (s *Shape) Part() int {
	if s.Kind == KindMap {
		return int(s.Elem.size + entrySize)
	}
	return int(s.Elem.size)
}

// members fills in the fields of the structure s.
func (c *Compiler) members(s *Shape) error {
	s.Index = map[string]int{}
	for _, sf := range reflect.VisibleFields(s.Type) {
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" || sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			continue // an embedded struct's members follow as fields of their own
		}
		if !sf.IsExported() {
			continue
		}
		if err := c.member(s, sf, name, opts); err != nil {
			return fmt.Errorf("%s.%s: %w", s.Type.Name(), sf.Name, err)
		}
	}
	return nil
}

func (c *Compiler) member(s *Shape, sf reflect.StructField, name, opts string) error {
	if name == "" {
		name = sf.Name
	}
	f := Field{Name: name, camel: lowerCamel(name), at: sf.Index}
	for opt := range strings.SplitSeq(opts, ",") {
		switch opt {
		case "":
		case "omitempty", "omitzero":
			f.omit = true
		default:
			return fmt.Errorf("the json option %q is not understood", opt)
		}
	}
	var err error
	if f.Form, err = parseForm(sf.Tag.Get("query"), name); err != nil {
		return err
	}
	if f.Shape, err = c.compile(sf.Type); err != nil {
		return err
	}
	if err = f.locate(sf.Tag.Get("rest")); err != nil {
		return err
	}
	// A member outside the body may be called like one in it.
	i, taken := s.Index[name]
	if taken && (s.Fields[i].Location == InBody) == (f.Location == InBody) {
		return fmt.Errorf("the name %q is taken by another member", name)
	}
	if err = f.format(sf.Tag.Get("time")); err != nil {
		return err
	}
	if f.limit, err = c.limit(owner(s.Type, sf)+"."+sf.Name, f.Shape); err != nil {
		return err
	}
	if err = f.hide(sf.Tag.Get("trail")); err != nil {
		return err
	}
	if f.Shape.Ptr && f.Shape.Type == reflect.TypeFor[string]() {
		s.Strings++
	}
	if !taken || f.Location == InBody {
		s.Index[name] = len(s.Fields)
	}
	s.Fields = append(s.Fields, f)
	return nil
}

// owner is the name of the struct that declares sf: t, or one that t embeds.
func owner(t reflect.Type, sf reflect.StructField) string {
	for _, i := range sf.Index[:len(sf.Index)-1] {
		t = t.Field(i).Type
	}
	return t.Name()
}

// parseForm reads a tag such as `query:"Attribute,flat,key=Name,value=Value"`.
func parseForm(tag, name string) (Form, error) {
	f := Form{Name: name, JSON: name, Member: "member", Key: "key", Value: "value"}
	for i, part := range strings.Split(tag, ",") {
		word, arg, hasArg := strings.Cut(part, "=")
		switch {
		case i == 0 && !hasArg:
			if part != "" {
				f.Name = part
			}
		case part == "flat":
			f.Flat = true
		case part == "url":
			f.URL = true
		case word == "member" && arg != "":
			f.Member = arg
		case word == "key" && arg != "":
			f.Key = arg
		case word == "value" && arg != "":
			f.Value = arg
		case word == "json" && arg != "":
			f.JSON = arg
		default:
			return Form{}, fmt.Errorf("the query option %q is not understood; there are flat, url, member=, key=, value= and json=", part)
		}
	}
	return f, nil
}

func lowerCamel(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// Within returns the shape of an input whose members in the body are spoken of, in errors
// and trails, as members of a structure with a name.
func (s *Shape) Within(wrapper string) *Shape {
	c := *s
	c.wrapper = wrapper
	return &c
}

// Wrapper is the name of that structure, "" for none.
func (s *Shape) Wrapper() string { return s.wrapper }

func TimeOf(v reflect.Value) Time {
	t, _ := reflect.TypeAssert[Time](v)
	return t
}

// None is the output of an operation that has no output shape: the answer has
// an empty body.
type None struct{}

// Empty is the output of an operation whose output shape has no members: the
// answer is {}.
type Empty struct{}

// IsNone says whether s is the shape of [None].
func (s *Shape) IsNone() bool { return s.Type == reflect.TypeFor[None]() }
