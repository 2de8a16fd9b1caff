package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Process is a program that runs.
type Process struct {
	sandbox *Sandbox
	cmd     *exec.Cmd // the first process of the sandbox
	// undo takes back what was made for this program alone.
	undo []func()
	done chan struct{}
	exit Exit
	err  error

	memory      memory
	outOfMemory atomic.Bool

	mu      sync.Mutex
	control *os.File // to the first process; when it is closed, everything ends
	killed  bool
}

// An order is what the first process is told, first of all its place.
type order struct {
	Place  *place         `json:",omitempty"`
	Signal syscall.Signal `json:",omitempty"`
}

// A report is what it says: that the program runs, or why not, then how it ended.
type report struct {
	Started bool           `json:",omitempty"`
	Errno   syscall.Errno  `json:",omitempty"` // of the program, which could not be started
	Error   string         `json:",omitempty"` // of the place, which could not be made
	Exited  bool           `json:",omitempty"`
	Peak    int64          `json:",omitempty"` // the memory that it had at most
	Code    int            `json:",omitempty"`
	Signal  syscall.Signal `json:",omitempty"`
}

var errClosed = errors.New("the sandbox is closed")

// Start starts a command. When ctx ends, all of it is killed.
// initEnv is the environment of first processes.
var initEnv = []string{"GOMAXPROCS=1"}

func (s *Sandbox) Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{sandbox: s, done: make(chan struct{})}
	reports, err := p.start(c)
	if err != nil {
		p.clean()
		return nil, err
	}
	s.mu.Lock()
	open := s.running != nil
	if open {
		s.running[p] = struct{}{}
	}
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, p.Kill)
	first := make(chan report, 1)
	go p.wait(reports, first, stop)
	go p.watch(c.MemoryBytes)
	if !open {
		p.Kill()
		<-p.done
		return nil, errClosed
	}
	switch r := <-first; {
	case r.Started:
		return p, nil
	case ctx.Err() != nil:
		<-p.done
		return nil, context.Cause(ctx)
	case r.Errno != 0:
		<-p.done
		return nil, &StartError{c.Path, r.Errno}
	case r.Error != "":
		<-p.done
		return nil, errors.New(r.Error)
	}
	<-p.done
	return nil, fmt.Errorf("the first process of a sandbox ended before it started the program: %w", errors.Join(p.err, errors.New(p.cmd.ProcessState.String())))
}

// start starts the first process and gives it its orders.
func (p *Process) start(c Command) (*os.File, error) {
	place, err := p.place(c)
	if err != nil {
		return nil, err
	}
	orders, control, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer orders.Close()
	p.control = control
	reports, answers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer answers.Close()
	p.cmd = &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{"dari", InitCommand},
		Env: initEnv, Dir: "/",
		Stdout: c.Stdout, Stderr: c.Stderr, ExtraFiles: append([]*os.File{orders, answers}, c.ExtraFiles...),
		SysProcAttr: attributes(p.sandbox.level, p.sandbox.users != nil),
		WaitDelay:   2 * time.Second, // for what escaped and holds on to the output
	}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the first process of a sandbox: %w", err), reports.Close())
	}
	// What fails here shows in what it reports.
	_ = json.NewEncoder(control).Encode(order{Place: place})
	return reports, nil
}

// attributes are those of the first process. It has a session of its own: what
// the terminal sends the server is not for it.
func attributes(l Level, root bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if l != LevelNamespaces {
		return a
	}
	a.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	if !root {
		uid, gid := os.Getuid(), os.Getgid()
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP}
	}
	return a
}

// place is what the first process makes for a command.
func (p *Process) place(c Command) (*place, error) {
	s := p.sandbox
	pl := &place{
		Level: s.level, Root: s.root(), Hide: s.hide, Show: s.show,
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Binds: c.Binds, TmpBytes: c.TmpBytes,
		Memory: c.MemoryBytes, Processes: c.MaxProcesses, Extra: len(c.ExtraFiles),
	}
	user := c.User
	if user == nil {
		var err error
		if user, err = s.NewUser(); err != nil {
			return nil, err
		}
		p.undo = append(p.undo, user.Release)
	}
	if c.Tmp == "" && s.level != LevelNamespaces {
		tmp, err := os.MkdirTemp(s.scratch, "tmp-")
		if err != nil {
			return nil, err
		}
		p.undo = append(p.undo, func() { _ = remove(tmp) }) // what is left goes with the scratch folder
		c.Tmp = tmp
	}
	if c.Tmp != "" {
		pl.Binds = append(pl.Binds[:len(pl.Binds):len(pl.Binds)], Bind{From: c.Tmp, To: "/tmp", Writable: true})
	}
	if s.level != LevelNamespaces {
		pl.Env = append(pl.Env[:len(pl.Env):len(pl.Env)], "TMPDIR="+c.Tmp)
	}
	if user == nil {
		return pl, p.hideOthers(pl)
	}
	pl.User = user.id
	for _, b := range pl.Binds {
		if !b.Writable {
			continue
		}
		if info, err := os.Stat(b.From); err != nil {
			return nil, err
		} else if info.Sys().(*syscall.Stat_t).Uid != user.id {
			if err := user.own(b.From); err != nil {
				return nil, fmt.Errorf("give %s to the program: %w", filepath.Base(b.From), err)
			}
		}
	}
	return pl, nil
}

// hideOthers hides from a program what others work with that have the same user, and what
// we ourselves made for all, where the kernel can: it may be in a /tmp that all may use.
func (p *Process) hideOthers(pl *place) error {
	if p.sandbox.level != LevelLandlock {
		return nil
	}
	scratch, err := filepath.EvalSymlinks(p.sandbox.scratch)
	if err == nil && !within(scratch, pl.Hide) {
		pl.Hide = append(pl.Hide[:len(pl.Hide):len(pl.Hide)], scratch)
	}
	return err
}

// wait waits for the end of the first process, with which everything ends.
func (p *Process) wait(reports *os.File, first chan<- report, stop func() bool) {
	var r report
	all := json.NewDecoder(reports)
	err := all.Decode(&r)
	first <- r
	for err == nil && !r.Exited {
		r = report{}
		err = all.Decode(&r)
	}
	waited := p.cmd.Wait()
	stop()
	_ = reports.Close()
	p.memory.add(r.Peak)
	p.exit = Exit{Code: r.Code, MaxMemoryBytes: p.memory.max(), OutOfMemory: p.outOfMemory.Load()}
	switch {
	case !r.Exited: // it was killed with all the others, by us or by the machine
		p.exit.Code, p.exit.Signal = -1, syscall.SIGKILL.String()
	case r.Signal != 0:
		p.exit.Code, p.exit.Signal = -1, r.Signal.String()
	}
	if _, ended := errors.AsType[*exec.ExitError](waited); !ended && !errors.Is(waited, exec.ErrWaitDelay) {
		p.err = waited // what it wrote could not be passed on
	}
	p.clean()
	p.sandbox.mu.Lock()
	delete(p.sandbox.running, p)
	p.sandbox.mu.Unlock()
	close(p.done)
}

func (p *Process) clean() {
	p.mu.Lock()
	if p.control != nil {
		_ = p.control.Close()
	}
	p.killed = true
	p.mu.Unlock()
	for _, f := range p.undo {
		f()
	}
}

// Wait waits until nothing of the program is left, and everything it wrote has
// been passed on.
func (p *Process) Wait() (Exit, error) {
	<-p.done
	return p.exit, p.err
}

// Done is closed when Wait would return at once.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends a signal to the program, to its first process.
func (p *Process) Signal(sig os.Signal) error {
	number, ok := sig.(syscall.Signal)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed || !ok {
		return os.ErrProcessDone
	}
	return json.NewEncoder(p.control).Encode(order{Signal: number})
}

// killTime is how long the first process may take to end the others.
const killTime = 3 * time.Second

// Kill ends all processes of the program.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return
	}
	p.killed = true
	_ = p.control.Close() // which is the order to end; closing a pipe does not fail
	if p.sandbox.level == LevelNamespaces {
		_ = p.cmd.Process.Kill() // and the kernel does the rest; if it has ended it is as well
		return
	}
	time.AfterFunc(killTime, func() {
		select {
		case <-p.done:
		default:
			_ = p.cmd.Process.Kill()
		}
	})
}

// MaxMemory is how much memory the program's processes have had at most, so far.
func (p *Process) MaxMemory() int64 {
	select {
	case <-p.done: // its numbers may be those of others by now
	default:
		if !p.memory.known() {
			p.memory.walk(p.cmd.Process.Pid)
		}
		p.memory.look()
	}
	return p.memory.max()
}
