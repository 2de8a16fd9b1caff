package logs

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// lineFor is a line of a role of the account.
func lineFor(t *testing.T, group, stream, text string) groups.Line {
	t.Helper()
	from, err := access.Role("arn:aws:iam::"+account+":role/writer", "arn:aws:cloudtrail:eu-central-1:"+account+":trail/t")
	if err != nil {
		t.Fatal(err)
	}
	return groups.Line{Group: arn.New("logs", "eu-central-1", account, "log-group:"+group+":*"), From: from, Stream: stream, Time: time.Now().UnixMilli(), Text: []byte(text)}
}

func TestABatchIsWrittenWithTheTransactionOrNotAtAll(t *testing.T) {
	c := withStream(t)
	take := func(b *groups.Batch, lines int, end error) error {
		return c.st.Update(t.Context(), func(tx store.Tx) error {
			for n := range lines {
				if ok, err := b.Take(tx, n); err != nil || !ok {
					t.Errorf("line %d is taken: %v, %v", n, ok, err)
				}
			}
			return end
		})
	}
	fill := func() *groups.Batch {
		b := c.s.NewBatch()
		for n, stream := range []string{"", "", "own", "s"} {
			if err := b.Add(lineFor(t, "g", stream, fmt.Sprint("line ", n))); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	failed := errors.New("the transaction fails")
	if err := take(fill(), 4, failed); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	names := func() int {
		return len(c.must("DescribeLogStreams", `{"logGroupName":"g"}`)["logStreams"].([]any))
	}
	if got := messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`)); len(got) != 0 || names() != 1 || stored(t, c.st) != 0 {
		t.Errorf("a transaction that failed left %q and %d streams", got, names())
	}
	if err := take(fill(), 4, nil); err != nil {
		t.Fatal(err)
	}
	if got := messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`)); len(got) != 4 || names() != 3 {
		t.Errorf("%q in %d streams", got, names())
	}
	// What is made ready and not taken is not written, and the groups that are gone meanwhile are left out.
	if err := take(fill(), 1, nil); err != nil {
		t.Fatal(err)
	}
	b := fill()
	c.must("DeleteLogGroup", `{"logGroupName":"g"}`)
	c.must("CreateLogGroup", `{"logGroupName":"g"}`)
	err := c.st.Update(t.Context(), func(tx store.Tx) error {
		if ok, err := b.Take(tx, 0); ok || err != nil {
			t.Errorf("a group that was made again has taken a line of the one before: %v, %v", ok, err)
		}
		return nil
	})
	if err != nil || names() != 0 {
		t.Errorf("%d streams, %v", names(), err)
	}
}

func TestABatchTakesNoLineThatIsNotAllowedOrCannotBeKept(t *testing.T) {
	c := open(t, mem.New(), may{})
	if err := c.s.NewBatch().Add(lineFor(t, "g", "", "x")); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("nobody is let in, and the answer is %v", err)
	}
	c = withStream(t)
	far := lineFor(t, "g", "", "x")
	far.Group = arn.New("logs", "us-east-1", account, "log-group:g")
	old := lineFor(t, "g", "", "x")
	old.Time = 1
	for want, line := range map[fault.Kind][]groups.Line{
		fault.KindNotFound: {lineFor(t, "none", "", "x"), far},
		fault.KindInvalid:  {old, lineFor(t, "g", "", "")},
	} {
		for _, l := range line {
			if err := c.s.NewBatch().Add(l); fault.KindOf(err) != want {
				t.Errorf("%+v: %v", l, err)
			}
		}
	}
}

func TestABatchLeavesGroupsWithSubscribersToWhoDelivers(t *testing.T) {
	c, o := withSubscribers(t)
	b := c.s.NewBatch()
	if err := b.Add(lineFor(t, "g", "", "x")); err != nil {
		t.Fatal(err)
	}
	c.must("PutSubscriptionFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","destinationArn":"`+queueARN+`"}`)
	err := c.st.Update(t.Context(), func(tx store.Tx) error {
		if ok, err := b.Take(tx, 0); ok || err != nil {
			t.Errorf("taken: %v, %v", ok, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.s.Deliver(t.Context(), lineFor(t, "g", "", "x")); err != nil || len(o.owed) != 1 {
		t.Errorf("%d messages are owed, %v", len(o.owed), err)
	}
}

func TestADraftHasItsLinesInTheirOrder(t *testing.T) {
	c := withStream(t)
	more := [][]byte{[]byte("second"), []byte("third")}
	write := func(more ...[]byte) error {
		d, err := c.s.Draft(lineFor(t, "g", "s", "first"), more...)
		if err != nil {
			return err
		}
		err = c.st.Update(t.Context(), d.Owe)
		d.End(err == nil)
		return err
	}
	if err := write(more...); err != nil {
		t.Fatal(err)
	}
	if err := write([]byte("another"), nil); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("a line without a text: %v", err)
	}
	got := messages(c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","startFromHead":true}`))
	if want := []string{"first", "second", "third"}; !slices.Equal(got, want) || string(more[0]) != "second" {
		t.Errorf("the stream has %q, want %q", got, want)
	}
}
