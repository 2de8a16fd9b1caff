package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire/awsquery"
)

type thing struct {
	Name *string `rest:"label"`
	Word *string
}

type echoed struct{ Name, Word string }

// details is what an error says beside its message.
type details struct {
	After  string `rest:"header=Retry-After" json:",omitempty"`
	Reason string
	Count  int `json:",omitempty"`
}

type own struct{ Message string }

// scratch speaks every dialect but awsJson1_0.
func scratch(more ...Operation) *Service {
	return &Service{
		Name: "scratch", Title: "Scratch", Target: "Scratch", Version: "2026-01-01", Protocols: []Protocol{RestJSON, CBOR, JSON11, Query},
		ErrorMembers: []any{details{}, own{}},
		Limits:       Limits{"thing.Word": {Max: 1 << 20}},
		Operations: append([]Operation{
			Op("Put", func(_ context.Context, in *thing) (*echoed, error) {
				if in.Word != nil && failing[*in.Word] != nil {
					return nil, failing[*in.Word]
				}
				return &echoed{Name: *in.Name}, nil
			}).At("PUT /things/{Name}", 201).Takes(6 << 20),
			Refuse("Drop", "nothing is dropped").At("DELETE /things/{Name}", 200),
		}, more...),
	}
}

var failing = map[string]error{
	"invalid":     fault.Invalid("no"),
	"missing":     fault.NotFound("no"),
	"conflict":    fault.Conflict("no"),
	"limit":       fault.Limit("no"),
	"denied":      fault.Denied("no"),
	"unavailable": fault.Unavailable("no"),
	"own status":  &Error{Code: "Teapot", Kind: fault.KindNotFound, Status: 418, Message: "no"},
	"ours":        errors.New("no"),
	"members":     &Error{Code: "Busy", Kind: fault.KindUnavailable, Message: "no", Members: &details{After: "7", Reason: "<r>"}},
	"own message": &Error{Code: "Busy", Message: "no", Members: &own{Message: "mine"}},
	"undeclared":  &Error{Code: "Busy", Message: "no", Members: &thing{}},
}

func put(t testing.TB, protocol, word string) *http.Request {
	t.Helper()
	json := `{"Name":"n","Word":"` + word + `"}`
	switch protocol {
	case "rest":
		return request(t, "PUT", "/things/n", json)
	case "json":
		return request(t, "POST", "/", json, "X-Amz-Target", "Scratch.Put")
	case "cbor":
		body := "\xa2dNameandWord" + string([]byte{byte(0x60 + len(word))}) + word
		return request(t, "POST", "/service/Scratch/operation/Put", body, "Smithy-Protocol", "rpc-v2-cbor", "Content-Type", "application/cbor")
	default:
		return request(t, "POST", "/", "Action=Put&Version=2026-01-01&Name=n&Word="+strings.ReplaceAll(word, " ", "+"), "Content-Type", awsquery.FormType)
	}
}

func TestAStatusGoesByTheKindOfMistakeWhereTheDialectTellsThemApart(t *testing.T) {
	h := newHandler(t, Options{Services: []*Service{scratch()}})
	for word, want := range map[string]map[string]int{
		"":            {"rest": 201, "cbor": 200, "json": 200, "query": 200},
		"invalid":     {"rest": 400, "cbor": 400, "json": 400, "query": 400},
		"missing":     {"rest": 404, "cbor": 404, "json": 400, "query": 404},
		"conflict":    {"rest": 409, "cbor": 409, "json": 400, "query": 409},
		"limit":       {"rest": 429, "cbor": 429, "json": 400, "query": 429},
		"denied":      {"rest": 403, "cbor": 403, "json": 400, "query": 403},
		"unavailable": {"rest": 429, "cbor": 429, "json": 400, "query": 429},
		"own status":  {"rest": 418, "cbor": 418, "json": 418, "query": 418},
		"ours":        {"rest": 500, "cbor": 500, "json": 500, "query": 500},
	} {
		for protocol, status := range want {
			if w := do(h, put(t, protocol, word)); w.Code != status {
				t.Errorf("%s over %s: got %d %s, want %d", word, protocol, w.Code, w.Body, status)
			}
		}
	}
}

func TestAnErrorHasItsMembersInEveryDialect(t *testing.T) {
	h := newHandler(t, Options{Services: []*Service{scratch()}})
	for _, c := range []struct{ protocol, word, want string }{
		{"rest", "members", `{"__type":"Busy","message":"no","Reason":"<r>"}`},
		{"json", "members", `{"__type":"Busy","message":"no","Reason":"<r>"}`},
		{"cbor", "members", "\xa5f__typedBusygmessagebnogMessagebnoeAftera7fReasonc<r>"},
		{"query", "members", "<Code>Busy</Code><Message>no</Message><After>7</After><Reason>&lt;r&gt;</Reason>"},
		{"rest", "own message", `{"__type":"Busy","Message":"mine"}`},
		{"json", "own message", `{"__type":"Busy","Message":"mine"}`},
		{"cbor", "own message", "\xa2f__typedBusygMessagedmine"},
		{"query", "own message", "<Code>Busy</Code><Message>mine</Message>"},
		{"json", "undeclared", `{"__type":"Busy","message":"no"}`},
	} {
		w := do(h, put(t, c.protocol, c.word))
		if !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s over %s: got %q, want %q", c.word, c.protocol, w.Body, c.want)
		}
		if after := w.Header().Get("Retry-After"); (after == "7") != (c.protocol == "rest" && c.word == "members") {
			t.Errorf("%s over %s: Retry-After %q", c.word, c.protocol, after)
		}
	}
}

func TestARequestThatIsNobodysIsAnsweredInItsDialect(t *testing.T) {
	h := newHandler(t, Options{Services: []*Service{scratch()}})
	signed := []string{"Authorization", scope + "scratch/aws4_request, SignedHeaders=host, Signature=00"}
	for _, c := range []struct {
		r      *http.Request
		status int
		want   string
	}{
		{request(t, "GET", "/things/n", ""), 405, `{"__type":"UnknownOperationException","message":"The method GET is none of those`},
		{request(t, "GET", "/things", "", signed...), 404, `{"__type":"UnknownOperationException"`},
		{request(t, "DELETE", "/things/n", ""), 400, `{"__type":"UnsupportedOperationException","message":"dari does not offer Drop: nothing is dropped."}`},
		{request(t, "PUT", "/things/n?%zz", "{}"), 400, `{"__type":"SerializationException","message":"The parameters of the request cannot be read`},
		{request(t, "PUT", "/things/n", `{"Word":1}`), 400, `{"__type":"SerializationException","message":"Word: expected a string, found a number."}`},
		{request(t, "POST", "/service/Scratch/operation/No", "", "Smithy-Protocol", "rpc-v2-cbor"), 400, "\xa3f__typex\x19UnknownOperationException"},
		{request(t, "POST", "/service/Other/operation/Put", "", "Smithy-Protocol", "rpc-v2-cbor"), 404, "\xa3f__typex\x19UnknownOperationException"},
		{request(t, "POST", "/a/service/Scratch/operation/Put", "\xa1dName\x01", "Smithy-Protocol", "rpc-v2-cbor"), 400, "\xa3f__typevSerializationException"},
	} {
		w := do(h, c.r)
		if got := mask(t, w); w.Code != c.status || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: got %d %s, want %d %s", c.r.Method, c.r.URL, w.Code, got, c.status, c.want)
		}
		if w.Code == 405 && w.Header().Get("Allow") != "PUT" {
			t.Errorf("Allow: %q", w.Header().Values("Allow"))
		}
	}
	for path, want := range map[string]string{"/things/n": "DELETE GET POST PUT", "/": "GET POST"} {
		if got := strings.Join(h.(Handler).Methods(request(t, "PATCH", path, "")), " "); got != want {
			t.Errorf("methods of %s: %s; want %s", path, got, want)
		}
	}
}

// What an operation takes is known before its body is read, where the head says
// which it is.
func TestEachOperationHasABoundOfItsOwnOnBodies(t *testing.T) {
	body := func(n int) string { return `{"x":"` + strings.Repeat("x", n-8) + `"}` }
	for _, c := range []struct {
		name   string
		r      *http.Request
		memory int64
		status int
	}{
		{"as much as the operation takes", request(t, "PUT", "/things/n", body(6<<20)), 1 << 30, 201},
		{"more than it takes", request(t, "PUT", "/things/n", body(6<<20+1)), 1 << 30, 413},
		{"its target in a header", request(t, "POST", "/", `{"Name":"n","x":"`+strings.Repeat("x", 5<<20)+`"}`, "X-Amz-Target", "Scratch.Put"), 1 << 30, 200},
		{"a form, which must be read to know", request(t, "POST", "/", "Action=Put&Name=n&x="+strings.Repeat("x", 5<<20), "Content-Type", awsquery.FormType), 1 << 30, 413},
		{"more than there is memory for", request(t, "PUT", "/things/n", body(5<<20)), 9 << 20, 413},
	} {
		h := newHandler(t, Options{Services: []*Service{scratch()}, Bodies: bounded(c.memory)})
		if w := do(h, c.r); w.Code != c.status {
			t.Errorf("%s: got %d %.100s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
}

// bounded is memory of which there is always as much as there is in all.
type bounded int64

func (bounded) Take(context.Context, int64) error { return nil }
func (bounded) Give(context.Context, int64)       {}
func (b bounded) Most() int64                     { return int64(b) }

type pour struct {
	Body io.Reader `rest:"payload"`
}

type poured struct {
	Head string `rest:"header=X-Head"`
	Body Stream `rest:"payload"`
}

// pipe is an operation that answers with what it is sent, while it is sent.
func pipe() *Service {
	return &Service{Name: "scratch", Title: "Scratch", Protocols: []Protocol{RestJSON}, Operations: []Operation{
		Op("Pour", func(_ context.Context, in *pour) (*poured, error) {
			return &poured{Head: "h", Body: func(_ context.Context, w io.Writer) error {
				_, err := io.Copy(w, in.Body)
				return err
			}}, nil
		}).At("POST /pour", 200).Takes(1 << 20),
	}}
}

func TestAStreamIsReadAndWrittenWhileItComes(t *testing.T) {
	server := httptest.NewServer(newHandler(t, Options{Services: []*Service{pipe()}}))
	defer server.Close()
	body, send := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/pour", body)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = send.Write([]byte("first")) }() // the reader says how it went
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	got := make([]byte, 5)
	if _, err := io.ReadFull(w.Body, got); err != nil || string(got) != "first" {
		t.Fatalf("%q, %v", got, err)
	}
	// Only now is there more.
	go func() {
		_, _ = send.Write([]byte("second"))
		_ = send.Close()
	}()
	rest, err := io.ReadAll(w.Body)
	if err != nil || string(rest) != "second" || w.Header.Get("X-Head") != "h" || w.Header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("%q, %v, %v", rest, err, w.Header)
	}
}

func TestAStreamThatFailsBreaksOff(t *testing.T) {
	var log bytes.Buffer
	var seen *Call
	told := make(chan struct{})
	service := pipe()
	service.Operations = append(service.Operations,
		Op("Fail", func(context.Context, *Empty) (*poured, error) {
			return &poured{Body: func(_ context.Context, w io.Writer) error {
				_, _ = w.Write([]byte("half"))
				return errors.New("disk sda1 is on fire")
			}}, nil
		}).At("GET /fail", 200),
		Op("Panic", func(context.Context, *Empty) (*poured, error) {
			return &poured{Body: func(context.Context, io.Writer) error { panic("a secret of ours") }}, nil
		}).At("GET /panic", 200))
	server := httptest.NewServer(newHandler(t, Options{
		Services: []*Service{service}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		After: func(_ context.Context, c *Call) { seen = c; told <- struct{}{} },
	}))
	defer server.Close()
	for path, logged := range map[string]string{"/fail": "disk sda1 is on fire", "/panic": "a secret of ours"} {
		log.Reset()
		w, err := http.Get(server.URL + path)
		<-told
		if err == nil {
			_, err = io.ReadAll(w.Body)
			w.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the answer looks whole", path)
		}
		if !strings.Contains(log.String(), logged) || seen.Err == nil || seen.Err.Status != 500 {
			t.Errorf("%s: logged %s; seen %+v", path, &log, seen)
		}
	}
	// More than the operation takes ends the stream as well.
	w, err := http.Post(server.URL+"/pour", "", strings.NewReader(strings.Repeat("x", 1<<20+1)))
	<-told
	if err != nil || w.StatusCode != 413 {
		t.Errorf("a length that is too large: %v, %v", w, err)
	}
	w.Body.Close()
	r, _ := http.NewRequest(http.MethodPost, server.URL+"/pour", io.MultiReader(strings.NewReader(strings.Repeat("x", 2<<20))))
	w, err = http.DefaultClient.Do(r)
	<-told
	if err == nil {
		_, err = io.ReadAll(w.Body)
		w.Body.Close()
	}
	if err == nil {
		t.Error("a stream that is too large looks whole")
	}
}

// A caller must be known before anything is done: by the head alone, or the body
// is read first.
func TestASignedStreamIsThatOfItsSigner(t *testing.T) {
	streamed := false
	service := pipe()
	service.Operations = append(service.Operations, Op("Keep", func(_ context.Context, in *pour) (*echoed, error) {
		_, read := in.Body.(*bytes.Reader)
		streamed = !read
		kept, err := io.ReadAll(in.Body)
		return &echoed{Word: string(kept)}, err
	}).At("PUT /kept", 200).Takes(4))
	h := newHandler(t, Options{Services: []*Service{service}, Keys: access.Keys{"AKIDEXAMPLE": {Secret: "secret"}}})
	const sum = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5" // of body
	for _, c := range []struct {
		name, claimed, signed, sent string
		streamed                    bool
		want                        int
	}{
		{"the signature covers the body", "", "body", "body", false, 200},
		{"it covers another", "", "ydob", "body", false, 403},
		{"it covers the hash of the body", sum, "", "body", true, 200},
		{"it covers the hash of another", sum, "", "ydob", true, 403},
		{"it covers a part of it only", sum, "", "bod", true, 403},
		{"it does not cover it", "UNSIGNED-PAYLOAD", "", "ydob", true, 200},
		{"it covers each part", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", "body", false, 403},
		{"it covers the hash of more than may come", sum, "", "body and more", false, 413},
	} {
		streamed = false
		r := request(t, "PUT", "/kept", c.sent)
		if c.claimed != "" {
			r.Header.Set("X-Amz-Content-Sha256", c.claimed)
		}
		sign(t, r, c.signed, "scratch")
		if w := do(h, r); w.Code != c.want || streamed != c.streamed {
			t.Errorf("%s: got %d %s, streamed: %v", c.name, w.Code, w.Body, streamed)
		}
	}
	r := request(t, "PUT", "/kept", "body", "X-Amz-Content-Sha256", sum)
	if w := do(h, r); w.Code != 403 {
		t.Errorf("nobody: got %d %s", w.Code, w.Body)
	}
	sign(t, r, "", "scratch")
	r.Header.Set("X-Amz-Content-Sha256", strings.ToUpper(sum))
	if w := do(h, r); w.Code != 403 {
		t.Errorf("another hash: got %d %s", w.Code, w.Body)
	}
}

// late is a connection whose time for reading requests is over.
type late struct {
	*httptest.ResponseRecorder
	read []time.Time
}

func (l *late) SetReadDeadline(t time.Time) error { l.read = append(l.read, t); return nil }

func TestWhatBoundsARequestDoesNotBoundAStreamedAnswer(t *testing.T) {
	h := newHandler(t, Options{Services: []*Service{pipe()}})
	w := &late{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, request(t, "POST", "/pour", "body"))
	if w.Body.String() != "body" || len(w.read) < 3 || !w.read[0].IsZero() || !w.read[len(w.read)-1].IsZero() {
		t.Errorf("%s, %v", w.Body, w.read)
	}
}

func TestMistakesInRoutesAndStreamsAreErrors(t *testing.T) {
	type streams struct{ A, B Stream }
	type reader struct{ A io.Reader }
	for _, c := range []struct {
		row       Operation
		protocols []Protocol
		want      string
	}{
		{Op("X", func(context.Context, *Empty) (*None, error) { return nil, nil }), []Protocol{RestJSON}, "only operations of restJson1 have routes"},
		{Op("X", func(context.Context, *Empty) (*None, error) { return nil, nil }).At("GET /", 200), []Protocol{JSON11}, "only operations of restJson1 have routes"},
		{Refuse("X", "no").At("PUT /things/{Other}", 200), nil, "is also that of Put"},
		{Op("X", func(context.Context, *Empty) (*streams, error) { return nil, nil }).At("GET /", 200), []Protocol{RestJSON}, "A and B are both streams"},
		{Op("X", func(context.Context, *Empty) (*reader, error) { return nil, nil }).At("GET /", 200), []Protocol{RestJSON}, "a stream in an output is"},
		{Op("X", func(context.Context, *reader) (*None, error) { return nil, nil }).At("GET /", 200), []Protocol{RestJSON}, "an io.Reader that is the payload"},
		{Op("X", func(context.Context, *Empty) (*struct{ A Stream }, error) { return nil, nil }), []Protocol{JSON11}, "awsJson1_1 has no spelling for a stream"},
		{Op("X", func(context.Context, *Empty) (*struct{ A Events[struct{ B *Empty }] }, error) { return nil, nil }), []Protocol{Query}, "awsQuery has no spelling for a stream of events"},
	} {
		s := scratch(c.row)
		if c.protocols != nil {
			s = &Service{Name: "scratch", Protocols: c.protocols, Operations: []Operation{c.row}}
		}
		if _, err := NewHandler(Options{Services: []*Service{s}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	s := scratch()
	s.ErrorMembers = append(s.ErrorMembers, struct{ C chan int }{})
	if _, err := NewHandler(Options{Services: []*Service{s}}); err == nil || !strings.Contains(err.Error(), "members of errors: ") {
		t.Errorf("got %v", err)
	}
}
