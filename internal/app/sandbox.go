package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A box is the sandbox for the code of strangers. It is opened when the first of it is
// to run, since that starts our own program anew, which takes a moment.
type box struct {
	opt     *Options
	mu      sync.Mutex
	sandbox *sandbox.Sandbox
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
	o := sandbox.Options{Scratch: filepath.Join(b.opt.Data, "scratch"), Hide: []string{b.opt.Data}, Log: b.opt.Log}
	if b.opt.Ephemeral {
		dir, err := os.MkdirTemp("", "dari-scratch-")
		if err != nil {
			return nil, err
		}
		o.Scratch, o.Hide = dir, nil
	}
	if b.opt.KeyFile != "" {
		o.Hide = append(o.Hide, b.opt.KeyFile)
	}
	s, err := sandbox.Open(ctx, o)
	if err == nil {
		b.sandbox = s
		b.opt.Log.Info("functions run in a sandbox", "level", s.Level().String())
	}
	return s, err
}

// close ends what runs in the sandbox.
func (b *box) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.sandbox == nil {
		return nil
	}
	return b.sandbox.Close()
}
