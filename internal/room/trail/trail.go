package trail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Service. Store, Guard, Emit, Act, Logs and MaxBytes must be set.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for.
	Guard access.Guard
	// Emit makes an event of the house ready for the default bus of a place. The
	// caller is who the event is on account of.
	Emit func(from access.Caller, e event.Entry) (Emission, error)
	// Act returns the caller that CloudTrail is in a role for a trail, by its ARN; a
	// Denied fault says that the role's trust policy does not let it in.
	Act func(trail, role string) (access.Caller, error)
	// Logs are the log groups that trails write to.
	Logs Logs
	// Strict lets events flow only as far as trails ask for them, as AWS does.
	Strict bool
	// MaxBytes bounds the texts of the records of an account, in bytes.
	MaxBytes int64
	// Memory bounds what reading and merging records take. Nil is without a bound.
	Memory *budget.Share
	// Log hears what goes wrong in the background. Nil means slog.Default().
	Log *slog.Logger
}

// An Emission is an event on its way to the bus.
type Emission interface {
	// Owe writes, in a transaction of the store, what the event causes.
	Owe(tx store.Tx) error
	// End is called once, when the transaction is over: kept says that it is on disk.
	End(kept bool)
}

// A Service is the records of one store.
type Service struct {
	opt Options
	// records are read and merged in memory that is bounded. in is the same, for what
	// calls write, which holds no more than the calls themselves.
	records, in *blocks.Log
	histories   *table.Table[history]
	trails      *trails.Book
	lookups     pace
	// swept wakes the sweep.
	swept chan struct{}

	lost, pushedOut atomic.Int64
	complaint       complaint

	mu sync.Mutex
	// live are the histories in memory, and sizes the bytes of each account.
	live  map[access.Place]*live
	sizes map[string]int64
	// piles are segments that are worth to be merged.
	piles []pile
}

// The keys.
const (
	keyHistories = "trail/history/"
	keyNumber    = "trail/number" // the last number given to a history
	keyRecords   = "trail/"       // n, d/, h/ and b/ of package blocks
)

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil || opt.Emit == nil || opt.Act == nil || opt.Logs == nil || opt.MaxBytes <= 0 {
		return nil, errors.New("open the trail: it needs a guard, a bus, roles, log groups and a bound")
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{opt: opt, swept: make(chan struct{}, 1), live: map[access.Place]*live{}, sizes: map[string]int64{}}
	var err error
	if s.histories, err = table.Open(ctx, table.Options[history]{Store: opt.Store, Prefix: keyHistories, Version: 1, Max: 1, Complete: s.found}); err == nil {
		s.records, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyRecords, Memory: opt.Memory})
	}
	if err == nil {
		s.in, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyRecords})
	}
	if err == nil {
		s.trails, err = trails.Open(ctx, trails.Options{Store: opt.Store, Guard: opt.Guard, Act: opt.Act, Writes: opt.Logs.Writes})
	}
	if err == nil {
		err = opt.Store.View(ctx, s.measure)
	}
	if err != nil {
		return nil, fmt.Errorf("open the trail: %w", err)
	}
	return s, nil
}

// Lost is how many records or events of calls could not be kept, and PushedOut how
// many bytes of records went before their time, since the start.
func (s *Service) Lost() int64      { return s.lost.Load() }
func (s *Service) PushedOut() int64 { return s.pushedOut.Load() }

// A complaint is made once in a while, however often there is a reason.
type complaint struct {
	mu   sync.Mutex
	last time.Time
}

// due says whether it is time to complain again.
func (c *complaint) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.last.IsZero() || now.Sub(c.last) >= time.Minute {
		c.last = now
		return true
	}
	return false
}

// lose counts what could not be kept of a call.
func (s *Service) lose(r *Record, err error) {
	s.lost.Add(1)
	if s.complaint.due() {
		s.opt.Log.Error("trail: a call could not be recorded; there may be more of them, which are counted",
			"event", r.EventName, "account", r.RecipientAccountID, "request", r.RequestID, "err", err)
	}
}
