package url

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runner"
)

// An event is a request as functions are sent it, of the payload format 2.0, with the
// members in AWS's order.
type event struct {
	Version     string            `json:"version"`
	RouteKey    string            `json:"routeKey"`
	RawPath     string            `json:"rawPath"`
	RawQuery    string            `json:"rawQueryString"`
	Cookies     []string          `json:"cookies,omitempty"`
	Headers     map[string]string `json:"headers"`
	Query       map[string]string `json:"queryStringParameters,omitempty"`
	Context     eventContext      `json:"requestContext"`
	Body        *string           `json:"body,omitempty"`
	IsBase64    bool              `json:"isBase64Encoded"`
	contentType string
	// head is how long the event is at most without its body.
	head int
}

type eventContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorizer `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         struct {
		Method    string `json:"method"`
		Path      string `json:"path"`
		Protocol  string `json:"protocol"`
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	} `json:"http"`
	RequestID string `json:"requestId"`
	RouteKey  string `json:"routeKey"`
	Stage     string `json:"stage"`
	Time      string `json:"time"`
	TimeEpoch int64  `json:"timeEpoch"`
}

// An authorizer says who signed.
type authorizer struct {
	IAM struct {
		AccessKey       string  `json:"accessKey"`
		AccountID       string  `json:"accountId"`
		CallerID        string  `json:"callerId"`
		CognitoIdentity *string `json:"cognitoIdentity"`
		PrincipalOrgID  *string `json:"principalOrgId"`
		UserARN         string  `json:"userArn"`
		UserID          string  `json:"userId"`
	} `json:"iam"`
}

const defaultRoute = "$default"

// newEvent is the event of a request, without its body.
func newEvent(r *http.Request, of catalog.Address, id string, by access.Caller, now time.Time) *event {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	path := r.URL.EscapedPath()
	if raw, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(raw, "/") {
		path = raw // as it was sent
	}
	e := &event{
		Version: "2.0", RouteKey: defaultRoute, RawPath: path, RawQuery: r.URL.RawQuery, Query: joined(r.URL.RawQuery), Headers: map[string]string{},
		Context: eventContext{
			AccountID: "anonymous", APIID: id, DomainName: host, DomainPrefix: id, RequestID: by.RequestID, RouteKey: defaultRoute, Stage: defaultRoute,
			Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
		contentType: r.Header.Get("Content-Type"), head: fixedHead + 12*len(r.URL.RequestURI()) + 6*len(by.UserAgent),
	}
	h := &e.Context.HTTP
	h.Method, h.Path, h.Protocol, h.SourceIP, h.UserAgent = r.Method, path, r.Proto, by.SourceIP, by.UserAgent
	if by.Account != "" {
		e.Context.AccountID, e.Context.Authorizer = of.Account, authorizerOf(by)
	}
	for name, values := range r.Header {
		for _, v := range values {
			e.head += 6 * (len(name) + len(v)) // a byte that is no text takes six
		}
		if name == "Cookie" {
			for _, v := range values {
				e.Cookies = append(e.Cookies, strings.Split(v, "; ")...)
			}
			continue
		}
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	e.Headers["host"] = r.Host
	e.Headers["x-amzn-trace-id"], e.Headers["x-forwarded-for"], e.Headers["x-forwarded-port"], e.Headers["x-forwarded-proto"] = by.Trace, by.SourceIP, port, "http"
	if r.TLS != nil {
		e.Headers["x-forwarded-proto"] = "https"
	}
	return e
}

func authorizerOf(by access.Caller) *authorizer {
	a := &authorizer{}
	a.IAM.AccessKey, a.IAM.AccountID, a.IAM.UserARN, a.IAM.CallerID = by.KeyID, by.Account, by.Principal, by.Account
	if by.Identity != nil {
		a.IAM.CallerID = by.Identity.ID
	}
	a.IAM.UserID = a.IAM.CallerID
	return a
}

// joined are the parameters of a query, those of one name with commas between them.
func joined(query string) map[string]string {
	all, _ := url.ParseQuery(query) // of a query with mistakes, what can be read
	one := map[string]string{}
	for name, values := range all {
		one[name] = strings.Join(values, ",")
	}
	return one
}

// isText says whether a body goes into an event as a text, by what it says that it is.
func isText(contentType string, body []byte) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch {
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
	case kind == "application/json", kind == "application/javascript", kind == "application/xml":
	default:
		return false
	}
	return utf8.Valid(body)
}

// fixedHead is more than an event has beside its body, its headers and its path.
const fixedHead = 4 << 10

// size is how long an event will be at most with a body.
func (e *event) size(body []byte, text bool) int {
	if !text {
		return e.head + base64.StdEncoding.EncodedLen(len(body))
	}
	n := e.head + len(body)
	for _, c := range body {
		switch {
		case c < ' ':
			n += 5
		case c == '"', c == '\\':
			n++
		case c == 0xE2: // begins the two line separators, which become six bytes of three
			n += 3
		}
	}
	return n
}

// errLarge says that an event would be more than a function may be sent.
var errLarge = refuse(http.StatusRequestEntityTooLarge, "RequestTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation")

// encode returns the event with a body. take is told how much memory that needs.
func (e *event) encode(body []byte, take func(n int) error) ([]byte, error) {
	text := len(body) == 0 || isText(e.contentType, body) && e.Headers["content-encoding"] == ""
	n := e.size(body, text)
	if n > e.head+runner.MaxSync {
		return nil, errLarge
	}
	if err := take(n); err != nil {
		return nil, err
	}
	if len(body) > 0 {
		s := string(body)
		if e.IsBase64 = !text; e.IsBase64 {
			s = base64.StdEncoding.EncodeToString(body)
		}
		e.Body = &s
	}
	var out bytes.Buffer
	out.Grow(n)
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, err
	}
	if out.Len() > runner.MaxSync {
		return nil, errLarge
	}
	return out.Bytes(), nil
}
