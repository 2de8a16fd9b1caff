package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/sandbox/container"
)

// A box is the sandbox for the code of strangers. It is opened while the server
// starts, since that starts our own program anew, which takes a moment.
type box struct {
	opt     *Options
	mu      sync.Mutex
	sandbox *sandbox.Sandbox
	users   int
	closed  bool
}

// errEmbedded is for a server that is a part of another program.
var errEmbedded = errors.New("the server is a part of another program, and starts no programs of strangers: run it as dari to have functions")

// open returns the sandbox.
func (b *box) open(ctx context.Context) (*sandbox.Sandbox, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.sandbox != nil:
		return b.sandbox, nil
	case b.closed:
		return nil, errors.New("the server is stopping and starts nothing more")
	case !b.opt.Starts:
		return nil, errEmbedded
	}
	scratch := filepath.Join(b.opt.Data, "scratch")
	if b.opt.Ephemeral {
		var err error
		if scratch, err = os.MkdirTemp("", "dari-scratch-"); err != nil {
			return nil, err
		}
	}
	s, err := sandbox.Open(ctx, b.opt.sandboxOptions(scratch))
	if err == nil {
		b.sandbox = s
		b.opt.Log.Info("functions and builds run in a sandbox", "level", s.Level().String())
	}
	return s, err
}

// sandboxOptions are the settings of a sandbox with this scratch folder.
func (o *Options) sandboxOptions(scratch string) sandbox.Options {
	s := sandbox.Options{Scratch: scratch, Show: words(o.SandboxShow), Require: o.Sandbox == "require", Most: sandbox.LevelNamespaces, Log: o.Log}
	if o.Sandbox == "off" {
		s.Most = sandbox.LevelProcess
	}
	if !o.Ephemeral {
		s.Hide = append(s.Hide, o.Data)
	}
	if o.KeyFile != "" {
		s.Hide = append(s.Hide, o.KeyFile)
	}
	return s
}

// prepare opens the sandbox before anybody needs it, so that it is known what there
// is. Where it must be a good one, it comes before all else.
func (b *box) prepare(ctx context.Context) error {
	if !b.opt.Starts {
		return nil
	}
	_, err := b.open(ctx)
	if ctx.Err() != nil {
		return nil // the server stops before it has begun
	}
	if err == nil || b.opt.Sandbox == "require" {
		return err
	}
	b.opt.Log.Warn("functions and builds cannot run", "err", err)
	return nil
}

// level is what there is, once it is known.
func (b *box) level() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sandbox == nil {
		return ""
	}
	return b.sandbox.Level().String()
}

// findLevel finds the level of a server that does not run. It leaves nothing behind.
func (o *Options) findLevel(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "dari-doctor-")
	if err != nil {
		return "", err
	}
	s, err := sandbox.Open(ctx, o.sandboxOptions(filepath.Join(dir, "scratch")))
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return s.Level().String(), errors.Join(s.Close(), os.RemoveAll(dir))
}

// enter says that there is a room more whose programs run in the sandbox.
func (b *box) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.users++
}

// leave ends what runs in the sandbox when the last room has left it.
func (b *box) leave() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users--; b.users > 0 {
		return nil
	}
	b.closed = true
	if b.sandbox == nil {
		return nil
	}
	return b.sandbox.Close()
}

// checkSandbox says what is wrong with the settings of the sandbox.
func (o *Options) checkSandbox() error {
	if o.Sandbox != "auto" && o.Sandbox != "require" && o.Sandbox != "off" {
		return settingError{"sandbox", fmt.Sprintf("%q is none of auto, require, off", o.Sandbox)}
	}
	for _, dir := range words(o.SandboxShow) {
		if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
			return settingError{"sandbox-show", fmt.Sprintf("%q is not a folder such as /home/me/.nvm", dir)}
		}
	}
	engine, socket, ok := strings.Cut(o.FunctionsIn, ":")
	if engine != "process" && engine != "docker" && engine != "podman" || ok && (engine == "process" || !filepath.IsAbs(socket)) {
		return settingError{"functions-in", fmt.Sprintf("%q is none of process, docker, podman, nor one of the latter with its socket, such as docker:/run/user/1000/docker.sock", o.FunctionsIn)}
	}
	for _, r := range words(o.Runtimes) {
		name, image, ok := strings.Cut(r, "=")
		if o.engine() != "" && (!ok || name == "" || image == "" || strings.ContainsAny(image, "?#%")) {
			return settingError{"runtimes", fmt.Sprintf("%q is not RUNTIME=IMAGE, such as python3.12=example.com/python:3.12", r)}
		}
		if o.engine() == "" && (!ok || name == "" || !filepath.IsAbs(image)) {
			return settingError{"runtimes", fmt.Sprintf("%q is not RUNTIME=PATH, such as python3.12=/opt/venv/bin/python", r)}
		}
	}
	return nil
}

// engine is the kind of engine whose containers functions run in, "" if they do not.
func (o *Options) engine() string {
	kind, _, _ := strings.Cut(o.FunctionsIn, ":")
	if kind == "process" {
		return ""
	}
	return kind
}

// openEngine opens the engine of containers, nil if functions run in none.
func (o *Options) openEngine() (*container.Engine, error) {
	if o.engine() == "" {
		return nil, nil
	}
	_, socket, _ := strings.Cut(o.FunctionsIn, ":")
	return container.Open(o.engine(), socket)
}

// pingEngine says why the engine of containers does not answer, if it is wanted.
func (o *Options) pingEngine(ctx context.Context) error {
	c, err := o.openEngine()
	if err != nil || c == nil {
		return err
	}
	return c.Ping(ctx)
}

// interpreters are the programs, or the images, that are set for runtimes.
func (o *Options) interpreters() map[string]string {
	all := map[string]string{}
	for _, r := range words(o.Runtimes) {
		name, path, _ := strings.Cut(r, "=")
		all[name] = path
	}
	return all
}

// words are what commas part.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
