package event_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/event"
)

var stamp = event.Stamp{
	ID:      "6d4e8a3c-2f0b-4c59-9f0e-0b6c2f3a1d77",
	Account: "123456789012",
	Region:  "eu-central-1",
	Now:     time.Date(2026, 3, 4, 5, 6, 7, 999_999_999, time.FixedZone("", 3600)),
}

func TestEnvelopeIsWrittenAsEventBridgeWritesIt(t *testing.T) {
	when := time.Date(1999, 12, 31, 23, 59, 59, 1, time.UTC)
	tests := []struct {
		name  string
		entry event.Entry
		want  string
	}{
		{
			"arrival time, no resources",
			event.Entry{Source: "shop", DetailType: "Order Placed", Detail: `{}`},
			`{"version":"0","id":"6d4e8a3c-2f0b-4c59-9f0e-0b6c2f3a1d77","detail-type":"Order Placed","source":"shop","account":"123456789012","time":"2026-03-04T04:06:07Z","region":"eu-central-1","resources":[],"detail":{}}`,
		},
		{
			"own time, resources in order",
			event.Entry{Source: "shop", DetailType: "t", Detail: `{}`, Time: when, Resources: []string{"b", "", "a"}},
			`{"version":"0","id":"6d4e8a3c-2f0b-4c59-9f0e-0b6c2f3a1d77","detail-type":"t","source":"shop","account":"123456789012","time":"1999-12-31T23:59:59Z","region":"eu-central-1","resources":["b","","a"],"detail":{}}`,
		},
		{
			"no more escapes than needed",
			event.Entry{Source: "<a>&\u2028é😀\x7f", DetailType: "\"\\/\b\f\n\r\t\x01\x1f", Detail: `{}`, Resources: []string{"x\xffy\xc3"}},
			`{"version":"0","id":"6d4e8a3c-2f0b-4c59-9f0e-0b6c2f3a1d77","detail-type":"\"\\/\b\f\n\r\t\u0001\u001f","source":"<a>&` + "\u2028é😀\x7f" + `","account":"123456789012","time":"2026-03-04T04:06:07Z","region":"eu-central-1","resources":["x` + "\ufffdy\ufffd" + `"],"detail":{}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev, err := event.New(tt.entry, stamp)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(ev.JSON)); diff != "" {
				t.Errorf("envelope (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDetailLosesItsWhiteSpaceAndNothingElse(t *testing.T) {
	tests := []struct{ detail, want string }{
		{`{}`, `{}`},
		{"\n { \t } \r\n", `{}`},
		{` { "b" : 1 , "a" : [ 1 , 2 ] } `, `{"b":1,"a":[1,2]}`},
		{`{"id":12345678901234567890123,"f":1.50,"e":1E+2,"z":-0.0}`, `{"id":12345678901234567890123,"f":1.50,"e":1E+2,"z":-0.0}`},
		{`{"a":1,"a":{"x":2},"a":3}`, `{"a":1,"a":{"x":2},"a":3}`},
		{`{"a b":" é \u00e9 \/ < \" \\ "}`, `{"a b":" é \u00e9 \/ < \" \\ "}`},
		{`{"lone":"\ud800","nul":"\u0000"}`, `{"lone":"\ud800","nul":"\u0000"}`},
		{"{\"a\": [ [], {}, [ { } ], true , false,null , \"\" ] }", `{"a":[[],{},[{}],true,false,null,""]}`},
	}
	for _, tt := range tests {
		ev, err := event.New(event.Entry{Source: "s", DetailType: "t", Detail: tt.detail}, stamp)
		if err != nil {
			t.Errorf("New with detail %s: %v", tt.detail, err)
			continue
		}
		if string(ev.Detail) != tt.want {
			t.Errorf("detail %s became %s, want %s", tt.detail, ev.Detail, tt.want)
		}
		if !strings.HasSuffix(string(ev.JSON), `,"detail":`+tt.want+`}`) {
			t.Errorf("detail %s: the envelope ends otherwise: %s", tt.detail, ev.JSON)
		}
	}
}

func TestDetailIsPartOfTheEnvelope(t *testing.T) {
	ev, err := event.New(event.Entry{Source: "s", DetailType: "t", Detail: ` {"a":1} `}, stamp)
	if err != nil {
		t.Fatal(err)
	}
	if &ev.Detail[0] != &ev.JSON[len(ev.JSON)-1-len(ev.Detail)] {
		t.Error("Detail is not a part of JSON")
	}
	if cap(ev.Detail) != len(ev.Detail) {
		t.Error("appending to Detail would write into JSON")
	}
}

func TestFieldsOfAnEventAreThoseOfEntryAndStamp(t *testing.T) {
	got, err := event.New(event.Entry{Source: "s", DetailType: "t", Detail: `{"a":1}`, Resources: []string{"r"}}, stamp)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{
		ID: stamp.ID, DetailType: "t", Source: "s", Account: stamp.Account, Region: stamp.Region,
		Time: time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC), Resources: []string{"r"},
		JSON: got.JSON, Detail: []byte(`{"a":1}`),
		UniqueKeys: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// bench is an event of about the size that people send.
var bench = event.Entry{
	Source:     "com.example.shop",
	DetailType: "Order Placed",
	Resources:  []string{"arn:aws:dynamodb:eu-central-1:123456789012:table/orders"},
	Detail: `{"order":{"id":"ord-2026-000123456","customer":"cus-99812","total":123.45,"currency":"EUR","vip":false},` +
		`"items":[{"sku":"A-1","qty":2,"price":50.00},{"sku":"B-77","qty":1,"price":23.45}],` +
		`"ship":{"street":"Straße 1","city":"Köln","zip":"50667"},"note":null,"tags":["web","summer","2026"]}`,
}

func TestNewAllocatesTheEventAndItsBytes(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		if _, err := event.New(bench, stamp); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("New allocates %v times, want 2: the Event and its JSON", n)
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	ev, err := event.New(bench, stamp)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(ev.JSON)))
	for b.Loop() {
		if _, err := event.New(bench, stamp); err != nil {
			b.Fatal(err)
		}
	}
}
