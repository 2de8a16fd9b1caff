package executionlog

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func begin(o Options) *Log {
	o.Request, o.API, o.Stage = "r-1", "abc123", "prod"
	at := time.Date(2026, 9, 14, 10, 20, 30, 0, time.FixedZone("", 7200))
	o.Now = func() time.Time { at = at.Add(time.Second); return at }
	return New(o)
}

// lambda logs a request that a function answers.
func lambda(l *Log) *Log {
	l.Began("Vt4c=", "", false, "POST", "/receipt")
	l.Asked(map[string]string{"id": "7"}, nil, map[string][]string{"Accept": {"a/b"}, "X": {"1", "2"}}, `{"a":1}`)
	l.Sending("https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/f/invocations", map[string][]string{"Authorization": {strings.Repeat("x", 10) + "ad4886"}, "X-Api-Key": {"short"}}, `{}`)
	l.Received(200, 111*time.Millisecond, map[string][]string{"A": {"b"}}, "answer")
	l.Answering(map[string][]string{"X-Amzn-Trace-Id": {"Root=1"}}, "body")
	l.Ended(200, "e-1", "1-2")
	return l
}

func texts(l *Log) (all []string) {
	for _, line := range l.Lines() {
		all = append(all, strings.TrimPrefix(line.Text, "(r-1) "))
	}
	return all
}

func TestLinesAreAsRecorded(t *testing.T) {
	want := []string{
		"Extended Request Id: Vt4c=",
		"Verifying Usage Plan for request: r-1. API Key:  API Stage: abc123/prod",
		"API Key authorized because method 'POST /receipt' does not require API Key. Request will not contribute to throttle or quota limits",
		"Usage Plan check succeeded for API Key  and API Stage abc123/prod",
		"Starting execution for request: r-1",
		"HTTP Method: POST, Resource Path: /receipt",
		"Method request path: {id=7}",
		"Method request query string: {}",
		"Method request headers: {Accept=a/b, X=1,2}",
		`Method request body before transformations: {"a":1}`,
		"Endpoint request URI: https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/f/invocations",
		"Endpoint request headers: {Authorization=**********ad4886, X-Api-Key=*****}",
		"Endpoint request body after transformations: {}",
		"Sending request to https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/f/invocations",
		"Received response. Integration latency: 111 ms",
		"Endpoint response body before transformations: answer",
		"Endpoint response headers: {A=b}",
		"Method response body after transformations: body",
		"Method response headers: {X-Amzn-Trace-Id=Root=1}",
		"Successfully completed execution",
		"Method completed with status: 200",
		"AWS Integration Endpoint RequestId : e-1",
		"X-ray Tracing ID : 1-2",
	}
	l := lambda(begin(Options{Level: Info, DataTrace: true}))
	if diff := cmp.Diff(want, texts(l)); diff != "" {
		t.Error(diff)
	}
	if first := l.Lines()[0]; first.Text != "(r-1) "+want[0] || first.Time.Unix() != time.Date(2026, 9, 14, 8, 20, 31, 0, time.UTC).Unix() {
		t.Errorf("the first line is %+v", first)
	}
	plain := slicesWithout(want, "Method request ", "Endpoint ", "Method response ")
	if diff := cmp.Diff(plain, texts(lambda(begin(Options{Level: Info})))); diff != "" {
		t.Error(diff)
	}
	if all := texts(lambda(begin(Options{Level: Error, DataTrace: true}))); all != nil {
		t.Errorf("a request that did not fail has errors: %q", all)
	}
}

func slicesWithout(all []string, prefixes ...string) (out []string) {
next:
	for _, s := range all {
		for _, p := range prefixes {
			if strings.HasPrefix(s, p) {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// R34: of a test, path parameters that are not said are their names.
func TestTestsHaveTheirOwnWords(t *testing.T) {
	l := begin(Options{Test: true})
	l.Began("", "", false, "GET", "/pets/{petId}")
	l.Asked(map[string]string{"petId": "{petId}"}, nil, nil, "")
	l.Received(200, 12*time.Millisecond, nil, "b")
	text := l.Text()
	for _, want := range []string{
		"Execution log for request r-1\nMon Sep 14 08:20:31 UTC 2026 : Extended Request Id: \n",
		" : HTTP Method: GET, Resource Path: /pets/{petId}\n",
		" : Method request path: {petId={petId}}\n",
		" : Received response. Status: 200, Integration latency: 12 ms\nMon Sep 14 08:20:42 UTC 2026 : Endpoint response headers: {}\nMon Sep 14 08:20:43 UTC 2026 : Endpoint response body before transformations: b\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// R16: what is logged where a template meets binary data.
func TestFailuresAreLoggedAtTheirLevel(t *testing.T) {
	fail := func(l *Log) *Log {
		l.Began("x", "0123456789key", true, "OPTIONS", "/")
		l.Asked(nil, nil, nil, "[Binary Data]")
		l.Misconfigured("Unable to transform request")
		l.Gateway("DEFAULT_5XX", 500)
		l.Ended(500, "", "")
		return l
	}
	failed := []string{"Execution failed due to configuration error: Unable to transform request", "Gateway response type: DEFAULT_5XX with status code: 500"}
	if diff := cmp.Diff(failed, texts(fail(begin(Options{Level: Error, DataTrace: true})))); diff != "" {
		t.Error(diff)
	}
	if all := texts(fail(begin(Options{}))); all != nil {
		t.Errorf("a log that is off has %q", all)
	}
	all := strings.Join(texts(fail(begin(Options{Level: Info, DataTrace: true}))), "\n")
	for _, want := range []string{"API Key: *******789key API Stage", "Method request body before transformations: [Binary Data]\n" + strings.Join(failed, "\n") + "\nMethod completed with status: 500"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	if strings.Contains(all, "does not require API Key") {
		t.Error("a key that is required is not")
	}
}

func TestWhatIsSaidIsCut(t *testing.T) {
	l := begin(Options{Level: Info, DataTrace: true})
	long := map[string][]string{"Authorization": {strings.Repeat("s", 1<<20)}, "B": {"b"}}
	l.Asked(nil, nil, long, "a"+strings.Repeat("é", 10_000))
	l.Failed(strings.Repeat("f", 10_000))
	for _, text := range texts(l)[2:] {
		if !strings.HasSuffix(text, " [TRUNCATED]") || len(text) > most+100 || strings.Contains(text, "s, ") || strings.Contains(text, "\ufffd") {
			t.Errorf("a line has %d bytes: %.100s…", len(text), text)
		}
	}
	if strings.Contains(strings.Join(texts(l), ""), "ssssss") {
		t.Error("a secret is said")
	}
	l = begin(Options{Level: Info})
	l.Sending("https://x/?q="+strings.Repeat("q", 10_000), nil, "")
	if all := texts(l); len(all) != 1 || len(all[0]) > most+100 {
		t.Errorf("an address has %d bytes", len(all[0]))
	}
}
