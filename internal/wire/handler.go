package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/wire/body"
	"github.com/dari-bus/dari/internal/wire/later"
	"github.com/dari-bus/dari/internal/wire/rest"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// Options say what a handler serves, and to whom.
type Options struct {
	// Services are the APIs. Two may share a name, which is their signing scope,
	// if their targets or versions differ.
	Services []*Service
	// Region and Account are those of a caller whose credentials name none.
	// Default "us-east-1" and "000000000000".
	Region, Account string
	// Host and Scheme begin the URLs in answers. Default is what the client used:
	// the Host header, and "https" on a TLS connection, else "http".
	Host, Scheme string
	// Keys are the access keys that may sign. Nil lets everybody in, signed or
	// not, with whatever key. Keys that are not nil but empty let nobody in.
	Keys access.Credentials
	// Open lets those in as well whose key is none that Keys issued, signed or not.
	Open bool
	// Known is told the context of a call once it is known who calls. Nil means
	// that nobody listens.
	Known func(context.Context)
	// Log hears of the server's own failures. Default [slog.Default].
	Log *slog.Logger
	// Bodies is the memory that bodies are read into. Nil is memory without end.
	Bodies body.Memory
	// Answers is the memory for answers that wait for their readers.
	Answers *budget.Share
	// MaxBody bounds a request body in bytes, as it is sent and again once it is
	// unpacked. Default [DefaultMaxBody].
	MaxBody int64
	// Clock tells the time. Default [time.Now].
	Clock func() time.Time
	// Before is asked about each call that is about to be carried out: who calls is
	// known, and the input has passed its limits. An error ends the call as one of
	// the operation does. Nil lets all pass.
	Before func(context.Context, *Call) error
	// Record is told of each call of an operation by a caller who is known, when its
	// outcome is certain and before any of the answer is sent: what it has written
	// down is there when the client knows. The client waits for it. Nil means that
	// nobody writes anything down.
	Record func(context.Context, *Call)
	// After is told of each call when the client has its answer, also of those that
	// were refused on the way, for whatever reason. It is called on the goroutine
	// that served the call and should not wait for anything; for that there is
	// [Call.Later]. Nil means that nobody listens.
	After func(context.Context, *Call)
}

// DefaultMaxBody is the default of Options.MaxBody in bytes. The largest
// requests carry 1 MiB of text: the entries of PutEvents, the messages of SQS.
// On the wire that text grows threefold at worst, where it is escaped as \u00e9
// for two bytes or percent-encoded in a form; the rest is for everything
// around it.
const DefaultMaxBody = 4 << 20

// A Handler serves the AWS APIs.
type Handler interface {
	http.Handler
	// Refuse answers a request that may not be served with e, in the dialect of
	// the request.
	Refuse(w http.ResponseWriter, r *http.Request, e *Error)
	// Wait returns when what hooks left for later is done, or ctx ends. It is for
	// when no further calls come in.
	Wait(ctx context.Context) error
	// Methods are the HTTP methods that the services may be called with where a request
	// goes. Those of the RPC dialects always are among them.
	Methods(r *http.Request) []string
}

type handler struct {
	Options
	services []*service
	after    later.Room
}

func (h *handler) Wait(ctx context.Context) error { return h.after.Wait(ctx) }

// A service is a Service that is compiled.
type service struct {
	*Service
	operations map[string]*operation
	routes     *rest.Routes
	// errors are the shapes of what errors say beside their message.
	errors map[reflect.Type]*shape.Shape
}

func (s *service) speaks(p Protocol) bool { return slices.Contains(s.Protocols, p) }

// An operation is an Operation that is compiled.
type operation struct {
	*Operation
	in, out *shape.Shape
	// whole is the output with its stream.
	whole *shape.Shape
	// binding is where restJson1 has the members.
	binding *rest.Binding
	// stream is the output member that is a stream, if there is one. It is not in
	// out.
	stream *shape.Field
}

// NewHandler compiles the tables and returns the handler that serves them. An
// error names each mistake in the tables: an operation that stands twice, a
// limit on a member that does not exist, an expression that does not compile, a
// type that the wire cannot carry.
func NewHandler(o Options) (Handler, error) {
	h := &handler{Options: o, after: later.New()}
	h.setDefaults()
	var errs []error
	if !access.IsRegion(h.Region) {
		errs = append(errs, fmt.Errorf("the region %q must consist of lower-case letters, digits and hyphens", h.Region))
	}
	if !access.IsAccount(h.Account) {
		errs = append(errs, fmt.Errorf("the account %q must be 12 digits", h.Account))
	}
	for _, s := range h.Services {
		c, err := compile(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("service %s: %w", s.Name, err))
			continue
		}
		h.services = append(h.services, c)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *handler) setDefaults() {
	if h.Region == "" {
		h.Region = "us-east-1"
	}
	if h.Account == "" {
		h.Account = "000000000000"
	}
	if h.Log == nil {
		h.Log = slog.Default()
	}
	if h.MaxBody == 0 {
		h.MaxBody = DefaultMaxBody
	}
	if h.Clock == nil {
		h.Clock = time.Now
	}
	if h.Bodies == nil {
		h.Bodies = body.Endless{}
	}
	if h.Known == nil {
		h.Known = func(context.Context) {}
	}
	if h.Before == nil {
		h.Before = func(context.Context, *Call) error { return nil }
	}
}

// compile makes s ready to serve.
func compile(s *Service) (*service, error) {
	c := &service{Service: s, operations: map[string]*operation{}, routes: &rest.Routes{}, errors: map[reflect.Type]*shape.Shape{}}
	if s.Name == "" || len(s.Protocols) == 0 {
		return nil, errors.New("a service needs a name and a protocol")
	}
	types := shape.NewCompiler(s.Limits)
	var errs []error
	for i := range s.Operations {
		row := &s.Operations[i]
		if _, twice := c.operations[row.Name]; twice {
			errs = append(errs, fmt.Errorf("operation %s stands twice in the table", row.Name))
			continue
		}
		op, err := compileOperation(row, types)
		if err == nil {
			err = c.addRoute(op)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("operation %s: %w", row.Name, err))
		}
		c.operations[row.Name] = op
	}
	for _, members := range s.ErrorMembers {
		t := reflect.TypeOf(members)
		s, err := types.Compile(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("members of errors: %w", err))
		}
		c.errors[t] = s
	}
	if err := types.Finish(); len(errs) == 0 {
		errs = append(errs, err, c.carries(types))
	}
	if s.Wraps {
		c.wrap()
	}
	return c, errors.Join(errs...)
}

// wrap has the inputs say where their members in the body are.
func (s *service) wrap() {
	for _, op := range s.operations {
		if op != nil && op.in != nil {
			op.in = op.in.Within(strings.ToLower(op.Name[:1]) + op.Name[1:] + "Input")
		}
	}
}

// addRoute adds the route of op, which it has if the service speaks restJson1.
func (s *service) addRoute(op *operation) (err error) {
	speaks := s.speaks(RestJSON)
	if speaks != (op.Route != "") {
		return fmt.Errorf("it has the route %q, and only operations of restJson1 have routes, all of them", op.Route)
	}
	if !speaks {
		return nil
	}
	if err := s.routes.Add(op.Route, op.Name); err != nil || op.call == nil {
		return err
	}
	op.binding, err = rest.Bind(op.Route, cmp.Or(op.Status, http.StatusOK), op.in, op.whole)
	return err
}

// carries checks that each dialect has a spelling for what the types have.
func (s *service) carries(types *shape.Compiler) error {
	for _, k := range []shape.Kind{shape.KindDocument, shape.KindReader, shape.KindWriter, shape.KindEvents} {
		for _, p := range s.Protocols {
			if types.Has(k) && !p.Carries(k) {
				return fmt.Errorf("%s has no spelling for %s", p.Name(), k)
			}
		}
	}
	return nil
}

func compileOperation(row *Operation, types *shape.Compiler) (*operation, error) {
	op := &operation{Operation: row}
	if row.call == nil {
		if row.Refused == "" {
			return nil, errors.New("it is neither offered nor refused")
		}
		return op, nil
	}
	var err error
	if op.in, err = types.Compile(row.In); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if op.whole, err = types.Compile(row.Out); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return op, op.findStreams()
}

// findStreams sets apart what op streams.
func (op *operation) findStreams() error {
	for i := range op.in.Fields {
		if f := &op.in.Fields[i]; f.Shape.Kind.Streams() && (f.Shape.Kind != shape.KindReader || f.Location != shape.InPayload) {
			return fmt.Errorf("%s: a stream in an input is an io.Reader that is the payload", f.Name)
		}
	}
	for i := range op.whole.Fields {
		f := &op.whole.Fields[i]
		switch {
		case !f.Shape.Kind.Streams():
		case f.Shape.Kind == shape.KindReader:
			return fmt.Errorf("%s: a stream in an output is a wire.Stream, or wire.Events", f.Name)
		case op.stream != nil:
			return fmt.Errorf("%s and %s are both streams", op.stream.Name, f.Name)
		default:
			op.stream = f
		}
	}
	op.out = op.whole
	if op.stream != nil {
		op.out = op.whole.Only(func(f *shape.Field) bool { return !f.Shape.Kind.Streams() })
	}
	return nil
}

// Methods are those of the RPC dialects, and those of the routes that lead to a path.
func (h *handler) Methods(r *http.Request) []string {
	methods := []string{http.MethodGet, http.MethodPost}
	if slices.Contains(methods, r.Method) {
		return methods
	}
	for _, s := range h.services {
		for _, m := range s.routes.Find("", r.URL.EscapedPath(), r.URL.Query()).Methods {
			if !slices.Contains(methods, m) {
				methods = append(methods, m)
			}
		}
	}
	slices.Sort(methods)
	return methods
}

// names lists the services for an error, each once.
func (h *handler) names() string {
	var names []string
	for _, s := range h.services {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}
