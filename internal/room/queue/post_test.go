package queue

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
)

// post puts mail on queues in one transaction, which fails with err.
func (r *rig) post(err error, mail map[Address][]Mail) error {
	r.t.Helper()
	p, n := r.NewPost(), 0
	for a, ms := range mail {
		for _, m := range ms {
			m.From = sentBy(r.t, rule)
			if err := p.Add(to(a), m); err != nil {
				r.t.Fatal(err)
			}
			n++
		}
	}
	return r.Service.opt.Store.Update(r.t.Context(), func(tx store.Tx) error {
		for i := range n {
			if ok, err := p.Take(tx, i); !ok || err != nil {
				r.t.Errorf("the mail %d: taken %t, %v", i, ok, err)
			}
		}
		return errors.Join(p.Seal(tx), err)
	})
}

func TestPostedMailIsThereWithItsTransaction(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	late := r.create("late", func(s *Settings) { s.Delay = time.Minute })
	f := r.create("f.fifo", func(s *Settings) { s.ContentDedup = true })
	twice := Mail{Body: []byte("same"), Group: "g"}
	if err := r.post(nil, map[Address][]Mail{
		a: {{Body: []byte("1"), Trace: "Root=1"}, {Body: []byte("2")}}, late: {{Body: []byte("3")}}, f: {twice, {Body: []byte("4"), Group: "g"}, twice},
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := r.counts(a); got != [3]int{2, 0, 0} {
			t.Errorf("the queue has %v", got)
		}
		if got := r.counts(late); got != [3]int{0, 0, 1} {
			t.Errorf("the queue with a delay has %v", got)
		}
		if got := r.counts(f); got != [3]int{2, 0, 0} {
			t.Errorf("the FIFO queue has %v, want no repetition", got)
		}
		r.restart()
	}
	if got := r.get(a, 10); bodies(got) != "1 2" || got[0].Trace != "Root=1" || got[0].Sender != "events.amazonaws.com" {
		t.Errorf("received %+v", got)
	}
	if got := r.get(f, 10); bodies(got) != "same 4" || got[0].Group != "g" {
		t.Errorf("received %+v", got)
	}
	if err := r.post(nil, map[Address][]Mail{f: {twice}}); err != nil || r.counts(f) != [3]int{0, 2, 0} {
		t.Errorf("%v, the FIFO queue has %v after a repetition", err, r.counts(f))
	}
}

// Memory follows the disk when the transaction fails, in its closure or at its
// end: what was posted is gone, and its numbers are those of the next.
func TestPostedMailIsGoneWithItsTransaction(t *testing.T) {
	broken := errors.New("broken")
	for _, atEnd := range []bool{false, true} {
		r := newRig(t)
		a := r.create("q", nil)
		f := r.create("f.fifo", func(s *Settings) { s.ContentDedup = true })
		r.putAll(a, "before")
		mail := map[Address][]Mail{a: {{Body: []byte("lost")}}, f: {{Body: []byte("same"), Group: "g"}}}
		if atEnd {
			whole := r.Service.opt.Store
			r.Service.opt.Store = faulty.New(whole, faulty.Nth(faulty.Commit, 1, broken))
			if err := r.post(nil, mail); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			r.Service.opt.Store = whole
		} else if err := r.post(broken, mail); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		r.putAll(a, "after")
		if err := r.post(nil, map[Address][]Mail{f: {{Body: []byte("same"), Group: "g"}}}); err != nil {
			t.Fatal(err)
		}
		if got := r.get(a, 10); bodies(got) != "before after" {
			t.Errorf("at the end %t: received %s", atEnd, bodies(got))
		}
		if got := r.get(f, 10); bodies(got) != "same" {
			t.Errorf("at the end %t: received %s from the FIFO queue, want what repeats nothing", atEnd, bodies(got))
		}
		before := r.counts(a)
		r.restart()
		if got := r.counts(a); got != before {
			t.Errorf("at the end %t: %v in memory, %v on disk", atEnd, before, got)
		}
	}
}

func TestAQueueThatIsDeletedMeanwhileTakesNoPost(t *testing.T) {
	r := newRig(t)
	a, b := r.create("a", nil), r.create("b", nil)
	p := r.NewPost()
	for _, q := range []Address{a, b} {
		if err := p.Add(to(q), Mail{Body: []byte("m"), From: sentBy(t, rule)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Delete(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Update(t.Context(), func(tx store.Tx) error {
		first, err := p.Take(tx, 0)
		second, err2 := p.Take(tx, 1)
		if first || !second {
			t.Errorf("taken: %t by the queue that is gone, %t by the other", first, second)
		}
		return errors.Join(err, err2, p.Seal(tx))
	}); err != nil {
		t.Fatal(err)
	}
	if got := r.counts(b); got != [3]int{1, 0, 0} {
		t.Errorf("the other has %v", got)
	}
}

func TestALongPollEndsWithTheTransactionThatPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		wait := 20 * time.Second
		got := make(chan []Message)
		go func() { got <- r.await(a, Request{Max: 1, Wait: &wait}) }()
		synctest.Wait()
		if err := r.post(errors.New("broken"), map[Address][]Mail{a: {{Body: []byte("lost")}}}); err == nil {
			t.Error("the transaction committed")
		}
		time.Sleep(time.Second)
		began := time.Now()
		if err := r.post(nil, map[Address][]Mail{a: {{Body: []byte("m")}}}); err != nil {
			t.Fatal(err)
		}
		if found := <-got; bodies(found) != "m" || time.Since(began) > 0 {
			t.Errorf("received %s after %v", bodies(found), time.Since(began))
		}
	})
}

// What one sender may is nothing that another one may, though both write at once.
func TestAPostAsksForEachSender(t *testing.T) {
	r := newRig(t)
	const other = rule + "-2"
	a := r.create("q", statement(`{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"`+other+`"}}}`))
	p := r.NewPost()
	for _, from := range []string{rule, rule, other, rule, other} {
		if err := p.Add(to(a), Mail{Body: []byte("m"), From: sentBy(t, from)}); (err == nil) != (from == rule) {
			t.Errorf("from %s: %v", from, err)
		}
	}
}
