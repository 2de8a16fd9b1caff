// Package executionlog writes what API Gateway logs of the execution of a request, in its
// sentences and their order: for a stage's log group, as its level and its data trace
// have it, or for the answer of TestInvokeMethod.
//
// A [Log] is for one request and one goroutine. What it keeps has a bound: what bodies and
// headers say is cut at about a thousand characters, and of headers that let somebody in
// all but the last six are stars.
//
// Where AWS's documentation is silent, this is what is chosen. Without a data trace there
// are no lines with parameters, headers, bodies and the endpoint's address. The level ERROR
// has the lines about what failed. x-api-key is starred as Authorization is.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
package executionlog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Level says which lines there are.
type Level uint8

// The levels.
const (
	Off Level = iota
	Error
	Info
)

// Options say what a log has.
type Options struct {
	Level     Level
	DataTrace bool
	// Test is a log of TestInvokeMethod, which has all lines, some in other words.
	Test bool
	// Request is the id of the request, API and Stage where it was made.
	Request, API, Stage string
	// Now is the time of a line.
	Now func() time.Time
}

// A Line is an event of a log group.
type Line struct {
	Time time.Time
	Text string
}

// A Log is the execution log of a request.
type Log struct {
	options Options
	lines   []Line
}

// New begins a log.
func New(o Options) *Log {
	if o.Test {
		o.Level, o.DataTrace = Info, true
	}
	return &Log{options: o}
}

func (l *Log) write(least Level, format string, args ...any) {
	if l.options.Level >= least {
		l.lines = append(l.lines, Line{l.options.Now(), fmt.Sprintf(format, args...)})
	}
}

func (l *Log) info(format string, args ...any) { l.write(Info, format, args...) }

// data writes a line of the data trace: a name and what it says, cut.
func (l *Log) data(name, said string) {
	if l.options.DataTrace {
		l.info("%s: %s", name, cut(said))
	}
}

// table writes a line of the data trace about parameters or headers.
func (l *Log) table(name string, all map[string][]string) {
	if l.options.DataTrace {
		l.data(name, printed(all))
	}
}

// Began says that a request came for a method of a resource, with an API key or none, and
// whether the method requires one.
func (l *Log) Began(extendedID, key string, required bool, method, resource string) {
	o := &l.options
	stage := o.API + "/" + o.Stage
	l.info("Extended Request Id: %s", extendedID)
	l.info("Verifying Usage Plan for request: %s. API Key: %s API Stage: %s", o.Request, star(key), stage)
	if !required {
		l.info("API Key authorized because method '%s %s' does not require API Key. Request will not contribute to throttle or quota limits", method, resource)
	}
	l.info("Usage Plan check succeeded for API Key %s and API Stage %s", star(key), stage)
	l.info("Starting execution for request: %s", o.Request)
	l.info("HTTP Method: %s, Resource Path: %s", method, resource)
}

// Asked says what a method was asked.
func (l *Log) Asked(path map[string]string, query, header map[string][]string, body string) {
	if !l.options.DataTrace {
		return
	}
	single := make(map[string][]string, len(path))
	for name, v := range path {
		single[name] = []string{v}
	}
	l.table("Method request path", single)
	l.table("Method request query string", query)
	l.table("Method request headers", header)
	l.data("Method request body before transformations", body)
}

// Sending says what an endpoint is asked. A MOCK has none.
func (l *Log) Sending(url string, header map[string][]string, body string) {
	l.data("Endpoint request URI", url)
	l.table("Endpoint request headers", header)
	l.data("Endpoint request body after transformations", body)
	l.info("Sending request to %s", cut(url)) // which has parameters that may be as long as a body
}

// Received says what an endpoint answered, after some time.
func (l *Log) Received(status int, after time.Duration, header map[string][]string, body string) {
	if l.options.Test {
		l.info("Received response. Status: %d, Integration latency: %d ms", status, after.Milliseconds())
		l.table("Endpoint response headers", header)
		l.data("Endpoint response body before transformations", body)
		return
	}
	l.info("Received response. Integration latency: %d ms", after.Milliseconds())
	l.data("Endpoint response body before transformations", body)
	l.table("Endpoint response headers", header)
}

// Answering says what the method answers, which was made of what the integration did.
func (l *Log) Answering(header map[string][]string, body string) {
	l.data("Method response body after transformations", body)
	l.table("Method response headers", header)
	l.info("Successfully completed execution")
}

// Misconfigured says that the request failed since the API is not as it must be, and Failed
// that it did for another reason, in a sentence of AWS.
func (l *Log) Misconfigured(why string) {
	l.Failed("Execution failed due to configuration error: " + why)
}

// Failed says that the request failed.
func (l *Log) Failed(sentence string) { l.write(Error, "%s", cut(sentence)) }

// Gateway says that a response of the gateway itself is answered, of a type with its
// status, and not the integration's.
func (l *Log) Gateway(kind string, status int) {
	l.write(Error, "Gateway response type: %s with status code: %d", kind, status)
}

// Ended says with which status the request ended, and under which id the endpoint knows it,
// if it is another service of AWS.
func (l *Log) Ended(status int, endpointID, traceID string) {
	l.info("Method completed with status: %d", status)
	if endpointID != "" {
		l.info("AWS Integration Endpoint RequestId : %s", endpointID)
	}
	if traceID != "" {
		l.info("X-ray Tracing ID : %s", traceID)
	}
}

// Lines are the events for the stage's log group.
func (l *Log) Lines() []Line {
	out := make([]Line, len(l.lines))
	for i, line := range l.lines {
		out[i] = Line{line.Time, "(" + l.options.Request + ") " + line.Text}
	}
	return out
}

// Text is the log as TestInvokeMethod answers it.
func (l *Log) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Execution log for request %s\n", l.options.Request)
	for _, line := range l.lines {
		fmt.Fprintf(&b, "%s : %s\n", line.Time.UTC().Format("Mon Jan 02 15:04:05 UTC 2006"), line.Text)
	}
	return b.String()
}

// most is how many characters of what somebody says a line has.
const most = 1000

func cut(s string) string {
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + " [TRUNCATED]"
}

// printed is what Java prints of a map, as far as a line has it.
func printed(all map[string][]string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + "=")
		for i, v := range all[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			if strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "x-api-key") {
				v = star(v)
			}
			b.WriteString(v[:min(len(v), 2*most)])
		}
		if b.Len() > most {
			break
		}
	}
	b.WriteByte('}')
	return b.String()
}

// star hides what lets somebody in, but for its end.
func star(secret string) string {
	const shown = 6
	n := max(len(secret)-shown, min(len(secret), shown)) // a short one is hidden whole
	return strings.Repeat("*", min(n, most)) + secret[n:]
}
