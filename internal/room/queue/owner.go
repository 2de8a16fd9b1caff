package queue

import (
	"context"
	"encoding/binary"
	"maps"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// MaxTags is how many tags a queue may have.
const MaxTags = 50

// An Info is what there is to know about a queue.
type Info struct {
	Address
	Settings
	Tags              map[string]string
	Created, Modified time.Time
	// Visible, Hidden and Delayed count the messages: those that a receiver may
	// have, those that one has, and those that nobody may have yet.
	Visible, Hidden, Delayed int
}

// Create makes a queue. When there is one at a already, agree says whether its
// settings are the same as those asked for, and nothing is made. It is on disk
// when Create returns.
func (s *Service) Create(ctx context.Context, a Address, settings Settings, tags map[string]string, agree func(Settings) error) error {
	if q := s.lookup(a); q != nil {
		return agree(q.config().Settings)
	}
	if err := s.checkSettings(a, &settings, nil); err != nil {
		return err
	}
	if len(tags) > MaxTags {
		return tooManyTags(a)
	}
	var made *queue
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if q := s.lookup(a); q != nil {
			return agree(q.config().Settings)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		now := time.Now().UTC()
		d := definition{Number: s.last + 1, Settings: settings, Tags: tags, Created: now, Modified: now}
		q := s.newQueue(a, d)
		if err := tx.Put([]byte(keyNumber), binary.BigEndian.AppendUint64(nil, d.Number)); err != nil {
			return err
		}
		if err := putDefinition(tx, a, d); err != nil {
			return err
		}
		s.last, s.queues[a] = d.Number, q
		made = q
		return nil
	})
	if err != nil && made != nil {
		s.mu.Lock()
		delete(s.queues, a)
		s.mu.Unlock()
	}
	return err
}

// Info returns what there is to know about the queue at a. The counts are those
// of this moment.
func (s *Service) Info(a Address) (Info, error) {
	q, err := s.find(a)
	if err != nil {
		return Info{}, err
	}
	c := q.config()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.Settle(time.Now().UnixNano())
	return Info{
		Address: a, Settings: c.Settings, Tags: maps.Clone(c.tags),
		Created: q.created, Modified: c.modified,
		Visible: q.fresh + q.Count(ledger.Visible), Hidden: q.Count(ledger.Hidden), Delayed: q.Count(ledger.Delayed),
	}, nil
}

// Settings returns what the owner of the queue at a decided, which must not be
// changed.
func (s *Service) Settings(a Address) (*Settings, error) {
	q, err := s.find(a)
	if err != nil {
		return nil, err
	}
	return &q.config().Settings, nil
}

// Configure changes the settings of a queue. A new delay is for messages that
// are sent from now on, a new visibility timeout for those received; a new
// retention is for all.
func (s *Service) Configure(ctx context.Context, a Address, change func(*Settings) error) error {
	return s.redefine(ctx, a, func(d *definition) error {
		redrive := d.Settings.Redrive
		if err := change(&d.Settings); err != nil {
			return err
		}
		d.Modified = time.Now().UTC()
		return s.checkSettings(a, &d.Settings, redrive)
	})
}

// Tag sets tags.
func (s *Service) Tag(ctx context.Context, a Address, tags map[string]string) error {
	return s.redefine(ctx, a, func(d *definition) error {
		if d.Tags == nil {
			d.Tags = map[string]string{}
		}
		maps.Copy(d.Tags, tags)
		if len(d.Tags) > MaxTags {
			return tooManyTags(a)
		}
		return nil
	})
}

// Untag removes tags. One that is not there is no error.
func (s *Service) Untag(ctx context.Context, a Address, names []string) error {
	return s.redefine(ctx, a, func(d *definition) error {
		for _, name := range names {
			delete(d.Tags, name)
		}
		return nil
	})
}

func tooManyTags(a Address) error {
	return fault.Invalid("Too many tags added for queue %s. A queue has at most %d tags.", a.Name, MaxTags)
}

// redefine changes the definition of a queue and puts it on disk.
func (s *Service) redefine(ctx context.Context, a Address, change func(*definition) error) error {
	q, err := s.find(a)
	if err != nil {
		return err
	}
	return s.update(ctx, q, func(tx store.Tx) error {
		c := q.config()
		d := definition{
			Number: q.number, Settings: c.Settings, Tags: maps.Clone(c.tags),
			Created: q.created, Modified: c.modified,
		}
		if err := change(&d); err != nil {
			return err
		}
		if err := putDefinition(tx, a, d); err != nil {
			return err
		}
		s.configure(q, d)
		return nil
	})
}

// Delete removes a queue and everything in it. Receivers that wait learn that
// it is gone.
func (s *Service) Delete(ctx context.Context, a Address) error {
	q, err := s.find(a)
	if err != nil {
		return err
	}
	gone := false
	err = s.update(ctx, q, func(tx store.Tx) error {
		if err := tx.Delete(definitionKey(a)); err != nil {
			return err
		}
		for _, kind := range perQueue {
			if err := tx.DeleteRange(keyRange(kind, q.number)); err != nil {
				return err
			}
		}
		gone, q.deleted = true, true
		s.mu.Lock()
		delete(s.queues, a)
		s.mu.Unlock()
		return nil
	}, store.Draining)
	if err != nil && gone {
		q.undelete(s)
		return err
	}
	if err == nil {
		s.moves.forget(q)
		q.mu.Lock()
		q.Ledger, q.fresh = ledger.New(a.FIFO()), 0
		q.waiting.wakeAll()
		q.mu.Unlock()
	}
	return err
}

// undelete brings back a queue whose deletion did not reach the disk.
func (q *queue) undelete(s *Service) {
	q.mu.Lock()
	q.deleted = false
	q.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues[q.address] = q
}

// purgeEvery is how long after a purge the next one is refused.
const purgeEvery = time.Minute

// Purge removes all messages of a queue, also those that receivers have, and
// what the queue remembers of them. A message that repeats a purged one is new:
// it would be lost in silence otherwise. That is what AWS does; its manual does
// not say, and other implementations go on dropping it.
func (s *Service) Purge(ctx context.Context, a Address) error {
	q, err := s.find(a)
	if err != nil {
		return err
	}
	return s.update(ctx, q, func(tx store.Tx) error {
		now := time.Now()
		if !q.purged.IsZero() && now.Sub(q.purged) < purgeEvery {
			return fault.Unavailable("Only one PurgeQueue operation on %s is allowed every 60 seconds.", a.Name).WithCode(CodePurge)
		}
		for _, kind := range [...]string{keyBody, keyEntry, keyDedup} {
			if err := tx.DeleteRange(keyRange(kind, q.number)); err != nil {
				return err
			}
		}
		q.Ledger, q.dedup, q.attempts = ledger.New(a.FIFO()), newDedup(), attempts{}
		q.head, q.floor, q.fresh, q.purged = q.tail, q.tail, 0, now
		return q.saveCursor(tx)
	}, store.Draining)
}
