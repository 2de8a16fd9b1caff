package delivery

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// TestWhateverHappensNothingIsLost lives through random histories: events for
// targets of all tempers, targets that are replaced and deleted, stops and
// crashes at any moment. In the end every delivery that was accepted, and not
// abandoned, has arrived, was dead-lettered or is kept as dead; where nothing
// crashed, exactly once. Nothing else is left in the store or in memory.
//
// DARI_TEST_SEEDS says how many histories of each kind to live through.
func TestWhateverHappensNothingIsLost(t *testing.T) {
	first, n := uint64(time.Now().UnixNano()), uint64(3)
	if testing.Short() {
		n = 1
	}
	if s := os.Getenv("DARI_TEST_SEED"); s != "" {
		first, n = number(t, s), 1
	} else if s := os.Getenv("DARI_TEST_SEEDS"); s != "" {
		n = number(t, s)
	}
	for _, ending := range []ending{orderly, killed, powerCut} {
		t.Run(string(ending), func(t *testing.T) {
			for seed := first; seed < first+n && !t.Failed(); seed++ {
				synctest.Test(t, func(t *testing.T) { newHistory(t, seed, ending).live() })
				if t.Failed() {
					t.Logf("repeat with DARI_TEST_SEED=%d go test -run %s ./internal/delivery", seed, t.Name())
				}
			}
		})
	}
}

func number(t *testing.T, s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An ending is how the runs of a history end. A power cut also takes what was
// written last and not synced.
type ending string

const (
	orderly  ending = "orderly"
	killed   ending = "killed"
	powerCut ending = "power cut"
)

// A pair is one delivery: an event, and the ARN of a version of a target.
type pair struct{ event, arn string }

// A history is a random one. What the outside does follows from the seed and
// from what it is asked, not from the order in which goroutines run.
type history struct {
	*bench
	seed   uint64
	rnd    *rand.Rand // of the goroutine that lives the history
	ending ending
	disk   *journal
	asked  atomic.Uint64 // how often the store was

	mu        sync.Mutex
	targets   map[string]Lane // the live ones by id; changed in transactions
	events    int
	versions  int
	accepted  map[pair]bool // and acknowledged
	ended     map[pair]int  // delivered or dead-lettered
	sent      map[pair]int
	deleted   map[string]bool      // ARNs of targets that were, or may have been, deleted
	abandoned map[string]time.Time // ARNs of those that were, and when
	free      map[string]time.Time // when the rate limit of an ARN lets the next one through
}

func newHistory(t *testing.T, seed uint64, e ending) *history {
	h := &history{
		seed: seed, rnd: rand.New(rand.NewPCG(seed, 0)), ending: e,
		targets: map[string]Lane{}, accepted: map[pair]bool{}, ended: map[pair]int{}, sent: map[pair]int{},
		deleted: map[string]bool{}, abandoned: map[string]time.Time{}, free: map[string]time.Time{},
	}
	h.disk = newJournal(h.delay)
	h.bench = newBench(t, options{
		Store: h.disk, Sink: h.sinkOf(h.disk),
		Ready: 2 + h.rnd.IntN(15), ReadyBytes: 1 << (12 + h.rnd.IntN(6)), Memory: testMemory(1 << (14 + h.rnd.IntN(5))), Width: 1 + h.rnd.IntN(4),
		Timeout: 200 * time.Millisecond, Grace: time.Duration(1 + h.rnd.IntN(int(300*time.Millisecond))), MaxDead: 1 << 20,
	})
	h.stop()
	h.opt.DeadLetters = deadQueueOf{h, h.disk}
	h.start()
	return h
}

// delay is how long the store takes for something: mostly no time at all, and
// now and then minutes.
func (h *history) delay(what string) time.Duration {
	luck := h.luck(2000, what, h.asked.Add(1))
	switch {
	case luck == 0 && what == "write":
		return 90 * time.Second
	case luck < 400:
		return time.Duration(luck) * 10 * time.Microsecond
	}
	return 0
}

// luck is a number below n for something that happens.
func (h *history) luck(n int, what ...any) int {
	f := fnv.New64a()
	fmt.Fprint(f, h.seed, what)
	return int(f.Sum64() % uint64(n))
}

// The tempers of targets, by the first letter of their id.
const tempers = "good flaky dead hung limited picky"

// sinkOf returns what the targets answer to the process that uses disk. What
// reaches them when that process is gone has not happened.
func (h *history) sinkOf(disk *journal) target.Sink {
	return target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
		p := pair{d.ID, d.Target.ARN}
		h.mu.Lock()
		h.sent[p]++
		luck := h.luck(100, p, h.sent[p])
		if at, ok := h.abandoned[p.arn]; ok && time.Now().After(at) {
			h.t.Errorf("seed %d: %v was sent, and was abandoned before", h.seed, p)
		}
		err := h.limit(d)
		h.mu.Unlock()
		if err != nil {
			return err
		}
		took := time.Duration(luck) * 300 * time.Microsecond
		if d.Target.ID[0] == 'h' {
			took = time.Duration(luck) * 4 * time.Millisecond
		}
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return ctx.Err()
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		switch {
		case disk.gone():
			return errCut
		case d.Target.ID[0] == 'd' || d.Target.ID[0] == 'f' && luck%2 == 0 || luck%20 == 0:
			return target.Temporary(target.CodeFromTarget, "bad luck")
		case d.Target.ID[0] == 'p' && luck%3 == 0:
			return target.Permanent(target.CodeInvalidParam, "not like this")
		}
		h.ended[p]++
		return nil
	})
}

func (h *history) limit(d *target.Delivery) error {
	if d.Target.ID[0] != 'l' {
		return nil
	}
	now := time.Now()
	if wait := h.free[d.Target.ARN].Sub(now); wait > 0 {
		return &target.Error{Code: target.CodeThrottling, Message: "rate", Throttled: true, After: wait}
	}
	h.free[d.Target.ARN] = now.Add(20 * time.Millisecond)
	return nil
}

// A deadQueueOf is the dead-letter queue as the process that uses disk sees it.
type deadQueueOf struct {
	*history
	disk *journal
}

func (q deadQueueOf) SendDeadLetter(_ context.Context, _ arn.ARN, _ string, body []byte, attributes map[string]string) error {
	ev, err := event.Parse(body)
	if err != nil {
		return err
	}
	p := pair{ev.ID, attributes["TARGET_ARN"]}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.disk.gone() {
		return errCut
	}
	if q.luck(3, "dead", p) == 0 {
		return errors.New("the dead-letter queue is full")
	}
	q.ended[p]++
	return nil
}

func (h *history) live() {
	for range 4 {
		h.add()
	}
	for range 10 {
		h.round()
		if h.ending != orderly && h.rnd.IntN(3) > 0 {
			h.crash()
		}
		if h.ending == orderly || h.rnd.IntN(3) == 0 { // perhaps before all is taken up
			h.stop()
			h.start()
		}
	}
	pass(50 * time.Hour) // enough for every policy
	h.check()
	h.stop()
}

// round has a few things happen, some of them at the same time.
func (h *history) round() {
	for range 1 + h.rnd.IntN(6) {
		var wg sync.WaitGroup
		for range 1 + h.rnd.IntN(3) {
			n, wants, size := 1+h.rnd.IntN(10), h.rnd.Uint64(), 1<<h.rnd.IntN(15)
			wg.Go(func() { h.putSome(n, wants, size) })
		}
		switch h.rnd.IntN(10) {
		case 0:
			h.add()
		case 1, 2:
			h.replaceOne()
		case 3:
			h.deleteOne()
		}
		wg.Wait()
		switch h.rnd.IntN(12) {
		case 0:
			time.Sleep(time.Duration(h.rnd.IntN(int(5 * time.Minute))))
		default:
			time.Sleep(time.Duration(h.rnd.IntN(int(60 * time.Millisecond))))
		}
	}
}

// change runs fn in a transaction, and reports whether it was acknowledged.
func (h *history) change(fn func(store.Tx) error) bool {
	err := h.disk.Update(context.Background(), func(tx store.Tx) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		return fn(tx)
	})
	if err != nil && !errors.Is(err, errCut) {
		h.t.Errorf("seed %d: %v", h.seed, err)
	}
	return err == nil
}

// putSome puts n events for the targets that the bits of wants name.
func (h *history) putSome(n int, wants uint64, size int) {
	var start func()
	var pairs []pair
	if !h.change(func(tx store.Tx) (err error) {
		var items []Item
		for range n {
			it := h.item(size)
			for i, id := range h.ids() {
				if wants>>(i%64)&1 == 1 {
					it.Lanes = append(it.Lanes, h.targets[id])
					pairs = append(pairs, pair{it.ID, h.out.lane(h.targets[id]).plan.Target})
				}
			}
			items = append(items, it)
		}
		start, err = h.out.Owe(tx, items)
		return err
	}) {
		return
	}
	h.mu.Lock()
	for _, p := range pairs {
		h.accepted[p] = true
	}
	h.mu.Unlock()
	start()
}

func (h *history) item(size int) Item {
	h.events++
	ev, err := event.New(
		event.Entry{Source: "shop", DetailType: "order", Detail: fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", size))},
		event.Stamp{ID: fmt.Sprint("e", h.events), Account: "210987654321", Region: "eu-central-1", Now: time.Now()})
	if err != nil {
		panic(err)
	}
	return Item{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now()}
}

// ids returns the targets there are, in order.
func (h *history) ids() []string {
	var ids []string
	for id := range h.targets {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (h *history) pick() (id string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.targets) == 0 {
		return "", false
	}
	return h.ids()[h.rnd.IntN(len(h.targets))], true
}

func (h *history) add() {
	all := strings.Fields(tempers)
	h.mu.Lock()
	id := fmt.Sprint(all[h.rnd.IntN(len(all))], h.versions)
	h.mu.Unlock()
	h.putTarget(id)
}

func (h *history) replaceOne() {
	if id, ok := h.pick(); ok {
		h.putTarget(id)
	}
}

func (h *history) putTarget(id string) {
	tg := target.Target{ID: id}
	if h.rnd.IntN(2) == 0 {
		tg.DeadLetter = deadQueue
	}
	tg.Retry = &target.RetryPolicy{MaxAttempts: ptr(h.rnd.IntN(8))}
	if h.rnd.IntN(10) == 0 {
		tg.Retry.MaxAttempts = nil
	}
	if h.rnd.IntN(3) == 0 {
		tg.Retry.MaxAge = ptr(60 + h.rnd.IntN(600))
	}
	h.change(func(tx store.Tx) error {
		h.versions++
		tg.ARN = fmt.Sprint("arn:aws:sqs:eu-central-1:210987654321:q", h.versions)
		lane, err := h.out.AddPlan(tx, planOf(tg))
		if err != nil {
			return err
		}
		if old, ok := h.targets[id]; ok {
			if err := h.out.RetirePlan(tx, old); err != nil {
				return err
			}
		}
		h.targets[id] = lane
		return nil
	})
}

func (h *history) deleteOne() {
	id, ok := h.pick()
	if !ok {
		return
	}
	var arns []string
	if h.change(func(tx store.Tx) error {
		h.out.eachLane(func(l *lane) {
			if l.plan.ID == id {
				arns = append(arns, l.plan.Target)
				h.deleted[l.plan.Target] = true
			}
		})
		lane := h.targets[id]
		delete(h.targets, id)
		return h.out.AbandonPlan(tx, lane)
	}) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, a := range arns {
			h.abandoned[a] = time.Now()
		}
	}
}

// crash ends the process in the middle of things and starts another one on
// what the disk holds.
func (h *history) crash() {
	if h.rnd.IntN(2) == 0 {
		h.disk.cutAfter(h.rnd.IntN(20), h.rnd.IntN(2) == 0)
		h.round()
	}
	h.disk.cutAfter(0, false)
	h.cancel()
	<-h.done
	h.mu.Lock()
	h.disk = h.disk.after(h.ending == powerCut, h.rnd)
	h.store, h.opt.Store = h.disk, h.disk
	h.opt.Sink, h.opt.DeadLetters = h.sinkOf(h.disk), deadQueueOf{h, h.disk}
	h.mu.Unlock()
	h.start()
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.targets)
	h.out.eachLane(func(l *lane) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.state == laneLive {
			h.targets[l.plan.ID] = l.id
		}
	})
}

func (h *history) check() {
	kept := deadOf(h.t, h.out, "")
	if pushed := h.out.Dead().PushedOut("210987654321"); pushed > 0 {
		h.t.Fatalf("seed %d: %d dead deliveries pushed out", h.seed, pushed)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range kept {
		ev, err := event.Parse(d.Event)
		if err != nil {
			h.t.Fatal(err)
		}
		h.ended[pair{ev.ID, d.Target}]++
	}
	settled := map[pair]int{}
	for _, s := range h.log.settlements() {
		settled[pair{s.EventID, s.Target}]++
		if s.Outcome == watch.Abandoned && !h.deleted[s.Target] {
			h.t.Errorf("seed %d: %v was abandoned, and its target was not deleted", h.seed, s.Route)
		}
	}
	for p := range h.accepted {
		if n := h.ended[p]; n == 0 && !h.deleted[p.arn] || n > 1 && h.ending == orderly {
			h.t.Errorf("seed %d: %v came to %d ends", h.seed, p, n)
		}
		if n := settled[p]; n == 0 || n > 1 && h.ending == orderly {
			h.t.Errorf("seed %d: %v was settled %d times", h.seed, p, n)
		}
	}
	bodies := map[string]bool{}
	for _, d := range kept {
		bodies[string(d.Event)] = true
	}
	h.checkLeftovers(len(kept), len(bodies))
}

func (h *history) checkLeftovers(dead, bodies int) {
	want := map[string]int{"p": len(h.targets), "k": dead, "b": bodies}
	for kind, n := range h.records() {
		if n != want[kind] {
			h.t.Errorf("seed %d: %d records of kind %s left, want %d", h.seed, n, kind, want[kind])
		}
	}
	if n := h.out.memory.Used(); n != 0 || len(h.out.older) != 0 || len(h.out.lanes) != len(h.targets) {
		h.t.Errorf("seed %d: %d bytes charged, %d older lanes, %d lanes for %d targets", h.seed, n, len(h.out.older), len(h.out.lanes), len(h.targets))
	}
	h.out.eachLane(func(l *lane) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.empty() || l.coming+len(l.ready)+len(l.gone) != 0 {
			h.t.Errorf("seed %d: lane %d of %s is not empty", h.seed, l.id, l.plan.ID)
		}
	})
}
