package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/store"
)

// An Outbox owes functions their asynchronous events, which come back by
// [Runner.Attempt], and [Runner.Failed] when they have failed for good.
type Outbox interface {
	catalog.Outbox
	// Owe owes an event in tx. start is called once tx has committed.
	Owe(tx store.Tx, lane uint64, e Event) (start func(), err error)
}

// Roles are what functions run with.
type Roles interface {
	catalog.Roles
	pool.Roles
}

// Queues are told how invocations went. They are asked whether the role of the function
// may send there.
type Queues interface {
	Send(ctx context.Context, of catalog.Address, role, queue string, m Message) error
}

// A Message is what a queue is told.
type Message struct {
	Body []byte
	// Attributes are texts, and Numbers numbers.
	Attributes, Numbers map[string]string
}

// Options configure a Runner. All up to the log must be given.
type Options struct {
	Store  store.Store
	Guard  access.Guard
	Engine pool.Engine
	Roles  Roles
	Outbox Outbox
	Queues Queues
	Logs   pool.Logs
	// Dir returns where code is unpacked, when the first is: see [code.Options].
	Dir func(context.Context) (string, error)
	// Endpoint is where functions find the APIs of the house.
	Endpoint func() string
	Log      *slog.Logger
	// Configured is that of [catalog.Options].
	Configured func(account string) bool
	// MemoryMB is what all functions that run may have in all, in MiB; see [pool.Options].
	MemoryMB int
	// Payloads is the memory for what callers that wait send to functions; nil has no bound.
	Payloads *budget.Divided
}

// A Runner is the functions. Its methods may be called from many goroutines at once.
type Runner struct {
	*catalog.Catalog
	opt  Options
	code *code.Keeper
	pool *pool.Pool
	// streams are the invocations whose answers are streamed.
	streams sync.WaitGroup
}

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Runner, error) {
	if opt.Outbox == nil || opt.Queues == nil || opt.Roles == nil {
		return nil, errors.New("open the functions: they need an outbox, queues and roles")
	}
	s := &Runner{opt: opt}
	var err error
	if s.code, err = code.Open(code.Options{Store: opt.Store, Dir: opt.Dir}); err != nil {
		return nil, err
	}
	s.Catalog, err = catalog.Open(ctx, catalog.Options{Store: opt.Store, Guard: opt.Guard, Code: s.code, Roles: opt.Roles, Outbox: opt.Outbox, Configured: opt.Configured})
	if err != nil {
		return nil, err
	}
	s.pool, err = pool.New(pool.Options{Engine: opt.Engine, Code: s.code, Roles: opt.Roles, Logs: opt.Logs, Endpoint: opt.Endpoint, Log: opt.Log, MemoryMB: opt.MemoryMB})
	return s, err
}

// Keep has environments kept, and Kept says how things stand with them: see [pool.Pool].
func (s *Runner) Keep(all []pool.Kept) { s.pool.Keep(all) }

// Kept says how things stand with the environments that are kept of a version.
func (s *Runner) Kept(f catalog.Found) pool.Readiness { return s.pool.Kept(f) }

// Run keeps the environments, until ctx ends.
func (s *Runner) Run(ctx context.Context) error {
	err := s.pool.Run(ctx)
	s.streams.Wait()
	return err
}
