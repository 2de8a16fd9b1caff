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
	"github.com/dari-bus/dari/internal/room/trail/history"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/store"
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
	// IdentitiesOnly has the calls of users and sessions of roles recorded alone: all
	// others only say who they are, on a server where they may do nothing.
	IdentitiesOnly bool
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
	opt       Options
	history   *history.Book
	trails    *trails.Book
	gathering gathering
	lookups   history.Pace

	lost      atomic.Int64
	complaint complaint
}

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil || opt.Emit == nil || opt.Act == nil || opt.Logs == nil {
		return nil, errors.New("open the trail: it needs a guard, a bus, roles and log groups")
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{opt: opt, gathering: gathering{turn: make(chan struct{}, 1)}}
	var err error
	s.history, err = history.Open(ctx, history.Options{Store: opt.Store, MaxBytes: opt.MaxBytes, PlaceOf: placeOf, Memory: opt.Memory, Log: opt.Log})
	if err == nil {
		s.trails, err = trails.Open(ctx, trails.Options{Store: opt.Store, Guard: opt.Guard, Act: opt.Act, Writes: opt.Logs.Writes})
	}
	if err != nil {
		return nil, fmt.Errorf("open the trail: %w", err)
	}
	return s, nil
}

// Run tidies the history up, until its context ends.
func (s *Service) Run(ctx context.Context) error { return s.history.Run(ctx) }

// Lost is how many records or events of calls could not be kept, and PushedOut how
// many bytes of records went before their time, since the start.
func (s *Service) Lost() int64      { return s.lost.Load() }
func (s *Service) PushedOut() int64 { return s.history.PushedOut() }

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
