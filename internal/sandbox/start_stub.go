package sandbox

import (
	"context"
	"errors"
	"os"
)

// InitCommand is the first argument of the first process of a sandbox.
const InitCommand = "sandbox-init"

// Init is the first process of a sandbox; main calls it when its first argument
// is [InitCommand], before anything else. It does not return.
func Init() { os.Exit(1) }

// A Sandbox starts programs.
type Sandbox struct {
	level   Level
	scratch string
}

// A User is an account of the machine that nobody else has, for as long as it is not released.
type User struct{}

// A Process is a program that runs.
type Process struct{}

// Open finds out what this machine can do, by doing it.
func Open(ctx context.Context, opt Options) (*Sandbox, error) { return nil, errors.ErrUnsupported }

// Close kills what still runs and removes the scratch folder.
func (s *Sandbox) Close() error { return nil }

// NewUser takes a user for the commands that belong together, which the caller
// gives back by Release once none of them runs. Where the server is not root, all
// programs have the server's user, and it is nil.
func (s *Sandbox) NewUser() (*User, error) { return nil, errors.ErrUnsupported }

// Release gives the user back.
func (u *User) Release() {}

// Start starts a command. When ctx ends, all of it is killed.
func (s *Sandbox) Start(ctx context.Context, c Command) (*Process, error) {
	return nil, errors.ErrUnsupported
}

// Wait waits until nothing of the program is left, and everything it wrote has
// been passed on.
func (p *Process) Wait() (Exit, error) { return Exit{}, errors.ErrUnsupported }

// Done is closed when Wait would return at once.
func (p *Process) Done() <-chan struct{} { return nil }

// Signal sends a signal to the program, to its first process.
func (p *Process) Signal(sig os.Signal) error { return errors.ErrUnsupported }

// Kill ends all processes of the program.
func (p *Process) Kill() {}

// MaxMemory is how much memory the program's processes have had at most, so far.
func (p *Process) MaxMemory() int64 { return 0 }
