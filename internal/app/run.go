package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dari-bus/dari/internal/budget"
)

// Run serves and delivers until ctx ends, then stops in order: first the calls,
// then the attempts at targets, then the store. An error means that something
// failed that the rest cannot do without; what was acknowledged is on disk.
func (a *App) Run(ctx context.Context) error {
	a.opt.Log.Info("dari is ready", "address", a.url(), "data", a.place(), "region", a.opt.Region, "account", a.opt.Account, "signatures", a.opt.keys != nil, "memory", budget.FormatSize(a.opt.memory.Total()))
	g, running := errgroup.WithContext(context.WithoutCancel(ctx))
	inner, stopInner := context.WithCancel(running)
	defer stopInner()
	defer a.client.CloseIdle()
	g.Go(func() error {
		defer stopInner()
		return a.serve(ctx, running)
	})
	for _, run := range []func(context.Context) error{a.runStore, a.outbox.Run, a.buses.Run, a.destinations.Run, a.queues.Run} {
		g.Go(func() error { return run(inner) })
	}
	err := a.await(g)
	// A store that has failed says so to whoever asks, and it is said once.
	if closed := a.store.Close(); !errors.Is(err, closed) {
		err = errors.Join(err, closed)
	}
	if err == nil {
		a.opt.Log.Info("dari has stopped", "data", a.place())
	}
	return err
}

// await returns when all parts have ended. When the store fails, now or while
// they end, they are not waited for without end: whoever is inside the store then
// may never come out of it, and a process that lingers cannot be started again.
func (a *App) await(g *errgroup.Group) error {
	ended := make(chan error, 1)
	go func() { ended <- g.Wait() }()
	watching, stop := context.WithCancel(context.Background())
	defer stop()
	failed := make(chan error, 1)
	go func() {
		if err := a.runStore(watching); err != nil {
			failed <- err
		}
	}()
	select {
	case err := <-ended:
		return err
	case failure := <-failed:
		select {
		case err := <-ended:
			return err
		case <-time.After(a.stopWithin * 3 / 2): // calls have that long, and then the attempts
			a.opt.Log.Warn("some parts still wait for the store, which has failed, and are left behind")
			return failure
		}
	}
}

// runStore watches over a store that can fail on its own.
func (a *App) runStore(ctx context.Context) error {
	if r, ok := a.store.(interface{ Run(context.Context) error }); ok {
		return r.Run(ctx)
	}
	return nil
}

// pollsEndAfter is when calls that only wait are sent home when the server
// stops. Whatever else a call does is done much sooner.
const pollsEndAfter = time.Second

// serve answers calls until ctx or running ends.
func (a *App) serve(ctx, running context.Context) error {
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	a.server.BaseContext = func(net.Listener) context.Context { return calls }
	failed := make(chan error, 1)
	go func() { failed <- a.accept() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	case <-running.Done():
	}
	a.feed.Close() // ends the live tails, which would not end by themselves
	defer time.AfterFunc(pollsEndAfter, endCalls).Stop()
	return errors.Join(a.drain(context.WithoutCancel(ctx)), <-failed)
}

// accept serves until the listener fails, or drain ends it.
func (a *App) accept() error {
	err := a.server.Serve(a.listener)
	if a.front.stopping.Load() && (errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed)) {
		return nil
	}
	return err
}

// drain answers the calls that have come in, on whatever connection, and takes
// no more in. [http.Server.Shutdown] would drop those that have only just come.
func (a *App) drain(ctx context.Context) error {
	a.front.stopping.Store(true)
	err := a.listener.Close()
	within, cancel := context.WithTimeoutCause(ctx, a.stopWithin, errors.New("some calls did not end in time"))
	defer cancel()
	if late := a.listener.Drain(within); late != nil {
		a.opt.Log.Warn("calls were cut off", "err", late)
	}
	if late := a.front.aws.Wait(within); late != nil {
		a.opt.Log.Warn("what hooks left for after a call was cut off", "err", late)
	}
	return errors.Join(err, a.server.Close())
}
