package runtime

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

// Options configure an Engine.
type Options struct {
	Sandbox *sandbox.Sandbox
	// Interpreters are the programs for runtimes, by their names, such as
	// python3.12, for which the one on PATH is not wanted.
	Interpreters map[string]string
	Log          *slog.Logger
}

// An Engine starts environments.
type Engine struct{}

// Config is a version of a function, as an environment is made for it.
type Config struct {
	Name, Version, ARN string
	Runtime, Handler   string
	CodeDir            string   // what becomes /var/task
	LayerDirs          []string // what becomes /opt, the later on top of the earlier
	Env                map[string]string
	MemoryMB           int
	StorageMB          int // of /tmp
	Timeout            time.Duration
	// Credentials are those of the execution role; asked once, when the environment starts.
	Credentials         func(context.Context) (Credentials, error)
	Region, Endpoint    string
	LogGroup, LogStream string
	// Log takes the lines of the log, in order, never two calls at once. It must
	// not wait for long: what the function writes waits meanwhile.
	Log func([]Line)
	// JSONLog is the log format JSON; LogLevel is the least level of the function's own lines then.
	JSONLog  bool
	LogLevel string
}

// Credentials are a key that the function signs with.
type Credentials struct{ AccessKey, SecretKey, Token string }

// A Line is one event of the log.
type Line struct {
	Time time.Time
	Text string
}

// An Invocation is one call of the function.
type Invocation struct {
	RequestID     string
	Payload       []byte
	Deadline      time.Time // zero: the function's timeout from now
	ClientContext string    // JSON
	InvokedARN    string
	TraceID       string
	// Stream gets what a function writes that streams its answer, while it does. A
	// function that does not stream, or a nil Stream, has its answer in the Result.
	Stream io.Writer
}

// A Result is what came of an invocation.
type Result struct {
	Payload        []byte
	FunctionError  string // "Unhandled", or empty when the function succeeded
	ErrorType      string // such as Sandbox.Timedout, for metrics
	ContentType    string // that the function gave its answer
	Streamed       bool   // the answer went to Stream; of an error after its begin Payload says what
	LogTail        []byte // the last 4 KB of the log of this invocation
	Duration       time.Duration
	Billed         time.Duration
	InitDuration   time.Duration // of a cold start; else 0
	MaxMemoryBytes int64
}

// An Environment runs a function, one invocation at a time.
type Environment struct{}

// Open finds the interpreters of this machine.
func Open(ctx context.Context, opt Options) (*Engine, error) { return nil, errors.ErrUnsupported }

// Close removes what the engine has made.
func (e *Engine) Close() error { return errors.ErrUnsupported }

// Missing says what must be installed for a runtime to work, or "".
func (e *Engine) Missing(runtime string) string { return "" }

// Start begins a cold start and returns at once. What goes wrong in it is the
// answer to the first invocation, as on AWS. The environment ends with ctx.
func (e *Engine) Start(ctx context.Context, c Config) (*Environment, error) {
	return nil, errors.ErrUnsupported
}

// Ready waits until the function waits for its first invocation, or has failed to.
func (env *Environment) Ready(ctx context.Context) error { return errors.ErrUnsupported }

// Invoke runs the function once. Only one may run at a time. An error means that
// no answer is known and that it is not the function's fault; when ctx ends, the
// environment is stopped.
func (env *Environment) Invoke(ctx context.Context, in Invocation) (Result, error) {
	return Result{}, errors.ErrUnsupported
}

// Alive says whether the environment can take an invocation after the last.
func (env *Environment) Alive() bool { return false }

// Stop ends the environment and waits until nothing is left of it.
func (env *Environment) Stop() {}
