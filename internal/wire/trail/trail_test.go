package trail

import (
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/wire/shape"
)

type inner struct {
	Password *string
	Words    []string
}

type everything struct {
	MD5OfText string
	Name      *string
	On        *bool
	Count     *int
	Rate      float64
	At        *shape.Time
	Blob      []byte
	Tags      map[string]string
	Rows      []inner
	Rest      *inner
	Body      *string `trail:"hidden"`
	Quiet     string  `json:",omitempty"`
	Zip       []byte  `trail:"omitted"`
}

func compile(t *testing.T, v any) *shape.Shape {
	t.Helper()
	c := shape.NewCompiler(shape.Limits{"inner.Password": {Secret: true}, "inner.Words": {Each: &shape.Limit{Secret: true}}})
	s, err := c.Compile(reflect.TypeOf(v))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ptr[T any](v T) *T { return &v }

func TestMembersAreSpelledAsCloudTrailDoes(t *testing.T) {
	at := shape.At(time.Date(2026, 9, 14, 22, 11, 12, 0, time.FixedZone("", 12*60*60)))
	in := everything{
		MD5OfText: "0", Name: ptr("<a> & \"b\""), On: ptr(false), Count: ptr(-3), Rate: 0.5, At: &at, Blob: []byte("zip"),
		Tags: map[string]string{"Upper": "1", "lower": ""}, Rows: []inner{{Password: ptr("hunter2")}, {Words: []string{"hunter3"}}, {}},
		Body: ptr("hunter4"), Zip: []byte("hunter5"),
	}
	want := `{"mD5OfText":"0","name":"<a> & \"b\"","on":false,"count":-3,"rate":0.5,"at":"Sep 14, 2026 10:11:12 AM",` +
		`"blob":"HIDDEN_DUE_TO_SECURITY_REASONS","tags":{"Upper":"1","lower":""},` +
		`"rows":[{"password":"HIDDEN_DUE_TO_SECURITY_REASONS"},{"words":"HIDDEN_DUE_TO_SECURITY_REASONS"},{}],"body":"HIDDEN_DUE_TO_SECURITY_REASONS","quiet":""}`
	if got := Input(reflect.ValueOf(in), compile(t, in)); string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWhatIsAbsentIsLeftOut(t *testing.T) {
	in := everything{Rate: math.Inf(1)}
	want := `{"mD5OfText":"","rate":"+Inf","quiet":""}`
	if got := Input(reflect.ValueOf(in), compile(t, in)); string(got) != want {
		t.Errorf("input:\n got %s\nwant %s", got, want)
	}
	want = `{"mD5OfText":"","rate":"+Inf","blob":"HIDDEN_DUE_TO_SECURITY_REASONS","tags":{},"rows":[]}`
	if got := Output(reflect.ValueOf(in), compile(t, in)); string(got) != want {
		t.Errorf("output:\n got %s\nwant %s", got, want)
	}
	if got := Input(reflect.ValueOf(inner{}), compile(t, inner{})); string(got) != "null" {
		t.Errorf("of nothing is left %s", got)
	}
	type upload struct {
		Body io.Reader `rest:"payload"`
	}
	stream := upload{Body: strings.NewReader("body")}
	if got := Input(reflect.ValueOf(stream), compile(t, stream)); string(got) != "null" {
		t.Errorf("of a stream is left %s", got)
	}
}

// Neither one long text nor many short ones, nor the keys of a map, are printed
// beyond the bound, or gone through.
func TestWhatIsTooLargeIsLeftOut(t *testing.T) {
	long := strings.Repeat("é", MaxBytes)
	many := map[string]string{}
	for i := range MaxBytes / 8 {
		many[long[:2*i%500]+time.Duration(i).String()] = ""
	}
	for name, in := range map[string]everything{
		"a text": {Name: &long}, "a list": {Rows: make([]inner, MaxBytes)}, "a map": {Tags: many},
		"a key": {Tags: map[string]string{long: "", "z": long}},
	} {
		got := Input(reflect.ValueOf(in), compile(t, in))
		if string(got) != `{"omitted":true,"reason":"it is larger than 102400 bytes"}` {
			t.Errorf("%s: got %.200s", name, got)
		}
	}
	fits := everything{Name: ptr(strings.Repeat("a", MaxBytes-200))}
	if got := Input(reflect.ValueOf(fits), compile(t, fits)); len(got) < MaxBytes-200 || !json.Valid(got) {
		t.Errorf("what fits is %d bytes: %.100s", len(got), got)
	}
}

func TestAnUnknownOptionIsAMistakeInTheTable(t *testing.T) {
	type odd struct {
		Body string `trail:"secret"`
	}
	if _, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[odd]()); err == nil || !strings.Contains(err.Error(), `trail option "secret"`) {
		t.Errorf("got %v", err)
	}
}

type linked struct {
	ID   *string `rest:"label"`
	Name *string
	Pin  *string `trail:"hidden"`
	Self *inner  `trail:"only"`
}

// As API Gateway has it: what came in the body is within a structure of the operation's.
func TestABodyMayBeWithinAStructureOfItsOwn(t *testing.T) {
	s := compile(t, linked{}).Within("createThingInput")
	for want, in := range map[string]linked{
		`{"iD":"1","createThingInput":{"name":"n","pin":"HIDDEN_DUE_TO_SECURITY_REASONS"},"template":false}`: {ID: ptr("1"), Name: ptr("n"), Pin: ptr("2")},
		`{"iD":"1","template":false}`: {ID: ptr("1")},
		`{"template":false}`:          {},
	} {
		if got := Input(reflect.ValueOf(in), s); string(got) != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func TestWhatIsForTrailsOnlyIsInNoAnswer(t *testing.T) {
	out := linked{Self: &inner{Words: []string{}}}
	s := compile(t, out)
	if got, want := string(Output(reflect.ValueOf(out), s)), `{"self":{"words":"HIDDEN_DUE_TO_SECURITY_REASONS"}}`; got != want {
		t.Errorf("a trail has %s, want %s", got, want)
	}
	if self := &s.Fields[s.Index["Self"]]; !self.Absent(self.Of(reflect.ValueOf(out))) {
		t.Error("an answer has it")
	}
}
