package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
)

// A rig is a service on a store in memory.
type rig struct {
	t testing.TB
	*Service
	store store.Store
}

func newRig(t testing.TB) *rig {
	st := mem.New()
	t.Cleanup(func() {
		if err := st.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	})
	r := &rig{t: t, store: st}
	r.restart()
	return r
}

// restart forgets everything that is not in the store.
func (r *rig) restart() {
	r.t.Helper()
	s, err := Open(r.t.Context(), Options{Store: r.store, Guard: access.Boundary{}, Log: quiet})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Service = s
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func at(name string) Address { return Address{access.Place{Account: account, Region: region}, name} }

// create makes a queue; change may be nil.
func (r *rig) create(name string, change func(*Settings)) Address {
	r.t.Helper()
	s := DefaultSettings()
	if change != nil {
		change(&s)
	}
	if err := r.Create(r.t.Context(), at(name), s, nil, func(Settings) error { return errors.New("exists") }); err != nil {
		r.t.Fatal(err)
	}
	return at(name)
}

// put sends a message and fails the test if the queue does not take it.
func (r *rig) put(a Address, d Draft) Sent {
	r.t.Helper()
	out, err := r.Send(r.t.Context(), a, []Draft{d})
	if err == nil {
		err = out[0].Err
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return out[0].Sent
}

func (r *rig) putAll(a Address, bodies ...string) {
	r.t.Helper()
	for _, b := range bodies {
		r.put(a, Draft{Body: b})
	}
}

// get receives without waiting.
func (r *rig) get(a Address, max int) []Message {
	r.t.Helper()
	zero := time.Duration(0)
	return r.await(a, Request{Max: max, Wait: &zero})
}

func (r *rig) await(a Address, req Request) []Message {
	r.t.Helper()
	found, err := r.Receive(r.t.Context(), a, req)
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

// finish deletes messages.
func (r *rig) finish(a Address, messages ...Message) {
	r.t.Helper()
	for _, m := range messages {
		if err := r.delete(a, m.Receipt); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) delete(a Address, receipt string) error {
	fates, err := r.Remove(r.t.Context(), a, []string{receipt})
	return errors.Join(append(fates, err)...)
}

func (r *rig) extend(a Address, receipt string, hide time.Duration) error {
	fates, err := r.Extend(r.t.Context(), a, []Timeout{{Receipt: receipt, Hide: hide}})
	return errors.Join(append(fates, err)...)
}

// counts returns visible, hidden, delayed.
func (r *rig) counts(a Address) [3]int {
	r.t.Helper()
	i, err := r.Info(a)
	if err != nil {
		r.t.Fatal(err)
	}
	return [3]int{i.Visible, i.Hidden, i.Delayed}
}

func bodies(messages []Message) string {
	var b []string
	for _, m := range messages {
		b = append(b, m.Body)
	}
	return strings.Join(b, " ")
}

func wantBodies(t testing.TB, got []Message, want string) {
	t.Helper()
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func wantFault(t testing.TB, err error, kind fault.Kind, part string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", part)
	}
	if fault.KindOf(err) != kind || !strings.Contains(err.Error(), part) {
		t.Errorf("error is %q of kind %d; want %q of kind %d", err, fault.KindOf(err), part, kind)
	}
}

func wantCounts(t testing.TB, got [3]int, visible, hidden, delayed int) {
	t.Helper()
	if want := [3]int{visible, hidden, delayed}; got != want {
		t.Errorf("visible, hidden, delayed are %v; want %v", got, want)
	}
}

func TestMessageComesBackAsItWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		draft := Draft{
			Body: "hello é", Group: "tenant", Trace: "Root=1-2-3", Sender: "AKIA",
			Attributes: []Attribute{{"a", "Binary", "\x00\xff"}, {"b", "String.json", "{}"}},
		}
		sentAt := time.Now()
		sent := r.put(a, draft)
		time.Sleep(3 * time.Second)
		got := r.get(a, 10)
		want := []Message{{
			ID: sent.ID, Body: draft.Body, Attributes: draft.Attributes,
			Sender: "AKIA", Group: "tenant", Trace: "Root=1-2-3",
			Sent: sentAt, First: time.Now(), Receives: 1,
		}}
		if len(got) == 1 {
			want[0].Receipt = got[0].Receipt
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestMessageIsInvisibleForExactlyItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		wantBodies(t, r.get(a, 1), "m")
		wantCounts(t, r.counts(a), 0, 1, 0)
		time.Sleep(30*time.Second - 1)
		wantBodies(t, r.get(a, 1), "")
		time.Sleep(time.Nanosecond)
		wantCounts(t, r.counts(a), 1, 0, 0)
		again := r.get(a, 1)
		wantBodies(t, again, "m")
		if again[0].Receives != 2 {
			t.Errorf("received %d times; want 2", again[0].Receives)
		}
	})
}

func TestDeletedMessageDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		got := r.get(a, 1)
		r.finish(a, got...)
		r.finish(a, got...) // twice is no error
		time.Sleep(time.Hour)
		wantBodies(t, r.get(a, 1), "")
		wantCounts(t, r.counts(a), 0, 0, 0)
	})
}

func TestOldReceiptDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		old := r.get(a, 1)
		time.Sleep(time.Minute)
		r.get(a, 1)
		r.finish(a, old...)
		wantCounts(t, r.counts(a), 0, 1, 0)
	})
}

// as-aws 4
func TestOldReceiptOfAStandardQueueChangesTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		zero, three := time.Duration(0), 3*time.Second
		old := r.await(a, Request{Max: 1, Visibility: &zero})[0]
		r.await(a, Request{Max: 1, Visibility: &three})
		if err := r.extend(a, old.Receipt, 0); err != nil {
			t.Fatal(err)
		}
		latest := r.get(a, 1)
		wantBodies(t, latest, "m")
		if err := r.extend(a, old.Receipt, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - 1)
		wantBodies(t, r.get(a, 1), "")
		time.Sleep(time.Nanosecond)
		if err := r.extend(a, old.Receipt, time.Minute); err != nil { // nobody has it just now
			t.Fatal(err)
		}
		wantCounts(t, r.counts(a), 0, 1, 0)
		r.finish(a, latest...)
		wantFault(t, r.extend(a, old.Receipt, 0), fault.KindInvalid, "Message does not exist or is not available for visibility timeout change.")
	})
}

func TestReceiptOfAnotherQueueIsInvalid(t *testing.T) {
	r := newRig(t)
	a, b := r.create("a", nil), r.create("b", nil)
	r.putAll(a, "m")
	wantFault(t, r.delete(b, r.get(a, 1)[0].Receipt), fault.KindNotFound, "is not a valid receipt handle")
	wantFault(t, r.delete(b, "foo"), fault.KindNotFound, `The input receipt handle "foo" is not a valid receipt handle.`)
}

func TestTimeoutCanBeChangedUpToTwelveHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		m := r.get(a, 1)[0]
		time.Sleep(10 * time.Second)
		if err := r.extend(a, m.Receipt, time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - 1)
		wantBodies(t, r.get(a, 1), "")
		wantFault(t, r.extend(a, m.Receipt, 12*time.Hour), fault.KindInvalid, "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
		if err := r.extend(a, m.Receipt, 0); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, r.get(a, 1), "m")
	})
}

func TestLatestReceiptHidesAMessageAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "m")
		m := r.get(a, 1)[0]
		time.Sleep(time.Minute)
		if err := r.extend(a, m.Receipt, time.Minute); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, r.get(a, 1), "")
		r.finish(a, m)
		wantCounts(t, r.counts(a), 0, 0, 0)
	})
}

func TestStandardQueueHandsOutInTheOrderOfBecomingVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "1", "2")
		first := r.get(a, 1)[0]
		time.Sleep(time.Second)
		r.putAll(a, "3")
		time.Sleep(time.Second)
		if err := r.extend(a, first.Receipt, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.putAll(a, "4")
		wantBodies(t, r.get(a, 10), "2 3 1 4")
	})
}

func TestDelayedMessagesAreNotVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", func(s *Settings) { s.Delay = 10 * time.Second })
		none, long := time.Duration(0), time.Minute
		r.putAll(a, "queue's delay")
		r.put(a, Draft{Body: "none", Delay: &none})
		r.put(a, Draft{Body: "long", Delay: &long})
		wantCounts(t, r.counts(a), 1, 0, 2)
		wantBodies(t, r.get(a, 10), "none")
		time.Sleep(10 * time.Second)
		wantBodies(t, r.get(a, 10), "queue's delay")
		wantCounts(t, r.counts(a), 0, 2, 1)
		time.Sleep(50 * time.Second)
		wantBodies(t, r.get(a, 1), "none") // visible again
	})
}

func TestWaitingMessagesTakeNoMemory(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	for i := range 1000 {
		r.putAll(a, fmt.Sprint(i))
	}
	q := r.lookup(a)
	if n := q.Count(ledger.Visible) + q.Count(ledger.Hidden); n != 0 {
		t.Errorf("%d entries for messages that nobody has received", n)
	}
	r.get(a, 10)
	if n := q.Count(ledger.Visible) + q.Count(ledger.Hidden); n != 10 {
		t.Errorf("%d entries for 10 messages in flight", n)
	}
	wantCounts(t, r.counts(a), 990, 10, 0)
}

func TestOldMessagesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", func(s *Settings) { s.Retention = time.Hour })
		for range 1200 { // more than one transaction looks at
			r.putAll(a, "old")
		}
		r.get(a, 3)
		time.Sleep(30 * time.Minute)
		r.putAll(a, "new")
		time.Sleep(30 * time.Minute)
		wantBodies(t, r.get(a, 10), "new")
		wantCounts(t, r.counts(a), 0, 1, 0)
	})
}

func TestSweepRemovesOldMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", func(s *Settings) { s.Retention = time.Hour })
		f := r.create("q.fifo", func(s *Settings) { s.Retention = time.Hour; s.ContentDedup = true })
		for i := range 700 {
			r.putAll(a, "old")
			r.put(f, Draft{Body: fmt.Sprint(i), Group: "g"})
		}
		r.get(a, 3)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(30 * time.Minute)
		r.putAll(a, "new")
		wantCounts(t, r.counts(a), 701, 0, 0)
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		wantCounts(t, r.counts(a), 1, 0, 0)
		wantCounts(t, r.counts(f), 0, 0, 0)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantKeys(t, r, keyBody, 1)
		wantKeys(t, r, keyEntry, 0)
		wantKeys(t, r, keyDedup, 0)
		wantBodies(t, r.get(a, 10), "new")
	})
}

// wantKeys checks how many keys of a kind there are in the store.
func wantKeys(t *testing.T, r *rig, kind string, want int) {
	t.Helper()
	n := 0
	err := r.store.View(t.Context(), func(tx store.Tx) error {
		for range tx.Scan([]byte(kind), store.End([]byte(kind))) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != want {
		t.Errorf("%d keys begin with %s; want %d", n, kind, want)
	}
}

func TestPurgeRemovesEverythingOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		r.putAll(a, "1", "2", "3")
		m := r.get(a, 1)[0]
		if err := r.Purge(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, r.counts(a), 0, 0, 0)
		wantKeys(t, r, keyBody, 0)
		r.finish(a, m)
		time.Sleep(59 * time.Second)
		wantFault(t, r.Purge(t.Context(), a), fault.KindUnavailable, "Only one PurgeQueue operation on q is allowed every 60 seconds.")
		r.putAll(a, "4")
		wantBodies(t, r.get(a, 10), "4")
		time.Sleep(time.Second)
		if err := r.Purge(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.restart()
		wantBodies(t, r.get(a, 10), "")
	})
}

func TestDeletedQueueLeavesNothing(t *testing.T) {
	r := newRig(t)
	a := r.create("q.fifo", func(s *Settings) { s.ContentDedup = true })
	r.put(a, Draft{Body: "m", Group: "g"})
	if err := r.Delete(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, kind := range append(perQueue, keyQueue) {
		wantKeys(t, r, kind, 0)
	}
	_, err := r.Info(a)
	wantFault(t, err, fault.KindNotFound, "The specified queue does not exist.")
	r.create("q.fifo", nil)
	wantCounts(t, r.counts(a), 0, 0, 0)
}

func TestQueuesOfOthersAreApart(t *testing.T) {
	r := newRig(t)
	here := r.create("q", nil)
	for _, a := range []Address{{access.Place{Account: account, Region: "us-east-1"}, "q"}, {access.Place{Account: "999999999999", Region: region}, "q"}} {
		if err := r.Create(t.Context(), a, DefaultSettings(), nil, nil); err != nil {
			t.Fatal(err)
		}
		r.putAll(a, a.Account+a.Region)
	}
	wantCounts(t, r.counts(here), 0, 0, 0)
	if got := r.List(here.Place, ""); !cmp.Equal(got, []Address{here}) {
		t.Errorf("listed %v", got)
	}
}

func TestMessageThatDoesNotFitIsRefused(t *testing.T) {
	r := newRig(t)
	a := r.create("q", func(s *Settings) { s.MaxSize = 1024 })
	long := 16 * time.Minute
	big := strings.Repeat("x", 1020)
	tests := []struct {
		draft Draft
		want  string
	}{
		{Draft{}, "The request must contain the parameter MessageBody."},
		{Draft{Body: big + "12345"}, "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		{Draft{Body: big, Attributes: []Attribute{{"a", "String", "x"}}}, "Message must be shorter than 1024 bytes."},
		{Draft{Body: "a\x01"}, "Invalid binary character '#x1' was found in the message body"},
		{Draft{Body: "a\uffff"}, "Invalid binary character '#xFFFF'"},
		{Draft{Body: "a\xff"}, "Invalid binary character '#xFF'"},
		{Draft{Body: "a", Delay: &long}, "Value 960 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."},
		{Draft{Body: "a", DedupID: "d"}, "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."},
		{Draft{Body: "a", Group: "with space"}, "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
	}
	for _, tt := range tests {
		out, err := r.Send(t.Context(), a, []Draft{tt.draft, {Body: "good"}})
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, out[0].Err, fault.KindInvalid, tt.want)
		if out[1].Err != nil {
			t.Errorf("the other message of the batch: %v", out[1].Err)
		}
	}
	wantCounts(t, r.counts(a), len(tests), 0, 0)
	r.put(a, Draft{Body: "\t\n\r " + strings.Repeat("é", 100) + "\U0010ffff"})
	r.put(a, Draft{Body: big + "1234"})
}

func TestStandardQueueHasALimitInFlight(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	f := r.create("f.fifo", nil)
	r.putAll(a, "m")
	r.put(f, Draft{Body: "m", Group: "g", DedupID: "d"})
	for _, q := range []*queue{r.lookup(a), r.lookup(f)} {
		for i := range MaxHidden {
			q.Add(&ledger.Entry{Seq: uint64(1000 + i), Due: math.MaxInt64, Phase: ledger.Hidden}, "others")
		}
	}
	_, err := r.Receive(t.Context(), a, Request{Max: 1})
	wantFault(t, err, fault.KindLimit, "in flight")
	wantBodies(t, r.get(f, 1), "")
}

// Eight characters are looked at together; what is found is what one by one finds.
func TestBadCharactersAreFoundWhereverTheyStand(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			text := strings.Repeat("x", at) + string([]byte{byte(c)}) + strings.Repeat(" ", 19-at)
			got, bad := badCharacter(text)
			want := c >= 0x80 || c < ' ' && c != '\t' && c != '\n' && c != '\r'
			if bad != want || bad && got != at {
				t.Fatalf("the byte %#x at %d: found %t at %d", c, at, bad, got)
			}
		}
	}
	if _, bad := badCharacter("1234567é💛~ 12345678"); bad {
		t.Error("text that is not ASCII is refused")
	}
}
