package faulty

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/store"
)

// Full returns s on a disk that is full while full is set: updates that are not
// for draining fail with [store.ErrFull] before their closure runs.
func Full(s store.Store, full *atomic.Bool) store.Store { return &filled{s, full} }

type filled struct {
	store.Store
	full *atomic.Bool
}

func (s *filled) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if s.full.Load() && !slices.Contains(opts, store.Draining) {
		return store.ErrFull
	}
	return s.Store.Update(ctx, fn, opts...)
}
