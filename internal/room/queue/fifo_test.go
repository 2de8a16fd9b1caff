package queue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/fault"
)

// putGroup sends bodies to the groups that they begin with: a1 goes to a.
func (r *rig) putGroup(a Address, bodies ...string) {
	r.t.Helper()
	for _, b := range bodies {
		r.put(a, Draft{Body: b, Group: b[:1], DedupID: b})
	}
}

func TestGroupWaitsWhileOneOfItsMessagesIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "a2", "b1", "a3", "c1")
		first := r.get(a, 1)
		wantBodies(t, first, "a1")
		others := r.get(a, 10)
		wantBodies(t, others, "b1 c1")
		wantBodies(t, r.get(a, 10), "")
		r.finish(a, first...)
		wantBodies(t, r.get(a, 10), "a2 a3")
	})
}

func TestOneReceiverMayHaveSeveralMessagesOfAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "b1", "a2", "b2", "a3")
		got := r.get(a, 4)
		wantBodies(t, got, "a1 a2 a3 b1")
		// The group stays closed while its first message is out.
		r.finish(a, got[0], got[2])
		wantBodies(t, r.get(a, 10), "")
		if err := r.extend(a, got[1].Receipt, 0); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, r.get(a, 10), "a2")
		r.finish(a, got[3])
		wantBodies(t, r.get(a, 10), "b2")
	})
}

// as-aws 2
func TestGroupGivesFromItsFrontUpToTheFirstHiddenMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "a2", "b1")
		got := r.get(a, 2)
		wantBodies(t, got, "a1 a2")
		if err := r.extend(a, got[0].Receipt, 0); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, r.get(a, 3), "b1 a1")
	})
	for extended, want := range map[int]string{0: "", 1: "a1", 2: "a1 a2"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			a := r.create("q.fifo", func(s *Settings) { s.Visibility = time.Second })
			r.putGroup(a, "a1", "a2", "a3")
			if err := r.extend(a, r.get(a, 5)[extended].Receipt, 6*time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			wantBodies(t, r.get(a, 5), want)
		})
	}
}

// as-aws 3
func TestGroupsAreServedInTurn(t *testing.T) {
	r := newRig(t)
	zero := time.Duration(0)
	a := r.create("q.fifo", nil)
	r.putGroup(a, "a1", "b1", "b2", "c1", "a2")
	wantBodies(t, r.await(a, Request{Max: 3, Visibility: &zero}), "a1 a2 b1")
	wantBodies(t, r.await(a, Request{Max: 10, Visibility: &zero}), "c1 a1 a2 b1 b2")

	// One that is served and given back over and over keeps nobody waiting, nor
	// does a stream of new groups keep it waiting.
	a = r.create("turns.fifo", nil)
	r.putGroup(a, "a1", "b1", "c1")
	for _, want := range []string{"a1", "b1", "c1", "a1", "b1", "d1", "e1", "c1"} {
		wantBodies(t, r.await(a, Request{Max: 1, Visibility: &zero}), want)
		if want == "b1" {
			r.putGroup(a, "d1", "e1")
		}
	}

	// A long one takes its turn like a short one.
	a = r.create("long.fifo", nil)
	r.putGroup(a, "a1", "a2", "a3", "b1")
	r.finish(a, r.get(a, 1)...)
	wantBodies(t, r.get(a, 1), "b1")
	wantBodies(t, r.get(a, 1), "a2")
}

func TestGroupKeepsItsOrderAfterATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "a2", "a3")
		got := r.get(a, 2)
		if err := r.extend(a, got[0].Receipt, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // a2 is visible, a1 is still out
		wantBodies(t, r.get(a, 10), "")
		time.Sleep(30 * time.Second)
		wantBodies(t, r.get(a, 10), "a1 a2 a3")
		for _, m := range got {
			wantFault(t, r.delete(a, m.Receipt), fault.KindInvalid, "The receipt handle has expired.")
		}
	})
}

func TestExpiredReceiptIsRefusedInAFIFOQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1")
		m := r.get(a, 1)[0]
		time.Sleep(30 * time.Second)
		want := "Value " + m.Receipt + " for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
		wantFault(t, r.delete(a, m.Receipt), fault.KindInvalid, want)
		wantFault(t, r.extend(a, m.Receipt, time.Second), fault.KindInvalid, want)
		again := r.get(a, 1)
		wantFault(t, r.extend(a, m.Receipt, time.Second), fault.KindInvalid, want)
		r.finish(a, again...)
		r.finish(a, m) // it is gone, which is what was wanted
	})
}

func TestLongPollEndsWhenAGroupOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "a2")
		first := r.get(a, 1)
		start := time.Now()
		poll := longPoll(r, t.Context(), a, 20*time.Second)
		time.Sleep(3 * time.Second)
		r.finish(a, first...)
		got := <-poll
		wantBodies(t, got.found, "a2")
		if waited := got.at.Sub(start); waited != 3*time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestRepetitionIsDroppedForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		first := r.put(a, Draft{Body: "1", Group: "a", DedupID: "d"})
		r.finish(a, r.get(a, 1)...) // it is remembered beyond its message
		for _, pause := range []time.Duration{0, 2 * time.Minute, 3*time.Minute - 1} {
			time.Sleep(pause)
			r.restart()
			if again := r.put(a, Draft{Body: "2", Group: "b", DedupID: "d"}); again != first {
				t.Errorf("after %s the repetition is %v; want %v", pause, again, first)
			}
		}
		wantCounts(t, r.counts(a), 0, 0, 0)
		time.Sleep(time.Nanosecond)
		if later := r.put(a, Draft{Body: "3", Group: "a", DedupID: "d"}); later.Sequence <= first.Sequence {
			t.Errorf("sequence %d does not follow %d", later.Sequence, first.Sequence)
		}
		wantBodies(t, r.get(a, 10), "3")
	})
}

// as-aws 1
func TestPurgeForgetsWhatTheQueueKnewOfItsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, restart := range []bool{false, true} {
			r := newRig(t)
			a := r.create("q.fifo", nil)
			zero := time.Duration(0)
			ask := func() []Message { return r.await(a, Request{Max: 1, Wait: &zero, Attempt: "one"}) }
			r.put(a, Draft{Body: "1", Group: "g", DedupID: "d"})
			old := ask()
			if err := r.Purge(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if restart {
				r.restart()
			}
			wantCounts(t, r.counts(a), 0, 0, 0)
			second := r.put(a, Draft{Body: "2", Group: "g", DedupID: "d"})
			r.finish(a, old...) // its receipt is of nothing
			got := ask()
			wantBodies(t, got, "2")
			if got[0].Receives != 1 || got[0].Sequence != second.Sequence || got[0].ID == old[0].ID {
				t.Errorf("after the purge, received %+v; sent %+v", got[0], second)
			}
			if again := r.put(a, Draft{Body: "3", Group: "g", DedupID: "d"}); again != second {
				t.Errorf("a repetition of what came after the purge is %+v; want %+v", again, second)
			}
			wantFault(t, r.extend(a, old[0].Receipt, 0), fault.KindInvalid, "Message does not exist")
		}
	})
}

func TestRepetitionIsRecognisedByContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", func(s *Settings) { s.ContentDedup = true })
		r.put(a, Draft{Body: "same", Group: "a", Attributes: []Attribute{{"n", "Number", "1"}}})
		r.put(a, Draft{Body: "same", Group: "a", Attributes: []Attribute{{"n", "Number", "2"}}})
		r.put(a, Draft{Body: "same", Group: "a", DedupID: "own"})
		r.put(a, Draft{Body: "other", Group: "a", DedupID: "own"})
		got := r.get(a, 10)
		wantBodies(t, got, "same same")
		if want := "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"; got[0].DedupID != want {
			t.Errorf("the id is %s; want the SHA-256 of the body, %s", got[0].DedupID, want)
		}
	})
}

func TestRepetitionCanBePerGroup(t *testing.T) {
	r := newRig(t)
	a := r.create("q.fifo", func(s *Settings) { s.GroupDedup = true })
	for _, g := range []string{"a", "b", "a"} {
		r.put(a, Draft{Body: g, Group: g, DedupID: "d"})
	}
	wantBodies(t, r.get(a, 10), "a b")
}

func TestFIFOQueueAsksForGroupAndID(t *testing.T) {
	r := newRig(t)
	a := r.create("q.fifo", nil)
	second := time.Second
	for _, tt := range []struct {
		draft Draft
		want  string
	}{
		{Draft{Body: "m", DedupID: "d"}, "The request must contain the parameter MessageGroupId."},
		{Draft{Body: "m", Group: "g"}, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
		{Draft{Body: "m", Group: "g", DedupID: "d", Delay: &second}, "Value 1 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."},
		{Draft{Body: "m", Group: "g", DedupID: strings.Repeat("d", 129)}, "1 to 128 in length"},
	} {
		out, err := r.Send(t.Context(), a, []Draft{tt.draft})
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, out[0].Err, fault.KindInvalid, tt.want)
	}
}

func TestSequenceGrowsAcrossARestart(t *testing.T) {
	r := newRig(t)
	a := r.create("q.fifo", nil)
	last := uint64(0)
	for i := range 6 {
		sent := r.put(a, Draft{Body: "m", Group: "g", DedupID: fmt.Sprint(i)})
		if sent.Sequence <= last || len(fmt.Sprint(sent.Sequence)) != 20 {
			t.Errorf("sequence %d after %d", sent.Sequence, last)
		}
		last = sent.Sequence
		r.finish(a, r.get(a, 1)...)
		r.restart()
	}
}

func TestDelayOfTheQueueHoldsBackAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", func(s *Settings) { s.Delay = 5 * time.Second })
		zero := time.Duration(0)
		r.put(a, Draft{Body: "a1", Group: "a", DedupID: "1", Delay: &zero}) // says nothing in a FIFO queue
		time.Sleep(3 * time.Second)
		r.putGroup(a, "a2")
		wantCounts(t, r.counts(a), 0, 0, 2)
		time.Sleep(2 * time.Second)
		first := r.get(a, 10)
		wantBodies(t, first, "a1")
		time.Sleep(3 * time.Second)
		wantBodies(t, r.get(a, 10), "")
		r.finish(a, first...)
		wantBodies(t, r.get(a, 10), "a2")
	})
}

func TestRepeatedAttemptGetsTheSameMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q.fifo", nil)
		r.putGroup(a, "a1", "a2", "b1")
		ask := func(name string) []Message {
			zero := time.Duration(0)
			return r.await(a, Request{Max: 2, Wait: &zero, Attempt: name})
		}
		first := ask("one")
		wantBodies(t, first, "a1 a2")
		time.Sleep(20 * time.Second)
		again := ask("one")
		wantBodies(t, again, "a1 a2")
		if again[0].Receipt != first[0].Receipt {
			t.Error("the receipt is another one")
		}
		time.Sleep(20 * time.Second) // the second attempt began the timeout anew
		wantCounts(t, r.counts(a), 1, 2, 0)
		r.finish(a, first[0])
		wantBodies(t, ask("one"), "b1") // something has happened to them
	})
}

func TestNamedRequestsAreRememberedInABoundedNumber(t *testing.T) {
	var a attempts
	for i := range maxAttempts + 100 {
		a.remember(fmt.Sprint(i), int64(i), nil)
	}
	if len(a.known) != maxAttempts || len(a.line) != maxAttempts {
		t.Errorf("%d are known, %d in line; want %d", len(a.known), len(a.line), maxAttempts)
	}
	if _, ok := a.known["99"]; ok {
		t.Error("the oldest are still there")
	}
	if _, ok := a.known[fmt.Sprint(maxAttempts+99)]; !ok {
		t.Error("the newest is not there")
	}
}
