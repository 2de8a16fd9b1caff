package sqs

import (
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
)

// A rig is the queues of a store in memory.
type rig struct {
	t testing.TB
	*queue.Service
	store store.Store
}

func newRig(t testing.TB) *rig {
	st := mem.New()
	t.Cleanup(func() {
		if err := st.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	})
	r := &rig{t: t, store: st}
	r.restart()
	return r
}

// restart forgets everything that is not in the store.
func (r *rig) restart() {
	r.t.Helper()
	s, err := queue.Open(r.t.Context(), queue.Options{Store: r.store, Guard: access.Boundary{}, Log: quiet})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Service = s
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func at(name string) queue.Address {
	return queue.Address{Place: access.Place{Account: account, Region: region}, Name: name}
}
