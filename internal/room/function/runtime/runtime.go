package runtime

import (
	"io"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/sandbox/container"
)

// Options configure an Engine.
type Options struct {
	Sandbox *sandbox.Sandbox
	// Containers has functions run in containers, if it is not nil.
	Containers *container.Engine
	// Interpreters are the programs for runtimes, by their names, such as
	// python3.12, for which the one on PATH is not wanted; in containers the images for
	// which AWS's are not.
	Interpreters map[string]string
}

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
	// Credentials are those of the execution role.
	Credentials         Credentials
	Region, Endpoint    string
	LogGroup, LogStream string
	// Provisioned says that the environment is kept ready before there is an invocation.
	Provisioned bool
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
	ClientContext string // JSON
	InvokedARN    string
	TraceID       string
	// Stream is called when a function begins to stream its answer, with the content
	// type that it gives it, and returns who gets what it writes, while it does. A
	// function that does not stream, or a nil Stream, has its answer in the Result.
	Stream func(contentType string) io.Writer
}

// A Result is what came of an invocation.
type Result struct {
	Payload        []byte
	FunctionError  string // "Unhandled", or empty when the function succeeded
	ContentType    string // that the function gave its answer
	Streamed       bool   // the answer went to Stream, whole; of an error after its begin Payload says what
	LogTail        []byte // the last 4 KB of the log of this invocation
	Duration       time.Duration
	Billed         time.Duration
	InitDuration   time.Duration // of a cold start; else 0
	MaxMemoryBytes int64
}
