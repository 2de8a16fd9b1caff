package eventsapi

import (
	"context"
	"sync"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/wire"
)

// A house is a door with everything behind it. Its targets only remember what
// they were sent.
type house struct {
	door

	mu   sync.Mutex
	sent []string
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{}
	store := mem.New()
	outbox, err := delivery.Open(t.Context(), delivery.Options{Store: store, Owners: map[string]delivery.Owner{bus.OwnerKind: bus.Owner(target.SinkFunc(h.take), nil)}})
	if err != nil {
		t.Fatal(err)
	}
	buses, err := bus.Open(t.Context(), bus.Options{Store: store, Outbox: outbox, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	destinations, err := destination.Open(t.Context(), destination.Options{Store: store, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	s := API(buses, destinations)
	handler, err := wire.NewHandler(wire.Options{Services: []*wire.Service{s}, Account: "123456789012", Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	h.door = door{t, handler}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- outbox.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("outbox: %v", err)
		}
	})
	return h
}

func (h *house) take(_ context.Context, d *target.Delivery) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, anonymous(string(d.Input)))
	return nil
}

// body makes a call that succeeds with exactly this body, byte for byte.
func (h *house) body(operation, input, want string) {
	h.t.Helper()
	if status, body := h.call(operation, input); status != 200 || body != want {
		h.t.Errorf("%s %s: %d %q; want 200 %q", operation, input, status, body, want)
	}
}
