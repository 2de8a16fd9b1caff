package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/sandbox/container"
)

// containers are the host that an engine of containers is, with AWS's own images
// (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html): they have the
// interpreters, the SDKs and bootstraps of AWS.
type containers struct {
	*Engine
	engine *container.Engine
}

// images is where AWS has its images.
const images = "public.ecr.aws/lambda/"

// family is the kind of a runtime, and its version.
func family(runtime string) (name, version string) {
	for _, name := range []string{"python", "nodejs"} {
		if version, ok := strings.CutPrefix(runtime, name); ok {
			return name, strings.TrimSuffix(version, ".x")
		}
	}
	return "", strings.TrimPrefix(runtime, "provided.")
}

// imageOf is the image of a runtime.
func (e *Engine) imageOf(runtime string) string {
	if image := e.opt.Interpreters[runtime]; image != "" {
		return image
	}
	name, version := family(runtime)
	if name == "" {
		name = "provided"
	}
	return images + name + ":" + version
}

func (h containers) find(ctx context.Context, runtime string) (interpreter, string) {
	name, version := family(runtime)
	if name == "" && !strings.HasPrefix(runtime, "provided.") {
		return interpreter{}, notOffered(runtime)
	}
	if err := h.engine.Find(ctx, h.imageOf(runtime)); err != nil {
		return interpreter{}, fmt.Sprintf("%s cannot run: %v", runtime, err)
	}
	return interpreter{family: name, version: version}, ""
}

func (h containers) layout(env *Environment) layout {
	l := newLayout(env, func(b sandbox.Bind) string { return b.To })
	l.runtime = "/var/runtime" // of the image
	return l
}

// nobody is who runs functions where the server has no users to give: as on AWS, somebody
// without a name.
const nobody = "993:990"

func (h containers) start(ctx context.Context, env *Environment, api string, out *os.File, user *sandbox.User) (process, error) {
	l := h.layout(env)
	c := container.Command{
		Image: h.imageOf(env.c.Runtime), Args: []string{env.c.Handler}, Env: env.variables(l, api), Dir: l.task, Binds: l.binds, User: nobody,
		TmpBytes: int64(env.c.StorageMB) << 20, MemoryBytes: int64(env.c.MemoryMB) << 20, MaxProcesses: maxProcesses,
	}
	if id, ok := user.ID(); ok {
		c.User = fmt.Sprintf("%d:%d", id, id)
	}
	if env.interpreter.family == "" { // the others' own program starts the bootstrap, or the wrapper
		path, args := env.program(l)
		if !env.has("bootstrap") {
			_ = out.Close() // nothing was written
			return nil, &sandbox.StartError{Path: path, Err: syscall.ENOENT}
		}
		c.Entrypoint, c.Args = []string{path}, args
	}
	prints := &prints{to: out}
	p, err := h.engine.Start(ctx, c, prints)
	if err != nil {
		_ = out.Close() // as above
		return nil, err
	}
	return contained{p, prints}, nil
}

// has reports whether a file is in the code or in a layer.
func (env *Environment) has(name string) bool {
	for _, dir := range []string{env.c.CodeDir, env.layers} {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// contained is a process in a container, which prints by way of its engine.
type contained struct {
	*container.Process
	prints *prints
}

func (c contained) Wait() (sandbox.Exit, error) {
	exit, err := c.Process.Wait()
	_ = c.prints.to.Close() // everything is in the pipe
	return exit, err
}

func (c contained) settle() { c.prints.settle() }

// prints is what a container prints. What is on its way to us, through the engine, nobody
// can tell but by waiting.
type prints struct {
	to *os.File

	mu   sync.Mutex
	last time.Time
}

// What was printed is taken to be here when nothing came for quietTime. One that goes on
// printing is waited for no longer than settleTime.
const (
	quietTime  = 5 * time.Millisecond
	settleTime = 100 * time.Millisecond
)

func (p *prints) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
	return p.to.Write(b)
}

func (p *prints) settle() {
	begun := time.Now()
	for wait := quietTime; wait > 0 && time.Since(begun) < settleTime; {
		time.Sleep(wait)
		p.mu.Lock()
		last := p.last
		p.mu.Unlock()
		if last.Before(begun) {
			last = begun
		}
		wait = quietTime - time.Since(last)
	}
}
