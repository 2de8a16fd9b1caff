package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// A model is a queue written to be obviously right: one list, searched from the
// beginning each time.
type model struct {
	fifo bool
	all  []*modelMessage
	sent int
	// line are the groups, the next to be served first. Some may be empty.
	line []string
}

type modelMessage struct {
	body, group string
	seq, count  int
	due         time.Time
	delayed     bool // has never been visible
}

func (m *model) send(group string, delay time.Duration) string {
	m.sent++
	if len(m.members(group)) == 0 {
		m.toTheEnd(group)
	}
	msg := &modelMessage{body: fmt.Sprint("m", m.sent), group: group, seq: m.sent, due: time.Now().Add(delay), delayed: delay > 0}
	m.all = append(m.all, msg)
	return msg.body
}

func (m *model) visible(msg *modelMessage) bool { return !msg.due.After(time.Now()) }

func (m *model) receive(max int, hide time.Duration) (got []string) {
	var order []*modelMessage
	if m.fifo {
		order = m.inGroups()
	} else {
		for _, msg := range m.all {
			if m.visible(msg) {
				order = append(order, msg)
			}
		}
		slices.SortStableFunc(order, func(a, b *modelMessage) int {
			return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.seq, b.seq))
		})
	}
	for _, msg := range order[:min(max, len(order))] {
		msg.due, msg.count, msg.delayed = time.Now().Add(hide), msg.count+1, false
		got = append(got, fmt.Sprint(msg.body, "#", msg.count))
		m.toTheEnd(msg.group)
	}
	return got
}

// inGroups returns what a receiver may have, in order.
func (m *model) inGroups() (order []*modelMessage) {
	for _, group := range m.line {
		for _, msg := range m.members(group) {
			if !m.visible(msg) {
				break
			}
			order = append(order, msg)
		}
	}
	return order
}

// members are the messages of a group.
func (m *model) members(group string) []*modelMessage {
	return slices.DeleteFunc(slices.Clone(m.all), func(o *modelMessage) bool { return o.group != group })
}

func (m *model) toTheEnd(group string) {
	m.line = append(slices.DeleteFunc(m.line, func(o string) bool { return o == group }), group)
}

// restart forgets who was served: the line is that of the first messages.
func (m *model) restart() {
	m.line = nil
	for _, msg := range m.all {
		if !slices.Contains(m.line, msg.group) {
			m.toTheEnd(msg.group)
		}
	}
}

func (m *model) find(body string) *modelMessage {
	i := slices.IndexFunc(m.all, func(msg *modelMessage) bool { return msg.body == body })
	if i < 0 {
		return nil
	}
	return m.all[i]
}

func (m *model) counts() (c [3]int) {
	for _, msg := range m.all {
		switch {
		case m.visible(msg):
			c[0]++
		case msg.delayed:
			c[2]++
		default:
			c[1]++
		}
	}
	return c
}

// flaky is a store whose updates fail when they are told to.
type flaky struct {
	store.Store
	fail bool
}

var errFlaky = errors.New("the disk is on fire")

func (f *flaky) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	return f.Store.Update(ctx, func(tx store.Tx) error {
		err := fn(tx)
		if err == nil && f.fail {
			f.fail = false
			err = errFlaky
		}
		return err
	}, opts...)
}

// TestQueueBehavesLikeTheModel makes random calls, with restarts and failing
// disks between them, and compares every answer.
func TestQueueBehavesLikeTheModel(t *testing.T) {
	runs := 30
	if testing.Short() {
		runs = 5
	}
	for _, name := range []string{"q", "q.fifo"} {
		for range runs {
			seed := rand.Uint64()
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { behaveLikeTheModel(t, name, seed) })
			})
		}
	}
}

// TestRepeatARunOfTheModel is where the seed goes that a failure prints.
func TestRepeatARunOfTheModel(t *testing.T) {
	for _, tt := range []struct {
		name string
		seed uint64
	}{{"q", 1}, {"q.fifo", 1}} {
		synctest.Test(t, func(t *testing.T) { behaveLikeTheModel(t, tt.name, tt.seed) })
	}
}

func behaveLikeTheModel(t *testing.T, name string, seed uint64) {
	r := newRig(t)
	disk := &flaky{Store: r.store}
	r.store = disk
	r.restart()
	a := r.create(name, nil)
	tr := &trial{
		T: t, rnd: rand.New(rand.NewPCG(seed, 0)), rig: r, disk: disk, a: a,
		model: &model{fifo: a.FIFO()}, held: map[string]Message{},
	}
	for step := range 400 {
		tr.where = fmt.Sprintf("step %d of TestRepeatARunOfTheModel with %q and %d", step, name, seed)
		tr.step()
	}
}

// A trial is one run of a queue and its model side by side.
type trial struct {
	*testing.T
	rnd   *rand.Rand
	rig   *rig
	disk  *flaky
	a     Address
	model *model
	held  map[string]Message // by body, as it was last received
	where string
}

func (t *trial) step() {
	t.disk.fail = t.rnd.IntN(15) == 0
	switch op := t.rnd.IntN(100); {
	case op < 30:
		t.send()
	case op < 55:
		t.receive()
	case op < 70:
		t.delete()
	case op < 80:
		t.extend()
	case op < 95:
		time.Sleep(time.Duration(1+t.rnd.IntN(2000)) * time.Millisecond)
	default:
		t.disk.fail = false
		t.rig.restart()
		t.model.restart()
	}
	t.disk.fail = false
	// After a failure, the next transaction reads the queue back.
	q := t.rig.lookup(t.a)
	if err := t.rig.update(t.Context(), q, func(store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got, want := t.rig.counts(t.a), t.model.counts(); got != want {
		t.Fatalf("%s: counts are %v; want %v", t.where, got, want)
	}
}

// failed says whether the disk was to blame. The queue is then read back.
func (t *trial) failed(err error) bool {
	if err == nil {
		return false
	}
	if !errors.Is(err, errFlaky) {
		t.Fatalf("%s: %v", t.where, err)
	}
	t.model.restart()
	return true
}

func (t *trial) send() {
	d := Draft{Body: fmt.Sprint("m", t.model.sent+1), Group: string(rune('a' + t.rnd.IntN(4)))}
	delay := time.Duration(0)
	if t.model.fifo {
		d.DedupID = d.Body
	} else if t.rnd.IntN(3) == 0 {
		delay = time.Duration(t.rnd.IntN(5)) * time.Second
		d.Delay = &delay
	}
	out, err := t.rig.Send(t.Context(), t.a, []Draft{d})
	if t.failed(err) {
		return
	}
	if t.failed(out[0].Err); t.model.send(d.Group, delay) != d.Body {
		t.Fatal("the model counts differently")
	}
}

func (t *trial) receive() {
	max, hide, zero := 1+t.rnd.IntN(4), time.Duration(t.rnd.IntN(6))*time.Second, time.Duration(0)
	found, err := t.rig.Receive(t.Context(), t.a, Request{Max: max, Visibility: &hide, Wait: &zero})
	if t.failed(err) {
		return
	}
	var got []string
	for _, m := range found {
		t.held[m.Body] = m
		got = append(got, fmt.Sprint(m.Body, "#", m.Receives))
	}
	if want := t.model.receive(max, hide); !slices.Equal(got, want) {
		t.Fatalf("%s: received %v; want %v", t.where, got, want)
	}
}

// pick returns a message that has been received, and what the model knows of it.
func (t *trial) pick() (m Message, is *modelMessage, ok bool) {
	body := fmt.Sprint("m", 1+t.rnd.IntN(t.model.sent+1))
	m, ok = t.held[body]
	return m, t.model.find(body), ok
}

func (t *trial) delete() {
	m, is, ok := t.pick()
	if !ok {
		return
	}
	err := t.rig.delete(t.a, m.Receipt)
	if errors.Is(err, errFlaky) {
		t.model.restart()
	} else if is != nil && t.model.fifo && t.model.visible(is) {
		wantFault(t.T, err, fault.KindInvalid, "has expired")
	} else if !t.failed(err) {
		t.model.all = slices.DeleteFunc(t.model.all, func(o *modelMessage) bool { return o == is })
	}
}

func (t *trial) extend() {
	m, is, ok := t.pick()
	if !ok || is == nil || t.model.visible(is) {
		return
	}
	hide := time.Duration(t.rnd.IntN(4)) * time.Second
	if err := t.rig.extend(t.a, m.Receipt, hide); !t.failed(err) {
		is.due = time.Now().Add(hide)
	}
}
