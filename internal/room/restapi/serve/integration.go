package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
)

// render makes the body for an integration: what the template for its type makes of it.
func (c *call) render() (string, error) {
	t, err := c.method.templates.ForRequest(c.r.Header.Get("Content-Type"), c.method.of.Integration.Passthrough)
	if err != nil {
		return "", refuse("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type", err.Error())
	}
	if t == nil {
		return c.x.Request.Body, nil
	}
	return c.run(t)
}

func (c *call) run(t *mapping.Template) (string, error) {
	text, err := c.x.Render(t)
	if r, ok := errors.AsType[*refusal](err); ok {
		return "", r
	} else if err != nil {
		return "", misconfigured("Unable to transform request")
	}
	return text, nil
}

// mock answers with the status that the request template writes.
func (c *call) mock() error {
	if err := c.read(); err != nil {
		return err
	}
	text, err := c.render()
	if err != nil {
		return err
	}
	status, ok := mapping.MockStatus(text)
	if !ok {
		return misconfigured("Unable to parse statusCode. It should be an integer defined in the request template.")
	}
	c.integrated(status, 0)
	c.x.Response = &mapping.Response{Header: map[string][]string{}}
	return c.respond(status)
}

// hop are headers of a connection, which go no further.
var hop = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// newRequest is the request of an integration, with what of the caller's goes along.
func (c *call) newRequest(header http.Header, query url.Values) (*http.Request, error) {
	all, err := c.method.parameters.Apply(&c.x)
	if err != nil {
		return nil, misconfigured("Unable to transform request")
	}
	path := map[string]string{}
	for _, p := range append(all, c.x.Overrides.RequestParameters()...) {
		switch p.Place {
		case "path":
			path[p.Name] = p.Values[len(p.Values)-1]
		case "querystring":
			query[p.Name] = p.Values
		case "header":
			header[textproto.CanonicalMIMEHeaderKey(p.Name)] = slices.Clone(p.Values)
		}
	}
	target, err := c.target(path, query)
	if err != nil {
		return nil, err
	}
	verb := c.method.of.Integration.Verb
	if verb == "ANY" || verb == "" {
		verb = c.r.Method
	}
	req := (&http.Request{Method: verb, URL: target, Host: target.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(c.r.Context())
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	for _, name := range append(hop, "Host", "Content-Length") {
		delete(header, name)
	}
	for name, values := range header {
		if !outbound.ValidHeaderName(name) || slices.ContainsFunc(values, func(v string) bool { return !outbound.ValidHeaderValue(v) }) {
			delete(header, name)
		}
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "AmazonAPIGateway_"+c.serving.API)
	}
	header.Set("X-Amzn-Apigateway-Api-Id", c.serving.API)
	return req, nil
}

// open sends a request, and returns the answer as it comes.
func (c *call) open(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := c.opt.Network.Open(req, outbound.Terms{For: "REST APIs of " + c.serving.Account, Within: c.within()})
	if err == nil {
		c.integrated(resp.StatusCode, time.Since(began))
		return resp, nil
	}
	c.integrated(http.StatusGatewayTimeout, time.Since(began))
	c.x.Context["integrationErrorMessage"] = clean(err.Error())
	e, _ := errors.AsType[*outbound.Error](err)
	switch {
	case e != nil && e.Throttled:
		return nil, refuse("THROTTLED", "Too Many Requests", err.Error())
	case e != nil && e.Code == outbound.CodeTimeout || errors.Is(err, context.DeadlineExceeded):
		return nil, refuse("INTEGRATION_TIMEOUT", "Endpoint request timed out", err.Error())
	}
	return nil, refuse("INTEGRATION_FAILURE", "Internal server error", err.Error())
}

// gather has the endpoint of an HTTP integration answer, and makes the method's response
// of that.
func (c *call) gather() error {
	if err := c.read(); err != nil {
		return err
	}
	text, err := c.render()
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if t := c.r.Header.Get("Content-Type"); t != "" {
		header.Set("Content-Type", t)
	}
	req, err := c.newRequest(header, url.Values{})
	if err != nil {
		return err
	}
	if text != "" {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
	c.trace.Sending(req.URL.String(), req.Header, text)
	began := time.Now()
	resp, err := c.open(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := c.keep(resp); err != nil {
		return err
	}
	c.trace.Received(resp.StatusCode, time.Since(began), resp.Header, c.x.Response.Body)
	return c.respond(resp.StatusCode)
}

// keep reads an answer into the exchange.
func (c *call) keep(resp *http.Response) error {
	var b []byte
	for buf := make([]byte, 32<<10); ; {
		n, err := resp.Body.Read(buf)
		if len(b)+n > maxBody {
			return refuse("INTEGRATION_FAILURE", "Internal server error", "the endpoint's answer has more than 10 MB")
		}
		if no := c.reserve(3 * n); no != nil { // it grows, and becomes a text
			return no
		}
		b = append(b, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return refuse("INTEGRATION_TIMEOUT", "Endpoint request timed out", err.Error())
		}
	}
	c.x.Response = &mapping.Response{Header: resp.Header, Binary: c.isBinary(resp.Header.Get("Content-Type")), Body: string(b)}
	if !c.x.Response.Binary {
		c.x.Response.Body = clean(c.x.Response.Body)
	}
	return nil
}

// forward says in a header who called, and how.
func (c *call) forward(header http.Header) {
	_, port, err := net.SplitHostPort(c.r.Host)
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	if err != nil {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	header.Set("X-Forwarded-For", strings.TrimPrefix(header.Get("X-Forwarded-For")+", "+sourceIP(c.r), ", "))
	header.Set("X-Forwarded-Port", port)
	header.Set("X-Forwarded-Proto", scheme)
}

// pass has the endpoint of an HTTP_PROXY integration answer the caller.
func (c *call) pass() error {
	header, query := c.r.Header.Clone(), c.r.URL.Query()
	for name := range strings.SplitSeq(header.Get("Connection"), ",") {
		header.Del(strings.TrimSpace(name))
	}
	header.Del("User-Agent")
	c.forward(header)
	req, err := c.newRequest(header, query)
	if err != nil {
		return err
	}
	sending, err := c.stream(req)
	if err != nil {
		return err
	}
	defer sending.end()
	c.asked(streamedData)
	c.trace.Sending(req.URL.String(), req.Header, streamedData)
	began := time.Now()
	resp, err := c.open(req)
	if sending.tooLong() {
		if err == nil {
			resp.Body.Close()
		}
		return refuse("REQUEST_TOO_LARGE", "Request Too Long", "the body of the request is too long")
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c.opt.Known(c.r.Context())
	if resp.ContentLength > maxBody {
		return refuse("INTEGRATION_FAILURE", "Internal server error", "the endpoint's answer has more than 10 MB")
	}
	c.trace.Received(resp.StatusCode, time.Since(began), resp.Header, streamedData)
	h := c.w.Header()
	for name, values := range resp.Header {
		c.setHeader(h, name, values)
	}
	if resp.ContentLength >= 0 && c.r.Method != http.MethodHead {
		h.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
	c.trace.Answering(h, streamedData)
	c.trace.Ended(resp.StatusCode, "", "")
	c.head(resp.StatusCode)
	return c.copy(resp.Body)
}
