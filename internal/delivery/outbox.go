package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// Options configure an Outbox.
type Options struct {
	Store store.Store
	// Owners are the sides of those who owe deliveries, by the kind in their plans.
	Owners map[string]Owner
	Hooks  watch.Hooks
	Log    *slog.Logger

	// Width is how many attempts one lane may have in flight. Default 8.
	Width int
	// Ready and ReadyBytes bound what one lane holds in memory; the rest waits
	// on disk. Defaults 1,024 deliveries and 4 MiB.
	Ready      int
	ReadyBytes int64
	// Memory bounds what all lanes together hold in memory, and Renderings what
	// is needed beside it to make the inputs of targets. The defaults are 64 MiB
	// and no bound.
	Memory, Renderings *budget.Share
	// Timeout ends an attempt of a plan that has none of its own. Default 30 s.
	Timeout time.Duration
	// Grace is how long attempts may go on when the outbox stops. Default 5 s.
	Grace time.Duration
	// MaxDead and MaxDeadBytes bound the dead deliveries that are kept, of all
	// accounts together. Defaults 10,000 and 256 MiB.
	MaxDead      int
	MaxDeadBytes int64
	// Clock tells the time that deliveries are due by. Default time.Now; tests
	// have clocks that are wrong.
	Clock func() time.Time
	// keptApart is the constant of that name; a test cannot wait so long.
	keptApart time.Duration
}

func (o Options) withDefaults() Options {
	o.Width = or(o.Width, 8)
	o.Ready = or(o.Ready, 1024)
	o.ReadyBytes = or(o.ReadyBytes, 4<<20)
	if o.Memory == nil {
		o.Memory = budget.New(64<<20, []budget.Part{{Name: "deliveries", Percent: 100}}).Share("deliveries")
	}
	o.keptApart = or(o.keptApart, keptApart)
	o.Timeout = or(o.Timeout, 30*time.Second)
	o.Grace = or(o.Grace, 5*time.Second)
	o.MaxDead = or(o.MaxDead, 10_000)
	o.MaxDeadBytes = or(o.MaxDeadBytes, 256<<20)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func or[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// An Outbox holds every delivery that is owed and sees it through. Its methods
// may be called from many goroutines at once.
type Outbox struct {
	Options

	seq      atomic.Uint64 // the last number given to an event or a lane
	firstSeq uint64        // events below it were there when the outbox was opened
	waiting  atomic.Int64  // deliveries on disk that wait
	halted   atomic.Bool   // before Run, and from when it is told to stop
	// recovered is set when all first passes of earlier runs have been taken up.
	recovered atomic.Bool
	opened    time.Time
	settler   *settler
	dead      *dead.Keep
	suspects  *suspects
	memory    *memory
	reading   chan struct{} // a token for each lane that reads
	heavy     chan struct{} // a token for each input that takes long to make

	// attempts is the context of every attempt. It outlives the context of Run
	// by the grace, and so cannot be a child of it.
	attempts context.Context
	abort    context.CancelFunc
	workers  sync.WaitGroup
	// loads ends with Run: nothing more is read for attempts.
	loads    context.Context
	endLoads context.CancelFunc

	mu    sync.RWMutex
	lanes map[Lane]*lane
	older map[spot][]*lane // the lanes of replaced targets
}

// Open reads the plans and finds what waits. Nothing is delivered before Run.
func Open(ctx context.Context, opt Options) (*Outbox, error) {
	o := &Outbox{Options: opt.withDefaults(), opened: time.Now(), lanes: map[Lane]*lane{}, older: map[spot][]*lane{}}
	o.attempts, o.abort = context.WithCancel(context.Background())
	o.loads, o.endLoads = context.WithCancel(context.Background())
	o.reading = make(chan struct{}, atOnce)
	o.heavy = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	o.memory = newMemory(o.Memory)
	o.suspects = newSuspects(o)
	o.halted.Store(true)
	o.settler = newSettler(o)
	var err error
	o.dead, err = dead.Open(ctx, dead.Options{Store: o.Store, Log: o.Log, Most: o.MaxDead, MostBytes: o.MaxDeadBytes})
	if err == nil {
		err = o.Store.View(ctx, o.load)
	}
	if err != nil {
		return nil, fmt.Errorf("open the outbox: %w", err)
	}
	o.countLanes()
	return o, nil
}

// Run delivers until ctx ends. Then it starts no more attempts, lets those in
// flight finish within the grace, leaves behind whatever does not, writes down
// where everything stands, and returns. An error means that the store failed:
// what was acknowledged is on disk, and another start takes it from there.
func (o *Outbox) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o.countWaiting(ctx)
	if err := o.suspects.begin(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("begin to deliver: %w", err)
	}
	failed := make(chan error, 1)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		if err := o.settler.run(); err != nil {
			failed <- err
		}
	}()
	o.halted.Store(false)
	o.workers.Go(func() { o.recoverFirstPasses(ctx) })
	o.eachLane((*lane).wake)

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	o.halted.Store(true)
	stop()
	o.eachLane((*lane).halt)
	o.endAttempts()
	o.eachLane((*lane).putBack)
	o.settler.close()
	<-settled
	select {
	case err = <-failed:
	default:
	}
	if err == nil {
		err = o.suspects.end(context.WithoutCancel(ctx))
	}
	return err
}

// endAttempts waits for the attempts in flight: for the grace until they end by
// themselves, and then a moment until they have noticed that they are to end.
func (o *Outbox) endAttempts() {
	o.endLoads()
	ended := make(chan struct{})
	go func() {
		o.workers.Wait()
		close(ended)
	}()
	defer o.abort()
	for patience := o.Grace; ; patience = slack {
		select {
		case <-ended:
			return
		case <-time.After(patience):
		}
		if o.attempts.Err() != nil {
			o.eachLane((*lane).abandonFlights)
		}
		o.abort()
	}
}

// wall is the time of day in Unix milliseconds, which deliveries are due by.
func (o *Outbox) wall() int64 { return o.Clock().UnixMilli() }

// next returns a number that is above all earlier ones, on this run and on
// those before it, and close to the time in microseconds.
func (o *Outbox) next() uint64 {
	for {
		last := o.seq.Load()
		n := max(last+1, uint64(time.Now().UnixMicro()))
		if o.seq.CompareAndSwap(last, n) {
			return n
		}
	}
}

// countLanes is called with mu held, after every change.
func (o *Outbox) countLanes() { o.memory.lanes.Store(int64(max(1, len(o.lanes)))) }

func (o *Outbox) lane(id Lane) *lane {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.lanes[id]
}

func (o *Outbox) eachLane(fn func(*lane)) {
	o.mu.RLock()
	all := make([]*lane, 0, len(o.lanes))
	for _, l := range o.lanes {
		all = append(all, l)
	}
	o.mu.RUnlock()
	for _, l := range all {
		fn(l)
	}
}

// load reads the plans, the last number given, and which lanes have something waiting.
func (o *Outbox) load(tx store.Tx) error {
	for k, v := range tx.Scan([]byte(prefixPlan), store.End([]byte(prefixPlan))) {
		p, err := decodePlan(v)
		if err != nil {
			return fmt.Errorf("plan %q: %w", k, err)
		}
		id := Lane(lastNumber(k))
		l, err := o.newLane(id, p.Plan)
		if err != nil {
			return err
		}
		l.state = p.State
		o.lanes[id] = l
		if l.state == laneRetired {
			o.addOlder(l)
		}
		o.seq.Store(max(o.seq.Load(), uint64(id)))
	}
	// Numbers follow the clock. Should it have been set back since, then the
	// numbers go on from the last event that seems to lie in the future.
	for k := range tx.Scan(key1(prefixEvent, uint64(time.Now().UnixMicro())), store.End([]byte(prefixEvent))) {
		o.seq.Store(max(o.seq.Load(), lastNumber(k)))
	}
	o.firstSeq = o.next()
	if err := o.suspects.load(tx); err != nil {
		return err
	}
	return o.findWaiting(tx)
}
