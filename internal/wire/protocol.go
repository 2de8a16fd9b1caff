package wire

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/body"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// A Protocol is one dialect of the AWS API. The dialects are the variables of
// this package; there are no others.
type Protocol interface {
	// Name is the dialect's name, such as "awsJson1_1".
	Name() string
	// Route says which of the service's operations the call asks for. It reports
	// false when the call is in another dialect or for another service. The name
	// may be one that the service does not have.
	Route(c *call, s *service) (operation string, ok bool)
	// Decode reads the input from the call into in, a structure of shape s.
	Decode(c *call, s *shape.Shape, in reflect.Value) error
	// Encode writes the answer for the operation's output, a structure of shape
	// s. For [None] the answer has no output at all.
	Encode(c *call, s *shape.Shape, out reflect.Value) error
	// EncodeError writes the answer for an error, whose members are a structure of
	// shape s; s is nil when there are none.
	EncodeError(c *call, e *Error, s *shape.Shape)
	// Carries says whether the dialect has a spelling for values of a kind.
	Carries(k shape.Kind) bool
	// Events says how the dialect spells events.
	Events() eventDialect
}

// An eventDialect is how a dialect spells the payloads of events.
type eventDialect struct {
	contentType string
	append      func(b []byte, v reflect.Value, s *shape.Shape) ([]byte, error)
	problem     func(b []byte, code string, e *Error, s *shape.Shape) []byte
	// initial says that the output itself is the first event.
	initial bool
}

// The dialects that dari speaks.
var (
	// JSON10 is awsJson1_0: one JSON object in, one out, X-Amz-Target names the
	// operation.
	JSON10 Protocol = jsonProtocol{name: "awsJson1_0", contentType: "application/x-amz-json-1.0"}
	// JSON11 is awsJson1_1. It differs from JSON10 in the content type only.
	JSON11 Protocol = jsonProtocol{name: "awsJson1_1", contentType: "application/x-amz-json-1.1"}
	// Query is awsQuery: a form in, XML out, Action names the operation.
	Query Protocol = queryProtocol{}
	// RestJSON is restJson1: the method and the path name the operation.
	RestJSON Protocol = restProtocol{}
	// CBOR is rpcv2Cbor: one CBOR map in, one out, the path names the operation.
	CBOR Protocol = cborProtocol{}
)

// A call is one request on its way through the handler, and its answer.
type call struct {
	r     *http.Request
	w     http.ResponseWriter
	began time.Time
	auth  signature.Claim
	// authErr says what is wrong with credentials that could not be read.
	authErr error
	// read says that the body has been read, and that there is no more to wait for.
	read bool
	// stream is the body of an operation that reads it as it comes.
	stream *body.Stream
	// body is the body of all others, until the call has been served.
	body body.Body
	// params are the query string and the form together, read when first asked
	// for; formErr says why there are none.
	params  url.Values
	formErr error
	// queryParams are the query string alone, and queryErr what is wrong with it.
	queryParams url.Values
	queryErr    error
	// labels are those of the path, and methods what it may be called with when
	// its method is nobody's; both for restJson1.
	labels  map[string]string
	methods []string

	caller Caller
	// known says that the caller is who it says it is.
	known bool
	// service, operation and protocol are nil until the call is routed. A call
	// that cannot be routed may still have a service.
	service   *service
	operation *operation
	protocol  Protocol

	answer answer
	// seen is what the hooks are told.
	seen Call
	// kept is what the answer takes of the memory for answers, in bytes.
	kept int64
}

// An answer is gathered here and sent in one piece, so that a failure on the
// way leaves nothing half said.
type answer struct {
	status int
	// code is the error code that the client sees, or "".
	code   string
	header http.Header
	body   []byte
	// stream writes what follows the body, while it comes into being; nil for most
	// answers.
	stream func(ctx context.Context, w io.Writer) error
	// broken says that a stream broke off.
	broken bool
}
