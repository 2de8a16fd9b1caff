package serve

import (
	"encoding/base64"
	"errors"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// begin fills in what $context says of a request.
func (c *call) begin() {
	r := c.r
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	prefix, _, _ := strings.Cut(host, ".")
	extended := newExtendedID()
	c.w.Header().Set("X-Amz-Apigw-Id", extended)
	maps.Copy(c.x.Context, map[string]any{
		"accountId": c.serving.Account, "apiId": c.serving.API, "stage": c.serving.Stage.Name,
		"requestId": requestID(r, c.id), "extendedRequestId": extended,
		"requestTime": c.began.UTC().Format("02/Jan/2006:15:04:05 -0700"), "requestTimeEpoch": c.began.UnixMilli(),
		"httpMethod": r.Method, "path": clean("/" + c.serving.Stage.Name + c.at.path), "protocol": r.Proto, "domainName": clean(host), "domainPrefix": clean(prefix),
		"identity": map[string]any{"sourceIp": sourceIP(r), "userAgent": clean(r.UserAgent())},
	})
	c.x.Reserve = c.reserve
	c.x.Request.Query, c.x.Request.Header = map[string][]string{}, map[string][]string{}
	for name, values := range r.URL.Query() {
		c.x.Request.Query[clean(name)] = cleaned(values)
	}
	for name, values := range r.Header {
		c.x.Request.Header[name] = cleaned(values)
	}
	c.x.Request.Header["Host"] = []string{clean(r.Host)}
}

// newExtendedID is an id as it is at AWS, 16 characters.
func newExtendedID() string {
	id := uuid.New()
	return base64.URLEncoding.EncodeToString(id[:11])
}

// requestID is what $context calls the request: callers may say it.
func requestID(r *http.Request, id string) string {
	said := r.Header.Get("X-Amzn-Requestid")
	switch {
	case said == "":
		return id
	case len(said) == 36 && uuid.Validate(said) == nil:
		return said
	}
	return "UUID_REPLACED_INVALID_REQUEST_ID"
}

func sourceIP(r *http.Request) string {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return ip
}

// clean is a text without bytes that are none.
func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func cleaned(all []string) []string {
	out := make([]string, len(all))
	for i, text := range all {
		out[i] = clean(text)
	}
	return out
}

// headLength is how long the request's line and the values of its header are.
func (c *call) headLength() int {
	n := len(c.r.Method) + len(c.r.URL.RequestURI()) + len(c.r.Proto)
	for _, values := range c.r.Header {
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// checkParameters asks for what the method requires, if its validator does.
func (c *call) checkParameters() error {
	v := c.plan.of.Validators[c.method.of.Validator]
	if v == nil || !v.Parameters {
		return nil
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(c.method.of.Parameters)) {
		if c.method.of.Parameters[name] && !c.has(name) {
			missing = append(missing, name[strings.LastIndexByte(name, '.')+1:])
		}
	}
	if missing == nil {
		return nil
	}
	return refuse("BAD_REQUEST_PARAMETERS", "Missing required request parameters: ["+strings.Join(missing, ", ")+"]", "a required parameter is missing")
}

func (c *call) has(parameter string) bool {
	if name, ok := strings.CutPrefix(parameter, "method.request.header."); ok {
		return c.r.Header.Get(name) != "" || strings.EqualFold(name, "host")
	}
	if name, ok := strings.CutPrefix(parameter, "method.request.querystring."); ok {
		return c.x.Request.Query[name] != nil
	}
	name, _ := strings.CutPrefix(parameter, "method.request.path.")
	return c.x.Request.Path[name] != ""
}

// maxBody is how long the body of a request may be, and of an answer that is gathered, as
// at AWS.
const maxBody = 10 << 20

// read reads the body into the exchange.
func (c *call) read() error {
	r := c.r.WithContext(c.r.Context())
	r.Header = r.Header.Clone()
	r.Header.Del("Content-Encoding") // it is read as it is, packed or not
	refused, err := c.body.Read(r, c.opt.Bodies, maxBody, func() error { return nil })
	if refused {
		c.w.Header().Set("Connection", "close")
	}
	if e, ok := errors.AsType[*shape.Error](err); ok && e.Status == http.StatusRequestEntityTooLarge {
		return refuse("REQUEST_TOO_LARGE", "Request Too Long", e.Message)
	} else if err != nil {
		return refuse("THROTTLED", "Too Many Requests", err.Error())
	}
	// The deadline of the request would end the call with it. What has none needs none.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Time{})
	c.opt.Known(c.r.Context())
	c.x.Request.Binary = c.isBinary(c.r.Header.Get("Content-Type"))
	raw := c.body.Raw
	c.asked(clean(string(raw[:min(len(raw), maxValue+1)])))
	switch content := c.method.of.Integration.Content; {
	case content == "CONVERT_TO_TEXT" && c.x.Request.Binary:
		c.x.Request.Binary = false
		if err := c.reserve(2 * len(raw)); err != nil {
			return err
		}
		c.x.Request.Body = base64.StdEncoding.EncodeToString(raw)
		return nil
	case content == "CONVERT_TO_BINARY":
		if decoded, err := base64.StdEncoding.DecodeString(string(raw)); err == nil {
			raw, c.x.Request.Binary = decoded, true
		}
	}
	if c.x.Request.Binary {
		c.x.Request.Body = string(raw)
	} else {
		c.x.Request.Body = clean(string(raw))
	}
	return nil
}

// isBinary says whether bodies of a type are no texts.
func (c *call) isBinary(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = ""
	}
	return slices.ContainsFunc(c.plan.binary, func(b string) bool {
		family, all := strings.CutSuffix(strings.ToLower(b), "/*")
		return b == "*/*" || media != "" && (strings.ToLower(b) == media || all && strings.HasPrefix(media, family+"/"))
	})
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.(\w+)\}`)

// expand fills in the variables of the stage.
func (c *call) expand(uri string) string {
	return stageVariable.ReplaceAllStringFunc(uri, func(v string) string {
		return c.x.StageVariables[stageVariable.FindStringSubmatch(v)[1]]
	})
}

// target is the URL of an integration: its own with the variables of the stage, and the
// parameters of the path and the query.
func (c *call) target(path map[string]string, query url.Values) (*url.URL, error) {
	raw := c.expand(c.method.of.Integration.URI)
	for name, value := range path {
		value = pathText(value)
		raw = strings.NewReplacer("{"+name+"}", value, "{"+name+"+}", value).Replace(raw)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, misconfigured("Invalid endpoint address")
	}
	if len(query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += query.Encode()
	}
	return u, nil
}

// pathText is a text for a path: what is escaped stays so, and what would end the path is
// escaped.
func pathText(text string) string {
	u := url.URL{Path: text}
	if decoded, err := url.PathUnescape(text); err == nil {
		u.Path, u.RawPath = decoded, text
	}
	return u.EscapedPath()
}

// within is how long an integration may take.
func (c *call) within() time.Duration {
	n := c.method.of.Integration.TimeoutMillis
	if n <= 0 {
		n = 29_000
	}
	return time.Duration(n) * time.Millisecond
}

// integrated says in $context what an integration answered, after some time.
func (c *call) integrated(status int, after time.Duration) {
	text, millis := strconv.Itoa(status), strconv.FormatInt(after.Milliseconds(), 10)
	c.x.Context["integrationStatus"], c.x.Context["integrationLatency"] = text, millis
	c.x.Context["integration"] = map[string]any{"status": text, "integrationStatus": text, "latency": millis}
}
