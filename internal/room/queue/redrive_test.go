package queue

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/fault"
)

// createRedriven makes a queue whose messages go to target after max receives.
func (r *rig) createRedriven(name string, target Address, max int) Address {
	return r.create(name, func(s *Settings) { s.Redrive = &Redrive{Target: target.ARN(), MaxReceives: max} })
}

// fail receives the next message of a and gives it back, n times.
func (r *rig) fail(a Address, n int) {
	r.t.Helper()
	for range n {
		m := r.get(a, 1)
		if len(m) == 0 {
			r.t.Fatal("there is nothing to receive")
		}
		if err := r.extend(a, m[0].Receipt, 0); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestMessageReceivedTooOftenGoesToTheDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 3)
		draft := Draft{Body: "m", Trace: "t", Attributes: []Attribute{{"k", "String", "v"}}}
		began := time.Now()
		sent := r.put(a, draft)
		time.Sleep(time.Second)
		first := time.Now()
		r.fail(a, 3)
		poll := longPoll(r, t.Context(), dead, 20*time.Second)
		time.Sleep(time.Second)
		wantBodies(t, r.get(a, 10), "")
		got := <-poll
		want := []Message{{
			ID: sent.ID, Body: "m", Trace: "t", Attributes: draft.Attributes, Origin: a.ARN(),
			Sent: began, First: first, Receives: 4,
		}}
		if len(got.found) == 1 {
			want[0].Receipt = got.found[0].Receipt
		}
		if diff := cmp.Diff(want, got.found); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		wantCounts(t, r.counts(a), 0, 0, 0)
		wantCounts(t, r.counts(dead), 0, 1, 0)
		r.restart()
		wantCounts(t, r.counts(a), 0, 0, 0)
		r.finish(dead, got.found...)
		wantKeys(t, r, keyBody, 0)
		wantKeys(t, r, keyEntry, 0)
	})
}

func TestDeadLetterOfAStandardQueueKeepsItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead", func(s *Settings) { s.Retention = time.Hour })
		a := r.createRedriven("q", dead, 1)
		r.putAll(a, "m")
		r.fail(a, 1)
		time.Sleep(50 * time.Minute)
		r.get(a, 1)
		wantCounts(t, r.counts(dead), 1, 0, 0)
		time.Sleep(10 * time.Minute)
		wantBodies(t, r.get(dead, 1), "")
	})
}

func TestDeadLettersKeepTheirGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead.fifo", nil)
		a := r.createRedriven("q.fifo", dead, 1)
		r.putGroup(a, "a1", "a2")
		r.fail(a, 1)
		wantBodies(t, r.get(a, 10), "a2") // a1 left, so the group goes on
		got := r.get(dead, 10)
		wantBodies(t, got, "a1")
		if got[0].Group != "a" || got[0].DedupID != "a1" || got[0].Receives != 2 {
			t.Errorf("got %+v", got[0])
		}
	})
}

func TestQueuesThatNameEachOtherDoNotPassMessagesToAndFro(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		b := r.create("b", nil)
		a := r.createRedriven("a", b, 1)
		redirect := func(target Address) {
			t.Helper()
			if err := r.Configure(t.Context(), b, func(s *Settings) error {
				s.Redrive = &Redrive{Target: target.ARN(), MaxReceives: 1}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		both := func() [2]<-chan polled {
			return [...]<-chan polled{longPoll(r, t.Context(), a, 20*time.Second), longPoll(r, t.Context(), b, 20*time.Second)}
		}
		redirect(a)
		r.putAll(a, "m")
		r.fail(a, 1)
		polls := both() // moves it from a to b
		wantBodies(t, (<-polls[1]).found, "m")
		wantBodies(t, (<-polls[0]).found, "")
		time.Sleep(time.Minute)
		polls = both() // and back
		wantBodies(t, (<-polls[0]).found, "m")
		wantBodies(t, (<-polls[1]).found, "")
		time.Sleep(time.Minute)
		polls = both()
		wantBodies(t, (<-polls[1]).found, "m")
		redirect(b)
		time.Sleep(time.Minute)
		r.fail(b, 3)
	})
}

func TestMessageStaysWhenTheDeadLetterQueueIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead", nil)
		a := r.createRedriven("q", dead, 1)
		r.putAll(a, "m")
		if err := r.Delete(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		r.fail(a, 5)
		// And other settings can still be changed.
		if err := r.Configure(t.Context(), a, func(s *Settings) error { s.Delay = time.Second; return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestRedrivePolicyNamesAQueueThatPermitsIt(t *testing.T) {
	r := newRig(t)
	r.create("any", nil)
	r.create("f.fifo", nil)
	r.create("none", func(s *Settings) { s.RedriveAllow = &RedriveAllow{Permission: DenyAll} })
	r.create("some", func(s *Settings) {
		s.RedriveAllow = &RedriveAllow{Permission: ByQueue, Sources: []string{at("friend").ARN()}}
	})
	try := func(name, target string, max int) error {
		s := DefaultSettings()
		s.Redrive = &Redrive{Target: target, MaxReceives: max, Text: "{text}"}
		return r.Create(t.Context(), at(name), s, nil, nil)
	}
	const begin = "Value {text} for parameter RedrivePolicy is invalid. Reason: "
	for _, tt := range []struct {
		target string
		max    int
		want   string
	}{
		{"dummy", 42, "Invalid value for deadLetterTargetArn."},
		{"arn:aws:sns:eu-central-1:123456789012:any", 1, "Invalid value for deadLetterTargetArn."},
		{at("any").ARN(), 0, "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."},
		{at("any").ARN(), 1001, "Invalid value for maxReceiveCount: 1001"},
		{at("missing").ARN(), 1, "Dead letter target does not exist."},
		{at("f.fifo").ARN(), 1, "Dead-letter queue must be same type of queue as the source."},
		{"arn:aws:sqs:us-east-1:123456789012:any", 1, "Dead-letter target owner should be same as the source."},
		{at("none").ARN(), 1, "The redrive allow policy of the dead-letter queue does not permit this queue."},
		{at("some").ARN(), 1, "The redrive allow policy of the dead-letter queue does not permit this queue."},
	} {
		wantFault(t, try("q", tt.target, tt.max), fault.KindInvalid, begin+tt.want)
	}
	for name, target := range map[string]string{"q": "any", "friend": "some"} {
		if err := try(name, at(target).ARN(), 1000); err != nil {
			t.Error(err)
		}
	}
	if got := r.Sources(at("any")); !cmp.Equal(got, []Address{at("q")}) {
		t.Errorf("the sources are %v", got)
	}
}

// background runs the service until the test ends.
func (r *rig) background() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	}
}

func (r *rig) onlyMove(a Address) Move {
	r.t.Helper()
	m, err := r.Moves(a, 10)
	if err != nil || len(m) == 0 {
		r.t.Fatalf("moves are %v, %v", m, err)
	}
	return m[0]
}

func TestDeadLettersGoBackWhereTheyCameFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead := r.create("dead", nil)
		a, b := r.createRedriven("a", dead, 1), r.createRedriven("b", dead, 1)
		old := r.put(a, Draft{Body: "from a"})
		r.put(b, Draft{Body: "from b", Attributes: []Attribute{{"k", "String", "v"}}})
		for _, q := range []Address{a, b} {
			r.fail(q, 1)
			r.get(q, 1)
		}
		defer r.background()()
		began := time.Now()
		id, err := r.StartMove(t.Context(), dead, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := Move{ID: id, Started: began.UTC(), Status: MoveCompleted, Moved: 2, ToMove: 2}
		if diff := cmp.Diff(want, r.onlyMove(dead)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		got := r.get(a, 10)
		wantBodies(t, got, "from a")
		if got[0].ID == old.ID || got[0].Receives != 1 || got[0].Origin != "" || !got[0].Sent.Equal(began) {
			t.Errorf("it is no new message: %+v", got[0])
		}
		if m := r.get(b, 10); bodies(m) != "from b" || len(m[0].Attributes) != 1 {
			t.Errorf("b got %+v", m)
		}
		wantCounts(t, r.counts(dead), 0, 0, 0)
	})
}

func TestMoveKeepsItsRateAndCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead, to := r.create("dead", nil), r.create("to", nil)
		r.createRedriven("a", dead, 1)
		for range 10 {
			r.putAll(dead, "m")
		}
		stop := r.background()
		id, err := r.StartMove(t.Context(), dead, to.ARN(), 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.StartMove(t.Context(), dead, to.ARN(), 1)
		wantFault(t, err, fault.KindInvalid, "There is already a task running.")
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		wantCounts(t, r.counts(to), 2, 0, 0)
		// A restart does not end it.
		stop()
		r.restart()
		defer r.background()()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		wantCounts(t, r.counts(to), 4, 0, 0)
		moved, err := r.CancelMove(t.Context(), dead, id)
		if err != nil || moved != 4 {
			t.Errorf("cancelled after %d, %v", moved, err)
		}
		time.Sleep(time.Minute)
		wantCounts(t, r.counts(to), 4, 0, 0)
		if m := r.onlyMove(dead); m.Status != MoveCancelled || m.Moved != 4 || m.ToMove != 10 {
			t.Errorf("the task is %+v", m)
		}
		_, err = r.CancelMove(t.Context(), dead, id)
		wantFault(t, err, fault.KindInvalid, "Only active tasks can be cancelled")
		_, err = r.CancelMove(t.Context(), dead, "other")
		wantFault(t, err, fault.KindNotFound, "Task does not exist.")
	})
}

func TestMoveFailsWithoutADestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		dead, to := r.create("dead", nil), r.create("to", nil)
		r.createRedriven("a", dead, 1)
		r.putAll(dead, "sent here")
		defer r.background()()
		if _, err := r.StartMove(t.Context(), dead, "", 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if m := r.onlyMove(dead); m.Status != MoveFailed || m.Reason != "CouldNotDetermineMessageSource" {
			t.Errorf("the task is %+v", m)
		}
		r.restart() // the message that was looked at is still there
		wantCounts(t, r.counts(dead), 1, 0, 0)

		defer r.background()()
		if _, err := r.StartMove(t.Context(), dead, to.ARN(), 1); err != nil {
			t.Fatal(err)
		}
		if err := r.Delete(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if m := r.onlyMove(dead); m.Status != MoveFailed || m.Reason != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("the task is %+v", m)
		}
		wantBodies(t, r.get(dead, 1), "sent here")
	})
}

func TestMoveNeedsADeadLetterQueue(t *testing.T) {
	r := newRig(t)
	dead := r.create("dead", nil)
	_, err := r.StartMove(t.Context(), dead, "", 0)
	wantFault(t, err, fault.KindInvalid, "Source queue must be configured as a Dead Letter Queue.")
	r.createRedriven("a", dead, 1)
	r.create("f.fifo", nil)
	for destination, want := range map[string]string{
		at("missing").ARN(): "The resource that you specified for the DestinationArn parameter doesn't exist.",
		"dummy":             "DestinationArn parameter doesn't exist",
		dead.ARN():          "cannot be the same",
		at("f.fifo").ARN():  "same type",
	} {
		_, err = r.StartMove(t.Context(), dead, destination, 0)
		if fault.KindOf(err) == fault.KindInternal {
			t.Errorf("%s: %v", destination, err)
		}
		wantFault(t, err, fault.KindOf(err), want)
	}
	_, err = r.StartMove(t.Context(), at("missing"), "", 0)
	wantFault(t, err, fault.KindNotFound, "SourceArn parameter doesn't exist")
	if tasks, err := r.Moves(dead, 10); err != nil || tasks != nil {
		t.Errorf("tasks are %v, %v", tasks, err)
	}
}

// Who had no room for a message gives it back as it was.
func TestWhatNobodyLookedAtIsNotCountedAsReceived(t *testing.T) {
	for _, name := range []string{"q", "q.fifo"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			dead := r.create("dead"+name[1:], nil)
			a := r.createRedriven(name, dead, 1)
			draft := Draft{Body: "m"}
			if a.FIFO() {
				draft.Group, draft.DedupID = "g", "d"
			}
			r.put(a, draft)
			unseen := func(receipt string) {
				t.Helper()
				fates, err := r.Extend(t.Context(), a, []Timeout{{Receipt: receipt, Unseen: true}})
				if err != nil || fates[0] != nil {
					t.Fatal(err, fates)
				}
			}
			for range 3 {
				m := r.get(a, 1)
				if len(m) != 1 || m[0].Receives != 1 || !m[0].First.Equal(time.Now()) {
					t.Fatalf("%s: received %+v; want it as if it had never been", name, m)
				}
				unseen(m[0].Receipt)
				time.Sleep(time.Second)
			}
			r.restart()
			m := r.get(a, 1)
			if len(m) != 1 || m[0].Receives != 1 {
				t.Fatalf("%s: after a restart %+v", name, m)
			}
			if err := r.extend(a, m[0].Receipt, 0); err != nil {
				t.Fatal(err)
			}
			wantBodies(t, r.get(a, 1), "") // which has it go
			// It brings its count along, and is seen once all the same.
			last := r.create("last"+name[1:], nil)
			err := r.Configure(t.Context(), dead, func(s *Settings) error {
				s.Redrive = &Redrive{Target: last.ARN(), MaxReceives: 1}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			a = dead
			unseen(r.get(a, 1)[0].Receipt)
			if m = r.get(a, 1); len(m) != 1 || m[0].Receives != 2 {
				t.Fatalf("%s: as a dead letter %+v", name, m)
			}
		})
	}
}
