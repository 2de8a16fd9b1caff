package url

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/wire/body"
)

// A memory is what URLs hold of the memory for requests while functions run, which is what
// functions may be sent, and of that for answers while they are read, which is half of it.
// Anybody may call some URLs, and read as slowly as they like; the rest is for others.
type memory struct {
	bodies  body.Memory
	events  *budget.Divided
	answers *budget.Divided
	// known is told once an event has its part.
	known func(context.Context)
}

func (s *Service) newMemory(d Door) *memory {
	return &memory{d.Bodies, s.opt.Payloads, d.Answers.Divided(), d.Known}
}

const (
	// waitForRoom is how long an event waits for its part. Its body has memory meanwhile,
	// which is a stranger's as long.
	waitForRoom = 5 * time.Second
	// smallEvent is the size up to which events are not counted, and by how much one may
	// be longer than what was taken for it, in bytes.
	smallEvent = 64 << 10
)

// An eventMemory is what an event has of the memory.
type eventMemory struct {
	account        string
	events, bodies int64
}

// take takes n bytes for the event that a body becomes: those that the body has for that,
// and what is missing. The function is that of an account.
func (m *memory) take(ctx context.Context, account string, b *body.Body, n int64) (eventMemory, error) {
	if n <= smallEvent {
		m.known(ctx)
		return eventMemory{}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, waitForRoom)
	defer cancel()
	if err := m.events.Take(waiting, account, n); err != nil {
		return eventMemory{}, err
	}
	m.known(ctx) // not sooner: half of the memory for bodies is not for those who wait here
	has := eventMemory{account, n, b.Keep(n)}
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
	m.events.Give(has.account, has.events)
}

// answer takes n bytes for an answer, if they are free, and answered gives them back.
func (m *memory) answer(n int64) bool { return m.answers.Try("urls", n) }
func (m *memory) answered(n int64)    { m.answers.Give("urls", n) }
