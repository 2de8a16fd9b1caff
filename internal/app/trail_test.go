package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire"
)

// A recorder calls operations and keeps the last call and its answer.
type recorder struct {
	t      *testing.T
	aws    wire.Handler
	seen   *wire.Call
	answer string
}

func newRecorder(t *testing.T, services []*wire.Service) *recorder {
	t.Helper()
	r := &recorder{t: t}
	var err error
	r.aws, err = wire.NewHandler(wire.Options{Services: services, After: func(_ context.Context, c *wire.Call) { r.seen = c }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// named returns the service of a name.
func named(services []*wire.Service, name string) *wire.Service {
	i := slices.IndexFunc(services, func(s *wire.Service) bool { return s.Name == name })
	return services[i]
}

var label = regexp.MustCompile(`\{[^}]*\}`)

// call calls an operation of a service in JSON. The labels of a path are x.
func (r *recorder) call(s *wire.Service, operation, body string) *wire.Call {
	method, path := "POST", "/"
	for _, row := range s.Operations {
		if row.Name == operation && row.Route != "" {
			method, path, _ = strings.Cut(label.ReplaceAllString(row.Route, "x"), " ")
		}
	}
	req := httptest.NewRequest(method, "http://localhost:4566"+path, strings.NewReader(body))
	if path == "/" {
		req.Header.Set("X-Amz-Target", s.Target+"."+operation)
	}
	r.seen = nil
	w := httptest.NewRecorder()
	r.aws.ServeHTTP(w, req)
	r.answer = w.Body.String()
	if r.seen == nil || r.seen.Operation != operation {
		r.t.Fatalf("%s was seen as %+v", operation, r.seen)
	}
	return r.seen
}

// What a trail would say of calls with secrets in them: names as CloudTrail has
// them, nothing that is absent, no secret.
func TestTheTrailOfACall(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	services := a.services()
	events, sqs := named(services, "events"), named(services, "sqs")
	r := newRecorder(t, services)
	r.call(sqs, "CreateQueue", `{"QueueName":"q"}`)
	const queueURL = `"QueueUrl":"http://localhost:4566/000000000000/q"`

	var got bytes.Buffer
	for _, c := range []struct {
		service         *wire.Service
		operation, body string
	}{
		{events, "CreateConnection", `{"Name":"c","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"hunter2"},
			"InvocationHttpParameters":{"HeaderParameters":[{"Key":"X-Key","Value":"hunter2","IsValueSecret":true}],
			"QueryStringParameters":[{"Key":"q","Value":"hunter2","IsValueSecret":false}],"BodyParameters":[{"Key":"b","Value":"hunter2"}]}}}`},
		{events, "CreateConnection", `{"Name":"o","Description":"","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{
			"ClientParameters":{"ClientID":"id","ClientSecret":"hunter2"},"AuthorizationEndpoint":"https://127.0.0.1:1/token","HttpMethod":"POST",
			"OAuthHttpParameters":{"BodyParameters":[{"Key":"b","Value":"hunter2","IsValueSecret":true}]}}}}`},
		{events, "UpdateConnection", `{"Name":"c","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X-Key","ApiKeyValue":"hunter2"}}}`},
		{events, "DescribeConnection", `{"Name":"c"}`},
		{events, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}","Tags":[{"Key":"k","Value":"v"}]}`},
		{events, "PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:000000000000:q","RetryPolicy":{"MaximumRetryAttempts":0}},
			{"Id":"2","Arn":"arn:aws:sqs:us-east-1:000000000000:q","InputTransformer":{"InputPathsMap":{"A":"$.detail"},"InputTemplate":"<A>"}}]}`},
		{events, "PutEvents", `{"Entries":[{"Source":"a","DetailType":"d","Detail":"{\"card\":\"hunter2\"}","Time":1700000000.5,"Resources":["x"]},{"Source":"b"}]}`},
		{events, "ListRules", `{}`},
		{events, "DeleteRule", `{"Name":"r"}`},
		{sqs, "SendMessage", `{` + queueURL + `,"MessageBody":"hunter2","DelaySeconds":0,"MessageAttributes":{"A":{"DataType":"String","StringValue":"hunter2"}}}`},
		{sqs, "SendMessageBatch", `{` + queueURL + `,"Entries":[{"Id":"1","MessageBody":"hunter2"}]}`},
		{sqs, "ReceiveMessage", `{` + queueURL + `,"MaxNumberOfMessages":10}`},
		{sqs, "TagQueue", `{` + queueURL + `,"Tags":{"Upper":"Case"}}`},
	} {
		call := r.call(c.service, c.operation, c.body)
		fmt.Fprintf(&got, "%s\n  %s\n  %s\n", c.operation, call.RequestParameters(), call.ResponseElements())
		if call.Err != nil {
			fmt.Fprintf(&got, "  %s\n", call.Err.Code)
		}
	}
	text := masked.ReplaceAllString(got.String(), "…")
	if strings.Contains(text, "hunter2") {
		t.Error("a secret is in the trail")
	}
	const file = "testdata/trail.txt"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Error(diff)
	}
}

// masked are what differs from run to run: ids and the times of now.
var masked = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z][a-z]{2} \d+, 20(?:2[4-9]|[3-9]\d) [\d:]+ [AP]M`)

// Every member of every input and output is filled. Those that are secret, or
// hidden, must not show, wherever they are; all others must.
func TestNoSecretIsInTheTrailOfAnyCall(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	hidden := 0
	for _, s := range a.services() {
		if s.Protocols[0] != wire.RestJSON {
			s.Protocols, s.Target = []wire.Protocol{wire.JSON11}, s.Name // whatever it speaks
		}
		for i := range s.Operations {
			s.Operations[i].ReadOnly = false // so that the output is printed
		}
		r := newRecorder(t, []*wire.Service{s})
		for _, row := range s.Operations {
			if row.Refused != "" {
				continue
			}
			call := r.call(s, row.Name, "{}")
			in, out := filler{limits: s.Limits}, filler{limits: s.Limits}
			call.In, call.Out = in.new(row.In), out.new(row.Out)
			in.judge(t, row.Name+" in", call.RequestParameters())
			out.judge(t, row.Name+" out", call.ResponseElements())
			call.Err = &wire.Error{Message: "the " + secretText + " of " + plainText}
			if said := call.ErrorMessage(); strings.Contains(said, secretText) != (in.secrets == 0) || !strings.Contains(said, plainText) {
				t.Errorf("%s: the error says %q of an input with %d secrets", row.Name, said, in.secrets)
			}
			hidden += in.secrets + out.secrets
		}
	}
	if hidden < 100 {
		t.Errorf("only %d secrets were looked for", hidden)
	}
}

// A filler fills structures with texts, and counts them.
type filler struct {
	limits         wire.Limits
	secrets, plain int
}

const secretText, plainText = "hunter2", "plain-text"

// judge checks that text is made of what was filled in.
func (f *filler) judge(t *testing.T, name string, text []byte) {
	t.Helper()
	if bytes.Contains(text, []byte(secretText)) || bytes.Count(text, []byte(plainText)) != f.plain || !json.Valid(text) {
		t.Errorf("%s: want no secret, and %d texts that are none, in %s", name, f.plain, text)
	}
}

func (f *filler) new(t reflect.Type) any {
	v := reflect.New(t)
	f.fill(v.Elem(), false)
	return v.Interface()
}

// fill fills v, which is secret as a whole or not.
func (f *filler) fill(v reflect.Value, secret bool) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text(secret))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), secret)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(f.text(true)))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0), secret)
		f.fill(v.Index(1), secret)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		f.fill(value, secret)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(f.text(secret)).Convert(v.Type().Key()), value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[wire.Time]() {
			return
		}
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			l := f.limits[v.Type().Name()+"."+sf.Name]
			f.fill(v.Field(i), secret || l.Secret || l.Each != nil && l.Each.Secret || sf.Tag.Get("trail") != "" && sf.Tag.Get("trail") != "only")
		}
	}
}

func (f *filler) text(secret bool) string {
	if secret {
		f.secrets++
		return secretText
	}
	f.plain++
	return plainText
}
