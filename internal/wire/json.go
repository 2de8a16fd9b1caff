package wire

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// jsonProtocol is awsJson1_0 and awsJson1_1.
type jsonProtocol struct{ name, contentType string }

func (p jsonProtocol) Name() string { return p.name }

// Route reads X-Amz-Target: the service's prefix, a dot, the operation. Some
// prefixes have dots themselves, and old clients send the last part only. The
// content type is not looked at: only JSON is sent with this header.
func (p jsonProtocol) Route(c *call, s *service) (string, bool) {
	target := c.r.Header.Get("X-Amz-Target")
	i := strings.LastIndexByte(target, '.')
	if i < 0 || c.r.Method != http.MethodPost {
		return "", false
	}
	prefix, operation := target[:i], target[i+1:]
	if prefix == s.Target || strings.HasSuffix(s.Target, "."+prefix) {
		return operation, true
	}
	return "", false
}

func (p jsonProtocol) Decode(c *call, s *shape.Shape, in reflect.Value) error {
	return awsjson.Read(c.body.Text, s, in)
}

func (p jsonProtocol) Encode(c *call, s *shape.Shape, out reflect.Value) (err error) {
	c.answer.status = http.StatusOK
	c.answer.header.Set("Content-Type", p.contentType)
	if !s.IsNone() {
		c.answer.body, err = awsjson.Append(c.answer.body, out, s)
	}
	return err
}

// EncodeError writes __type, message and what else there is.
func (p jsonProtocol) EncodeError(c *call, e *Error, s *shape.Shape) {
	c.answer.status = e.StatusCode()
	c.answer.code = e.Code
	c.answer.header.Set("Content-Type", p.contentType)
	c.answer.body = awsjson.AppendError(c.answer.body, c.errorName(e), e, s)
}

func (p jsonProtocol) Carries(k shape.Kind) bool {
	return k != shape.KindReader && k != shape.KindWriter
}

func (p jsonProtocol) Events() eventDialect {
	return eventDialect{contentType: "application/json", append: awsjson.Append, problem: awsjson.AppendError, initial: true}
}

// errorName is the name of an error in the dialects that say __type. A service
// that also speaks the query protocol has clients that know its errors by their
// names there; they read them from a header.
func (c *call) errorName(e *Error) string {
	if c.service == nil {
		return e.Code
	}
	if c.service.speaks(Query) && e.QueryCode != "" {
		c.answer.header.Set("X-Amzn-Query-Error", e.QueryCode+";"+e.Side())
	}
	if ns := c.service.ErrorNamespace; ns != "" {
		return ns + "#" + e.Code
	}
	return e.Code
}
