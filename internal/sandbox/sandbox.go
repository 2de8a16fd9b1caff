package sandbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// A Level is how much of a sandbox there is.
type Level int

const (
	// LevelProcess: a clean environment, limits, and an end; nothing is hidden.
	LevelProcess Level = iota
	// LevelLandlock: a process that reaches no files but those it is given.
	LevelLandlock
	// LevelNamespaces: a process tree and a file system of its own.
	LevelNamespaces
)

func (l Level) String() string {
	return [...]string{"process", "landlock", "namespaces"}[l]
}

// Options configure a Sandbox.
type Options struct {
	// Scratch is the folder below which the folders are made that programs work
	// with (see [Sandbox.Scratch]). It is emptied, now and by Close.
	Scratch string
	// Hide are files and folders that no program sees: data and keys.
	Hide []string
	// Show are folders outside of the system's own that programs may read, beside
	// those that hold the commands on PATH.
	Show []string
	// Require makes Open fail where there is less than Most.
	Require bool
	// Most is the best level to try.
	Most Level
	// Log is told why there is less than that.
	Log *slog.Logger
}

// A Command is what to run, and what it gets.
type Command struct {
	// Path is the program, as the program itself would see it; it is not looked
	// for. Args are its arguments, without its name.
	Path string
	Args []string
	// Env is the whole environment.
	Env []string
	// Dir is where it starts; empty is "/".
	Dir   string
	Binds []Bind
	// Tmp is the folder that becomes /tmp. Where it is empty a new one is made, of
	// TmpBytes at most where there are namespaces, and removed at the end. What has
	// no /tmp of its own is told by TMPDIR.
	Tmp      string
	TmpBytes int64
	// User is who runs it, where the server is root; nil is a new one.
	User *User
	// MemoryBytes is what all its processes may use together; with more they are
	// killed. 0 is no limit.
	MemoryBytes int64
	// MaxProcesses is how many processes and threads there may be; 0 is no limit.
	MaxProcesses int
	// Stdout and Stderr may be nil: then it is thrown away. Standard input is empty.
	Stdout, Stderr io.Writer
	// ExtraFiles are its descriptors from 3 on.
	ExtraFiles []*os.File
}

// A Bind shows a folder or file of the machine to a program.
type Bind struct {
	From string // where it is
	To   string // where the program finds it, if it can be put there
	// Writable lets the program write there; where the server is root, everything
	// in it is given to the program's user.
	Writable bool
}

// An Exit is how a process ended.
type Exit struct {
	Code   int    // its exit status, -1 if a signal ended it
	Signal string // such as "killed"; empty if it ended by itself
	// OutOfMemory says that it was killed since it had more than MemoryBytes.
	OutOfMemory    bool
	MaxMemoryBytes int64
}

// A StartError says that the program itself could not be started, such as one that
// is not there.
type StartError struct {
	Path string
	Err  error // a syscall.Errno
}

func (e *StartError) Error() string { return fmt.Sprintf("fork/exec %s: %v", e.Path, e.Err) }
func (e *StartError) Unwrap() error { return e.Err }

// InitCommand is the first argument of the first process of a sandbox.
const InitCommand = "sandbox-init"

// Level is what this sandbox keeps apart.
func (s *Sandbox) Level() Level { return s.level }

// Scratch is an absolute folder in which those who run programs make the folders
// that these read and write. Every program can get there.
func (s *Sandbox) Scratch() string { return s.scratch }

// At says where a program finds a bind: where it is bound to, or where it is
// anyway, if nothing can be bound.
func (s *Sandbox) At(b Bind) string {
	if s.level == LevelNamespaces {
		return b.To
	}
	return b.From
}

// Run starts a command and waits for its end.
func (s *Sandbox) Run(ctx context.Context, c Command) (Exit, error) {
	p, err := s.Start(ctx, c)
	if err != nil {
		return Exit{}, err
	}
	return p.Wait()
}
