package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire"
)

// The SDK's modules carry recorded bytes: a request of every operation with
// every member set, an answer of most, and every error. They are read where
// the module lies and never copied.

// moduleDir returns the directory of a module that we require.
var moduleDir = func() func(testing.TB, string) string {
	var mu sync.Mutex
	dirs := map[string]string{}
	return func(t testing.TB, module string) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if dirs[module] == "" {
			out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
			if err != nil {
				t.Fatalf("go list -m %s: %v", module, err)
			}
			dirs[module] = strings.TrimSpace(string(out))
		}
		return dirs[module]
	}
}()

// A snapshot is one recorded request or answer.
type snapshot struct {
	name   string
	first  string // the request line, or the status
	header http.Header
	body   []byte
}

// snapshots reads the recordings of a kind ("request", "response" or "error"),
// by the name of the operation or the error.
func snapshots(t *testing.T, module, kind string) map[string]snapshot {
	t.Helper()
	folder := map[string]string{"request": "request_snapshot", "response": "response_snapshot", "error": "response_snapshot"}[kind]
	suffix := "." + kind + ".snap"
	files, err := filepath.Glob(filepath.Join(moduleDir(t, module), folder, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s ships no *%s; look where its recordings went", module, suffix)
	}
	all := map[string]snapshot{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s := parseSnapshot(raw)
		s.name = strings.TrimSuffix(filepath.Base(f), suffix)
		all[s.name] = s
	}
	return all
}

// parseSnapshot reads a first line, headers (in a request after an empty line),
// an empty line, and the body.
func parseSnapshot(raw []byte) snapshot {
	first, rest, _ := strings.Cut(string(raw), "\n")
	head, body, _ := strings.Cut(strings.TrimLeft(rest, "\n"), "\n\n")
	s := snapshot{first: first, header: http.Header{}, body: []byte(body)}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		s.header.Add(name, value)
	}
	return s
}

// A mirror serves one of our tables with every row's function replaced: it
// keeps what arrived and answers what it was told to.
type mirror struct {
	http.Handler
	got any
	// out is what the rows answer, err the error instead.
	out any
	err error
}

func newMirror(t *testing.T, service *wire.Service) *mirror {
	t.Helper()
	m := &mirror{}
	copied := *service
	copied.Limits = nil // the recordings hold placeholders, such as "__Name__" for an ARN
	copied.Operations = nil
	for _, row := range service.Operations {
		if row.Refused == "" {
			row = row.With(func(_ context.Context, in any) (any, error) {
				m.got = in
				if m.out == nil && m.err == nil {
					return reflect.New(row.Out).Interface(), nil
				}
				return m.out, m.err
			})
		}
		copied.Operations = append(copied.Operations, row)
	}
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{&copied}})
	if err != nil {
		t.Fatal(err)
	}
	m.Handler = h
	return m
}

// play sends a recorded request through the mirror.
func (m *mirror) play(s snapshot) *http.Response {
	m.got = nil
	method, path, _ := strings.Cut(s.first, " ")
	r := httptest.NewRequest(method, "http://localhost"+path, bytes.NewReader(s.body))
	r.Header = s.header.Clone()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result()
}

// diff compares what was sent with what arrived.
func (s snapshot) diff(t *testing.T, arrived any) string {
	t.Helper()
	got, err := json.Marshal(arrived)
	if err != nil {
		t.Fatal(err)
	}
	if s.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return diffJSON(t, s.body, got)
	}
	form, err := url.ParseQuery(string(s.body))
	if err != nil {
		t.Fatal(err)
	}
	var members any
	if err := json.Unmarshal(got, &members); err != nil {
		t.Fatal(err)
	}
	again := url.Values{"Action": form["Action"], "Version": form["Version"]}
	asForm(again, "", members)
	for name, values := range again {
		if list, ok := strings.CutSuffix(name, ".Arn"); ok && strings.HasPrefix(name, "PolicyArns.") {
			again[list+".arn"] = values // the one member of a structure that begins small in this protocol alone
			delete(again, name)
		}
	}
	return cmp.Diff(form, again)
}

// asForm writes what JSON holds as the query protocol does where no trait says
// otherwise: lists as member.1, maps as entry.1.key and entry.1.value.
func asForm(form url.Values, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for i, key := range slices.Sorted(maps.Keys(v)) {
			switch {
			case name == "":
				asForm(form, key, v[key])
			case strings.ToUpper(key[:1]) == key[:1]:
				asForm(form, name+"."+key, v[key])
			default: // the recordings have keys of maps that begin small
				entry := fmt.Sprintf("%s.entry.%d", name, i+1)
				form.Set(entry+".key", key)
				asForm(form, entry+".value", v[key])
			}
		}
	case []any:
		for i, e := range v {
			asForm(form, fmt.Sprintf("%s.member.%d", name, i+1), e)
		}
	case nil: // absent
	default:
		form.Set(name, fmt.Sprint(v))
	}
}

func TestRecordedRequestsArriveWhole(t *testing.T) {
	for _, d := range doors() {
		if d.bare {
			continue
		}
		m := newMirror(t, d.service)
		for name, s := range snapshots(t, d.module, "request") {
			t.Run(name, func(t *testing.T) {
				resp := m.play(s)
				body := readBody(t, resp)
				row, ok := d.row(name)
				switch {
				case !ok:
					t.Fatalf("no row for %s", name)
				case row.Refused != "":
					if resp.StatusCode < 400 || !bytes.Contains(body, []byte(row.Refused)) {
						t.Fatalf("a refused operation answers %s: %s\nwant the reason: %s", resp.Status, body, row.Refused)
					}
				case resp.StatusCode != max(row.Status, http.StatusOK):
					t.Fatalf("%s: %s\nrequest: %s", resp.Status, body, s.body)
				case d.rest():
					if diff := s.diffREST(t, row.Route, m.got); diff != "" {
						t.Errorf("what was sent (-) and what arrived (+):\n%s", diff)
					}
				default:
					if diff := s.diff(t, m.got); diff != "" {
						t.Errorf("what was sent (-) and what arrived (+):\n%s", diff)
					}
				}
			})
		}
	}
}

// recorded are the doors whose answers the SDK ships: none of those in XML.
func recorded() []door {
	return slices.DeleteFunc(doors(), func(d door) bool { return d.bare || d.service.Protocols[0].Name() == wire.Query.Name() })
}

func TestRecordedAnswersCanBeGiven(t *testing.T) {
	for _, d := range recorded() {
		if d.rest() {
			continue // TestRecordedAnswersOfRESTCanBeGiven
		}
		m := newMirror(t, d.service)
		requests := snapshots(t, d.module, "request")
		for name, s := range snapshots(t, d.module, "response") {
			row, ok := d.row(name)
			if !ok || row.Refused != "" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				m.out = reflect.New(row.Out).Interface()
				if err := json.Unmarshal(s.body, m.out); err != nil {
					t.Fatalf("our output cannot hold %s: %v", s.body, err)
				}
				resp := m.play(requests[name])
				body := readBody(t, resp)
				if resp.Status[:3] != s.first {
					t.Errorf("status %s, recorded %s: %s", resp.Status, s.first, body)
				}
				if got, want := resp.Header.Get("Content-Type"), s.header.Get("Content-Type"); got != want {
					t.Errorf("Content-Type %q, recorded %q", got, want)
				}
				if id := resp.Header.Get("X-Amzn-Requestid"); id == "" {
					t.Error("the answer has no x-amzn-RequestId")
				}
				if row.Out == reflect.TypeFor[wire.None]() {
					if len(body) != 0 {
						t.Errorf("an operation without output answers %q, want nothing", body)
					}
					return
				}
				if diff := diffJSON(t, withoutUnanswered(t, d.service.Name, name, s.body), body); diff != "" {
					t.Errorf("recorded (-) and answered (+):\n%s", diff)
				}
			})
		}
	}
}

// inRecording is how a service's recordings spell what the SDK's types call path.
func inRecording(path []string, service string) []string {
	if allSmall[service] {
		for i, name := range path {
			path[i] = strings.ToLower(name[:1]) + name[1:]
		}
	}
	return path
}

// withoutUnanswered drops from a recorded answer the members that dari has no
// value for.
func withoutUnanswered(t *testing.T, service, operation string, body []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	for path := range neverAnswered {
		if op, rest, _ := strings.Cut(path, "."); op == operation {
			drop(v, inRecording(strings.Split(rest, "."), service))
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func drop(v any, path []string) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	name, list := strings.CutSuffix(path[0], "[]")
	switch {
	case len(path) == 1:
		delete(m, name)
	case list:
		rows, _ := m[name].([]any)
		for _, row := range rows {
			drop(row, path[1:])
		}
	default:
		drop(m[name], path[1:])
	}
}

func TestRecordedErrorsCanBeGiven(t *testing.T) {
	for _, d := range recorded() {
		m := newMirror(t, d.service)
		requests := snapshots(t, d.module, "request")
		for name, s := range snapshots(t, d.module, "error") {
			t.Run(name, func(t *testing.T) {
				status, err := strconv.Atoi(s.first)
				if err != nil {
					t.Fatal(err)
				}
				m.err = &wire.Error{Code: name, Message: "__Message__", Status: status}
				resp := m.play(requests[firstOffered(t, d)])
				body := readBody(t, resp)
				if resp.StatusCode != status {
					t.Errorf("status %d, recorded %d", resp.StatusCode, status)
				}
				if got, want := resp.Header.Get("Content-Type"), s.header.Get("Content-Type"); got != want {
					t.Errorf("Content-Type %q, recorded %q", got, want)
				}
				var e struct {
					Type    string `json:"__type"`
					Message string `json:"message"`
				}
				if err := json.Unmarshal(body, &e); err != nil {
					t.Fatalf("%s: %v", body, err)
				}
				_, shape, qualified := strings.Cut(e.Type, "#")
				if !qualified {
					shape = e.Type
				}
				if shape != name || e.Message != "__Message__" {
					t.Errorf("answered %s, recorded %s", body, s.body)
				}
			})
		}
	}
}

func firstOffered(t *testing.T, d door) string {
	t.Helper()
	for _, row := range d.service.Operations {
		if row.Refused == "" {
			return row.Name
		}
	}
	t.Fatalf("%s offers nothing", d.service.Name)
	return ""
}

func diffJSON(t testing.TB, want, got []byte) string {
	t.Helper()
	return cmp.Diff(decodeJSON(t, want), decodeJSON(t, got))
}

// decodeJSON reads a value with its numbers as they are written.
func decodeJSON(t testing.TB, b []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, clip(b))
	}
	return v
}

func clip(b []byte) string {
	if len(b) > 2000 {
		return fmt.Sprintf("%s… (%d bytes)", b[:2000], len(b))
	}
	return string(b)
}
