package query

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/mem"
)

// slow returns a desk that runs until stop is called. The log 1 has n events, each of
// which takes a while to be looked at.
func slow(t *testing.T, n int, each time.Duration, memory *budget.Share) (d *Desk, stop func()) {
	t.Helper()
	s := mem.New()
	events, err := blocks.Open(blocks.Options{Store: s, Prefix: "logs/"})
	if err != nil {
		t.Fatal(err)
	}
	var entries []blocks.Entry
	for i := range n {
		entries = append(entries, blocks.Entry{Time: int64(i), Text: fmt.Append(nil, "line ", i)})
	}
	p, err := events.Pack(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if err := s.Update(t.Context(), func(tx store.Tx) error { return events.Add(tx, 1, 1, p) }); err != nil {
		t.Fatal(err)
	}
	d = New(Options{
		Events: events, Memory: memory,
		Streams: func(*Group) func(uint64) (string, bool) {
			return func(uint64) (string, bool) {
				time.Sleep(each)
				return "s", true
			}
		},
		Pointer: func(*Group, uint64, *blocks.Entry) string { return "p" },
		Failed:  func(j *Job, err error) { t.Errorf("%s: %v", j.ID, err) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		d.Run(ctx)
		close(ended)
	}()
	return d, func() {
		cancel()
		<-ended
	}
}

// query begins a query of the log 1.
func (d *Desk) query(t *testing.T, account, text string) *Job {
	t.Helper()
	q, err := insights.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	at := in(account, "r")
	j, err := d.Start(Spec{Place: at, Query: q, Groups: []Group{{Place: at, Name: "g", Number: 1}}, To: 1 << 40, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (j *Job) want(t *testing.T, status Status, rows int) {
	t.Helper()
	if s := j.State(); s.Status != status || len(s.Rows) != rows {
		t.Errorf("a query is %s with %d rows after %v, want %s with %d", s.Status, len(s.Rows), s.Took, status, rows)
	}
}

// A query that takes longer than a minute is given up, and the next one runs.
func TestAQueryThatTakesTooLongTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := slow(t, 100, time.Second, nil)
		defer stop()
		late, quick := d.query(t, "a", "limit 1000"), d.query(t, "a", "filter @message like /none/")
		time.Sleep(within - time.Second)
		late.want(t, Running, 0)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		late.want(t, Timeout, 0)
		if took := late.State().Took; took > within+2*time.Second {
			t.Errorf("given up after %v", took)
		}
		quick.want(t, Timeout, 0) // it looks at every event as well
		next := d.query(t, "a", "limit 1000")
		time.Sleep(2 * time.Second)
		next.want(t, Running, 0)
		if !next.Stop() || next.Stop() {
			t.Error("a query that runs is stopped once")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		next.want(t, Cancelled, 0)
		if len(d.running) != 0 {
			t.Errorf("%v are thought to run", d.running)
		}
	})
}

// When the server stops, queries end with what they are.
func TestQueriesEndWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := slow(t, 100, 100*time.Millisecond, nil)
		runs := []*Job{d.query(t, "a", "limit 1"), d.query(t, "b", "limit 1")}
		waits := d.query(t, "c", "limit 1")
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it takes %v", took)
		}
		for _, j := range runs {
			j.want(t, Cancelled, 0)
		}
		waits.want(t, Scheduled, 0)
	})
}

// The account that has most waits for those that have none, not they for it: with two
// workers, the query of a quiet account is the next that runs.
func TestAQuietAccountDoesNotWaitForALoudOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := slow(t, 10, time.Second, nil)
		defer stop()
		for range MaxActive {
			d.query(t, "loud", "limit 1000")
		}
		synctest.Wait()
		quiet := d.query(t, "quiet", "limit 1000")
		time.Sleep(21 * time.Second) // one of the loud ones, and then its own ten seconds
		synctest.Wait()
		quiet.want(t, Complete, 10)
	})
}

// Results take what they hold from the memory, and give it back when they are old.
func TestResultsAreForgottenWithTheirMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(64<<20, []budget.Part{{Name: "x", Percent: 100}}).Share("x")
		d, stop := slow(t, 10, 0, share)
		defer stop()
		j := d.query(t, "a", "limit 1000")
		synctest.Wait()
		j.want(t, Complete, 10)
		if share.Used() != j.size || j.size < 100 {
			t.Errorf("%d bytes are taken for a result of %d", share.Used(), j.size)
		}
		time.Sleep(keptFor + time.Minute)
		if _, err := d.Find(j.Place, j.ID); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("after an hour: %v", err)
		}
		if share.Used() != 0 || d.stored != 0 {
			t.Errorf("%d bytes are still taken", share.Used())
		}
	})
}
