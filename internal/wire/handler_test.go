package wire

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func setBody(r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
}

// sign signs r as the key AKIDEXAMPLE for eu-central-1, now.
func sign(t testing.TB, r *http.Request, body, service string) {
	t.Helper()
	err := Sign(r, []byte(body), Credentials{AccessKey: "AKIDEXAMPLE", Secret: "secret", Region: "eu-central-1", Service: service}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
}
