package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
)

// lookAgain is the longest that Run waits before it looks at the clock again: a
// timer learns neither that the clock was set nor that the machine slept. It is
// less than the usual tolerance, or what comes due meanwhile would be skipped.
const lookAgain = 30 * time.Second

// Run fires the schedules until ctx ends. An error means that the store failed.
func (s *Service) Run(ctx context.Context) error {
	for {
		r, at, ok := s.clock.next()
		wait := time.Until(at)
		if ok && wait <= 0 {
			err := s.fire(ctx, r, at)
			if err != nil && ctx.Err() != nil {
				return nil
			}
			if err != nil && !errors.Is(err, store.ErrFull) {
				return fmt.Errorf("fire %s: %w", r.arn, err)
			}
			if err == nil {
				continue
			}
			wait = time.Second // It stays due while the disk is full.
		}
		var timer <-chan time.Time
		if ok {
			timer = time.After(min(wait, lookAgain))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.clock.changed:
		case <-timer:
		}
	}
}

// fire sends the event of a schedule that is due at a time.
func (s *Service) fire(ctx context.Context, r *rule, at time.Time) error {
	in, start, err := s.advance(ctx, r, at)
	if err != nil || in == nil {
		return err
	}
	s.tellTaken(access.Caller{Place: r.bus.Place, Source: r.arn}, []intake{*in})
	start()
	return nil
}

// advance moves a rule that is due at a time on to its next time, and takes
// the event in the same transaction. It returns no intake when the rule was
// changed in the meantime or the time was too long ago.
//
// The event goes to the rule's own targets, and as an event of the bus to every
// rule whose pattern wants it.
func (s *Service) advance(ctx context.Context, r *rule, at time.Time) (*intake, func(), error) {
	b := r.bus
	b.writing.Lock()
	defer b.writing.Unlock()
	v := *r.live.Load()
	if b.rule(r.name) != r || !v.Due.Equal(at) {
		return nil, nil, nil // deleted or changed; the clock has been told
	}
	now := time.Now()
	at, v.Due = v.catchUp(now, s.opt.ScheduleTolerance)
	if at.IsZero() {
		if err := s.replace(ctx, r, &v, nothingMore); err != nil {
			return nil, nil, err
		}
		s.clock.set(r, v.Due)
		return nil, nil, nil
	}
	in, err := b.scheduled(r, at, now)
	if err != nil {
		return nil, nil, err
	}
	taken, start := []intake{*in}, func() {}
	write := nothingMore
	if d := s.debts(taken); d != nil {
		defer d.release()
		write = func(tx store.Tx) (err error) {
			start, err = d.owe(tx)
			return err
		}
	}
	if err := s.replace(ctx, r, &v, write); err != nil {
		return nil, nil, err
	}
	s.clock.set(r, v.Due)
	return &taken[0], start, nil
}

// catchUp returns the last time up to now that the schedule was due, and the
// next one. The first is zero when it is longer ago than the tolerance: then
// the service was not there at the time.
func (v *version) catchUp(now time.Time, tolerance time.Duration) (last, next time.Time) {
	oldest := now.Add(-tolerance)
	if !v.Due.Before(oldest) {
		last = v.Due
	}
	from := v.Due
	if last.IsZero() {
		from = oldest.Add(-1) // whatever is before need not be counted through
	}
	for next = v.next(from); !next.IsZero() && !next.After(now); next = v.next(next) {
		last = next
	}
	return last, next
}

// scheduled returns the event of a schedule that was due at a time, with the
// rules that want it: the rule itself first of all.
func (b *bus) scheduled(r *rule, at, arrived time.Time) (*intake, error) {
	entry := event.Entry{Source: "aws.events", DetailType: "Scheduled Event", Detail: "{}", Resources: []string{r.arn}, Time: at}
	ev, err := event.New(entry, stamp(b.Place, arrived))
	if err != nil {
		return nil, err
	}
	rules, err := b.match(ev)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(rules, r) {
		rules = append(rules, r)
	}
	return &intake{event: ev, item: item(ev, b.arn, arrived), rules: rules}, nil
}
