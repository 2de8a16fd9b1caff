package wire

import (
	"context"
	"reflect"

	"github.com/dari-bus/dari/internal/access"
)

// A Service is one AWS API: its names on the wire and its table of operations.
type Service struct {
	// Name is the service in a SigV4 credential scope, such as "events".
	Name string
	// Title is for people, such as "Amazon EventBridge".
	Title string
	// Target is the prefix of X-Amz-Target, such as "AWSEvents".
	Target string
	// Version is the API version, such as "2015-10-07"; the query protocol
	// carries it in every request.
	Version string
	// Namespace is the XML namespace of answers in the query protocol.
	Namespace string
	// ErrorNamespace is the shape namespace before the # of an error's __type in
	// JSON, such as "com.amazonaws.sqs". Empty means that __type is the code alone.
	ErrorNamespace string
	// Protocols lists the dialects, the preferred one first.
	Protocols []Protocol
	// Operations is the whole surface, offered and refused.
	Operations []Operation
	// Limits are the constraints on the members of the inputs.
	Limits Limits
	// Wraps says that members in the bodies of requests are, where they are spoken of in
	// errors and trails, within a structure that is named after the operation, such as
	// createStageInput.
	Wraps bool
	// Quotas and Deviations are sentences for those who use the service: how much
	// they may have, and what they may notice that is not as on AWS and no refused
	// row. They are printed in docs/compatibility.md; a service without any says so
	// with a list that is empty and not nil.
	Quotas, Deviations []string
	// ErrorMembers are values of the types that Error.Members may point to.
	ErrorMembers []any
	// InvalidCode is what an input is called that does not satisfy its limits; "" is
	// ValidationException.
	InvalidCode string
	// Error spells an error in the service's own words. It is given every error
	// that a handler returns; ok is false for one that is not the caller's. Nil
	// spells the faults of package fault with the names that most services share.
	Error func(error) (e Error, ok bool)
}

// An Operation is one row of a table.
//
// Input and output types are structs whose fields have the names of the API's
// members. In an input every scalar is a pointer, so that an absent member can
// be told from an empty one; lists and maps are nil when absent. In an output
// an absent member is one that its tag omits (`json:",omitempty"`).
type Operation struct {
	Name string
	// Refused says why the operation is not offered; "" when it is.
	Refused string
	// ReadOnly operations change nothing. Data operations are about what is in a
	// resource, such as a message, and not the resource; a trail leaves them out
	// unless it is asked for them. Both are as CloudTrail has it.
	ReadOnly, Data bool
	// Grants is for what counts as reading and yet gives the caller something, such
	// as credentials: trails show what that was.
	Grants bool
	// Recorded is the operation's name in trails, where AWS has another one there; ""
	// is Name.
	Recorded string
	// In and Out are the input and output structs; nil for a refused row.
	// Out is the type of [None] for an operation without an output shape.
	In, Out reflect.Type
	// Route is the method and the path of a row of restJson1, such as
	// "GET /tags/{ResourceArn+}", and Status the HTTP status of its answers.
	Route  string
	Status int
	// MaxBody bounds the body of a request in bytes; zero is [Options.MaxBody].
	MaxBody int64

	call func(ctx context.Context, in any) (any, error)
	root bool
}

// Op makes the row of an operation that is offered. The input has passed its
// limits when fn is called.
func Op[In, Out any](name string, fn func(context.Context, *In) (*Out, error)) Operation {
	return Operation{
		Name: name,
		In:   reflect.TypeFor[In](),
		Out:  reflect.TypeFor[Out](),
		call: func(ctx context.Context, in any) (any, error) { return fn(ctx, in.(*In)) },
	}
}

// With returns the row with fn in place of its function. fn is given a pointer
// to a value of type In and returns a pointer to one of type Out. A judge of the
// wire sees through it what arrives, and says what is answered.
func (o Operation) With(fn func(ctx context.Context, in any) (out any, err error)) Operation {
	o.call = fn
	return o
}

// AtRoot returns the row of an operation that the query protocol offers at the
// address of the service only, not at the URL of one of its queues.
func (o Operation) AtRoot() Operation {
	o.root = true
	return o
}

// Reads returns the row of an operation that is read-only.
func (o Operation) Reads() Operation {
	o.ReadOnly = true
	return o
}

// ThatGrants returns the row of an operation that gives something.
func (o Operation) ThatGrants() Operation {
	o.Grants = true
	return o
}

// As returns the row of an operation that has another name in trails.
func (o Operation) As(recorded string) Operation {
	o.Recorded = recorded
	return o
}

// OnData returns the row of an operation on data.
func (o Operation) OnData() Operation {
	o.Data = true
	return o
}

// At returns the row with a route of restJson1, which is a method and a path, and
// the status of its answers when all went well.
func (o Operation) At(route string, status int) Operation {
	o.Route, o.Status = route, status
	return o
}

// Takes returns the row of an operation whose requests may have a body of max
// bytes, as far as there is that much memory.
func (o Operation) Takes(max int64) Operation {
	o.MaxBody = max
	return o
}

// Refuse makes the row of an operation that AWS has and dari does not offer.
// why finishes the sentence "dari does not offer <name>: …".
func Refuse(name, why string) Operation { return Operation{Name: name, Refused: why} }

// A Caller is who makes a call, where, and by which address.
type Caller struct {
	access.Caller
	// Scheme is "http" or "https", and Host the address that the client used,
	// such as "localhost:4566"; together they begin the URLs in answers.
	Scheme, Host string
}

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller that a handler's context carries.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
