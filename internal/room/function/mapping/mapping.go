package mapping

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Queues are where messages come from. Each call is made with the rights of a function's
// role, and gives a Denied fault where those do not suffice, with the name of the
// operation that they do not allow as its code; NotFound says that there is no queue.
type Queues interface {
	// Look says how long the queue hides what it hands out.
	Look(of catalog.Address, role string, queue arn.ARN) (visibility time.Duration, err error)
	// Await waits until there may be something to receive. Others may have it first.
	Await(ctx context.Context, of catalog.Address, role string, queue arn.ARN) error
	// Receive returns at most ten messages, and does not wait.
	Receive(ctx context.Context, of catalog.Address, role string, queue arn.ARN, most int) ([]Message, error)
	// Delete deletes messages that were received. Return shows them to others at once, as
	// if they had not been.
	Delete(ctx context.Context, of catalog.Address, role string, queue arn.ARN, receipts []string) error
	Return(ctx context.Context, of catalog.Address, role string, queue arn.ARN, receipts []string) error
	// Hide hides messages that were received for so long from now on.
	Hide(ctx context.Context, of catalog.Address, role string, queue arn.ARN, receipts []string, long time.Duration) error
}

// Functions are what works on messages.
type Functions interface {
	Find(a catalog.Address) (catalog.Found, error)
	// Work runs a function and returns its answer. failed says that it has failed, and a
	// fault that it did not run and may later.
	Work(ctx context.Context, a catalog.Address, payload []byte) (answer []byte, failed bool, err error)
}

// Options configure Mappings.
type Options struct {
	Store     store.Store
	Guard     access.Guard
	Queues    Queues
	Functions Functions
	Log       *slog.Logger
	// Memory is for messages while functions work on them; nil has no bound.
	Memory *budget.Share
	// Configured is that of [catalog.Options].
	Configured func(account string) bool
}

// A Mapping is one, as it is stored.
type Mapping struct {
	UUID string
	// Queue is an ARN. Function and Qualifier are as they were named.
	Queue, Function string
	Qualifier       string `json:",omitempty"`
	Enabled         bool
	Settings
	Tags map[string]string `json:",omitempty"`
	// Modified is in Unix milliseconds.
	Modified int64

	queue   arn.ARN
	filters []*filter
}

// Settings are how a mapping makes batches.
type Settings struct {
	BatchSize int
	// Window is how many seconds a batch may wait for more, from its first message on.
	Window int `json:",omitempty"`
	// Filters are patterns, of which one must match.
	Filters []string `json:",omitempty"`
	// Partial says that the function tells which messages it has failed on.
	Partial bool `json:",omitempty"`
	// Concurrency is how many batches there may be at a time, 0 where that was not said.
	Concurrency int `json:",omitempty"`
}

// complete makes of a record what its JSON lacks.
func (m *Mapping) complete() (err error) {
	if m.queue, err = arn.Parse(m.Queue); err != nil {
		return err
	}
	m.filters = make([]*filter, len(m.Filters))
	for i, text := range m.Filters {
		if m.filters[i], err = newFilter(text); err != nil {
			return err
		}
	}
	return nil
}

// of is the function of a mapping.
func (m *Mapping) of(at access.Place) catalog.Address {
	return catalog.Address{Place: at, Name: m.Function, Qualifier: m.Qualifier}
}

// The bounds of how many mappings there may be: of an account in a region, of all
// accounts that callers made up, and of all. Each has a few goroutines.
const (
	maxMappings = 500
	maxStrange  = 500
	maxAll      = 2000
)

// Mappings are the event source mappings. Its methods may be called from many goroutines
// at once.
type Mappings struct {
	opt    Options
	rows   *table.Table[Mapping]
	memory *budget.Divided
	// receiving has a token for each who receives messages that are not counted yet.
	receiving chan struct{}
	// news has something when the rows have changed.
	news chan struct{}

	mu sync.Mutex
	// problems say, by UUID, why nothing is received.
	problems map[string]string
}

// Open reads what is in the store. Nothing is received before Run.
func Open(ctx context.Context, opt Options) (*Mappings, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Queues == nil || opt.Functions == nil || opt.Log == nil {
		return nil, errors.New("open the event source mappings: they need a store, a guard, queues, functions and a log")
	}
	m := &Mappings{opt: opt, memory: opt.Memory.Divided(), receiving: make(chan struct{}, 2), news: make(chan struct{}, 1), problems: map[string]string{}}
	var err error
	m.rows, err = table.Open(ctx, table.Options[Mapping]{
		Store: opt.Store, Prefix: "function/mapping/", Version: 1, Max: maxMappings,
		Complete: func(_ table.Key, row *Mapping) error { return row.complete() },
		Missing:  func(string) error { return missing() },
		Full:     fault.Limit("The account has %d event source mappings in this region, which is as many as it may have. Delete some.", maxMappings).WithCode("LimitExceededException"),
	})
	return m, err
}

func missing() error { return fault.NotFound("The resource you requested does not exist.") }

// changed has Run look at the rows.
func (m *Mappings) changed() {
	select {
	case m.news <- struct{}{}:
	default: // it will look anyway
	}
}

// Problem says why a mapping receives nothing, "" where it does.
func (m *Mappings) Problem(uuid string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.problems[uuid]
}

// problem keeps why a mapping receives nothing, and says whether that is new.
func (m *Mappings) problem(uuid, text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.problems[uuid] == text {
		return false
	}
	if text == "" {
		delete(m.problems, uuid)
	} else {
		m.problems[uuid] = text
	}
	return true
}
