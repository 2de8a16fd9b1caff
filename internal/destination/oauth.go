package destination

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dari-bus/dari/internal/outbound"
)

// maxTokenAnswer is how much of a token server's answer is read.
const maxTokenAnswer = 1 << 20

// fetch asks the token server for a token (RFC 6749, section 4.4), in place of
// the old one, for the connection of that ARN. Its error is an
// [*outbound.Error], permanent when the server refused or gave an answer that
// holds no token, or the cause of ctx when that was cancelled.
func (o OAuthAuth) fetch(ctx context.Context, client *outbound.Client, connection, old string) (*token, error) {
	req, err := o.request(ctx)
	if err != nil {
		return nil, err
	}
	secrets := append(o.secrets(), old)
	answer, err := client.Call(req, outbound.Terms{For: connection, Within: tokenTimeout, Keep: maxTokenAnswer, Secrets: secrets})
	if err != nil {
		if e, ok := err.(*outbound.Error); ok {
			return nil, o.judge(answer.Status, e)
		}
		return nil, err
	}
	return o.read(answer.Body, secrets)
}

// judge makes an error final that is one for a token server: here a 401 is the
// last word and not a call for new credentials.
func (o OAuthAuth) judge(status int, e *outbound.Error) *outbound.Error {
	e.Message = "request for a token: " + e.Message
	if status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests {
		e.Permanent = true
	}
	if e.Permanent {
		e.Code = outbound.CodeNoPermission
	}
	return e
}

// request builds the request for a token. The credentials are members of the
// body, JSON unless a Content-Type among the parameters asks for a form.
func (o OAuthAuth) request(ctx context.Context) (*http.Request, error) {
	if err := o.usable(); err != nil {
		return nil, refusal("request for a token: %v", err)
	}
	var p Parameters
	if o.Parameters != nil {
		p = *o.Parameters
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {"application/json"}}
	for _, h := range p.Header {
		if !outbound.ReservedHeader(h.Key) {
			header.Set(h.Key, strings.Trim(h.Value, " \t"))
		}
	}
	header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	members := map[string]string{"client_id": o.ClientID, "client_secret": o.ClientSecret}
	for _, b := range p.Body {
		members[b.Key] = b.Value
	}
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(o.Method), o.Endpoint, bytes.NewReader(encode(members, header.Get("Content-Type"))))
	if err != nil {
		return nil, refusal("the authorization endpoint is not a URL")
	}
	req.Header = header
	query := req.URL.Query()
	for _, q := range p.Query {
		query.Set(q.Key, q.Value)
	}
	if len(p.Query) > 0 {
		req.URL.RawQuery = query.Encode()
	}
	return req, nil
}

// usable says what is wrong with how the token server is asked. AWS takes such a
// connection, and it is DEAUTHORIZED when the first request fails.
func (o OAuthAuth) usable() error {
	if err := checkURL("AuthorizationEndpoint", o.Endpoint, false); err != nil {
		return err
	}
	switch strings.ToUpper(o.Method) {
	case http.MethodGet, http.MethodPost, http.MethodPut:
		return nil
	}
	return invalid("HttpMethod", "%q is not GET, POST or PUT.", o.Method)
}

func encode(members map[string]string, contentType string) []byte {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil && kind == "application/x-www-form-urlencoded" {
		form := url.Values{}
		for k, v := range members {
			form.Set(k, v)
		}
		return []byte(form.Encode())
	}
	b, _ := json.Marshal(members) // strings always encode
	return b
}

// read takes the token out of an answer.
func (o OAuthAuth) read(body []byte, secrets outbound.Secrets) (*token, error) {
	var a struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
		Error       string          `json:"error"`
		Description string          `json:"error_description"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, refusal("request for a token: %s gave an answer that is not the JSON of a token", o.host())
	}
	if a.AccessToken == "" {
		said := secrets.Quote([]byte(a.Error + " " + a.Description))
		return nil, refusal("request for a token: %s gave an answer without an access_token: %s", o.host(), cmp.Or(said, "and no error"))
	}
	if strings.ContainsFunc(a.TokenType+a.AccessToken, unicode.IsControl) {
		return nil, refusal("request for a token: %s gave a token with control characters in it", o.host())
	}
	scheme := cmp.Or(a.TokenType, "Bearer")
	if strings.EqualFold(scheme, "Bearer") {
		scheme = "Bearer" // there are servers that know no other spelling
	}
	return newToken(scheme, a.AccessToken, lifetime(a.ExpiresIn)), nil
}

// lifetime reads expires_in: seconds, as a number or, from some servers, as
// text. What is missing, unreadable or not positive says nothing.
func lifetime(expiresIn json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(expiresIn), `"`), 64)
	if err != nil || !(seconds > 0) {
		return defaultLifetime
	}
	const aYear = 365 * 24 * 3600
	return time.Duration(min(seconds, aYear) * float64(time.Second))
}

func (o OAuthAuth) secrets() outbound.Secrets {
	return append(o.Parameters.secrets(), o.ClientSecret)
}

// host names the token server without its path and query.
func (o OAuthAuth) host() string {
	u, err := url.Parse(o.Endpoint)
	if err != nil {
		return "the authorization endpoint"
	}
	return u.Host
}

func refusal(format string, args ...any) *outbound.Error {
	return outbound.Permanent(outbound.CodeNoPermission, format, args...)
}
