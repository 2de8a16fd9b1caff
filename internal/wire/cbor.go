package wire

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/cbor"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// smithyProtocol is the header that names the dialect of a request, where it
// does, and that of its answer.
const smithyProtocol = "Smithy-Protocol"

const cborName = "rpc-v2-cbor"

// cborProtocol is rpcv2Cbor.
type cborProtocol struct{}

func (cborProtocol) Name() string { return "rpcv2Cbor" }

// Route reads the end of the path: /service/<service>/operation/<operation>. The
// service is called as in X-Amz-Target, after the last dot if there is one.
func (cborProtocol) Route(c *call, s *service) (string, bool) {
	if c.r.Method != http.MethodPost || c.r.Header.Get(smithyProtocol) != cborName {
		return "", false
	}
	parts := strings.Split(c.r.URL.Path, "/")
	if len(parts) < 5 {
		return "", false
	}
	parts = parts[len(parts)-4:]
	target := s.Target[strings.LastIndexByte(s.Target, '.')+1:]
	if parts[0] != "service" || parts[1] != target || parts[2] != "operation" {
		return "", false
	}
	return parts[3], true
}

func (cborProtocol) Decode(c *call, s *shape.Shape, in reflect.Value) error {
	return cbor.Read(c.body.Text, s, in)
}

func (cborProtocol) Encode(c *call, s *shape.Shape, out reflect.Value) (err error) {
	c.answer.status = http.StatusOK
	c.answer.header.Set(smithyProtocol, cborName)
	if s.IsNone() {
		return nil
	}
	c.answer.header.Set("Content-Type", "application/cbor")
	c.answer.body, err = cbor.Append(c.answer.body, out, s)
	return err
}

// EncodeError writes the map of __type, message and what else there is.
func (cborProtocol) EncodeError(c *call, e *Error, s *shape.Shape) {
	c.answer.header.Set(smithyProtocol, cborName)
	c.answer.header.Set("Content-Type", "application/cbor")
	c.answer.status, c.answer.code = e.StatusByKind(), e.Code
	c.answer.body = cbor.AppendError(c.answer.body, c.errorName(e), e, s)
}

func (cborProtocol) Carries(k shape.Kind) bool {
	return k != shape.KindDocument && k != shape.KindReader && k != shape.KindWriter
}

func (cborProtocol) Events() eventDialect {
	return eventDialect{contentType: "application/cbor", append: cbor.Append, problem: cbor.AppendError, initial: true}
}
