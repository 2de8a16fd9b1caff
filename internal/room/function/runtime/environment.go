package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// initTime is how long a function may take to be ready. One that takes longer, or
// that fails, is started once more within its first invocation, and then has the
// time of that. A variable, since the machines that test it are slower than AWS.
var initTime = 10 * time.Second

// An Environment runs a function, one invocation at a time.
type Environment struct {
	engine      *Engine
	c           Config
	interpreter interpreter // of runtimes that need one
	wrapper     string
	layers      string // what becomes /opt, or ""
	log         *journal
	ctx         context.Context // of its processes
	cancel      context.CancelFunc

	mu      sync.Mutex
	run     *run
	running bool
	used    bool
	dead    bool
	stopped bool
}

// Start begins a cold start and returns at once. What goes wrong in it is the
// answer to the first invocation, as on AWS; a provisioned environment waits for none,
// so Start returns when its code is initialized or has failed to be. The environment
// ends with ctx.
func (e *Engine) Start(ctx context.Context, c Config) (*Environment, error) {
	env := &Environment{engine: e, c: c, log: &journal{json: c.JSONLog, log: c.Log}}
	var err error
	missing := ""
	env.interpreter, missing = e.host.find(ctx, c.Runtime)
	if env.layers, err = e.mergeLayers(c.LayerDirs); err != nil {
		return nil, fmt.Errorf("put layers together: %w", err)
	}
	env.wrapper = c.Env["AWS_LAMBDA_EXEC_WRAPPER"]
	version, arn := env.interpreter.runtimeVersion(c)
	env.log.initStart(c, version, arn)
	if warning := env.interpreter.warning(c.Runtime); warning != "" {
		env.log.emit([]Line{{time.Now(), "dari: " + warning + "\n"}})
	}
	env.ctx, env.cancel = context.WithCancel(ctx)
	if missing != "" {
		env.log.emit([]Line{{time.Now(), "dari: " + missing + "\n"}})
		env.run = failedRun(env, errors.New(missing))
	} else if env.run, err = env.newRun(env.ctx); err != nil {
		env.cancel()
		e.dropLayers(env.layers)
		return nil, err
	}
	if c.Provisioned {
		if err := env.initialized(ctx); err != nil {
			env.Stop()
			return nil, err
		}
	}
	return env, nil
}

// failedRun is a run that cannot even be tried.
func failedRun(env *Environment, why error) *run {
	r := &run{env: env, started: time.Now(), ready: make(chan struct{}), ended: make(chan struct{}), cancel: func() {}, startErr: why}
	close(r.ended)
	return r
}

// leastInit is how long the code of a provisioned environment has at least to be initialized.
const leastInit = 10 * time.Second

// initialized waits until the function waits for its first invocation, or has failed to.
func (env *Environment) initialized(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(env.c.Timeout, leastInit))
	defer cancel()
	env.mu.Lock()
	r := env.run
	env.mu.Unlock()
	select {
	case <-r.ready:
		return nil
	case <-r.ended:
		return errors.New("the function did not start; its log says why")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Alive says whether the environment can take an invocation after the last.
func (env *Environment) Alive() bool {
	env.mu.Lock()
	defer env.mu.Unlock()
	if env.dead || env.stopped {
		return false
	}
	select {
	case <-env.run.ended:
		return !env.used // the first invocation tries once more, or says why not
	default:
		return true
	}
}

// Stop ends the environment and waits until nothing is left of it.
func (env *Environment) Stop() {
	env.cancel()
	env.mu.Lock()
	r, first := env.run, !env.stopped
	env.stopped = true
	env.mu.Unlock()
	<-r.ended
	if first {
		env.engine.dropLayers(env.layers)
	}
}

var (
	errBusy = errors.New("the environment has an invocation already")
	errDead = errors.New("the environment has ended")
)

// take begins an invocation, and says whether it is the first.
func (env *Environment) take() (r *run, first bool, err error) {
	env.mu.Lock()
	defer env.mu.Unlock()
	switch {
	case env.running:
		return nil, false, errBusy
	case env.dead || env.stopped:
		return nil, false, errDead
	}
	first = !env.used
	env.running, env.used = true, true
	return env.run, first, nil
}

// give ends an invocation; what it leaves may have died of it.
func (env *Environment) give(alive bool) {
	env.mu.Lock()
	defer env.mu.Unlock()
	env.running = false
	env.dead = env.dead || !alive
}

// Invoke runs the function once. Only one may run at a time. An error means that
// no answer is known and that it is not the function's fault; when ctx ends, the
// environment is stopped.
func (env *Environment) Invoke(ctx context.Context, in Invocation) (Result, error) {
	r, first, err := env.take()
	if err != nil {
		return Result{}, err
	}
	alive := false
	defer func() { env.give(alive) }()
	timeout := env.c.Timeout
	var failed *failure
	if first {
		if failed, err = r.initialized(ctx, max(initTime-time.Since(r.started), 0)); err != nil {
			return Result{}, err
		}
	}
	env.log.begin()
	env.log.start(in.RequestID, env.c.Version)
	begun := time.Now()
	if failed != nil && !failed.final {
		env.log.initReport(time.Since(r.started), "init", failed.status, failed.kind)
		if r, failed, err = env.again(ctx); err != nil {
			return Result{}, err
		}
		timeout -= time.Since(begun)
	}
	if failed != nil {
		return env.fail(in.RequestID, r, failed, begun, 0), nil
	}
	c := r.deliver(in, timeout)
	result, failed, err := env.await(ctx, r, c)
	if err != nil {
		return Result{}, err
	}
	var init time.Duration
	if first {
		init = r.readyAt.Sub(r.started)
	}
	if failed != nil {
		return env.fail(in.RequestID, r, failed, begun, init), nil
	}
	result.InitDuration = init
	select {
	case <-r.ended:
	default:
		alive = true
	}
	r.settleLogs(alive)
	result.MaxMemoryBytes = r.maxMemory()
	env.log.report(env.c, in.RequestID, result, "success", "")
	result.LogTail = env.log.end()
	return result, nil
}

// again starts the function once more, within an invocation.
func (env *Environment) again(ctx context.Context) (*run, *failure, error) {
	r, err := env.newRun(env.ctx)
	if err != nil {
		return nil, nil, err
	}
	env.mu.Lock()
	env.run = r
	env.mu.Unlock()
	failed, err := r.initialized(ctx, env.c.Timeout)
	if failed != nil {
		env.log.initReport(time.Since(r.started), "invoke", failed.status, failed.kind)
	}
	return r, failed, err
}

// await waits for the end of an invocation, at most until its deadline.
func (env *Environment) await(ctx context.Context, r *run, c *call) (Result, *failure, error) {
	timer := time.NewTimer(time.Until(c.deadline))
	defer timer.Stop()
	defer func() {
		r.mu.Lock()
		c.streamed = true
		r.mu.Unlock()
	}()
	var failed *failure
	select {
	case <-c.over:
	case <-r.ended:
		failed = r.died()
	case <-timer.C:
		r.kill()
		<-r.ended
		failed = &failure{kind: "Sandbox.Timedout", status: "timeout"}
	case <-ctx.Done():
		r.kill()
		<-r.ended
		return Result{}, nil, context.Cause(ctx)
	}
	select {
	case <-c.answered: // what came after that is not the caller's
	default:
		return Result{}, failed, nil
	}
	over := time.Now()
	if failed == nil {
		over = c.overAt
	}
	result := Result{
		Payload: c.answer.payload, ContentType: c.answer.contentType, Streamed: c.answer.streamed,
		Duration: c.answeredAt.Sub(c.begun), Billed: roundUp(over.Sub(c.begun)),
	}
	if c.answer.failed {
		result.FunctionError = unhandled
	}
	return result, nil, nil
}

// unhandled is what AWS calls every error of a function.
const unhandled = "Unhandled"

// fail is the end of an invocation that has no answer of the function's.
func (env *Environment) fail(id string, r *run, f *failure, begun time.Time, init time.Duration) Result {
	r.settleLogs(false)
	took := time.Since(begun)
	errorType := f.kind
	payload := f.answer(id)
	if f.status == "timeout" {
		took, errorType = env.c.Timeout, ""
		message := fmt.Sprintf("Task timed out after %.2f seconds", took.Seconds())
		payload = errorPayload(f.kind, "RequestId: "+id+" Error: "+message, false)
		env.log.say(fmt.Sprintf("%s %s %s\n\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), id, message), "", nil)
	} else if f.payload == nil {
		env.log.say(fmt.Sprintf("RequestId: %s Error: %s\n%s\n", id, f.message, f.kind), "", nil)
	}
	result := Result{Payload: payload, FunctionError: unhandled, Duration: took, Billed: roundUp(took), InitDuration: init, MaxMemoryBytes: r.maxMemory()}
	env.log.report(env.c, id, result, f.status, errorType)
	result.LogTail = env.log.end()
	return result
}

// settleLogs passes on what the function has written until now.
func (r *run) settleLogs(alive bool) {
	if !alive {
		<-r.ended
		return
	}
	r.mu.Lock()
	p := r.process
	r.mu.Unlock()
	if p != nil {
		p.settle()
	}
	r.out.drain()
	r.out.flush()
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// maxProcesses is how many processes and threads a function may have, as on AWS.
const maxProcesses = 1024
