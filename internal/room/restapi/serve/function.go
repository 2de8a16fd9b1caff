package serve

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
)

// Functions are what AWS_PROXY integrations run.
type Functions interface {
	// TraceOf is the trace of an invocation: that of its caller, or a new one.
	TraceOf(header string) string
	// Invoke runs the function of an ARN for a caller that its policy must let in, and
	// returns what it answered; failed says that it has failed. It goes on when ctx has
	// ended.
	Invoke(ctx context.Context, by access.Caller, function string, payload []byte) (answer []byte, failed bool, err error)
}

// badGateway is for a function that has failed, or answers nonsense.
func badGateway(why string) *refusal {
	return &refusal{"INTEGRATION_FAILURE", "Internal server error", why, http.StatusBadGateway}
}

// invoke has the function of an AWS_PROXY integration answer the caller.
func (c *call) invoke() error {
	i := c.method.of.Integration
	_, function, _ := strings.Cut(c.expand(i.URI), ":lambda:path/2015-03-31/functions/")
	function, isInvocation := strings.CutSuffix(function, "/invocations")
	if i.Verb != http.MethodPost || !isInvocation {
		return misconfigured("Malformed Lambda proxy integration")
	}
	if err := c.read(); err != nil {
		return err
	}
	trace := c.opt.Functions.TraceOf(c.r.Header.Get("X-Amzn-Trace-Id"))
	c.w.Header().Set("X-Amzn-Trace-Id", trace)
	payload, err := c.event(trace)
	if err != nil {
		return err
	}
	c.trace.Sending(i.URI, nil, string(payload[:min(len(payload), maxValue+1)]))
	began := time.Now()
	answer, err := c.wait(function, trace, payload)
	c.integrated(http.StatusOK, time.Since(began))
	if err != nil {
		return err
	}
	c.trace.Received(http.StatusOK, time.Since(began), nil, string(answer[:min(len(answer), maxValue+1)]))
	return c.relay(answer)
}

// wait runs a function, and waits for its answer as long as the integration may take. The
// function goes on then, and counts as a request of the account until it has ended.
func (c *call) wait(function, trace string, payload []byte) ([]byte, error) {
	by := access.Caller{
		Place: c.serving.Place, Service: catalog.Principal, RequestID: c.id, Trace: trace,
		Source: "arn:aws:execute-api:" + c.serving.Region + ":" + c.serving.Account + ":" + c.serving.API + "/" + c.serving.Stage.Name + "/" + c.r.Method + c.method.node.Path,
	}
	type outcome struct {
		answer []byte
		failed bool
		err    error
	}
	done := make(chan outcome, 1)
	ctx := context.WithoutCancel(c.r.Context())
	c.left = true
	go func() {
		var o outcome
		o.answer, o.failed, o.err = c.opt.Functions.Invoke(ctx, by, function, payload)
		c.leave(by.Account)
		done <- o
	}()
	late := time.NewTimer(c.within())
	defer late.Stop()
	var o outcome
	select {
	case o = <-done:
	case <-late.C:
		return nil, refuse("INTEGRATION_TIMEOUT", "Endpoint request timed out", "Execution failed due to a timeout error")
	}
	switch kind := fault.KindOf(o.err); {
	case o.err == nil && o.failed:
		return nil, badGateway("Lambda execution failed with status 200 due to customer function error: " + string(o.answer[:min(len(o.answer), maxValue)]))
	case o.err == nil:
		return o.answer, nil
	case kind == fault.KindDenied || kind == fault.KindNotFound:
		return nil, misconfigured("Invalid permissions on Lambda function")
	}
	c.x.Context["integrationErrorMessage"] = clean(o.err.Error())
	return nil, &refusal{"INTEGRATION_FAILURE", "Internal server error", o.err.Error(), http.StatusInternalServerError}
}

// An event is a request as functions are sent it, of the payload format 1.0.
type event struct {
	Resource     string              `json:"resource"`
	Path         string              `json:"path"`
	Method       string              `json:"httpMethod"`
	Headers      map[string]string   `json:"headers"`
	MultiHeaders map[string][]string `json:"multiValueHeaders"`
	Query        map[string]string   `json:"queryStringParameters"`
	MultiQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	Parameters   map[string]string   `json:"pathParameters"`
	Variables    map[string]string   `json:"stageVariables"`
	Context      map[string]any      `json:"requestContext"`
	Body         *string             `json:"body"`
	IsBase64     bool                `json:"isBase64Encoded"`
}

// nobody is what an event says of who signed: nothing.
var nobody = []string{
	"accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId",
	"principalOrgId", "user", "userArn",
}

// event makes the event of the request.
func (c *call) event(trace string) ([]byte, error) {
	e := &event{
		Resource: c.method.node.Path, Path: clean(c.at.path), Method: c.r.Method, MultiHeaders: map[string][]string{},
		Parameters: c.x.Request.Path, Variables: c.x.StageVariables, Context: map[string]any{},
	}
	for name, v := range c.x.Context {
		e.Context[name] = v
	}
	identity := map[string]any{"sourceIp": sourceIP(c.r), "userAgent": clean(c.r.UserAgent())}
	for _, name := range nobody {
		identity[name] = nil
	}
	e.Context["identity"] = identity
	header := http.Header{}
	for name, values := range c.x.Request.Header {
		if name != "Connection" && name != "Content-Length" {
			header[name] = values
		}
	}
	c.forward(header)
	header.Set("X-Amzn-Trace-Id", trace)
	e.MultiHeaders, e.Headers = header, lasts(header)
	if len(c.x.Request.Query) > 0 {
		e.MultiQuery, e.Query = c.x.Request.Query, lasts(c.x.Request.Query)
	}
	if len(e.Variables) == 0 {
		e.Variables = nil
	}
	raw := c.body.Raw
	if err := c.reserve(8*len(raw) + maxHead); err != nil { // a byte may take six, in JSON
		return nil, err
	}
	if len(raw) > 0 {
		text := string(raw)
		if e.IsBase64 = c.x.Request.Binary || !utf8.Valid(raw); e.IsBase64 {
			text = base64.StdEncoding.EncodeToString(raw)
		}
		e.Body = &text
	}
	return json.Marshal(e)
}

// lasts are the last values of each name.
func lasts(all map[string][]string) map[string]string {
	out := make(map[string]string, len(all))
	for name, values := range all {
		if len(values) > 0 {
			out[name] = values[len(values)-1]
		}
	}
	return out
}

// relay answers with what a function returned.
func (c *call) relay(answer []byte) error {
	if err := c.reserve(3 * len(answer)); err != nil { // JSON, text, and bytes
		return err
	}
	malformed := badGateway("Execution failed due to configuration error: Malformed Lambda proxy response")
	var members map[string]json.RawMessage
	if json.Unmarshal(answer, &members) != nil || len(members) == 0 {
		return malformed
	}
	status, body, isBase64 := http.StatusOK, "", false
	var single map[string]any
	var multi map[string][]any
	for name, m := range members {
		var err error
		switch name {
		case "statusCode":
			if string(m) != "null" {
				status, err = strconv.Atoi(strings.Trim(string(m), `"`))
			}
		case "headers":
			err = json.Unmarshal(m, &single)
		case "multiValueHeaders":
			err = json.Unmarshal(m, &multi)
		case "body":
			err = json.Unmarshal(m, &body)
		case "isBase64Encoded":
			err = json.Unmarshal(m, &isBase64)
		default:
			err = errors.New("there is no such member")
		}
		if err != nil {
			return malformed
		}
	}
	header, ok := merged(single, multi)
	if !ok || status < 200 || status > 599 {
		return malformed
	}
	if isBase64 && slices.ContainsFunc(strings.Split(c.r.Header.Get("Accept"), ","), c.isBinary) {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return malformed
		}
		body = string(decoded)
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	for name, values := range header {
		c.setHeader(h, name, values)
	}
	c.x.Context["integration"].(map[string]any)["status"] = strconv.Itoa(status)
	c.trace.Answering(h, body)
	c.trace.Ended(status, "", "")
	c.text(status, body)
	return nil
}

// merged are the headers of both kinds, those with several values first. It is not ok where
// one is no text, truth or number.
func merged(single map[string]any, multi map[string][]any) (all http.Header, ok bool) {
	all = http.Header{}
	for name, values := range multi {
		for _, v := range values {
			text, ok := scalar(v)
			if !ok {
				return nil, false
			}
			all.Add(name, text)
		}
	}
	for name, v := range single {
		text, ok := scalar(v)
		switch before := all.Values(name); {
		case v == nil:
		case !ok:
			return nil, false
		case len(before) == 0 || strings.EqualFold(name, "Set-Cookie"):
			all.Add(name, text)
		case !slices.Contains(before, text):
			all.Set(name, strings.Join(append(before, text), ", "))
		}
	}
	return all, true
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
