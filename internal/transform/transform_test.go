package transform_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/transform"
)

const sample = `{"version":"0","id":"6d4e8a3c-2f0b-4c59-9f0e-0b6c2f3a1d77","detail-type":"Order Placed","source":"com.example.shop","account":"123456789012","time":"2026-03-04T04:06:07Z","region":"eu-central-1","resources":["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"],"detail":{"order":{"id":"ord-2026-000123456","total":123.45,"vip":false},"items":[{"sku":"A-1","qty":2},{"sku":"B-77","qty":1}],"city":"Köln"}}`

func compile(t testing.TB, spec transform.Spec) *transform.Input {
	t.Helper()
	in, err := transform.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestWholeEventAndPathAreNotCopied(t *testing.T) {
	event := []byte(sample)
	out, err := compile(t, transform.Spec{}).Render(event, transform.Vars{})
	if err != nil || &out[0] != &event[0] || len(out) != len(event) {
		t.Errorf("the whole event was copied (%v)", err)
	}
	path := "$.detail.order"
	in := compile(t, transform.Spec{InputPath: &path})
	out, err = in.Render(event, transform.Vars{})
	if err != nil || &out[0] != &event[strings.Index(sample, `{"id":"ord`)] {
		t.Errorf("the value at the path was copied (%v)", err)
	}
	if n := testing.AllocsPerRun(50, func() { in.Render(event, transform.Vars{}) }); n > 0 {
		t.Errorf("rendering a path allocates %v times", n)
	}
}

func TestTemplateMayBeginWithWhiteSpace(t *testing.T) {
	for template, want := range map[string]string{
		"\n\t \"a\"\r\n  \"b\" ": "\n\t \"a\"\r\n  \"b\" ",
		"\r\n { \"a\":1}":        `{"a":1}`,
	} {
		out, err := compile(t, transform.Spec{Template: &template}).Render([]byte(sample), transform.Vars{})
		if err != nil || string(out) != want {
			t.Errorf("template %q gives %q (%v), want %q", template, out, err, want)
		}
	}
}

func TestErrorsSayWhatToLookAt(t *testing.T) {
	path, template := "$.detail.nope", `{"a": "<o>"}`
	for want, spec := range map[string]transform.Spec{
		"The InputPath $.detail.nope leads to nothing in the event.":                                               {InputPath: &path},
		"The input template does not give JSON for this event: invalid character 'i' after object key:value pair.": {Template: &template, Paths: map[string]string{"o": "$.detail.order"}},
	} {
		_, err := compile(t, spec).Render([]byte(sample), transform.Vars{})
		if err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	if _, err := transform.ParsePath("$.a[x]"); err == nil || err.Error() != `path "$.a[x]": cannot read "[x]"; a step is .name, ['name'], [0] or [*]` {
		t.Errorf("got error %v", err)
	}
}

func TestEmptySettingsAreRefused(t *testing.T) {
	empty := ""
	for want, spec := range map[string]transform.Spec{
		"Input for target T is not valid JSON.": {Target: "T", Input: &empty},
		"Invalid InputPath for target T.":       {Target: "T", InputPath: &empty},
	} {
		if _, err := transform.Compile(spec); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	// The door asks for a template of one character at least; here it gives no JSON.
	_, err := compile(t, transform.Spec{Template: &empty}).Render([]byte(sample), transform.Vars{})
	if e, ok := errors.AsType[*transform.Error](err); !ok || e.Code != transform.CodeInvalidJSON {
		t.Errorf("an empty template gives error %v", err)
	}
}

var benchSpec = transform.Spec{
	Template: func() *string {
		s := `{"order": <id>, "text": "Order <id> to <city>", "items": <skus>, "rule": <aws.events.rule-name>, "missing": <none>}`
		return &s
	}(),
	Paths: map[string]string{"id": "$.detail.order.id", "city": "$.detail.city", "skus": "$.detail.items[*].sku", "none": "$.detail.nope"},
}

func BenchmarkTemplate(b *testing.B) {
	b.ReportAllocs()
	in := compile(b, benchSpec)
	vars := transform.Vars{RuleName: "orders", IngestionTime: time.Unix(0, 0)}
	for b.Loop() {
		if _, err := in.Render([]byte(sample), vars); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add(`{"a": <v>, "b": "<v>"}`, "$.detail.a", `{"detail":{"a":[1,"x\"",{"b":null}]}}`)
	f.Add(`"<v>"`, "$.detail[*].b", `{"detail":[{"b":"\u0041"},{"b":{"c":"d"}}]}`)
	f.Add("\"x\"\n<v>", "$['a']", ` { "a" : "\ud800" } `)
	f.Add(`<aws.events.event><v>`, "$", `{"id":1,"id":2`)
	f.Fuzz(func(t *testing.T, template, path, event string) {
		in, err := transform.Compile(transform.Spec{Template: &template, Paths: map[string]string{"v": path}})
		if err == nil {
			out, err := in.Render([]byte(event), transform.Vars{})
			isText := strings.HasPrefix(strings.TrimLeft(template, " \t\r\n"), `"`)
			if err == nil && !isText && !json.Valid(out) {
				t.Errorf("template %q with %q of %q gives %q, which is not JSON", template, path, event, out)
			}
		}
		p, err := transform.ParsePath(path)
		if err != nil {
			return
		}
		found, ok := p.Find([]byte(event))
		if ok && json.Valid([]byte(event)) && !json.Valid(found) {
			t.Errorf("path %q finds %q in %q, which is not JSON", path, found, event)
		}
		if text, _, err := transform.NewDynamics([]byte(event)).Resolve(path); err != nil || len(text) > transform.MaxDynamic {
			t.Errorf("path %q gives %d bytes, %v", path, len(text), err)
		}
	})
}

// A value that encoding/json finds is the value that a path finds.
func FuzzFind(f *testing.F) {
	f.Add("a", "b", `{"a":{"b":1.0},"c":"}"}`)
	f.Add("é", "", `{"\u00e9":{"":[]},"x":{"\u00e9":0}}`)
	f.Add("a", "a", `{"a":{"a":1},"a":{"\u0061":2,"a":3}} `)
	f.Fuzz(func(t *testing.T, first, second, event string) {
		if strings.Contains(first+second, `"]`) || strings.ToValidUTF8(first+second, "") != first+second {
			return
		}
		p, err := transform.ParsePath(`$["` + first + `"]["` + second + `"]`)
		if err != nil {
			t.Fatal(err)
		}
		var outer, inner map[string]json.RawMessage
		if json.Unmarshal([]byte(event), &outer) != nil || outer == nil {
			return
		}
		want, wantOK := []byte(nil), false
		if json.Unmarshal(outer[first], &inner) == nil {
			want, wantOK = inner[second], inner[second] != nil
		}
		got, ok := p.Find([]byte(event))
		if ok != wantOK || string(got) != string(want) {
			t.Errorf("%q then %q in %q: got %q %v, want %q %v", first, second, event, got, ok, want, wantOK)
		}
	})
}
