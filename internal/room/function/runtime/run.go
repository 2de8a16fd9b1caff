package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A run is one process of an environment, and the API that it talks to.
type run struct {
	env     *Environment
	started time.Time
	calls   chan *call
	ready   chan struct{} // closed when the function waits for its first invocation
	ended   chan struct{} // closed when nothing of the process is left, and its log is written
	cancel  context.CancelFunc

	out *pipe // what it prints, and the frames of its log
	// user is who runs it, and who may call the API; nil where all have the server's user.
	user *sandbox.User

	// Once ended is closed these are constant.
	exit     sandbox.Exit
	startErr error

	mu            sync.Mutex
	process       process
	state         state
	readyAt       time.Time
	call          *call
	initError     []byte // what the function said of why it cannot start
	initErrorType string
}

// newRun starts a process for an environment, which ends with ctx.
func (env *Environment) newRun(ctx context.Context) (*run, error) {
	r := &run{env: env, started: time.Now(), calls: make(chan *call, 1), ready: make(chan struct{}), ended: make(chan struct{})}
	var err error
	if r.user, err = env.engine.opt.Sandbox.NewUser(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.user.Release()
		return nil, fmt.Errorf("listen for the function: %w", err)
	}
	if r.out, err = newPipe(&splitter{emit: env.log.emit}); err != nil {
		r.user.Release()
		return nil, errors.Join(err, listener.Close())
	}
	ctx, r.cancel = context.WithCancel(ctx)
	server := &http.Server{Handler: r.api(), ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(newGate(listener, r.user)) // until it is closed
	}()
	go r.out.run()
	go func() {
		r.execute(ctx, listener.Addr().String())
		_ = server.Close() // nobody is left who calls
		<-served
		r.user.Release()
		close(r.ended)
	}()
	return r, nil
}

// execute runs the process until its end.
func (r *run) execute(ctx context.Context, api string) {
	defer r.cancel()
	process, err := r.env.engine.host.start(ctx, r.env, api, r.out.write, r.user)
	if err == nil {
		r.mu.Lock()
		r.process = process
		r.mu.Unlock()
		r.exit, err = process.Wait()
	}
	r.startErr = err
	r.out.end()
}

func (r *run) kill() { r.cancel() }

// maxMemory is what the process has had at most.
func (r *run) maxMemory() int64 {
	r.mu.Lock()
	p := r.process
	r.mu.Unlock()
	if p == nil {
		return 0
	}
	return p.MaxMemory()
}

// A failure is why a process cannot go on.
type failure struct {
	kind    string
	payload []byte // the answer, of a function that has one
	message string // without one: what the platform says, behind the request's ID
	status  string
	final   bool // trying again does not help
}

// answer is what the caller gets.
func (f *failure) answer(id string) []byte {
	if f.payload != nil {
		return f.payload
	}
	return errorPayload(f.kind, "RequestId: "+id+" Error: "+f.message, false)
}

// died says why the process has ended without an answer.
func (r *run) died() *failure {
	<-r.ended
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &failure{kind: "Runtime.ExitError", status: "error"}
	start, startErr := errors.AsType[*sandbox.StartError](r.startErr)
	switch {
	case r.initError != nil:
		f.payload, f.kind = r.initError, r.initErrorType
		return f
	case startErr && r.env.wrapper != "" && errors.Is(start, os.ErrNotExist):
		f.message = "Runtime exited with error: exit status 127" // as the shell has it that starts wrappers at AWS
	case startErr && errors.Is(start, os.ErrNotExist) && r.env.interpreter.exe == "":
		f.kind, f.message, f.final = "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", true
	case startErr && errors.Is(start, syscall.ENOEXEC):
		f.kind, f.message, f.final = "Runtime.InvalidEntrypoint", fmt.Sprintf("fork/exec %s: exec format error", start.Path), true
	case startErr:
		f.kind, f.message, f.final = "Runtime.InvalidEntrypoint", start.Error(), true
	case r.startErr != nil:
		f.kind, f.message, f.final = "Runtime.InvalidEntrypoint", r.startErr.Error(), true
	case r.exit.Signal != "":
		f.message = "Runtime exited with error: signal: " + r.exit.Signal
	case r.exit.Code != 0:
		f.message = fmt.Sprintf("Runtime exited with error: exit status %d", r.exit.Code)
	default:
		f.message = "Runtime exited without providing a reason"
	}
	return f
}

// initialized waits until the function waits for invocations. Otherwise the
// failure says why it does not, or the error that it was not waited for.
func (r *run) initialized(ctx context.Context, within time.Duration) (*failure, error) {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-r.ready:
		return nil, nil
	case <-r.ended:
		return r.died(), nil
	case <-timeout.C:
		r.kill()
		<-r.ended
		return &failure{kind: "Sandbox.Timedout", status: "timeout"}, nil
	case <-ctx.Done():
		r.kill()
		<-r.ended
		return nil, context.Cause(ctx)
	}
}

// deliver gives the function an invocation.
func (r *run) deliver(in Invocation, timeout time.Duration) *call {
	c := &call{Invocation: in, begun: time.Now(), answered: make(chan struct{}), over: make(chan struct{})}
	c.deadline = c.begun.Add(timeout)
	r.mu.Lock()
	r.call, r.state = c, working
	r.mu.Unlock()
	r.calls <- c
	return c
}
