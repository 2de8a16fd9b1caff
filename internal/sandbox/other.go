//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
)

// A Sandbox starts programs; on this system it cannot be opened.
type Sandbox struct {
	level   Level
	scratch string
}

// A User is an account of the machine; on this system there are none.
type User struct{}

// A Process is a program that runs.
type Process struct{}

var errSystem = errors.New("functions and builds run on Linux only: start dari in a container or a virtual machine for them")

// Open fails: nothing here knows how to keep programs apart on this system.
func Open(context.Context, Options) (*Sandbox, error) { return nil, errSystem }

// Init is never called on this system.
func Init() { os.Exit(1) }

// Close closes nothing.
func (s *Sandbox) Close() error { return nil }

// Remove removes nothing.
func (s *Sandbox) Remove(string) error { return nil }

// NewUser gives none.
func (s *Sandbox) NewUser() (*User, error) { return nil, errSystem }

// Opened says no.
func (u *User) Opened(net.Conn) bool { return false }

// ID says that there is none.
func (u *User) ID() (uint32, bool) { return 0, false }

// Release gives nothing back.
func (u *User) Release() {}

// Start fails.
func (s *Sandbox) Start(context.Context, Command) (*Process, error) { return nil, errSystem }

// Wait returns at once.
func (p *Process) Wait() (Exit, error) { return Exit{}, errSystem }

// Done is nil.
func (p *Process) Done() <-chan struct{} { return nil }

// Signal fails.
func (p *Process) Signal(os.Signal) error { return errSystem }

// Kill does nothing.
func (p *Process) Kill() {}

// MaxMemory is not known.
func (p *Process) MaxMemory() int64 { return 0 }
