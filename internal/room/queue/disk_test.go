package queue

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/faulty"
)

// newFlakyRig returns a rig whose store fails when it is told to, and newFillingRig
// one whose disk is full while it is said to be.
func newFlakyRig(t *testing.T) (*rig, *flaky) {
	r := newRig(t)
	bad := &flaky{Store: r.store}
	r.store = bad
	r.restart()
	return r, bad
}

func newFillingRig(t *testing.T) (*rig, *atomic.Bool) {
	r, full := newRig(t), new(atomic.Bool)
	r.store = faulty.Full(r.store, full)
	r.restart()
	return r, full
}

func TestEverythingSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 2)
		minute := time.Minute
		r.putAll(a, "1", "2", "3")
		r.put(a, Draft{Body: "later", Delay: &minute, Attributes: []Attribute{{"k", "String", "v"}}})
		m := r.get(a, 1)[0]
		r.finish(a, r.get(a, 1)...)
		info, err := r.Info(a)
		if err != nil {
			t.Fatal(err)
		}

		time.Sleep(10 * time.Second)
		r.restart()
		again, err := r.Info(a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(info, again); diff != "" {
			t.Errorf("info (-want +got):\n%s", diff)
		}
		wantBodies(t, r.get(a, 10), "3")
		time.Sleep(20*time.Second - 1)
		wantBodies(t, r.get(a, 10), "")
		time.Sleep(time.Nanosecond)
		second := r.get(a, 10) // in flight until its deadline, and the count goes on
		wantBodies(t, second, "1")
		if second[0].Receives != 2 || second[0].ID != m.ID || !second[0].First.Equal(m.First) {
			t.Errorf("after the restart it is %+v; was %+v", second[0], m)
		}
		time.Sleep(30 * time.Second)
		r.restart()
		wantBodies(t, r.get(a, 10), "3 later")
		got := r.get(dead, 10)
		wantBodies(t, got, "1")
		r.restart()
		r.finish(dead, got...) // the receipt is as good as before
		wantCounts(t, r.counts(dead), 0, 0, 0)
	})
}

func TestQueuesAreKeptOnADisk(t *testing.T) {
	dir := t.TempDir()
	open := func() (*rig, func()) {
		st, err := disk.Open(disk.Options{Dir: dir, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, store: st}
		r.restart()
		return r, func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	r, shut := open()
	a, f := r.create("q", nil), r.create("q.fifo", nil)
	r.putAll(a, "1", "2", "3")
	r.putGroup(f, "a1", "b1", "a2")
	r.finish(a, r.get(a, 1)...)
	out := r.get(f, 1)
	shut()

	r, shut = open()
	defer shut()
	wantBodies(t, r.get(a, 10), "2 3")
	wantBodies(t, r.get(f, 10), "b1")
	r.finish(f, out...)
	wantBodies(t, r.get(f, 10), "a2")
	r.putGroup(f, "a2") // a repetition
	wantCounts(t, r.counts(f), 0, 2, 0)
}

func TestFailedChangeIsNoChange(t *testing.T) {
	r, bad := newFlakyRig(t)
	a := r.create("q", nil)
	for name, change := range map[string]func() error{
		"create":    func() error { return r.Create(t.Context(), at("new"), DefaultSettings(), nil, nil) },
		"delete":    func() error { return r.Delete(t.Context(), a) },
		"purge":     func() error { return r.Purge(t.Context(), a) },
		"configure": func() error { return r.Configure(t.Context(), a, func(s *Settings) error { s.Delay = 1; return nil }) },
		"deliver":   func() error { return r.Deliver(t.Context(), to(a), Mail{Body: []byte("x"), From: sentBy(t, rule)}) },
	} {
		r.putAll(a, name)
		before := r.counts(a)
		bad.fail = true
		if err := change(); err == nil {
			t.Errorf("%s did not fail", name)
		}
		if err := r.update(t.Context(), r.lookup(a), func(store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got := r.counts(a); got != before {
			t.Errorf("%s: counts are %v; want %v", name, got, before)
		}
	}
	if got := r.List(at("q").Place, ""); len(got) != 1 {
		t.Errorf("the queues are %v", got)
	}
}

func TestFailedDeadLetterIsInOneQueueOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, bad := newFlakyRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 1)
		r.putAll(a, "m")
		r.fail(a, 1)
		bad.fail = true
		if _, err := r.Receive(t.Context(), a, Request{Max: 1}); err == nil {
			t.Error("it did not fail")
		}
		wantBodies(t, r.get(dead, 1), "")
		wantBodies(t, r.get(a, 1), "")
		wantBodies(t, r.get(dead, 1), "m")
	})
}

func TestDamagedRecordIsAnError(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	r.putAll(a, "m")
	write := func(k, v []byte) {
		t.Helper()
		if err := r.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put(k, v) }); err != nil {
			t.Fatal(err)
		}
	}
	number := r.lookup(a).number
	write(key(keyBody, number, 1), []byte("x"))
	if _, err := r.Receive(t.Context(), a, Request{Max: 1}); err == nil {
		t.Error("a damaged message was handed out")
	}
	write(key(keyEntry, number, 1), []byte("x"))
	if _, err := Open(t.Context(), Options{Store: r.store, Guard: access.Boundary{}}); err == nil {
		t.Error("a damaged entry was read")
	}
}

func FuzzRecord(f *testing.F) {
	whole := record{Draft: Draft{Body: "body", Sender: "s", Group: "g", DedupID: "d", Trace: "t", Attributes: []Attribute{{"n", "Number", "1"}}}, origin: "o", sent: 1, first: 2, count: 3}
	f.Add(whole.append(nil))
	f.Add([]byte{recordVersion})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, name, err := decodeEntry(1, b); err == nil {
			again, same, err := decodeEntry(1, appendEntry(nil, e, name))
			if err != nil || same != name || again.Due != e.Due || again.Taken != e.Taken || again.Count != e.Count || again.Phase != e.Phase {
				t.Errorf("entry %+v comes back as %+v, %v", e, again, err)
			}
		}
		r, err := decodeRecord(b)
		if err != nil {
			return
		}
		again, err := decodeRecord(r.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, cmp.AllowUnexported(record{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if sent, err := sentIn(b); err != nil || sent != r.sent {
			t.Errorf("sent at %d, %v; want %d", sent, err, r.sent)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	q := &queue{number: 7}
	f.Add(q.receipt(&ledger.Entry{Seq: 1, Tag: 2, Count: 3}))
	f.Add("")
	f.Add(strings.Repeat("A", 40) + "\n")
	f.Add(q.receipt(&ledger.Entry{})[:38] + "B")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := q.claim(s)
		if err != nil {
			return
		}
		if again := q.receipt(&ledger.Entry{Seq: c.seq, Tag: c.tag, Count: c.count}); again != s {
			t.Errorf("%q comes back as %q", s, again)
		}
	})
}

// attack F17: what is in a queue can be taken out of it while the disk is full.
func TestAFullDiskTakesNothingAndLetsEverythingGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, full := newFillingRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 5)
		r.putAll(a, "1", "2", "3")
		r.putAll(dead, "4")
		full.Store(true)
		if _, err := r.Send(t.Context(), a, []Draft{{Body: "5"}}); !errors.Is(err, store.ErrFull) || fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("a message for a full disk: %v", err)
		}
		if err := r.Create(t.Context(), at("new"), DefaultSettings(), nil, nil); !errors.Is(err, store.ErrFull) {
			t.Errorf("a queue for a full disk: %v", err)
		}
		m := r.get(a, 1)
		wantBodies(t, m, "1")
		if fates, err := r.Extend(t.Context(), a, []Timeout{{Receipt: m[0].Receipt}}); err != nil || fates[0] != nil {
			t.Errorf("a visibility timeout: %v, %v", fates, err)
		}
		r.finish(a, r.get(a, 3)...)
		wantCounts(t, r.counts(a), 0, 0, 0)
		for name, err := range map[string]error{"purge": r.Purge(t.Context(), a), "delete": r.Delete(t.Context(), a)} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantCounts(t, r.counts(dead), 1, 0, 0)
	})
}

func TestAMoveWaitsForRoomOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, full := newFillingRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 1)
		r.put(a, Draft{Body: "1"})
		r.fail(a, 1)
		r.get(a, 1)
		if _, err := r.StartMove(t.Context(), dead, "", 0); err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		defer r.background()()
		time.Sleep(time.Minute)
		if m := r.onlyMove(dead); m.Status != MoveRunning || m.Moved != 0 {
			t.Errorf("on a full disk the move is %+v", m)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if m := r.onlyMove(dead); m.Status != MoveCompleted || m.Moved != 1 {
			t.Errorf("when there is room the move is %+v", m)
		}
	})
}
