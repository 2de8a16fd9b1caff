package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/budget"
)

// Run serves and delivers until ctx ends, then stops in layers: the calls, the
// schedules, the attempts at targets, the rooms, the logs of the buses, the store. An error means that
// something failed that the rest cannot do without; what was acknowledged is on
// disk.
func (a *App) Run(ctx context.Context) error {
	a.opt.Log.Info("dari is ready", "address", a.url(), "data", a.place(), "region", a.opt.Region, "account", a.opt.Account, "signatures", a.opt.keys != nil, "memory", budget.FormatSize(a.opt.memory.Total()))
	defer a.client.CloseIdle()
	layers := slices.Concat(
		[]layer{{"calls", []func(context.Context) error{a.serve}}},
		a.layers(),
		[]layer{{"logs of the buses", []func(context.Context) error{a.busLog.Run}}},
		[]layer{{"store", []func(context.Context) error{a.runStore}}},
	)
	err := runLayers(ctx, layers, a.stopWithin*3/2) // of which calls have two thirds
	// A store that has failed says so to whoever asks, and it is said once.
	if closed := a.store.Close(); !errors.Is(err, closed) {
		err = errors.Join(err, closed)
	}
	if err == nil {
		a.opt.Log.Info("dari has stopped", "data", a.place())
	}
	return err
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

// serve answers calls until ctx ends.
func (a *App) serve(ctx context.Context) error {
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	a.server.BaseContext = func(net.Listener) context.Context { return calls }
	failed := make(chan error, 1)
	go func() { failed <- a.accept() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
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
