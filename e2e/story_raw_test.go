package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestOddRequestsGetClearAnswers sends what no SDK would send.
func TestOddRequestsGetClearAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	zip := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, method, target, body string
		header                     http.Header
		status                     int
		code                       string
	}{
		{name: "an empty body", target: "AWSEvents.ListRules", status: 200},
		{name: "charset in the type", target: "AWSEvents.ListRules", body: `{}`, header: http.Header{"Content-Type": {"application/x-amz-json-1.1; charset=utf-8"}}, status: 200},
		{name: "no type at all", target: "AWSEvents.ListRules", body: `{}`, header: http.Header{"Content-Type": nil}, status: 200},
		{name: "gzip", target: "AWSEvents.ListRules", body: zip(`{"Limit":1}`), header: http.Header{"Content-Encoding": {"gzip"}}, status: 200},
		{name: "gzip that is none", target: "AWSEvents.ListRules", body: `{}`, header: http.Header{"Content-Encoding": {"gzip"}}, status: 400},
		{name: "a byte order mark", target: "AWSEvents.ListRules", body: "\ufeff{}", status: 400, code: "SerializationException"},
		{name: "broken JSON", target: "AWSEvents.ListRules", body: `{"Limit":`, status: 400, code: "SerializationException"},
		{name: "a list", target: "AWSEvents.ListRules", body: `[]`, status: 400, code: "SerializationException"},
		{name: "a number for a string", target: "AWSEvents.PutRule", body: `{"Name":1}`, status: 400, code: "SerializationException"},
		{name: "text after the object", target: "AWSEvents.ListRules", body: `{} {}`, status: 400, code: "SerializationException"},
		{name: "deep nesting", target: "AWSEvents.PutEvents", body: strings.Repeat("[", 100_000), status: 400, code: "SerializationException"},
		{name: "invalid UTF-8", target: "AWSEvents.PutRule", body: "{\"Name\":\"\xff\"}", status: 400},
		{name: "null members", target: "AWSEvents.ListRules", body: `{"Limit":null,"NextToken":null,"NamePrefix":null}`, status: 200},
		{name: "members nobody knows", target: "AWSEvents.ListRules", body: `{"Limit":5,"Colour":{"deep":[1]}}`, status: 200},
		{name: "a limit of 0", target: "AWSEvents.ListRules", body: `{"Limit":0}`, status: 400, code: "ValidationException"},
		{name: "an operation nobody knows", target: "AWSEvents.Frobnicate", body: `{}`, status: 400, code: "UnknownOperationException"},
		{name: "a service nobody knows", target: "DynamoDB_20120810.ListTables", body: `{}`, status: 404, code: "UnknownOperationException"},
		{name: "no target", body: `{}`, status: 404},
		{name: "a body over the limit", target: "AWSEvents.PutEvents", body: `{"Entries":[{"Detail":"` + strings.Repeat("x", 5<<20) + `"}]}`, status: 413},
		{name: "a method nobody uses", method: http.MethodPut, target: "AWSEvents.ListRules", body: `{}`, status: 405, code: "MethodNotAllowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = http.MethodPost
			}
			r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			if tt.target != "" {
				r.Header.Set("X-Amz-Target", tt.target)
			}
			for name, v := range tt.header {
				r.Header[name] = v
			}
			resp, err := httpClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body := readBody(t, resp)
			if resp.StatusCode != tt.status {
				t.Fatalf("%s, want %d: %s", resp.Status, tt.status, clip(body))
			}
			if resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
			if tt.status < 400 {
				return
			}
			var e struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(body, &e); err == nil && (e.Message == "" || tt.code != "" && e.Type != tt.code) || err != nil && tt.code != "" {
				t.Errorf("answered %s (%v), want %s and a sentence", clip(body), err, tt.code)
			}
		})
	}
	if why := s.unready(); why != "" {
		t.Error(why)
	}
}

// TestAnIdleStrangerHoldsNobodyUp opens connections that never finish a request.
func TestAnIdleStrangerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := serve(t)
	before := s.metric(t, "go_goroutines")
	var conns []net.Conn
	for range 200 {
		c, err := net.DialTimeout("tcp", s.Addr, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
	}
	c := s.sdk(t)
	q := c.queue("q", nil)
	c.rule("default", "r", `{"source":["s"]}`, target("q", q.arn))
	c.put(entry("default", "s", "t", `{}`))
	c.one(q)

	// What was opened for them is given back.
	for _, c := range conns {
		c.Close()
	}
	eventually(t, 20*time.Second, func() string {
		if now := s.metric(t, "go_goroutines"); now > before+20 {
			return fmt.Sprintf("as few goroutines as before (%v), have %v", before, now)
		}
		return ""
	})
}
