package queue

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// An Address is where a queue is; no two queues share one.
type Address struct {
	access.Place
	Name string
}

// ARN returns the address as an ARN.
func (a Address) ARN() string { return a.Place.ARN("sqs", a.Name).String() }

// addressOf returns the address in the ARN of a queue.
func addressOf(a arn.ARN) Address {
	return Address{access.Place{Account: a.Account, Region: a.Region}, a.Resource}
}

// ParseAddress returns the address of the queue that an ARN names, and whether it
// names one.
func ParseAddress(text string) (Address, bool) {
	a, err := arn.Parse(text)
	return addressOf(a), err == nil && a.Service == "sqs"
}

// FIFO says whether a queue of that name keeps order and drops repetitions.
func (a Address) FIFO() bool { return strings.HasSuffix(a.Name, ".fifo") }

// Options configure a Service.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for. It must be set.
	Guard access.Guard
	// Log hears what goes wrong in the background. Nil means slog.Default().
	Log *slog.Logger
}

// A Service is all the queues of one store.
type Service struct {
	opt   Options
	moves moves

	mu     sync.RWMutex
	queues map[Address]*queue
	last   uint64 // number of the last queue made
}

// A queue is one queue, as memory knows it.
type queue struct {
	number  uint64
	address Address
	arn     string
	created time.Time
	// settings never change in place.
	current atomic.Pointer[config]

	mu      sync.Mutex
	deleted bool
	// stale means that a transaction failed after memory had changed.
	stale bool
	ledger.Ledger
	// The messages from head to before tail that have no entry wait for their
	// first receiver, and are fresh messages. tail is the next number.
	head, tail uint64
	fresh      int
	dedup      dedup
	attempts   attempts
	waiting    waiting
	// floor is a number below which there are no messages, swept is when the
	// deduplication ids were cleared from the disk, purged when the queue was emptied.
	floor         uint64
	swept, purged time.Time
}

// A config is what the owner of a queue decided, and when.
type config struct {
	Settings
	tags     map[string]string
	modified time.Time
	// policy is the parsed policy, nil for none and when nobody asks.
	policy *policy.Document
}

func (q *queue) config() *config { return q.current.Load() }

// Open returns the service on the queues in the store. It reads the definitions of
// the queues and the entries of messages that need one, not the messages.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open queues: they need a guard")
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{opt: opt, queues: map[Address]*queue{}}
	s.moves.news, s.moves.tasks = make(chan struct{}, 1), map[*queue][]*task{}
	err := opt.Store.View(ctx, func(tx store.Tx) error {
		if b, err := tx.Get([]byte(keyNumber)); err != nil {
			return err
		} else if len(b) == 8 {
			s.last = binary.BigEndian.Uint64(b)
		}
		prefix := []byte(keyQueue)
		for k, v := range tx.Scan(prefix, store.End(prefix)) {
			if err := s.open(tx, string(k[len(prefix):]), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open queues: %w", err)
	}
	return s, nil
}

// open takes in one stored queue.
func (s *Service) open(tx store.Tx, place string, value []byte) error {
	parts := strings.SplitN(place, "/", 3)
	var d definition
	if err := json.Unmarshal(value, &d); err != nil || len(parts) != 3 {
		return fmt.Errorf("definition of queue %s: %w", place, errRecord)
	}
	q := s.newQueue(Address{access.Place{Account: parts[0], Region: parts[1]}, parts[2]}, d)
	if err := q.load(tx); err != nil {
		return err
	}
	s.queues[q.address] = q
	s.last = max(s.last, d.Number) // also if its record is lost
	return s.moves.load(tx, q)
}

func (s *Service) newQueue(a Address, d definition) *queue {
	q := &queue{number: d.Number, address: a, arn: a.ARN(), created: d.Created, head: 1, tail: 1, floor: 1}
	q.Ledger = ledger.New(a.FIFO())
	q.dedup = newDedup()
	s.configure(q, d)
	return q
}

// configure makes q follow d.
func (s *Service) configure(q *queue, d definition) {
	q.current.Store(&config{Settings: d.Settings, tags: d.Tags, modified: d.Modified, policy: s.compile(q, d.Settings.Policy)})
}

// load fills memory from the disk.
func (q *queue) load(tx store.Tx) error {
	q.Ledger = ledger.New(q.address.FIFO())
	q.stale, q.purged = false, time.Time{} // a purge that failed was none
	if err := q.loadCursor(tx); err != nil {
		return err
	}
	for k, v := range tx.Scan(keyRange(keyEntry, q.number)) {
		e, group, err := decodeEntry(lastNumber(k), v)
		if err != nil {
			return recordError(q.address, lastNumber(k), err)
		}
		q.Add(e, group)
	}
	return q.dedup.load(tx, q)
}

// lookup returns the queue at a, or nil.
func (s *Service) lookup(a Address) *queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queues[a]
}

// find returns the queue at a, or a fault that says it is not there.
func (s *Service) find(a Address) (*queue, error) {
	if q := s.lookup(a); q != nil {
		return q, nil
	}
	return nil, Missing()
}

// Missing is the fault of a queue that is not there.
func Missing() error { return fault.NotFound("The specified queue does not exist.") }

// update runs fn on q in a transaction, under the queue's lock. fn may return a
// fault only while it has changed nothing; after any other error the memory of
// the queue is read back from the disk before it is used again.
func (s *Service) update(ctx context.Context, q *queue, fn func(store.Tx) error, opts ...store.Option) error {
	ran := false
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		if err := q.usable(tx); err != nil {
			return err
		}
		ran = true
		if err := fn(tx); err != nil {
			return err
		}
		q.stir(time.Now().UnixNano())
		return nil
	}, opts...)
	if err != nil && ran && fault.KindOf(err) == fault.KindInternal {
		q.doubt()
	}
	return err
}

// doubt says that memory may be ahead of the disk.
func (q *queue) doubt() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stale = true
}

// usable refuses a queue that was deleted and reads back one that is stale.
func (q *queue) usable(tx store.Tx) error {
	if q.deleted {
		return Missing()
	}
	if q.stale {
		return q.load(tx)
	}
	return nil
}

// List returns the addresses of the queues of a place whose names begin with
// prefix, in the order of their names.
func (s *Service) List(at access.Place, prefix string) []Address {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Address
	for a := range maps.Keys(s.queues) {
		if a.Place == at && strings.HasPrefix(a.Name, prefix) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b Address) int { return strings.Compare(a.Name, b.Name) })
	return found
}
