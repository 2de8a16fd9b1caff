package runtime

import (
	"context"
	"os"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A host is where the processes of environments run.
type host interface {
	// find finds what runs the code of a runtime, or says what is missing.
	find(ctx context.Context, runtime string) (interpreter, string)
	// layout says where an environment finds its folders.
	layout(env *Environment) layout
	// start starts the process of an environment. It ends with ctx, and calls the
	// Runtime API at an address as a user. What it prints goes to out, which is
	// closed when nothing more comes.
	start(ctx context.Context, env *Environment, api string, out *os.File, user *sandbox.User) (process, error)
}

// A process is one that a host has started.
type process interface {
	// Wait waits for its end.
	Wait() (sandbox.Exit, error)
	// MaxMemory is how much memory it has had at most, so far.
	MaxMemory() int64
	// settle waits until what it has printed by now has come.
	settle()
}

// A machine is the host that this machine is, by its sandbox.
type machine struct{ *Engine }

func (m machine) layout(env *Environment) layout {
	l := newLayout(env, m.opt.Sandbox.At)
	l.runtime = l.bind(m.dir, "/var/runtime")
	l.framed = true
	return l
}

func (m machine) start(ctx context.Context, env *Environment, api string, out *os.File, user *sandbox.User) (process, error) {
	defer out.Close() // the process has its own
	l := m.layout(env)
	path, args := env.program(l)
	p, err := m.opt.Sandbox.Start(ctx, sandbox.Command{
		Path: path, Args: args, Env: env.variables(l, api), Dir: l.task, Binds: l.binds,
		TmpBytes: int64(env.c.StorageMB) << 20, MemoryBytes: int64(env.c.MemoryMB) << 20, MaxProcesses: maxProcesses,
		Stdout: out, Stderr: out, ExtraFiles: []*os.File{out}, User: user,
	})
	if err != nil {
		return nil, err // not p, which is a nil that is no nil to others
	}
	return direct{p}, nil
}

// direct is a process that prints into the pipe itself.
type direct struct{ *sandbox.Process }

func (direct) settle() {}
