package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/room/function"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/room/logs"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/target"
)

// functionSink is where targets meet the functions.
func functionSink(r *rooms) target.Sink {
	return target.Function(func(ctx context.Context, to arn.ARN, e target.FunctionEvent) error {
		from, err := access.Service(access.Events, e.Rule)
		if err != nil {
			return err
		}
		from.Trace = e.Trace
		if to.Region != from.Region {
			return target.Permanent(target.CodeNoResource, "the function %s is not in the region %s", to, from.Region)
		}
		of, err := catalog.ParseAddress(from.Place, to.String(), "")
		if err != nil {
			return err
		}
		return r.functions.Send(ctx, from, of, e.Payload, store.Unsynced)
	})
}

// functionKind is the kind of the plans of functions; see [delivery.Options].
const functionKind = "function"

// longest is how long an attempt at a function may take: AWS's 15 minutes, and the start.
const longest = 16 * time.Minute

// functionPlan is what a plan of a function says beside its addresses.
type functionPlan struct{ Tries, AgeSeconds int }

// functionDebts are where functions meet the outbox.
type functionDebts struct{ outbox *delivery.Outbox }

func (d functionDebts) Begin(tx store.Tx, of catalog.Address, as *catalog.Async) (uint64, error) {
	spec, err := json.Marshal(functionPlan{as.Tries(), int(as.Age() / time.Second)})
	if err != nil {
		return 0, err
	}
	l, err := d.outbox.AddPlan(tx, delivery.Plan{
		Kind: functionKind, Owner: of.Whole().ARN(), ID: cmp.Or(of.Qualifier, catalog.Latest), Source: of.Whole().ARN(), Target: of.ARN(), Spec: spec,
	})
	return uint64(l), err
}

func (d functionDebts) Retire(tx store.Tx, lane uint64) error {
	return d.outbox.RetirePlan(tx, delivery.Lane(lane))
}

func (d functionDebts) Abandon(tx store.Tx, lane uint64) error {
	return d.outbox.AbandonPlan(tx, delivery.Lane(lane))
}

func (d functionDebts) Owe(tx store.Tx, lane uint64, e runner.Event) (start func(), err error) {
	return d.outbox.Owe(tx, []delivery.Item{{
		ID: e.ID, Body: e.Payload, Source: e.To, Trace: e.Trace, Ingested: time.Now(), Lanes: []delivery.Lane{delivery.Lane(lane)},
	}})
}

// functionsSide is the side of functions for the outbox.
func functionsSide(r *rooms) delivery.Owner {
	return func(p *delivery.Plan) (delivery.Course, error) {
		var spec functionPlan
		if err := json.Unmarshal(p.Spec, &spec); err != nil {
			return delivery.Course{}, err
		}
		to, err := arn.Parse(p.Target)
		if err != nil {
			return delivery.Course{}, err
		}
		of, err := catalog.ParseAddress(access.Place{Account: to.Account, Region: to.Region}, p.Target, "")
		f := functionCourse{r, of}
		return delivery.Course{
			Sink: f, DeadLetters: f, Timeout: longest,
			Retry: delivery.Retry{
				Phases: []delivery.Phase{{Retries: spec.Tries, First: time.Minute, Last: 2 * time.Minute}},
				MaxAge: time.Duration(spec.AgeSeconds) * time.Second,
			},
		}, err
	}
}

// A functionCourse carries out the plans of one function.
type functionCourse struct {
	rooms *rooms
	of    catalog.Address
}

func eventOf(d *target.Delivery) runner.Event {
	return runner.Event{ID: d.ID, Payload: d.Body, Trace: d.Trace}
}

// Send makes one attempt. One at which the function did not run does not count, and is
// the last one where it runs for nobody.
func (f functionCourse) Send(ctx context.Context, d *target.Delivery) error {
	err := f.rooms.functions.Attempt(ctx, f.of, eventOf(d), d.Attempt)
	fail, ok := errors.AsType[*runner.Failure](err)
	switch {
	case ok && fail.Closed:
		return target.Permanent(target.CodeThrottling, "%s", fail.Answer)
	case ok && !fail.Throttled:
		return target.Temporary(target.CodeFromTarget, "%s", fail.Answer)
	case err == nil || ctx.Err() != nil:
		return err
	}
	late := target.Temporary(target.CodeThrottling, "%v", err)
	late.Throttled, late.After = true, 2*time.Second
	return late
}

// SendDeadLetter tells whom the function wants to be told.
func (f functionCourse) SendDeadLetter(ctx context.Context, d *target.Delivery, fail *target.Failure) error {
	end := runner.Ending{Attempts: fail.Attempts, TooOld: fail.Exhausted == "MaximumEventAgeInSeconds"}
	end.Answer, end.Throttled = fail.Message, fail.Code == target.CodeThrottling
	if end.Closed = end.Throttled && fail.Exhausted == ""; end.Closed {
		end.Attempts-- // it did not run
	}
	return f.rooms.functions.Failed(ctx, f.of, eventOf(d), end)
}

// functionRoles are the roles that functions run with.
type functionRoles struct{ rooms *rooms }

// sessions of functions last so long, and their environments no longer.
const functionSession = 6 * time.Hour

func (r functionRoles) Check(of catalog.Address, role string) error {
	service, err := access.Service(catalog.Service, of.Whole().ARN())
	if err != nil {
		return err
	}
	return r.rooms.identities.Entrusts(service, role)
}

func (r functionRoles) Assume(_ context.Context, of catalog.Address, role string) (runtime.Credentials, time.Time, error) {
	service, err := access.Service(catalog.Service, of.Whole().ARN())
	if err != nil {
		return runtime.Credentials{}, time.Time{}, err
	}
	g, err := r.rooms.identities.AssumeForService(service, role, of.Name, functionSession)
	if err != nil {
		return runtime.Credentials{}, time.Time{}, err
	}
	return runtime.Credentials{AccessKey: g.KeyID, SecretKey: g.Secret, Token: g.Token}, g.Expires, nil
}

// functionQueues are where functions meet the queues.
type functionQueues struct{ rooms *rooms }

func (q functionQueues) Send(ctx context.Context, of catalog.Address, role, to string, m runner.Message) error {
	a, err := arn.Parse(to)
	if err != nil {
		return err
	}
	from, err := q.rooms.runsAs(of, role)
	if err != nil {
		return err
	}
	return q.rooms.queues.DeliverDurably(ctx, a, queue.Mail{Body: m.Body, From: from, Attributes: m.Attributes, Numbers: m.Numbers})
}

// runsAs is who a function is in the calls that the house makes for it: its role.
func (r *rooms) runsAs(of catalog.Address, role string) (access.Caller, error) {
	service, err := access.Service(catalog.Service, of.Whole().ARN())
	if err != nil {
		return access.Caller{}, err
	}
	from, err := r.identities.Act(service, role, of.Name)
	if err != nil { // a role that nobody made is its account, unless the guard says otherwise
		return access.Role(role, of.Whole().ARN())
	}
	return from, nil
}

// functionLogs are where functions meet the logs. They are written with the rights of
// the account that has the function.
type functionLogs struct{ logs *logs.Service }

func (l functionLogs) Append(ctx context.Context, of catalog.Address, group, stream string, lines []runtime.Line) error {
	from, err := access.Role("", of.Whole().ARN())
	if err != nil {
		return err
	}
	entries := make([]blocks.Entry, len(lines))
	for i, line := range lines {
		entries[i] = blocks.Entry{Time: line.Time.UnixMilli(), Text: []byte(line.Text)}
	}
	return l.logs.Vend(ctx, from, group, stream, entries)
}

// A functionEngine starts environments, once there is a sandbox for them.
type functionEngine struct {
	box *box

	mu     sync.Mutex
	engine *runtime.Engine
}

// open opens the engine with the first environment.
func (e *functionEngine) open(ctx context.Context) (*runtime.Engine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.engine != nil {
		return e.engine, nil
	}
	s, err := e.box.open(ctx)
	if err != nil {
		return nil, err
	}
	containers, err := e.box.opt.openEngine()
	if err != nil {
		return nil, err
	}
	e.engine, err = runtime.Open(runtime.Options{Sandbox: s, Containers: containers, Interpreters: e.box.opt.interpreters()})
	return e.engine, err
}

// prepare removes the containers that a server left behind which was killed, if
// functions run in such.
func (e *functionEngine) prepare(ctx context.Context) {
	opt := e.box.opt
	if !opt.Starts || opt.engine() == "" {
		return
	}
	c, err := opt.openEngine()
	if err == nil {
		err = c.Sweep(ctx)
	}
	switch {
	case err == nil:
		opt.Log.Info("functions run in containers", "engine", opt.FunctionsIn)
	case ctx.Err() == nil:
		opt.Log.Warn("functions cannot run in containers", "err", err)
	}
}

// Start starts an environment.
func (e *functionEngine) Start(ctx context.Context, c runtime.Config) (pool.Environment, error) {
	engine, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	env, err := engine.Start(ctx, c)
	if err != nil {
		return nil, err // not env, which is a nil that is no nil to the pool
	}
	return env, nil
}

// openFunctions opens the functions, which owe deliveries.
func (a *App) openFunctions(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	a.box.enter()
	engine := &functionEngine{box: &a.box}
	var err error
	r.functions, err = function.Open(ctx, function.Options{
		Sources: functionSources{r}, Batches: a.opt.memory.Share(memoryBatches), Requests: a.opt.memory.Share(memoryRequests),
		Options: runner.Options{
			Store: a.store, Guard: guard, Engine: engine, Roles: functionRoles{r}, Outbox: functionDebts{r.outbox}, Queues: functionQueues{r},
			Logs: functionLogs{r.logs}, Endpoint: a.inside, Log: a.opt.Log, MemoryMB: a.opt.memoryOfPrograms(), Configured: a.opt.configured,
			Dir: func(ctx context.Context) (string, error) {
				s, err := a.box.open(ctx)
				if err != nil {
					return "", err
				}
				return s.Scratch(), nil
			},
		},
	})
	if err != nil {
		return room{}, err
	}
	run := func(ctx context.Context) error {
		prepared := make(chan error, 1)
		go func() {
			engine.prepare(ctx)
			prepared <- a.box.prepare(ctx)
		}()
		return errors.Join(r.functions.Run(ctx), <-prepared, a.box.leave())
	}
	return room{api: function.API(r.functions), run: run}, nil
}

// inside is the address of the server for programs on this machine.
func (a *App) inside() string {
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
