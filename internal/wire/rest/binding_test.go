package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire/shape"
)

func ptr[T any](v T) *T { return &v }

type input struct {
	Label    *string             `rest:"label"`
	When     *shape.Time         `rest:"label"`
	Word     *string             `rest:"query=w"`
	Count    *int                `rest:"query"`
	Numbers  []int               `rest:"query=n"`
	Since    *shape.Time         `rest:"query"`
	Epoch    *shape.Time         `rest:"query=e" time:"epoch-seconds"`
	All      map[string][]string `rest:"params"`
	Header   *string             `rest:"header=X-Word"`
	Flag     *bool               `rest:"header=X-Flag"`
	Words    []string            `rest:"header=X-Words"`
	Dates    []shape.Time        `rest:"header=X-Dates"`
	Stamp    *shape.Time         `rest:"header=X-Stamp" time:"date-time"`
	Meta     map[string]string   `rest:"prefix=X-Meta-"`
	Text     *string             `json:"text"`
	Day      *shape.Time         `json:"day" time:"date-time"`
	Document json.RawMessage     `json:"document"`
	Ratio    *float64
}

var instant = shape.At(time.Unix(1700000000, 0).UTC())

func compile[T any](t testing.TB) *shape.Shape {
	t.Helper()
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const pattern = "POST /{Label}/{When}"

func request(query string, header http.Header, body string) *Request {
	values, _ := url.ParseQuery(query) // what can be read, is
	return &Request{Labels: map[string]string{"Label": "l", "When": "2023-11-14T22:13:20Z"}, Query: values, Header: header, Body: []byte(body)}
}

func TestMembersAreReadFromTheirPlaces(t *testing.T) {
	b, err := Bind(pattern, 200, compile[input](t), compile[shape.None](t))
	if err != nil {
		t.Fatal(err)
	}
	base := func(change func(*input)) input {
		in := input{Label: ptr("l"), When: &instant}
		change(&in)
		return in
	}
	for _, c := range []struct {
		name string
		r    *Request
		want input
	}{
		{"nothing else", request("", nil, ""), base(func(*input) {})},
		{"an empty object", request("", nil, "{}"), base(func(*input) {})},
		{"the query string", request("w=a+b%2B&n=1&n=-2&Count=7&Since=2023-11-14T22:13:20Z&e=1700000000&other", nil, ""), base(func(in *input) {
			in.Word, in.Numbers, in.Count, in.Since, in.Epoch = ptr("a b+"), []int{1, -2}, ptr(7), &instant, &instant
			in.All = map[string][]string{"w": {"a b+"}, "n": {"1", "-2"}, "Count": {"7"}, "Since": {"2023-11-14T22:13:20Z"}, "e": {"1700000000"}, "other": {""}}
		})},
		{"headers", request("", http.Header{
			"X-Word": {""}, "X-Flag": {" true "}, "X-Words": {`a, "b,\"c\\",d`, "e"}, "X-Stamp": {"2023-11-14T22:13:20Z"},
			"X-Dates": {"Tue, 14 Nov 2023 22:13:20 GMT, Tue, 14 Nov 2023 22:13:20.000 GMT"}, "X-Meta-Some-Key": {"v"},
		}, ""), base(func(in *input) {
			in.Header, in.Flag, in.Words, in.Stamp = ptr(""), ptr(true), []string{"a", `b,"c\`, "d", "e"}, &instant
			in.Dates, in.Meta = []shape.Time{instant, instant}, map[string]string{"some-key": "v"}
		})},
		{"an empty header", request("", http.Header{"X-Flag": {""}}, ""), base(func(*input) {})},
		{"the body", request("", nil, `{"text":"t","day":"2023-11-14T22:13:20Z","document":{"a":[1,null]},"Label":"no","Ratio":"-Infinity","unknown":1}`), base(func(in *input) {
			in.Text, in.Day, in.Document = ptr("t"), &instant, json.RawMessage(`{"a":[1,null]}`)
			minus := -1.0
			minus /= 0 * -minus
			in.Ratio = ptr(minus)
		})},
	} {
		var got input
		if err := b.Decode(c.r, reflect.ValueOf(&got).Elem()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestWrongMembersAreNamed(t *testing.T) {
	b, err := Bind(pattern, 200, compile[input](t), compile[shape.None](t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    *Request
		want string
	}{
		{request("Count=x", nil, ""), `Count: expected an integer, found "x".`},
		{request("n=1&n=", nil, ""), `Numbers[1]: expected an integer, found "".`},
		{request("w=%ff", nil, ""), "Word: expected text in UTF-8, found other bytes."},
		{request("Since=soon", nil, ""), `Since: expected a timestamp (Unix seconds or ISO 8601), found "soon".`},
		{request("", http.Header{"X-Flag": {"maybe"}}, ""), `Flag: expected true or false, found "maybe".`},
		{request("", nil, `{"text":5}`), "text: expected a string, found a number."},
		{request("", nil, `{"text":"x"`), "The request body is not valid JSON: "},
		{request("", nil, `{"document":tru}`), "The request body is not valid JSON: "},
	} {
		var in input
		e, ok := errors.AsType[*shape.Error](b.Decode(c.r, reflect.ValueOf(&in).Elem()))
		if !ok || e.Code != "SerializationException" || !strings.HasPrefix(e.Message, c.want) {
			t.Errorf("got %v, want %s", e, c.want)
		}
	}
}

type blob struct {
	Payload []byte `rest:"payload"`
}

type text struct {
	Payload *string `rest:"payload"`
}

type structure struct {
	Payload *struct{ A *string } `rest:"payload"`
	Head    *string              `rest:"header=X-Head"`
}

type list struct {
	Payload []int `rest:"payload"`
}

type document struct {
	Payload json.RawMessage `rest:"payload"`
}

func payload[T any](t *testing.T, body string) string {
	t.Helper()
	s := compile[T](t)
	b, err := Bind("POST /", 200, s, s)
	if err != nil {
		t.Fatal(err)
	}
	var in T
	v := reflect.ValueOf(&in).Elem()
	if err := b.Decode(&Request{Body: []byte(body)}, v); err != nil {
		return err.Error()
	}
	header := http.Header{}
	_, out, err := b.Encode(header, nil, v)
	if err != nil {
		return err.Error()
	}
	return header.Get("Content-Type") + " " + string(out)
}

func TestAPayloadIsTheWholeBody(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{payload[blob](t, "\x00{\xff"), "application/octet-stream \x00{\xff"},
		{payload[blob](t, ""), "application/octet-stream "},
		{payload[text](t, "é{"), "text/plain é{"},
		{payload[text](t, ""), " "},
		{payload[text](t, "\xff"), "SerializationException: the request body: expected text in UTF-8, found other bytes."},
		{payload[structure](t, `{"A":"b"}`), `application/json {"A":"b"}`},
		{payload[structure](t, ""), " "},
		{payload[structure](t, "[]"), "SerializationException: the request body: expected a structure, found an array."},
		{payload[list](t, "[1,2]"), "application/json [1,2]"},
		{payload[document](t, ` [1, {"a":null}]`), `application/json [1, {"a":null}]`},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

type output struct {
	Status int                `rest:"status" json:",omitempty"`
	Head   string             `rest:"header=X-Head" json:",omitempty"`
	Words  []string           `rest:"header=X-Words"`
	Date   shape.Time         `rest:"header=X-Date" json:",omitempty"`
	Stamp  *shape.Time        `rest:"header=X-Stamp" time:"epoch-seconds"`
	Meta   map[string]*string `rest:"prefix=X-Meta-"`
	Ratio  float64            `rest:"header=X-Ratio" json:",omitempty"`
	Day    *shape.Time        `time:"http-date"`
	Made   shape.Time         `json:",omitempty"`
}

func TestMembersAreWrittenToTheirPlaces(t *testing.T) {
	b, err := Bind("GET /", 202, compile[struct{}](t), compile[output](t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		out    output
		status int
		header http.Header
		body   string
	}{
		{output{}, 202, http.Header{}, "{}"},
		{
			output{
				Status: 207, Head: "h", Words: []string{"a", `b,"`}, Date: instant, Stamp: &instant, Meta: map[string]*string{"k": ptr("v")},
				Ratio: 0.5, Day: &instant, Made: instant,
			}, 207,
			http.Header{
				"X-Head": {"h"}, "X-Words": {`a, "b,\""`}, "X-Date": {"Tue, 14 Nov 2023 22:13:20 GMT"}, "X-Stamp": {"1700000000"},
				"X-Meta-K": {"v"}, "X-Ratio": {"0.5"},
			},
			`{"Day":"Tue, 14 Nov 2023 22:13:20 GMT","Made":1700000000}`,
		},
	} {
		header := http.Header{}
		status, body, err := b.Encode(header, nil, reflect.ValueOf(c.out))
		if err != nil {
			t.Fatal(err)
		}
		c.header.Set("Content-Type", "application/json")
		if diff := cmp.Diff(c.header, header); diff != "" || status != c.status || string(body) != c.body {
			t.Errorf("got %d %s %s", status, body, diff)
		}
	}
}

// The server panics at what is no status, or takes it for the head of another.
func TestAStatusThatIsNoneIsAnError(t *testing.T) {
	b, err := Bind("GET /", 202, compile[struct{}](t), compile[output](t))
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{-1, 42, 103, 600, 1000} {
		if _, _, err := b.Encode(http.Header{}, nil, reflect.ValueOf(output{Status: status})); err == nil {
			t.Errorf("%d is taken", status)
		}
	}
}

func TestMistakesInABindingAreErrors(t *testing.T) {
	none := compile[shape.None](t)
	for want, in := range map[string]*shape.Shape{
		"no member is the label x of the route": none,
		"has no label y": compile[struct {
			X *string `rest:"label=x"`
			Y *string `rest:"label=y"`
		}](t),
		"A and B cannot both be the body": compile[struct {
			A []byte `rest:"payload"`
			B []byte `rest:"payload"`
		}](t),
		"B has no place, since A is the body": compile[struct {
			A []byte `rest:"payload"`
			B *string
		}](t),
		"A cannot be in such a place": compile[struct {
			A *int `rest:"status"`
		}](t),
		"A: a member of its type has no such place": compile[struct {
			A map[string]string `rest:"query"`
		}](t),
	} {
		if _, err := Bind("GET /{x}", 200, in, none); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := Bind("GET /", 200, none, compile[input](t))
	if want := "output: Label cannot be in such a place"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for want, in := range map[string]reflect.Type{
		`the rest option "lable" is not understood`: reflect.TypeFor[struct {
			A *string `rest:"lable"`
		}](),
		"needs the name of a header": reflect.TypeFor[struct {
			A *string `rest:"header"`
		}](),
		`the time format "iso" is not understood`: reflect.TypeFor[struct {
			A *shape.Time `time:"iso"`
		}](),
		"it has no timestamps": reflect.TypeFor[struct {
			A *string `time:"date-time"`
		}](),
		"a stream is a member of an input or output itself": reflect.TypeFor[struct {
			A struct {
				B io.Reader `rest:"payload"`
			}
		}](),
		"there are no lists and maps of streams": reflect.TypeFor[struct{ A []shape.Stream }](),
		"an event is a pointer to a structure":   reflect.TypeFor[struct{ A shape.Events[input] }](),
	} {
		c := shape.NewCompiler(nil)
		_, err := c.Compile(in)
		if err = errors.Join(err, c.Finish()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// No header makes the reader fail in a way of its own, and what it reads can be
// written so that it reads the same.
func FuzzHeaders(f *testing.F) {
	f.Add(`a, "b,\"c",`, "Tue, 14 Nov 2023 22:13:20 GMT, x")
	f.Add(`"`, `1,2`)
	type words struct {
		Words []string     `rest:"header=X-Words"`
		Dates []shape.Time `rest:"header=X-Dates"`
		Meta  []int        `rest:"header=X-Numbers"`
	}
	s := compile[words](f)
	b, err := Bind("GET /", 200, s, s)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		for _, name := range []string{"X-Dates", "X-Numbers"} {
			var in words
			_ = b.Decode(&Request{Header: http.Header{name: {text, other}}}, reflect.ValueOf(&in).Elem()) // no panic
		}
		var in, again words
		if b.Decode(&Request{Header: http.Header{"X-Words": {text, other}}}, reflect.ValueOf(&in).Elem()) != nil {
			return // not UTF-8
		}
		header := http.Header{}
		if _, _, err := b.Encode(header, nil, reflect.ValueOf(in)); err != nil {
			t.Fatal(err)
		}
		if err := b.Decode(&Request{Header: header}, reflect.ValueOf(&again).Elem()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprintf("%q", in.Words), fmt.Sprintf("%q", again.Words)); diff != "" && strings.Join(in.Words, "") != "" {
			t.Errorf("%q, %q: %s", text, other, diff)
		}
	})
}
