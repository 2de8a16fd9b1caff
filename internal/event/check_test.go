package event_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
)

// nested returns an object with depth objects and arrays inside one another.
func nested(depth int) string {
	return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
}

func TestMistakesInAnEntryHaveTheCodeAndTextOfPutEvents(t *testing.T) {
	const required = " is a required argument."
	ok := event.Entry{Source: "s", DetailType: "t", Detail: "{}"}
	with := func(change func(*event.Entry)) event.Entry {
		e := ok
		change(&e)
		return e
	}
	detail := func(s string) event.Entry { return with(func(e *event.Entry) { e.Detail = s }) }

	tests := []struct {
		name          string
		entry         event.Entry
		code, message string
	}{
		{"nothing at all", event.Entry{}, "InvalidArgument", "Parameter Source is not valid. Reason: Source" + required},
		{"no source", with(func(e *event.Entry) { e.Source = "" }), "InvalidArgument", "Parameter Source is not valid. Reason: Source" + required},
		{"no detail type", with(func(e *event.Entry) { e.DetailType = "" }), "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType" + required},
		{"no detail", detail(""), "InvalidArgument", "Parameter Detail is not valid. Reason: Detail" + required},
		{"milliseconds as seconds", with(func(e *event.Entry) { e.Time = time.Unix(1_750_000_000_000, 0) }), "InvalidArgument",
			"Parameter Time is not valid. Reason: Time is beyond the year 9999; it is counted in seconds."},
	}
	for _, malformed := range []string{
		"text", `"string"`, `[]`, `[{}]`, `1`, `true`, `null`, ` `, "\v{}", "\u00a0{}", "\ufeff{}",
		`{`, `}`, `{}}`, `{} x`, `{}{}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:1}`,
		`{"a":[}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":[1}]`, `{"a":[`,
		`{"a":tru}`, `{"a":True}`, `{"a":nul}`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":undefined}`,
		`{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":1.}`, `{"a":.1}`, `{"a":1e}`, `{"a":1e+}`, `{"a":0x1}`, `{"a":1_0}`, `{"a":-01}`,
		`{"a":"`, `{"a":"\"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\u` + "\x10\x10\x10\x10" + `"}`,
		"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xff\":1}",
		`{"a":1} // comment`, `{/**/}`,
		nested(event.MaxDepth + 1),
		`{"a":` + strings.Repeat("1", 1001) + `}`,
	} {
		name := malformed[:min(len(malformed), 40)]
		tests = append(tests, struct {
			name          string
			entry         event.Entry
			code, message string
		}{name, detail(malformed), "MalformedDetail", "Detail is malformed."})
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, built := event.New(tt.entry, stamp)
			for from, err := range map[string]error{"Check": event.Check(tt.entry), "New": built} {
				f, ok := errors.AsType[*fault.Error](err)
				if !ok {
					t.Errorf("%s: got error %v, want a fault", from, err)
					continue
				}
				if f.Kind != fault.KindInvalid || f.Code != tt.code || f.Message != tt.message {
					t.Errorf("%s: got %s %q, want %s %q", from, f.Code, f.Message, tt.code, tt.message)
				}
			}
		})
	}
	if err := event.Check(ok); err != nil {
		t.Errorf("a good entry is refused: %v", err)
	}
	if err := event.Check(detail(nested(event.MaxDepth))); err != nil {
		t.Errorf("a detail of the greatest depth is refused: %v", err)
	}
	if err := event.Check(detail(`{"a":` + strings.Repeat("1", 1000) + `}`)); err != nil {
		t.Errorf("a number of 1000 digits is refused: %v", err)
	}
}

func TestSourcesOfAWSAreReserved(t *testing.T) {
	for _, kept := range []string{"aws.s3", "AWS.s3", "aWs."} {
		f, ok := errors.AsType[*fault.Error](event.CheckSource(kept))
		if !ok || f.Kind != fault.KindDenied || f.Code != "NotAuthorizedForSourceException" || f.Message != "Not authorized for the source." {
			t.Errorf("%s: got %+v", kept, f)
		}
	}
	for _, free := range []string{"aws", "AWS", "awsome.app", "my.aws.app"} {
		if err := event.CheckSource(free); err != nil {
			t.Errorf("%s: %v", free, err)
		}
	}
}

func TestSizeCountsBytesAndFourteenForATime(t *testing.T) {
	e := event.Entry{Source: "é", DetailType: "abc", Detail: `{ "a" : 1 }`, Resources: []string{"12345", "6"}}
	if got, want := event.Size(e), 2+3+11+6; got != want {
		t.Errorf("without a time: %d, want %d", got, want)
	}
	e.Time = time.Unix(0, 0)
	if got, want := event.Size(e), 2+3+11+6+14; got != want {
		t.Errorf("with a time: %d, want %d", got, want)
	}
}
