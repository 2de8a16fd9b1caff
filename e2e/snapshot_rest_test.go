package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire"
)

// In restJson1 members are in paths, queries, headers and status lines as well, which the
// recordings hold apart from the body.

func (d door) rest() bool { return d.service.Protocols[0].Name() == wire.RestJSON.Name() }

// A part is a member that has a place outside the body of JSON.
type part struct {
	place, name string // such as "header" and "X-Amz-Log-Type"
	member      string // its name in JSON, where it is none of the body
	value       reflect.Value
}

// parts returns those of the members of a structure, embedded ones too.
func parts(v reflect.Value) (all []part) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			all = append(all, parts(v.Field(i))...)
			continue
		}
		place, name, named := strings.Cut(f.Tag.Get("rest"), "=")
		if place == "" {
			continue
		}
		if !named {
			name = f.Name
		}
		all = append(all, part{place, name, f.Name, v.Field(i)})
	}
	return all
}

// texts are a member as it is outside the body: none when it is absent, several when it
// is a list.
func (p part) texts() (all []string) {
	switch v := p.value; {
	case v.Kind() == reflect.Pointer && v.IsNil():
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			all = append(all, fmt.Sprint(reflect.Indirect(v.Index(i))))
		}
	default:
		all = append(all, fmt.Sprint(reflect.Indirect(v)))
	}
	return all
}

// A message is a request or an answer in restJson1, or what of it we know.
type message struct {
	Path   string
	Query  url.Values
	Header http.Header
	Body   any // JSON that was read, or bytes of a payload
}

// written is what a client would send that has the members which arrived.
func written(t *testing.T, route string, arrived any) message {
	t.Helper()
	path, query, _ := strings.Cut(route, "?")
	m := message{Path: path, Query: must(url.ParseQuery(query))(t), Header: http.Header{}}
	members := membersOf(t, arrived)
	var payload []byte
	for _, p := range parts(reflect.ValueOf(arrived).Elem()) {
		delete(members, p.member)
		switch p.place {
		case "label":
			m.Path = strings.Replace(m.Path, "{"+p.name+"}", strings.Join(p.texts(), ""), 1)
		case "query":
			m.Query[p.name] = p.texts()
		case "header":
			m.Header[p.name] = p.texts()
		case "payload":
			payload = p.value.Bytes()
		}
	}
	if m.Body = members; len(members) == 0 {
		m.Body = string(payload)
	}
	return m
}

// membersOf are the members of a value as it is in JSON.
func membersOf(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return decodeJSON(t, text).(map[string]any)
}

// message is what was recorded.
func (s snapshot) message(t *testing.T) message {
	t.Helper()
	m := message{Header: s.header.Clone(), Body: string(s.body)}
	if path, query, _ := strings.Cut(s.first, "?"); strings.Contains(path, "/") {
		m.Path, m.Query = path, must(url.ParseQuery(query))(t)
	}
	m.Header.Del("Content-Type")
	if s.header.Get("Content-Type") == "application/json" {
		m.Body = decodeJSON(t, s.body)
	}
	return m
}

// diffREST compares what was sent with what arrived.
func (s snapshot) diffREST(t *testing.T, route string, arrived any) string {
	t.Helper()
	return cmp.Diff(s.message(t), written(t, route, arrived))
}

// output is an output of a type with what was recorded in it.
func (s snapshot) output(t *testing.T, kind reflect.Type) any {
	t.Helper()
	out := reflect.New(kind)
	payload := false
	for _, p := range parts(out.Elem()) {
		switch p.place {
		case "payload":
			payload = true
			p.value.SetBytes(s.body)
		case "header":
			text := s.header.Get(p.name)
			p.value.Set(reflect.ValueOf(&text))
		}
	}
	if len(s.body) > 0 && !payload {
		if err := json.Unmarshal(s.body, out.Interface()); err != nil {
			t.Fatalf("our output cannot hold %s: %v", s.body, err)
		}
	}
	return out.Interface()
}

// withoutUnanswered is a recorded answer without what is never answered, and without
// the status, which is no member of the body.
func (m message) withoutUnanswered(operation string, out any) message {
	m.Header.Del("X-Amz-Durable-Execution-Arn")
	var statuses []string
	for _, p := range parts(reflect.ValueOf(out).Elem()) {
		if p.place == "status" {
			statuses = append(statuses, p.member)
		}
	}
	m.Body = without(m.Body, func(member string) bool {
		return slices.Contains(statuses, member) || never("lambda", operation, member)
	})
	return m
}

// without drops members from a value, wherever they are.
func without(v any, drop func(member string) bool) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if drop(name) {
				delete(v, name)
			} else {
				v[name] = without(member, drop)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i], drop)
		}
	}
	return v
}

func TestRecordedAnswersOfRESTCanBeGiven(t *testing.T) {
	for _, d := range doors() {
		if d.bare || !d.rest() {
			continue
		}
		m := newMirror(t, d.service)
		requests := snapshots(t, d.module, "request")
		for name, s := range snapshots(t, d.module, "response") {
			row, ok := d.row(name)
			if !ok || row.Refused != "" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				m.out = s.output(t, row.Out)
				resp := m.play(requests[name])
				got := snapshot{header: resp.Header, body: readBody(t, resp)}
				if got.header.Get("X-Amzn-Requestid") == "" {
					t.Error("the answer has no x-amzn-RequestId")
				}
				for _, usual := range []string{"X-Amzn-Requestid", "Date", "Content-Length"} {
					got.header.Del(usual)
				}
				// The recordings have 200 for all.
				if status := recordedStatus(row, m.out); resp.StatusCode != status {
					t.Errorf("status %d, want %d: %s", resp.StatusCode, status, got.body)
				}
				if was := s.header.Get("Content-Type"); got.header.Get("Content-Type") != was {
					t.Errorf("Content-Type %q, recorded %q", got.header.Get("Content-Type"), was)
				}
				if diff := cmp.Diff(s.message(t).withoutUnanswered(name, m.out), got.message(t)); diff != "" {
					t.Errorf("recorded (-) and answered (+):\n%s", diff)
				}
			})
		}
	}
}

// recordedStatus is the status of an answer: that of its row, unless the output has one.
func recordedStatus(row wire.Operation, out any) int {
	for _, p := range parts(reflect.ValueOf(out).Elem()) {
		if n := p.value; p.place == "status" && n.Int() != 0 {
			return int(n.Int())
		}
	}
	return row.Status
}
