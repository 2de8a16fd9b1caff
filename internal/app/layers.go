package app

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A layer is made of parts that stop together, when those of the layers above
// have ended. A part runs until its context ends, or until it fails.
type layer struct {
	name  string
	parts []func(context.Context) error
}

// runLayers runs all layers until ctx ends or a part fails, and then stops them
// from the first to the last. What does not end within the grace is left behind,
// so that the layers below still end in an orderly way, and is an error. When a
// part has failed, there is the grace once, for all: others may wait for it and
// never come out of that, and a process that lingers cannot be started again. The
// error is that of the part that failed first.
func runLayers(ctx context.Context, layers []layer, grace time.Duration) error {
	f := &failure{grace: grace, seen: make(chan struct{}), late: make(chan struct{})}
	all := make([]runningLayer, len(layers))
	for i, l := range layers {
		all[i] = l.start(context.WithoutCancel(ctx), f)
	}
	select {
	case <-ctx.Done():
	case <-f.seen:
	}
	for i, l := range all {
		l.stop()
		select {
		case <-l.ended:
		case <-f.late:
			return f.err
		case <-time.After(grace):
			f.set(fmt.Errorf("the %s did not end within %s, and were left behind", layers[i].name, grace))
		}
	}
	select {
	case <-f.seen:
		return f.err
	default:
		return nil
	}
}

// A failure is the first of several.
type failure struct {
	grace time.Duration
	once  sync.Once
	err   error
	// seen is closed when there is one, and late after the grace.
	seen, late chan struct{}
}

func (f *failure) set(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.seen)
		time.AfterFunc(f.grace, func() { close(f.late) })
	})
}

// A runningLayer is a layer that has been started.
type runningLayer struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// start starts the parts of l, whose failures go to f.
func (l layer) start(ctx context.Context, f *failure) runningLayer {
	ctx, stop := context.WithCancel(ctx)
	r := runningLayer{stop, make(chan struct{})}
	var parts sync.WaitGroup
	for _, part := range l.parts {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				f.set(err)
			}
		})
	}
	go func() {
		parts.Wait()
		close(r.ended)
	}()
	return r
}
