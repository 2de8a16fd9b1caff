package event_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/event"
)

func TestParseReadsBackWhatNewBuilt(t *testing.T) {
	for _, e := range []event.Entry{
		{Source: "s", DetailType: "t", Detail: "{}"},
		bench,
		{Source: "\"<é>\\\n", DetailType: "\x01", Detail: ` {"detail":{"id":"x"},"source":1} `, Resources: []string{"a,b]", "\"", ""}},
		{Source: "s", DetailType: "t", Detail: nested(event.MaxDepth), Time: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		want, err := event.New(e, stamp)
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.Parse(want.JSON)
		if err != nil {
			t.Fatalf("Parse(%.300s): %v", want.JSON, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-built +parsed):\n%s", diff)
		}
		if &got.JSON[0] != &want.JSON[0] || &got.Detail[0] != &want.Detail[0] {
			t.Error("Parse copied the bytes")
		}
	}
}

func TestParseTakesForeignEnvelopes(t *testing.T) {
	const text = ` { "detail" : { "a" : 1 } , "id":"0" , "id":"\u0031", "x":[{}], "re\u0067ion" : "r",
		"account":"a","source":"\ud83d\ude00","detail\u002dtype":"t", "time":"2026-01-02T03:04:05.678+01:00", "replay-name":"again",
		"resources" : [ "one" , "t\tw\"o" ] } `
	got, err := event.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{
		ID: "1", DetailType: "t", Source: "😀", Account: "a", Region: "r", ReplayName: "again",
		Time: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC), Resources: []string{"one", "t\tw\"o"},
		JSON: got.JSON, Detail: []byte(`{ "a" : 1 }`),
		UniqueKeys: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	const good = `{"id":"1","detail-type":"t","source":"s","account":"a","time":"2026-01-02T03:04:05Z","region":"r","resources":[],"detail":{}}`
	if _, err := event.Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ old, new, want string }{
		{good, ``, "not a JSON object"},
		{good, `[]`, "not a JSON object"},
		{good, `{}`, `no "id"`},
		{`"id":"1",`, ``, `no "id"`},
		{`"time":"2026-01-02T03:04:05Z",`, ``, `no "time"`},
		{`"1"`, `1`, `"id" is not a string`},
		{`"2026-01-02T03:04:05Z"`, `"yesterday"`, `"yesterday"`},
		{`"detail":{}`, `"detail":[]`, `"detail" is not a JSON object`},
		{`"resources":[]`, `"resources":null`, `"resources" is not a list`},
		{`"resources":[]`, `"resources":["a",1]`, `"resources" holds something`},
		{`{}}`, `{}`, "not valid JSON at byte 124 of 124"},
		{`{}}`, `{}} x`, "text after its JSON"},
		{`"detail":{}`, `"detail":{]`, "not valid JSON"},
	}
	for _, tt := range tests {
		in := strings.Replace(good, tt.old, tt.new, 1)
		_, err := event.Parse([]byte(in))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%s): got error %v, want one with %q", in, err, tt.want)
		}
	}
}

func FuzzNew(f *testing.F) {
	f.Add("s", "t", "r", `{"a": [1, "é\u0000", {}]}`)
	f.Add("\"", "\xff", "\\", ` { } `)
	f.Add("s", "t", "", `{"a":1e5,"a":-0.00}`)
	f.Fuzz(func(t *testing.T, source, detailType, resource, detail string) {
		e := event.Entry{Source: source, DetailType: detailType, Detail: detail, Resources: []string{resource}}
		ev, err := event.New(e, stamp)
		if (err == nil) != (event.Check(e) == nil) {
			t.Fatalf("Check and New disagree; New: %v", err)
		}
		var object map[string]json.RawMessage
		if err != nil {
			// Bytes that are not UTF-8 and long numbers are refused here only.
			if source != "" && detailType != "" && detail == strings.ToValidUTF8(detail, "") && len(detail) < 1000 &&
				json.Unmarshal([]byte(detail), &object) == nil && object != nil {
				t.Fatalf("refused a JSON object: %v", err)
			}
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(detail)); err != nil || compact.String() != string(ev.Detail) {
			t.Fatalf("detail %q became %q, encoding/json makes it %q (%v)", detail, ev.Detail, compact.String(), err)
		}
		back, err := event.Parse(ev.JSON)
		if err != nil {
			t.Fatalf("Parse(%s): %v", ev.JSON, err)
		}
		valid := func(s string) string { return string([]rune(s)) }
		want := *ev
		want.Source, want.DetailType, want.Resources = valid(source), valid(detailType), []string{valid(resource)}
		if diff := cmp.Diff(&want, back); diff != "" {
			t.Fatalf("event (-built +parsed):\n%s", diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"1","detail-type":"t","source":"s","account":"a","time":"2026-01-02T03:04:05Z","region":"r","resources":["x"],"detail":{}}`))
	f.Add([]byte(` {"i\u0064":"\ud800","id":null} `))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, err := event.Parse(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("took what is not JSON: %q", data)
		}
		again, err := event.Parse(ev.JSON)
		if diff := cmp.Diff(ev, again); diff != "" || err != nil {
			t.Fatalf("a second reading differs: %v\n%s", err, diff)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	ev, err := event.New(bench, stamp)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(ev.JSON)))
	for b.Loop() {
		if _, err := event.Parse(ev.JSON); err != nil {
			b.Fatal(err)
		}
	}
}
