package bus

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

var home = access.Root("111122223333", "eu-central-1")

var from = func() access.Caller {
	c := home
	c.KeyID, c.RequestID = "AKIATEST", "req-1"
	return c
}()

// An outbox is an Outbox that only remembers.
type outbox struct {
	mu      sync.Mutex
	last    delivery.Lane
	plans   map[delivery.Lane]delivery.Plan
	ended   map[delivery.Lane]string // "retired" or "abandoned"
	items   []delivery.Item
	started int
}

func newOutbox() *outbox {
	return &outbox{plans: map[delivery.Lane]delivery.Plan{}, ended: map[delivery.Lane]string{}}
}

func (o *outbox) AddPlan(_ store.Tx, p delivery.Plan) (delivery.Lane, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	o.plans[o.last] = p
	return o.last, nil
}

func (o *outbox) RetirePlan(_ store.Tx, l delivery.Lane) error  { return o.end(l, "retired") }
func (o *outbox) AbandonPlan(_ store.Tx, l delivery.Lane) error { return o.end(l, "abandoned") }

func (o *outbox) end(l delivery.Lane, how string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended[l] = how
	return nil
}

func (o *outbox) Prepare([]delivery.Item) (release func()) { return func() {} }

func (o *outbox) Owe(_ store.Tx, items []delivery.Item) (func(), error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, it := range items {
		for _, l := range it.Lanes {
			if how, ok := o.ended[l]; ok {
				return nil, fmt.Errorf("an event was accepted for lane %d, which is %s", l, how)
			}
		}
	}
	o.items = append(o.items, items...)
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.started += len(items)
	}, nil
}

// count returns how many events were accepted so far.
func (o *outbox) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}

// went lists the deliveries so far as "rule/target: source".
func (o *outbox) went() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, it := range o.items {
		for _, l := range it.Lanes {
			p := o.plans[l]
			out = append(out, ruleName(p)+"/"+p.ID+": "+eventOf(it.Body).Source)
		}
	}
	slices.Sort(out)
	return out
}

// ruleName returns the name of the rule that owns a plan.
func ruleName(p delivery.Plan) string { return p.Owner[strings.LastIndex(p.Owner, "/")+1:] }

// eventOf returns the event that the outbox was told of.
func eventOf(body []byte) *event.Event {
	ev, err := event.Parse(body)
	if err != nil {
		panic(err)
	}
	return ev
}

// A log remembers what the hooks were told.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *log) hooks() watch.Hooks {
	return watch.Hooks{
		Matched: func(m *watch.Matched) { l.add("matched %s %v", m.Event.Source, m.Rules) },
		Accepted: func(a *watch.Accepted) {
			l.add("accepted %s on %s from %s %s: %d", a.Event.Source, a.Bus, a.Caller, a.RequestID, a.Deliveries)
		},
		Refused: func(r *watch.Refused) {
			l.add("refused %s %s on %s: %s %s", r.Source, r.DetailType, r.Bus, r.Code, r.Message)
		},
	}
}

// A house is a service with what is around it.
type house struct {
	*Service
	t      *testing.T
	store  store.Store
	outbox *outbox
	log    *log
	opt    Options
}

func newHouse(t *testing.T, opts ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, store: mem.New(), outbox: newOutbox(), log: &log{}}
	h.opt = Options{Store: h.store, Outbox: h.outbox, Hooks: h.log.hooks(), Guard: access.Boundary{}}
	for _, fn := range opts {
		fn(&h.opt)
	}
	h.reopen()
	return h
}

// reopen gives h a new service on the same store.
func (h *house) reopen() {
	h.t.Helper()
	s, err := Open(h.t.Context(), h.opt)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Service = s
}

func (h *house) bus(name string) {
	h.t.Helper()
	_, err := h.CreateEventBus(h.t.Context(), home, NewBus{Name: name})
	h.ok(err)
}

func (h *house) rule(n NewRule) {
	h.t.Helper()
	_, err := h.PutRule(h.t.Context(), home, n)
	h.ok(err)
}

// ruleTo makes a rule of the default bus for a source, with one queue as target.
func (h *house) ruleTo(name, source string) {
	h.t.Helper()
	h.rule(NewRule{Name: name, Pattern: `{"source":["` + source + `"]}`})
	h.ok(h.PutTargets(h.t.Context(), home, "", name, []target.Target{queue("q")}))
}

func (h *house) put(entries ...Entry) []Result {
	h.t.Helper()
	results, err := h.Put(h.t.Context(), from, entries)
	h.ok(err)
	return results
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func entry(source string) Entry {
	return Entry{Entry: event.Entry{Source: source, DetailType: "t", Detail: `{"n":1}`}}
}

func queue(id string) target.Target {
	return target.Target{ID: id, ARN: "arn:aws:sqs:eu-central-1:111122223333:" + id}
}

// wantFault fails unless err is a fault of a kind with a sentence. A nil want
// asks for no error.
func wantFault(t *testing.T, err error, want *fault.Error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("error %q; want none", err)
		}
		return
	}
	got, _ := err.(*fault.Error)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
