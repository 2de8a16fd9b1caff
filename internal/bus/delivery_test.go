package bus

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/target"
)

// The real outbox must agree with what this package takes it for: above all,
// that a lane which is kept here is still known there after a restart.
func TestEventsReachTheirTargetAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reached []string
		sink := target.SinkFunc(func(_ context.Context, d *target.Delivery) error {
			reached = append(reached, d.Target.ID+": "+eventOf(d.Body).Source)
			return nil
		})
		h := newHouse(t)
		open := func() (stop func()) {
			o, err := delivery.Open(t.Context(), delivery.Options{Store: h.store, Owners: map[string]delivery.Owner{OwnerKind: Owner(sink, nil)}})
			h.ok(err)
			h.opt.Outbox = o
			h.reopen()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- o.Run(ctx) }()
			return func() {
				synctest.Wait()
				cancel()
				h.ok(<-done)
			}
		}
		stop := open()
		h.ruleTo("r", "a")
		h.put(entry("a"))
		stop()
		stop = open()
		h.put(entry("a"), entry("b"))
		synctest.Wait() // what waits for a target is abandoned with it
		h.ok(h.PutTargets(t.Context(), home, "", "r", []target.Target{queue("p")}))
		_, err := h.RemoveTargets(t.Context(), home, "", "r", []string{"q"})
		h.ok(err)
		stop()
		stop = open()
		h.put(entry("a"))
		stop()
		if diff := cmp.Diff([]string{"q: a", "q: a", "p: a"}, reached); diff != "" {
			t.Errorf("reached (-want +got):\n%s", diff)
		}
	})
}
