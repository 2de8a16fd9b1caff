package container

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A Process is a container that runs.
type Process struct {
	engine *Engine
	name   string // of the container
	done   chan struct{}
	exit   sandbox.Exit
	err    error

	mu     sync.Mutex
	looked time.Time // when its memory was last asked for
	most   int64
}

// Start makes a container and starts it. When ctx ends, it is killed. What it prints
// goes to out, until Wait returns.
func (e *Engine) Start(ctx context.Context, c Command, out io.Writer) (*Process, error) {
	e.tidy(ctx)
	p := &Process{engine: e, name: namePrefix + strings.ToLower(rand.Text()), done: make(chan struct{})}
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	printed, err := p.start(ctx, life, end, c)
	if err != nil {
		end(nil)
		err = errors.Join(err, e.discard(context.WithoutCancel(ctx), p.name)) // it may be there all the same
		return nil, err
	}
	passed := make(chan error, 1)
	go func() { passed <- pass(out, printed) }()
	go func() {
		defer close(p.done)
		defer end(nil)
		p.exit, p.err = p.wait(ctx, life)
		killed := ctx.Err() != nil
		if killed {
			p.err = e.discard(life, p.name)
		}
		broken := drain(passed, printed)
		if !killed {
			p.err = errors.Join(p.err, broken, e.discard(life, p.name))
		}
	}()
	return p, nil
}

// start starts the container, and returns what it prints.
func (p *Process) start(ctx, life context.Context, end context.CancelCauseFunc, c Command) (io.ReadCloser, error) {
	if err := p.engine.call(ctx, http.MethodPost, "/containers/create", url.Values{"name": {p.name}}, p.engine.spell(c), nil); err != nil {
		return nil, err
	}
	slow := time.AfterFunc(p.engine.within, func() { end(p.engine.slow()) })
	printed, err := p.engine.open(life, http.MethodPost, p.path("attach"), url.Values{"stream": {"1"}, "stdout": {"1"}, "stderr": {"1"}}, nil)
	slow.Stop()
	if err != nil {
		return nil, err
	}
	if err := p.engine.call(ctx, http.MethodPost, p.path("start"), nil, nil, nil); err != nil {
		return nil, errors.Join(err, printed.Close())
	}
	return printed, nil
}

// drain waits until everything is passed on that was printed.
func drain(passed <-chan error, printed io.Closer) error {
	defer printed.Close()
	select {
	case err := <-passed:
		return err
	case <-time.After(drainTime): // something holds on to it
		_ = printed.Close()
		<-passed
		return nil
	}
}

// drainTime is how long it may take until everything is read that a container printed
// that has ended.
const drainTime = 2 * time.Second

func (p *Process) path(what string) string { return "/containers/" + p.name + "/" + what }

// wait waits for the end of the container, which comes at the latest with that of
// ctx.
func (p *Process) wait(ctx, life context.Context) (sandbox.Exit, error) {
	killed := sandbox.Exit{Code: -1, Signal: syscall.SIGKILL.String()}
	body, err := p.engine.open(ctx, http.MethodPost, p.path("wait"), nil, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(body, maxAnswer))
		_ = body.Close() // it was read
	}
	switch {
	case ctx.Err() != nil:
		killed.MaxMemoryBytes = p.known()
		return killed, nil
	case err != nil:
		return killed, err
	}
	var ended struct {
		State struct {
			ExitCode  int
			OOMKilled bool
		}
	}
	if err := p.engine.call(life, http.MethodGet, p.path("json"), nil, nil, &ended); err != nil {
		return killed, err
	}
	exit := sandbox.Exit{Code: ended.State.ExitCode, OutOfMemory: ended.State.OOMKilled, MaxMemoryBytes: p.known()}
	if sig := syscall.Signal(exit.Code - 128); sig > 0 && sig < 32 { // as shells count
		exit.Code, exit.Signal = -1, sig.String()
	}
	return exit, nil
}

// Wait waits until the container has ended and is removed, and everything it printed
// has been passed on.
func (p *Process) Wait() (sandbox.Exit, error) {
	<-p.done
	return p.exit, p.err
}

func (p *Process) known() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// lookEvery is how often the memory of a container is asked for at most, which
// takes an engine some milliseconds, and lookTime how long it may take.
const (
	lookEvery = time.Second
	lookTime  = 2 * time.Second
)

// MaxMemory is how much memory the container has had at most when it was asked for,
// by the engine's word.
func (p *Process) MaxMemory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return p.most
	default:
	}
	if time.Since(p.looked) < lookEvery {
		return p.most
	}
	p.looked = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	var s struct {
		Memory struct {
			Usage int64            `json:"usage"`
			Stats map[string]int64 `json:"stats"`
		} `json:"memory_stats"`
	}
	if p.engine.call(ctx, http.MethodGet, p.path("stats"), url.Values{"stream": {"0"}, "one-shot": {"1"}}, nil, &s) == nil { // else it is as it was
		p.most = max(p.most, s.Memory.Usage-max(s.Memory.Stats["inactive_file"], s.Memory.Stats["total_inactive_file"]))
	}
	return p.most
}

// pass passes on what a container prints: frames of a stream, three bytes of nothing,
// the length, and the text
// (https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach).
func pass(out io.Writer, printed io.Reader) error {
	var head [8]byte
	for {
		switch _, err := io.ReadFull(printed, head[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read what a container prints: %w", err)
		}
		if _, err := io.CopyN(out, printed, int64(binary.BigEndian.Uint32(head[4:]))); err != nil {
			return fmt.Errorf("read what a container prints: %w", err)
		}
	}
}
