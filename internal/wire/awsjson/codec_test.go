package awsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// everything has a member of each kind, in the ways that tables use them.
type everything struct {
	Text    *string
	Flag    *bool
	Count   *int64
	Small   *int8
	Ratio   *float64
	When    *shape.Time
	Blob    []byte
	Names   []string
	Numbers []int
	Tags    map[string]string
	Nested  *everything
	Parts   []part
	ByName  map[string]part
	Renamed *string `json:"otherName"`
	Skipped *string `json:"-"`
	base
	//lint:ignore U1000 it is there to be passed over
	hidden *string
}

type part struct {
	Key   *string
	Value *mood
}

// mood is a string type of its own, as enums are.
type mood string

type base struct{ Inherited *string }

func decode[T any](t testing.TB, text string) (T, error) {
	t.Helper()
	var in T
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return in, Read([]byte(text), s, reflect.ValueOf(&in).Elem())
}

func encode(t testing.TB, out any) string {
	t.Helper()
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeOf(out))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Append(nil, reflect.ValueOf(out), s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestJSONBecomesTheInput(t *testing.T) {
	got, err := decode[everything](t, ` {
		"Text": "a\u00e9\n\"\\\/\ud83d\ude00 \ud800 é", "Flag": true, "Count": -9007199254740993, "Small": 127, "Ratio": 1.5e-3,
		"When": 1700000000.25, "Blob": "AP8=", "Names": ["x", ""], "Numbers": [1, 2.0, 3e2, 4, 5], "Tags": {"k": "v", "": "e"},
		"Nested": {"Nested": {"Text": ""}, "Names": [], "Tags": {}, "Blob": ""},
		"Parts": [{"Key": "k", "Value": "happy"}, {}], "ByName": {"p": {"Key": "q"}},
		"otherName": "r", "Renamed": "no", "Skipped": "no", "hidden": "no", "text": "another case is another member",
		"Inherited": "i", "unknown": [{"a": [1, "]", null, true, false, -0.5e+7]}, {}, []]
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := everything{
		Text: ptr("aé\n\"\\/😀 \ufffd é"), Flag: ptr(true), Count: ptr(int64(-9007199254740993)), Small: ptr(int8(127)),
		Ratio: ptr(1.5e-3), When: ptr(shape.At(time.UnixMilli(1700000000250).UTC())), Blob: []byte{0, 255},
		Names: []string{"x", ""}, Numbers: []int{1, 2, 300, 4, 5}, Tags: map[string]string{"k": "v", "": "e"},
		Nested: &everything{
			Nested: &everything{Text: ptr("")}, Names: []string{}, Tags: map[string]string{}, Blob: []byte{},
		},
		Parts:  []part{{Key: ptr("k"), Value: ptr(mood("happy"))}, {}},
		ByName: map[string]part{"p": {Key: ptr("q")}}, Renamed: ptr("r"), base: base{Inherited: ptr("i")},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{})); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentNullAndEmptyAreToldApart(t *testing.T) {
	for _, text := range []string{``, "  \n", `{}`, `{"Text":null,"Names":null,"Tags":null,"Blob":null,"Nested":null}`, `{"Text":"x","Text":null}`} {
		got, err := decode[everything](t, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(everything{}, got, cmp.AllowUnexported(everything{})); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestTheLastOfTwoMembersCounts(t *testing.T) {
	got, err := decode[everything](t, `{"Names":["a","b"],"Names":["c"],"Text":"1","Text":"2"}`)
	if err != nil {
		t.Fatal(err)
	}
	if *got.Text != "2" || !reflect.DeepEqual(got.Names, []string{"c"}) {
		t.Errorf("got %q and %q", *got.Text, got.Names)
	}
}

func TestWrongTypesAreNamedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{"Text":5}`:                       "Text: expected a string, found a number.",
		`{"Text":{}}`:                      "Text: expected a string, found an object.",
		`{"Flag":"true"}`:                  "Flag: expected true or false, found a string.",
		`{"Count":"5"}`:                    "Count: expected an integer, found a string.",
		`{"Count":1.5}`:                    "Count: expected an integer of 64 bits, found the number 1.5.",
		`{"Count":9223372036854775808}`:    "Count: expected an integer of 64 bits, found the number 9223372036854775808.",
		`{"Small":128}`:                    "Small: expected an integer of 8 bits, found the number 128.",
		`{"Ratio":1e999}`:                  "Ratio: expected a number of 64 bits, found the number 1e999.",
		`{"Ratio":[]}`:                     "Ratio: expected a number, found an array.",
		`{"When":"soon"}`:                  `When: expected a timestamp (Unix seconds or ISO 8601), found "soon".`,
		`{"When":{}}`:                      "When: expected a timestamp (Unix seconds or ISO 8601), found an object.",
		`{"Blob":"?"}`:                     "Blob: expected bytes in base64, found a string that is not base64.",
		`{"Blob":[1]}`:                     "Blob: expected bytes in base64, found an array.",
		`{"Names":"x"}`:                    "Names: expected a list, found a string.",
		`{"Names":["x",null]}`:             "Names[1]: expected a string, found null.",
		`{"Numbers":[1,2,"3"]}`:            "Numbers[2]: expected an integer, found a string.",
		`{"Tags":[]}`:                      "Tags: expected a map, found an array.",
		`{"Tags":{"k":null}}`:              "Tags.k: expected a string, found null.",
		`{"Nested":[]}`:                    "Nested: expected a structure, found an array.",
		`{"Parts":[{},{"Key":true}]}`:      "Parts[1].Key: expected a string, found a boolean.",
		`{"Nested":{"Parts":[{"Key":1}]}}`: "Nested.Parts[0].Key: expected a string, found a number.",
		`{"ByName":{"x":{"Value":1}}}`:     "ByName.x.Value: expected a string, found a number.",
		`[]`:                               "the request body: expected a structure, found an array.",
		`null`:                             "the request body: expected a structure, found null.",
	} {
		_, err := decode[everything](t, text)
		e, ok := errors.AsType[*shape.Error](err)
		if !ok || e.Code != "SerializationException" || e.Message != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestBadJSONIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                   "a member's name in quotes must come here, at byte 1 of 1",
		`{"Text"}`:            "a colon must follow a member's name, at byte 7 of 8",
		`{"Text":"x"`:         "a comma or } must follow a member, at byte 11 of 11",
		`{"Text":"x",}`:       "a member's name in quotes must come here, at byte 12 of 13",
		`{"Text":"x}`:         "the text ends within a string, at byte 11 of 11",
		`{"Text":"\x"}`:       "there is no such escape, at byte 9 of 13",
		`{"Text":"\u12"}`:     `four hexadecimal digits must follow \u, at byte 9 of 15`,
		"{\"Text\":\"a\tb\"}": "a control character in a string must be escaped, at byte 10 of 14",
		"{\"Text\":\"\xff\"}": "it is not UTF-8",
		`{"Names":["x" "y"]}`: "a comma or ] must follow an element, at byte 14 of 19",
		`{"Count":01}`:        "a comma or } must follow a member, at byte 10 of 12",
		`{"Count":-}`:         "a digit must come here, at byte 10 of 11",
		`{"Count":1.}`:        "a digit must follow the decimal point, at byte 11 of 12",
		`{"Count":1e}`:        "a digit must follow the exponent, at byte 11 of 12",
		`{"Flag":tru}`:        "a value must come here, at byte 8 of 12",
		`{"unknown":nope}`:    "a value must come here, at byte 11 of 16",
		`{"unknown":[1,]}`:    "a value must come here, at byte 14 of 16",
		`{} {}`:               "text follows the object, at byte 3 of 5",
		strings.Repeat(`{"Nested":`, 600) + "1" + strings.Repeat("}", 600):        "values are nested more than 512 deep",
		`{"unknown":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "}": "values are nested more than 512 deep",
	} {
		_, err := decode[everything](t, text)
		e, ok := errors.AsType[*shape.Error](err)
		if want = "The request body is not valid JSON: " + want + "."; !ok || e.Code != "SerializationException" || e.Message != want {
			t.Errorf("%.80s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestWhatIsDecodedDoesNotPointIntoTheText(t *testing.T) {
	types := shape.NewCompiler(nil)
	s, err := types.Compile(reflect.TypeFor[everything]())
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(`{"Text":"plain","Names":["esc\u0061ped"],"Tags":{"key":"value"},"Blob":"QUJD"}`)
	var in everything
	if err := Read(text, s, reflect.ValueOf(&in).Elem()); err != nil {
		t.Fatal(err)
	}
	clear(text)
	want := everything{Text: ptr("plain"), Names: []string{"escaped"}, Tags: map[string]string{"key": "value"}, Blob: []byte("ABC")}
	if diff := cmp.Diff(want, in, cmp.AllowUnexported(everything{})); diff != "" {
		t.Error(diff)
	}
}

func TestOutputsHoldNoNull(t *testing.T) {
	type out struct {
		Pointer *string
		List    []part
		Map     map[string]string
		Maybe   []part            `json:",omitempty"`
		Other   map[string]string `json:",omitempty"`
		Word    string            `json:",omitempty"`
		Empty   string
		Zero    int
		Gone    int `json:",omitempty"`
		When    shape.Time
		Never   shape.Time `json:",omitempty"`
		Nor     part       `json:",omitzero"`
		Blob    []byte
		Float   float64
	}
	got := encode(t, out{When: shape.At(time.Unix(1700000000, 0)), Float: 0.25})
	want := `{"List":[],"Map":{},"Empty":"","Zero":0,"When":1700000000,"Blob":"","Float":0.25}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStringsArePrintedPlainly(t *testing.T) {
	type out struct{ S string }
	for in, want := range map[string]string{
		`<a href="x">&`:         `"<a href=\"x\">&"`,
		"é😀\u2028":              "\"é😀\u2028\"",
		"a\x00\x1f\b\f\n\r\t\\": `"a\u0000\u001f\b\f\n\r\t\\"`,
		"bad \xff utf":          "\"bad \ufffd utf\"",
		"":                      `""`,
	} {
		if got := encode(t, out{in}); got != `{"S":`+want+`}` {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestWhatJSONCannotHoldIsAnError(t *testing.T) {
	type out struct {
		F []*float64
		D json.RawMessage
	}
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[out]())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []out{{F: []*float64{nil}}, {D: json.RawMessage("{")}} {
		if b, err := Append(nil, reflect.ValueOf(v), s); err == nil {
			t.Errorf("got %s, want an error", b)
		}
	}
}

func TestFloatsThatAreNoNumbersHaveNames(t *testing.T) {
	text := `{"F":["NaN","Infinity","-Infinity",1]}`
	type floats struct{ F []float64 }
	got, err := decode[floats](t, text)
	if err != nil || !math.IsNaN(got.F[0]) || !math.IsInf(got.F[1], 1) || !math.IsInf(got.F[2], -1) {
		t.Errorf("got %v, %v", got, err)
	}
	if again := encode(t, got); again != text {
		t.Errorf("got %s, want %s", again, text)
	}
	if _, err := decode[floats](t, `{"F":["nan"]}`); err == nil {
		t.Error("nan is read")
	}
}

func TestDocumentsAreKeptAsTheyAreWritten(t *testing.T) {
	type documents struct {
		D json.RawMessage
		E map[string]json.RawMessage `json:",omitempty"`
	}
	for _, text := range []string{`{"D":{"a": [1.50, null, "\u00e9"]}}`, `{"D":1e2,"E":{"k":[]}}`, `{}`} {
		got, err := decode[documents](t, text)
		if err != nil {
			t.Fatal(err)
		}
		if again := encode(t, got); again != text {
			t.Errorf("got %s, want %s", again, text)
		}
	}
	if got, err := decode[documents](t, `{"D":null}`); err != nil || got.D != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATimestampHasTheFormatOfItsMember(t *testing.T) {
	type times struct {
		A, B *shape.Time
		C    []shape.Time `time:"date-time"`
		D    *shape.Time  `time:"http-date"`
	}
	text := `{"A":1700000000.25,"C":["2023-11-14T22:13:20.250Z"],"D":"Tue, 14 Nov 2023 22:13:20 GMT"}`
	got, err := decode[times](t, text)
	if err != nil {
		t.Fatal(err)
	}
	if again := encode(t, got); again != text {
		t.Errorf("got %s, want %s", again, text)
	}
}

// The reader accepts what encoding/json accepts and decodes it to the same
// values, where the two mean to agree: members of their exact names, and UTF-8.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":"b"}`, `{}`, ` `, `{"a":"\ud83d\ude00\ud83d\u0041\udead"}`, `{"a":"\u00e9","a":"2"}`, `{"a":"x","b":[1,-2.5e3,{"c":null}]}`,
		`{"a":"x"}}`, `{"a":1}`, `{"":"empty"}`, "{\"a\":\"\x7f\"}", `[]`, `{"a":"`, `{"b":00}`,
	} {
		f.Add([]byte(seed))
	}
	type probe struct{ A map[string]string }
	types := shape.NewCompiler(nil)
	open, err := types.Compile(reflect.TypeFor[struct{}]())
	if err != nil {
		f.Fatal(err)
	}
	closed, err := types.Compile(reflect.TypeFor[probe]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.TrimSpace(string(text)) == "" {
			return // an empty body is an empty object
		}
		var nothing struct{}
		err := Read(text, open, reflect.ValueOf(&nothing).Elem())
		var object map[string]json.RawMessage
		stdErr := json.Unmarshal(text, &object)
		tooDeep := err != nil && strings.Contains(err.Error(), "nested")
		if good := stdErr == nil && object != nil && utf8.Valid(text); good != (err == nil) && !tooDeep {
			t.Errorf("readJSON: %v, encoding/json: %v", err, stdErr)
		}
		var got, want probe
		wrapped := append(append([]byte(`{"A":`), text...), '}')
		if err := Read(wrapped, closed, reflect.ValueOf(&got).Elem()); err != nil {
			return
		}
		if err := json.Unmarshal(wrapped, &want); err != nil {
			return // such as a null, which is no string here and an empty one there
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A document is whatever JSON is, and comes out as it went in.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{`{"a":[1.50,null,"\u00e9"]}`, ` 1e2 `, `"\x"`, `nul`, `[[]`, "\"\xff\"", `{"a":1,"a":2}`, `-`, `1}`} {
		f.Add([]byte(seed))
	}
	type document struct{ D json.RawMessage }
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[document]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got document
		whole := append(append([]byte(`{"D":`), text...), '}')
		err := Read(whole, s, reflect.ValueOf(&got).Elem())
		tooDeep := err != nil && strings.Contains(err.Error(), "nested")
		if good := json.Valid(whole) && utf8.Valid(whole); good != (err == nil) && !tooDeep {
			t.Fatalf("Read: %v, encoding/json: %v", err, good)
		}
		if err != nil || !json.Valid(text) { // such as one that ends the object and goes on
			return
		}
		want := bytes.Trim(text, " \t\r\n")
		if string(want) == "null" {
			want = nil
		}
		if !bytes.Equal(got.D, want) {
			t.Errorf("got %q, want %q", got.D, want)
		}
		b, err := Append(nil, reflect.ValueOf(got), s)
		if err != nil || len(want) > 0 && string(b) != `{"D":`+string(want)+"}" {
			t.Errorf("got %s, %v", b, err)
		}
	})
}
