package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// connection makes a connection and waits until it is authorized.
func (c *sdk) connection(name string, kind eb.ConnectionAuthorizationType, auth *eb.CreateConnectionAuthRequestParameters) string {
	c.t.Helper()
	out := must(c.ev.CreateConnection(c.t.Context(), &eventbridge.CreateConnectionInput{
		Name: &name, AuthorizationType: kind, AuthParameters: auth,
	}))(c.t)
	eventually(c.t, 20*time.Second, func() string {
		d := must(c.ev.DescribeConnection(c.t.Context(), &eventbridge.DescribeConnectionInput{Name: &name}))(c.t)
		if d.ConnectionState != eb.ConnectionStateAuthorized {
			return fmt.Sprintf("the connection %s is %s: %s", name, d.ConnectionState, aws.ToString(d.StateReason))
		}
		return ""
	})
	return *out.ConnectionArn
}

// destination makes an API destination that calls url with POST.
func (c *sdk) destination(name, connection, url string, change ...func(*eventbridge.CreateApiDestinationInput)) string {
	c.t.Helper()
	in := &eventbridge.CreateApiDestinationInput{
		Name: &name, ConnectionArn: &connection, InvocationEndpoint: &url, HttpMethod: eb.ApiDestinationHttpMethodPost,
	}
	for _, f := range change {
		f(in)
	}
	return *must(c.ev.CreateApiDestination(c.t.Context(), in))(c.t).ApiDestinationArn
}

func basic(user, password string) *eb.CreateConnectionAuthRequestParameters {
	return &eb.CreateConnectionAuthRequestParameters{
		BasicAuthParameters: &eb.CreateConnectionBasicAuthRequestParameters{Username: &user, Password: &password},
	}
}

func apiKey(name, value string) *eb.CreateConnectionAuthRequestParameters {
	return &eb.CreateConnectionAuthRequestParameters{
		ApiKeyAuthParameters: &eb.CreateConnectionApiKeyAuthRequestParameters{ApiKeyName: &name, ApiKeyValue: &value},
	}
}

func TestAnAPIDestinationIsCalledWithItsCredentials(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	r := receive(t, status(http.StatusOK))

	conn := c.connection("basic", eb.ConnectionAuthorizationTypeBasic, basic("me", "secret"))
	tg := target("t", c.destination("basic", conn, r.URL+"/basic/*/x?fixed=1"))
	tg.InputPath = aws.String("$.detail")
	tg.HttpParameters = &eb.HttpParameters{
		PathParameterValues:   []string{"$.detail.id"},
		QueryStringParameters: map[string]string{"state": "$.detail.state"},
		HeaderParameters:      map[string]string{"X-Team": "build"},
	}
	c.rule("default", "basic", `{"source":["basic"]}`, tg)
	withBody := apiKey("X-Api-Key", "k123")
	withBody.InvocationHttpParameters = &eb.ConnectionHttpParameters{
		BodyParameters:        []eb.ConnectionBodyParameter{{Key: aws.String("token"), Value: aws.String("b"), IsValueSecret: true}},
		HeaderParameters:      []eb.ConnectionHeaderParameter{{Key: aws.String("X-Team"), Value: aws.String("ops")}},
		QueryStringParameters: []eb.ConnectionQueryStringParameter{{Key: aws.String("q"), Value: aws.String("c d")}},
	}
	tg = target("t", c.destination("key", c.connection("key", eb.ConnectionAuthorizationTypeApiKey, withBody), r.URL+"/key"))
	tg.HttpParameters = &eb.HttpParameters{HeaderParameters: map[string]string{"X-Team": "build"}}
	tg.Input = aws.String(`{"a":1}`)
	c.rule("default", "key", `{"source":["key"]}`, tg)

	c.put(entry("default", "basic", "t", `{"id":"7","state":"on"}`))
	got := r.wait(1, 20*time.Second)[0]
	if got.method != "POST" || got.path != "/basic/7/x" || got.body != `{"id":"7","state":"on"}` {
		t.Errorf("called %s %s with %s", got.method, got.path, got.body)
	}
	if q := got.query; !strings.Contains(q, "fixed=1") || !strings.Contains(q, "state=on") {
		t.Errorf("the query is %s, want fixed=1 and state=on", q)
	}
	for name, want := range map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret")),
		"User-Agent":    "Amazon/EventBridge/ApiDestinations",
		"Content-Type":  "application/json; charset=utf-8",
		"Range":         "bytes=0-1048575",
		"X-Team":        "build",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("the header %s is %q, want %q", name, v, want)
		}
	}

	c.put(entry("default", "key", "t", `{}`))
	got = r.wait(2, 20*time.Second)[1]
	if got.path != "/key" || got.query != "q=c+d" && got.query != "q=c%20d" {
		t.Errorf("called %s?%s", got.path, got.query)
	}
	if diff := diffJSON(t, []byte(`{"a":1,"token":"b"}`), []byte(got.body)); diff != "" {
		t.Errorf("the body:\n%s", diff)
	}
	if got.header.Get("X-Api-Key") != "k123" || got.header.Get("X-Team") != "ops" {
		t.Errorf("the headers are %v, want the key and the connection's X-Team", got.header)
	}
}

func TestSecretsOfAConnectionAreNotTold(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	c.connection("c", eb.ConnectionAuthorizationTypeBasic, basic("me", "hunter2"))
	d := must(c.ev.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: aws.String("c")}))(t)
	if aws.ToString(d.AuthParameters.BasicAuthParameters.Username) != "me" || aws.ToString(d.SecretArn) == "" {
		t.Errorf("described as %s", toJSON(d))
	}
	if strings.Contains(toJSON(d), "hunter2") {
		t.Error("the password is told")
	}
}

func TestOAuthTokensAreFetchedKeptAndRenewed(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	tokens := receive(t, func(n int, got call, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, n)
	})
	r := receive(t, func(n int, got call, w http.ResponseWriter) {
		if n >= 3 && got.header.Get("Authorization") == "Bearer token-1" { // it has been withdrawn
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	auth := &eb.CreateConnectionAuthRequestParameters{OAuthParameters: &eb.CreateConnectionOAuthRequestParameters{
		AuthorizationEndpoint: aws.String(tokens.URL + "/token"), HttpMethod: eb.ConnectionOAuthHttpMethodPost,
		ClientParameters: &eb.CreateConnectionOAuthClientRequestParameters{ClientID: aws.String("id"), ClientSecret: aws.String("shh")},
		OAuthHttpParameters: &eb.ConnectionHttpParameters{
			BodyParameters: []eb.ConnectionBodyParameter{{Key: aws.String("grant_type"), Value: aws.String("client_credentials")}},
		},
	}}
	conn := c.connection("oauth", eb.ConnectionAuthorizationTypeOauthClientCredentials, auth)
	c.rule("default", "r", `{"source":["s"]}`, target("t", c.destination("d", conn, r.URL)))

	for n := range 3 {
		c.put(entry("default", "s", "t", fmt.Sprintf(`{"n":%d}`, n)))
		r.wait(n+1, 20*time.Second)
	}
	eventually(t, 30*time.Second, func() string {
		calls := r.all()
		if got := calls[len(calls)-1].header.Get("Authorization"); got != "Bearer token-2" {
			return "a call with the second token, the last came with " + got
		}
		return ""
	})
	asked := tokens.all()
	if len(asked) != 2 {
		t.Fatalf("%d tokens were fetched, want one at the start and one after the refusal", len(asked))
	}
	if diff := diffJSON(t, []byte(`{"client_id":"id","client_secret":"shh","grant_type":"client_credentials"}`), []byte(asked[0].body)); diff != "" {
		t.Errorf("the token request:\n%s", diff)
	}
	calls := r.all()
	for i, c := range calls[:len(calls)-1] {
		if got := c.header.Get("Authorization"); got != "Bearer token-1" {
			t.Errorf("call %d is authorized by %q, want Bearer token-1", i+1, got)
		}
	}
	if last := calls[len(calls)-1].body; last != calls[2].body {
		t.Errorf("after the refusal of %s came %s", calls[2].body, last)
	}
}

// failing makes a rule on events of a source whose only target fails, with a
// dead-letter queue, and returns that queue.
func (c *sdk) failing(source, targetARN string, retries int32) queueRef {
	c.t.Helper()
	dead := c.queue(source+"-dead", nil)
	tg := target("t", targetARN)
	tg.DeadLetterConfig = &eb.DeadLetterConfig{Arn: &dead.arn}
	tg.RetryPolicy = &eb.RetryPolicy{MaximumRetryAttempts: &retries, MaximumEventAgeInSeconds: aws.Int32(3600)}
	c.rule("default", source, fmt.Sprintf(`{"source":["%s"]}`, source), tg)
	return dead
}

func TestWhatCannotBeDeliveredIsDeadLettered(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	refuses, broken := receive(t, status(http.StatusBadRequest)), receive(t, status(http.StatusServiceUnavailable))

	for _, tt := range []struct {
		source, target  string
		retries         int32
		code, exhausted string
		retried         string
		calls           *receiver
		want            int
	}{
		{source: "missing", target: queueARN("nobody"), retries: 185, code: "NO_RESOURCE", retried: "0"},
		{source: "refused", target: c.destination("refuses", conn, refuses.URL), retries: 185, code: "ERROR_FROM_TARGET", retried: "0", calls: refuses, want: 1},
		{source: "broken", target: c.destination("broken", conn, broken.URL), retries: 1, code: "ERROR_FROM_TARGET", retried: "1", exhausted: "MaximumRetryAttempts", calls: broken, want: 2},
	} {
		dead := c.failing(tt.source, tt.target, tt.retries)
		id := c.put(entry("default", tt.source, "t", `{"n":1}`))[0]
		m := c.one(dead)
		if !strings.HasPrefix(*m.Body, fmt.Sprintf(`{"version":"0","id":"%s","detail-type":"t","source":"%s",`, id, tt.source)) {
			t.Errorf("%s: the dead letter is %s, want the event", tt.source, *m.Body)
		}
		got := attributes(m)
		message := got["ERROR_MESSAGE"]
		if message == "" {
			t.Errorf("%s: the dead letter has no ERROR_MESSAGE", tt.source)
		}
		want := map[string]string{
			"RULE_ARN": ruleARN("default", tt.source), "TARGET_ARN": tt.target, "ERROR_CODE": tt.code,
			"ERROR_MESSAGE": message, "RETRY_ATTEMPTS": tt.retried,
		}
		if tt.exhausted != "" {
			want["EXHAUSTED_RETRY_CONDITION"] = tt.exhausted
		}
		if diff := diffJSON(t, []byte(toJSON(want)), []byte(toJSON(got))); diff != "" {
			t.Errorf("%s: attributes expected (-) and found (+):\n%s", tt.source, diff)
		}
		if tt.calls != nil && len(tt.calls.all()) != tt.want {
			t.Errorf("%s: the target was called %d times, want %d", tt.source, len(tt.calls.all()), tt.want)
		}
	}
}

func TestADeadDeliveryWithoutAQueueIsKept(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	c.rule("default", "r", `{"source":["s"]}`, target("t", queueARN("nobody")))
	id := c.put(entry("default", "s", "t", `{"n":1}`))[0]
	eventually(t, 20*time.Second, func() string {
		if dead := c.server.dead(t); !strings.Contains(dead, id) || !strings.Contains(dead, "NO_RESOURCE") {
			return "the event among the dead deliveries: " + dead
		}
		return ""
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	r := receive(t, func(n int, _ call, w http.ResponseWriter) {
		if n == 1 {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	c.rule("default", "r", `{"source":["s"]}`, target("t", c.destination("d", conn, r.URL)))
	c.put(entry("default", "s", "t", `{}`))
	calls := r.wait(2, 30*time.Second)
	if gap := calls[1].at.Sub(calls[0].at); gap < 3*time.Second {
		t.Errorf("called again after %v, want no sooner than the 3 s of Retry-After", gap)
	}
	if calls[0].body != calls[1].body {
		t.Errorf("the second try sent %s, the first %s", calls[1].body, calls[0].body)
	}
}

func TestADestinationIsNotCalledFasterThanItsRate(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	r := receive(t, status(http.StatusOK))
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	const rate = 5
	d := c.destination("d", conn, r.URL, func(in *eventbridge.CreateApiDestinationInput) {
		in.InvocationRateLimitPerSecond = aws.Int32(rate)
	})
	c.rule("default", "r", `{"source":["s"]}`, target("t", d))
	var entries []eb.PutEventsRequestEntry
	for range 20 {
		entries = append(entries, entry("default", "s", "t", `{}`))
	}
	c.put(entries...)
	calls := r.wait(len(entries), 60*time.Second)
	// One second's worth may come at once; the rest is spaced.
	least := time.Duration(len(entries)-2*rate) * time.Second / rate
	if took := calls[len(entries)-1].at.Sub(calls[0].at); took < least {
		t.Errorf("%d calls took %v, want at least %v at %d a second", len(entries), took, least, rate)
	}
	if n := len(r.all()); n != len(entries) {
		t.Errorf("%d calls, want %d", n, len(entries))
	}
}
