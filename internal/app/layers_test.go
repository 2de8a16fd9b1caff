package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLayersStopFromTheTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var ended []string
		part := func(name string, takes time.Duration) func(context.Context) error {
			return func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(takes) // the time that its ending takes
				mu.Lock()
				defer mu.Unlock()
				ended = append(ended, name)
				return nil
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		began := time.Now()
		err := runLayers(ctx, []layer{
			{"calls", []func(context.Context) error{part("call", 2*time.Second), part("other call", time.Second)}},
			{"empty", nil},
			{"outbox", []func(context.Context) error{part("outbox", 3*time.Second)}},
			{"store", []func(context.Context) error{part("store", 0)}},
		}, 10*time.Second)
		if got, want := strings.Join(ended, ", "), "other call, call, outbox, store"; err != nil || got != want {
			t.Errorf("%v; they ended in the order %s, want %s", err, got, want)
		}
		if took := time.Since(began); took != time.Hour+5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWhatDoesNotEndInTimeIsLeftBehindAndTheRestStillEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := func(context.Context) error { <-release; return nil }
		ended := false
		ctx, stop := context.WithCancel(t.Context())
		stop()
		began := time.Now()
		err := runLayers(ctx, []layer{
			{"attempts", []func(context.Context) error{stuck}},
			{"rooms", []func(context.Context) error{func(ctx context.Context) error { <-ctx.Done(); ended = true; return nil }}},
		}, time.Second)
		if err == nil || err.Error() != "the attempts did not end within 1s, and were left behind" || !ended || time.Since(began) != time.Second {
			t.Errorf("after %s: %v; the rest has ended: %v", time.Since(began), err, ended)
		}
		close(release)
	})
}

func TestTheFirstFailureStopsAllAndIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := func(context.Context) error { <-release; return nil }
		failure := errors.New("the disk is gone")
		began := time.Now()
		err := runLayers(t.Context(), []layer{
			{"calls", []func(context.Context) error{stuck}},
			{"rooms", []func(context.Context) error{stuck, func(ctx context.Context) error { <-ctx.Done(); return errors.New("for want of the disk") }}},
			{"store", []func(context.Context) error{func(context.Context) error { time.Sleep(time.Minute); return failure }}},
		}, time.Second)
		if !errors.Is(err, failure) || time.Since(began) != time.Minute+time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		close(release)
	})
}
