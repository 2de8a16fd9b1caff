package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/awsquery"
)

func TestBodiesAreBounded(t *testing.T) {
	h := newHandler(t, Options{MaxBody: 100})
	pack := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s)) // into memory
		_ = z.Close()
		return b.String()
	}
	fits := `{"Word":"w"}` + strings.Repeat(" ", 88)
	for _, c := range []struct {
		name, body, encoding string
		chunked              bool
		status               int
		want                 string
	}{
		{"the largest", fits, "", false, 200, `"Word":"w"`},
		{"the largest, of unknown length", fits, "", true, 200, `"Word":"w"`},
		{"one more", fits + " ", "", false, 413, "RequestEntityTooLargeException"},
		{"one more, of unknown length", fits + " ", "", true, 413, "must be no larger than 100 bytes"},
		{"packed", pack(fits), "gzip", false, 200, `"Word":"w"`},
		{"packed, as identity", fits, "identity", false, 200, `"Word":"w"`},
		{"packed, one more", pack(fits + " "), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"packed, a bomb", pack(strings.Repeat(" ", 20000)), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"not packed at all", fits, "gzip", false, 400, "is not valid gzip"},
		{"packed and cut off", pack(fits)[:20], "GZIP", false, 400, "is not valid gzip: it ends too early"},
		{"packed otherwise", fits, "br", false, 415, `The Content-Encoding \"br\" is not understood`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, "POST", "/", c.body, "X-Amz-Target", "AWSEvents.Echo", "Content-Encoding", c.encoding)
			if c.chunked {
				r.ContentLength = -1
			}
			w := do(h, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestABodyThatBreaksOffIsTheClientsMistake(t *testing.T) {
	r := request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Echo")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("{"), errorReader{})), 5
	if w := do(newHandler(t, Options{}), r); w.Code != 400 || !strings.Contains(w.Body.String(), "ended before its body was complete") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A purse is memory that is used up, or that says what was taken.
type purse struct {
	empty       bool
	taken, most int64
}

func (p *purse) Take(_ context.Context, n int64) error {
	if p.empty {
		return errors.New("empty")
	}
	p.taken += n
	p.most = max(p.most, p.taken)
	return nil
}

func (p *purse) Most() int64 { return 1 << 40 }

func (p *purse) Give(_ context.Context, n int64) { p.taken -= n }

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// attack F8: a large body is read only for a key that we have, and only when
// there is memory for it.
func TestLargeBodiesOfStrangersAreNotRead(t *testing.T) {
	keys := access.Keys{"AKIDEXAMPLE": {Secret: "secret", Account: "210987654321"}}
	for _, c := range []struct {
		name, key, contentType string
		size                   int64
		memory                 purse
		status                 int
		want                   string
	}{
		{"an unknown key", "AKIDOTHER", "application/x-amz-json-1.1", 1 << 20, purse{}, 403, `"UnrecognizedClientException"`},
		{"no key", "", "application/x-amz-json-1.1", 1 << 20, purse{}, 403, `"MissingAuthenticationTokenException"`},
		{"no key, a form", "", awsquery.FormType, 1 << 20, purse{}, 403, "<Code>MissingAuthenticationToken</Code>"},
		{"no key, of a size that is not told", "", "application/x-amz-json-1.1", -1, purse{}, 403, `"MissingAuthenticationTokenException"`},
		{"a key, but no memory", "AKIDEXAMPLE", "application/x-amz-json-1.1", 1 << 20, purse{empty: true}, 503, `"ServiceUnavailable"`},
		{"no memory, a form", "AKIDEXAMPLE", awsquery.FormType, 1 << 20, purse{empty: true}, 503, "<Code>ServiceUnavailable</Code>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t, Options{Keys: keys, Bodies: &c.memory})
			r := request(t, "POST", "/", "", "Content-Type", c.contentType)
			if c.contentType != awsquery.FormType {
				r.Header.Set("X-Amz-Target", "AWSEvents.Echo")
			}
			if c.key != "" {
				if err := signature.Sign(r, nil, signature.Credentials{AccessKey: c.key, Secret: "secret", Region: "eu-central-1", Service: "events"}, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			r.Body, r.ContentLength = io.NopCloser(unread{t}), c.size
			w := do(h, r)
			if got := mask(t, w); w.Code != c.status || !strings.Contains(got, c.want) || w.Header().Get("Connection") != "close" {
				t.Errorf("got %d %v %s", w.Code, w.Header(), got)
			}
		})
	}
}

// attack F8: bodies are counted while they are held, and what is packed by what
// it may unpack to.
func TestBodiesAreCountedWhileTheyAreHeld(t *testing.T) {
	word := strings.Repeat("x", 100<<10)
	plain := `{"Names":["` + word + `"]}`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body, encoding string
		most                 int64
	}{
		{"small", "{}", "", 0},
		{"large", plain, "", 2 * int64(len(plain))},
		{"packed", packed.String(), "gzip", 2 * DefaultMaxBody},
	} {
		memory := &purse{}
		h := newHandler(t, Options{Bodies: memory})
		w := do(h, request(t, "POST", "/", c.body, "X-Amz-Target", "AmazonSQS.Echo", "Content-Encoding", c.encoding))
		if w.Code != 200 || memory.most != c.most || memory.taken != 0 {
			t.Errorf("%s: %d, %d bytes at most, want %d, %d at the end", c.name, w.Code, memory.most, c.most, memory.taken)
		}
	}
}

// attack F5: what waits for its reader is counted too, and let go when there is
// too much of it.
func TestLargeAnswersAreCounted(t *testing.T) {
	answers := budget.New(1<<20, []budget.Part{{Name: "a", Percent: 100}}).Share("a")
	h := newHandler(t, Options{Answers: answers})
	body := `{"Names":["` + strings.Repeat("x", 100<<10) + `"]}`
	if w := do(h, request(t, "POST", "/", body, "X-Amz-Target", "AmazonSQS.Echo")); w.Code != 200 || answers.Used() != 0 {
		t.Errorf("%d, %d bytes in use", w.Code, answers.Used())
	}
	answers.Try(answers.Size())
	w := do(h, request(t, "POST", "/", body, "X-Amz-Target", "AmazonSQS.Echo"))
	if got := mask(t, w); w.Code != 503 || !strings.Contains(got, "ask for less at a time") {
		t.Errorf("%d %.200s", w.Code, got)
	}
}
