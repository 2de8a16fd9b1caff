// Package later runs what hooks around calls leave for when they have returned, a few at
// a time.
package later

import (
	"context"
	"time"
)

// Within is how long one of them should take at most.
const Within = 10 * time.Second

// places is how many run at a time, and patience how long the next one waits for a place.
const (
	places   = 64
	patience = time.Second
)

// A Room has a place for each that runs.
type Room chan struct{}

// New returns a room that is free.
func New() Room { return make(Room, places) }

// Start starts fn as soon as there is a place, and calls none if there is none in time.
func (r Room) Start(fn, none func()) {
	select {
	case r <- struct{}{}:
	default:
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case r <- struct{}{}:
		case <-timer.C:
			none()
			return
		}
	}
	go func() {
		defer func() { <-r }()
		fn()
	}()
}

// Wait returns when all places are free, or ctx has ended; then its error says why.
func (r Room) Wait(ctx context.Context) error {
	taken := 0
	defer func() {
		for range taken {
			<-r
		}
	}()
	for taken < cap(r) {
		select {
		case r <- struct{}{}:
			taken++
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
