package serve

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
)

// respond makes the method's response of what the integration answered with a status.
func (c *call) respond(status int) error {
	i, ok := c.method.selection.Select(strconv.Itoa(status), func() bool { return c.r.Context().Err() != nil })
	if !ok {
		return misconfigured("No match for output mapping and no default output mapping configured. Endpoint Response Status Code: " + strconv.Itoa(status))
	}
	a := &c.method.answers[i]
	contentType := "application/json"
	switch {
	case a.of.Content == "CONVERT_TO_TEXT" && c.x.Response.Binary:
		if err := c.reserve(2 * len(c.x.Response.Body)); err != nil {
			return err
		}
		c.x.Response.Body, c.x.Response.Binary = base64.StdEncoding.EncodeToString([]byte(c.x.Response.Body)), false
	case a.of.Content == "CONVERT_TO_BINARY":
		if decoded, err := base64.StdEncoding.DecodeString(c.x.Response.Body); err == nil {
			c.x.Response.Body, c.x.Response.Binary = string(decoded), true
		}
	}
	text := c.x.Response.Body
	if t := a.templates.ForResponse(c.r.Header.Get("Accept")); t != nil {
		var err error
		if text, err = c.run(t); err != nil {
			return err
		}
	} else if said := http.Header(c.x.Response.Header).Get("Content-Type"); said != "" {
		contentType = said
	}
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	c.setHeaders(a.parameters)
	for _, p := range c.x.Overrides.ResponseHeaders() {
		c.setHeader(h, p.Name, p.Values)
	}
	status = a.status
	if over, ok := c.x.Overrides.Status(); ok {
		status = over
	}
	c.trace.Answering(h, text)
	c.trace.Ended(status, "", "")
	c.text(status, text)
	return nil
}

// setHeaders sets the headers that parameters say.
func (c *call) setHeaders(p *mapping.Parameters) {
	all, err := p.Apply(&c.x)
	if err != nil {
		return // the body that they are about is no JSON, and says nothing
	}
	for _, p := range all {
		c.setHeader(c.w.Header(), p.Name, p.Values)
	}
}

// ours are headers that an API does not say: the connection is the server's. What it says
// of them is told under another name, as at AWS.
var ours = []string{"Connection", "Content-Length", "Date", "Host", "Keep-Alive", "Server", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate"}

func (c *call) setHeader(h http.Header, name string, values []string) {
	name = textproto.CanonicalMIMEHeaderKey(name)
	if !outbound.ValidHeaderName(name) || slices.ContainsFunc(values, func(v string) bool { return !outbound.ValidHeaderValue(v) }) {
		return
	}
	switch {
	case name == "Transfer-Encoding" || name == "Content-Security-Policy" && c.at.shared || name == "X-Amzn-Requestid" || name == "X-Amz-Apigw-Id":
	case slices.Contains(ours, name):
		h["X-Amzn-Remapped-"+name] = values
	default:
		h[name] = values
	}
}

// head writes the head of the answer.
func (c *call) head(status int) {
	if status < 200 || status > 599 {
		status = http.StatusInternalServerError
	}
	c.status = status
	c.w.WriteHeader(status)
}

// text answers with a text.
func (c *call) text(status int, text string) {
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified
	if !bodiless {
		c.w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	}
	c.head(status)
	if bodiless {
		return
	}
	n, _ := io.WriteString(c.w, text) // the client has gone; there is nobody to tell
	if c.r.Method != http.MethodHead {
		c.sent += int64(n)
	}
}

// plainly answers in words of the server.
func (c *call) plainly(status int, code, message string) {
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Errortype", code)
	text, _ := json.Marshal(map[string]string{"message": message}) // strings always can be
	c.text(status, string(text))
}

// copy passes an answer on as it comes. One that breaks off, or is too long, ends without
// its end, so that the client sees it.
func (c *call) copy(from io.Reader) error {
	control := http.NewResponseController(c.w)
	for buf := make([]byte, 32<<10); ; {
		n, err := from.Read(buf)
		if c.sent+int64(n) > maxBody {
			panic(http.ErrAbortHandler)
		}
		if n > 0 && c.r.Method != http.MethodHead {
			if _, gone := c.w.Write(buf[:n]); gone != nil {
				return nil // there is nobody to tell
			}
			c.sent += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			panic(http.ErrAbortHandler)
		}
		if gone := control.Flush(); gone != nil && !errors.Is(gone, http.ErrNotSupported) {
			return nil
		}
	}
}
