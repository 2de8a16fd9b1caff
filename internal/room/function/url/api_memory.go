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

// waitForRoom is how long an event waits for its half.
const waitForRoom = 5 * time.Second

// take takes n bytes for an event.
func (m *memory) take(ctx context.Context, n int64) error {
	waiting, cancel := context.WithTimeout(ctx, waitForRoom)
	defer cancel()
	if err := m.events.Take(waiting, n); err != nil {
		return err
	}
	if err := m.bodies.Take(ctx, n); err != nil {
		m.events.Give(n)
		return err
	}
	return nil
}

// give gives n bytes back that were taken for an event.
func (m *memory) give(ctx context.Context, n int64) {
	m.bodies.Give(ctx, n)
	m.events.Give(n)
}

// answer takes n bytes for an answer, if they are free, and answered gives them back.
func (m *memory) answer(n int64) bool { return m.answers.Try("urls", n) }
func (m *memory) answered(n int64)    { m.answers.Give("urls", n) }
