package pool

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// An Engine starts environments.
type Engine interface {
	Start(ctx context.Context, c runtime.Config) (Environment, error)
}

// An Environment is one that an Engine has started: see [runtime.Environment].
type Environment interface {
	Invoke(ctx context.Context, in runtime.Invocation) (runtime.Result, error)
	Alive() bool
	Stop()
}

// Roles are what functions run with.
type Roles interface {
	// Assume makes a session of the role of a function.
	Assume(ctx context.Context, of catalog.Address, role string) (runtime.Credentials, time.Time, error)
}

// Logs take what functions write.
type Logs interface {
	// Append appends lines to a stream of a group, in the order of their times. Both are
	// made if they are not there.
	Append(ctx context.Context, of catalog.Address, group, stream string, lines []runtime.Line) error
}

// Options configure a Pool. All but the bounds must be given.
type Options struct {
	Engine Engine
	Code   *code.Keeper
	Roles  Roles
	Logs   Logs
	// Endpoint is where functions find the APIs of the house.
	Endpoint func() string
	Log      *slog.Logger

	// Most is how many environments there may be, and MemoryMB how much memory those
	// may have in all. Defaults 128 and 64 GiB.
	Most     int
	MemoryMB int
	// Idle is how long an environment is kept that has nothing to do. Default 10 minutes.
	Idle time.Duration
	// Patience is how long an invocation waits for an environment. Default 10 seconds.
	Patience time.Duration
}

// A Pool keeps environments. Its methods may be called from many goroutines at once.
type Pool struct {
	opt Options
	// ctx is that of the environments.
	ctx  context.Context
	stop context.CancelFunc
	// there counts the environments until nothing is left of them.
	there sync.WaitGroup

	mu sync.Mutex
	// running counts the invocations of each function, by its ARN.
	running map[string]int
	// all are the environments, those that are being made among them, and idle those
	// that have nothing to do, the one that was used last at the end.
	all    map[*environment]bool
	idle   []*environment
	memory int
	// held is what the environments of each account are, and busy counts its invocations
	// that have one.
	held map[string]use
	busy map[string]int
	// kept are the environments that are to be ready, and troubles say by key why some
	// are not.
	kept     []Kept
	troubles map[string]*trouble
	// waiting are in the order in which they came.
	waiting []*waiter
	closed  bool
}

// An environment is one of the pool's.
type environment struct {
	Environment
	// key names the version, in the revision that it has, and of the function.
	key, function string
	account       string
	latest        bool
	memory        int
	expires       time.Time
	idleSince     time.Time
	// stale ones are not used again.
	stale bool
	// kept ones are started before anybody asks, and stay though they are idle. ready says
	// that one has been.
	kept, ready bool
	log         *logging
	done        func()
}

// New makes a pool, which lives until Run has ended.
func New(opt Options) (*Pool, error) {
	if opt.Engine == nil || opt.Code == nil || opt.Roles == nil || opt.Logs == nil || opt.Endpoint == nil || opt.Log == nil {
		return nil, errors.New("make the pool of functions: it needs an engine, code, roles, logs, an endpoint and a log")
	}
	if opt.Most == 0 {
		opt.Most = 128
	}
	if opt.MemoryMB == 0 {
		opt.MemoryMB = 64 << 10
	}
	if opt.Idle == 0 {
		opt.Idle = 10 * time.Minute
	}
	if opt.Patience == 0 {
		opt.Patience = 10 * time.Second
	}
	p := &Pool{opt: opt, running: map[string]int{}, all: map[*environment]bool{}, held: map[string]use{}, busy: map[string]int{}, troubles: map[string]*trouble{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Run stops environments that are no longer needed, and all of them when ctx ends.
func (p *Pool) Run(ctx context.Context) error {
	for tick := time.NewTicker(max(p.opt.Idle/10, time.Second)); ; {
		select {
		case <-tick.C:
			p.reap(func(e *environment) bool { return e.old() || !e.kept && time.Since(e.idleSince) >= p.opt.Idle })
		case <-ctx.Done():
			tick.Stop()
			p.close()
			return nil
		}
	}
}

// close stops all environments and waits until nothing is left of them.
func (p *Pool) close() {
	p.mu.Lock()
	p.closed = true
	for len(p.waiting) > 0 {
		p.answer(p.waiting[0], ErrClosed)
	}
	p.mu.Unlock()
	p.reap(func(*environment) bool { return true })
	p.stop()
	p.there.Wait()
}

// The faults of an invocation that is throttled. The codes are AWS's reasons.
var (
	ErrReserved = fault.Unavailable("Rate Exceeded.").WithCode("ReservedFunctionConcurrentInvocationLimitExceeded")
	ErrFull     = fault.Unavailable("Rate Exceeded.").WithCode("ConcurrentInvocationLimitExceeded")
)

// ErrClosed is the error of an invocation that the end of the server came before.
var ErrClosed = errors.New("the server is stopping and runs no more functions")

// Invoke runs a version of a function. An error is no answer of the function's: it is
// throttled, or the server could not run it.
func (p *Pool) Invoke(ctx context.Context, f catalog.Found, in runtime.Invocation) (runtime.Result, error) {
	e, err := p.take(ctx, f)
	if err != nil {
		return runtime.Result{}, err
	}
	// A call and the server may each end first.
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(p.ctx, cancel)()
	defer cancel()
	r, err := e.Invoke(ctx, in)
	p.give(e)
	return r, err
}

// take returns an environment for a version, which is then not for anybody else.
func (p *Pool) take(ctx context.Context, f catalog.Found) (*environment, error) {
	w := &waiter{found: f, key: keyOf(f), function: f.At.Whole().ARN(), answered: make(chan struct{})}
	if err := p.begin(f, w.function); err != nil {
		return nil, err
	}
	p.enter(w)
	select {
	case <-w.answered:
	default:
		patience := time.NewTimer(p.opt.Patience)
		defer patience.Stop()
		select {
		case <-w.answered:
		case <-ctx.Done():
			p.leave(w, ctx.Err())
		case <-patience.C:
			p.leave(w, ErrFull)
		}
	}
	if w.err != nil {
		p.end(w.function)
		return nil, w.err
	}
	if w.warm {
		return w.got, nil
	}
	if err := p.start(ctx, f, w.got); err != nil {
		p.drop(w.got)
		return nil, err
	}
	return w.got, nil
}

// begin counts an invocation, if its function may have one more.
func (p *Pool) begin(f catalog.Found, function string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Reserved != nil && p.running[function] >= *f.Reserved {
		return ErrReserved
	}
	if f.Reserved == nil && p.running[function] >= catalog.MaxConcurrent {
		return ErrFull
	}
	p.running[function]++
	return nil
}

func (p *Pool) end(function string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended(function)
}

// ended is called with mu held.
func (p *Pool) ended(function string) { less(p.running, function) }

// less counts one down, and forgets what there is none of.
func less(m map[string]int, key string) {
	if m[key]--; m[key] == 0 {
		delete(m, key)
	}
}

// give returns an environment after an invocation.
func (p *Pool) give(e *environment) {
	alive := e.Alive()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended(e.function)
	less(p.busy, e.account)
	defer p.dispatch()
	if !alive || e.stale || e.old() || p.closed {
		p.remove(e)
		return
	}
	e.idleSince = time.Now()
	p.idle = append(p.idle, e)
}

// drop ends an invocation whose environment could not be started.
func (p *Pool) drop(e *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended(e.function)
	less(p.busy, e.account)
	p.remove(e)
	p.dispatch()
}

// remove stops an environment, in its own time; with mu held.
func (p *Pool) remove(e *environment) {
	if i := slices.Index(p.idle, e); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	delete(p.all, e)
	p.hold(e, -1)
	go func() {
		defer p.there.Done()
		e.end()
	}()
}

// reap stops the idle environments that are to go.
func (p *Pool) reap(goes func(*environment) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var gone []*environment
	for _, e := range p.idle {
		if goes(e) {
			gone = append(gone, e)
		}
	}
	for _, e := range gone {
		p.remove(e)
	}
}

// Changed stops the environments of a function that has changed or is gone: those of
// $LATEST, or all. One that has an invocation ends with it.
func (p *Pool) Changed(of catalog.Address, all bool) {
	function := of.Whole().ARN()
	goes := func(e *environment) bool { return e.function == function && (all || e.latest) }
	p.mu.Lock()
	for e := range p.all {
		if goes(e) {
			e.stale = true
		}
	}
	p.mu.Unlock()
	p.reap(goes)
}
