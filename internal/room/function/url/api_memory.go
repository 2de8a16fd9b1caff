package url

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/wire/body"
)

// A memory is what URLs hold of the memory for requests while functions run, and of that
// for answers while they are read: half of each. Anybody may call some URLs, and read as
// slowly as they like; the other half is for those whom the house knows.
type memory struct {
	bodies  body.Memory
	events  *budget.Share
	answers *budget.Divided
}

func newMemory(d Door) *memory {
	half := budget.New(d.Bodies.Most()/2, []budget.Part{{Name: "events", Percent: 100}})
	return &memory{d.Bodies, half.Share("events"), d.Answers.Divided()}
}

const (
	// waitForRoom is how long an event waits for its half. Its body has memory meanwhile.
	waitForRoom = 5 * time.Second
	// smallEvent is the size up to which events are not counted, and by how much one may
	// be longer than what was taken for it, in bytes.
	smallEvent = 64 << 10
)

// An eventMemory is what an event has of the memory.
type eventMemory struct{ events, bodies int64 }

// take takes n bytes for the event that a body becomes: those that the body has for that,
// and what is missing.
func (m *memory) take(ctx context.Context, b *body.Body, n int64) (eventMemory, error) {
	waiting, cancel := context.WithTimeout(ctx, waitForRoom)
	defer cancel()
	if err := m.events.Take(waiting, n); err != nil {
		return eventMemory{}, err
	}
	has := eventMemory{n, b.Keep(n)}
	if missing := n - has.bodies; missing > smallEvent {
		if err := m.bodies.Take(waiting, missing); err != nil {
			m.give(ctx, has)
			return eventMemory{}, err
		}
		has.bodies = n
	}
	return has, nil
}

// give gives back what an event has.
func (m *memory) give(ctx context.Context, has eventMemory) {
	m.bodies.Give(ctx, has.bodies)
	m.events.Give(has.events)
}

// answer takes n bytes for an answer, if they are free, and answered gives them back.
func (m *memory) answer(n int64) bool { return m.answers.Try("urls", n) }
func (m *memory) answered(n int64)    { m.answers.Give("urls", n) }
