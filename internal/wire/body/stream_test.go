package body

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// conn says until when it waits for what is sent.
type conn struct {
	*httptest.ResponseRecorder
	until []time.Time
}

func (c *conn) SetReadDeadline(t time.Time) error { c.until = append(c.until, t); return nil }

func TestAStreamWaitsForItsClientForAWhileOnly(t *testing.T) {
	c := &conn{ResponseRecorder: httptest.NewRecorder()}
	now := time.Now()
	s, err := Open(c, httptest.NewRequest("POST", "/", strings.NewReader("body")), 4)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(s); err != nil || string(b) != "body" {
		t.Fatalf("%q, %v", b, err)
	}
	if d := c.until[0].Sub(now); d < patience || d > 2*patience {
		t.Errorf("it waits for %s", d)
	}
	if last := c.until[len(c.until)-1]; !last.IsZero() {
		t.Errorf("when all is read, the call must end by %s", last)
	}
}

func TestAStreamHasNoMoreThanItMay(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader("body"))
	if _, err := Open(&conn{}, r, 3); err == nil {
		t.Error("a length that is too large is taken")
	}
	r.ContentLength = -1
	s, err := Open(&conn{}, r, 3)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(s); err == nil || len(b) > 3 {
		t.Errorf("%q, %v", b, err)
	}
	r.Header.Set("Content-Encoding", "gzip")
	if _, err := Open(&conn{}, r, 3); err == nil {
		t.Error("a packed stream is taken")
	}
}
