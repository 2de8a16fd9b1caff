package mapping

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A full queue always has another message.
type full struct {
	body               string
	received, returned int
}

func (*full) Look(catalog.Address, string, arn.ARN) (time.Duration, error) { return time.Hour, nil }

func (*full) Await(ctx context.Context, _ catalog.Address, _ string, _ arn.ARN) error {
	return ctx.Err()
}

func (q *full) Receive(ctx context.Context, _ catalog.Address, _ string, _ arn.ARN, _ int) ([]Message, error) {
	if q.received++; q.received > 100 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []Message{{ID: "m", Receipt: "r", Body: q.body}}, nil
}

func (q *full) Return(_ context.Context, _ catalog.Address, _ string, _ arn.ARN, receipts []string) error {
	q.returned += len(receipts)
	return nil
}

func (*full) Hide(context.Context, catalog.Address, string, arn.ARN, []string, time.Duration) error {
	return nil
}

func (*full) Delete(context.Context, catalog.Address, string, arn.ARN, []string) error { return nil }

// A slow function works until it is stopped.
type slow struct{ begun atomic.Int32 }

func (*slow) Find(a catalog.Address) (catalog.Found, error) {
	return catalog.Found{Version: &catalog.Version{Timeout: 3}, At: a}, nil
}

func (s *slow) Work(ctx context.Context, _ catalog.Address, _ []byte) ([]byte, bool, error) {
	s.begun.Add(1)
	<-ctx.Done()
	return nil, false, ctx.Err()
}

type anybody struct{}

func (anybody) Allow(*access.Ask) error { return nil }

// A batch goes when it has no room for a message, however long its window is.
func TestABatchThatIsShortOfMemoryDoesNotAskOverAndOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, function := &full{body: strings.Repeat("\x01", 300<<10)}, &slow{}
		memory := budget.New(12<<20, []budget.Part{{Name: "batches", Percent: 100}}).Share("batches")
		m, err := Open(t.Context(), Options{
			Store: mem.New(), Guard: anybody{}, Queues: queue, Functions: function, Log: slog.New(slog.DiscardHandler), Memory: memory,
		})
		if err != nil {
			t.Fatal(err)
		}
		place := access.Place{Account: "210987654321", Region: "eu-central-1"}
		at := catalog.Address{Place: place, Name: "fn"}
		size, window, one := 100, 300, 1
		c := Change{Function: &at, BatchSize: &size, Window: &window, Concurrency: &one}
		if _, err := m.Create(t.Context(), access.Caller{Place: place}, place.ARN("sqs", "q").String(), c, nil); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- m.Run(ctx) }()
		synctest.Wait()
		if queue.received > 3 || function.begun.Load() != 1 {
			t.Errorf("received %d times, %d batches are worked on; want one that has gone at once", queue.received, function.begun.Load())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Where other batches leave no memory for a message as it is, it is worked on or waits in
// its queue. It is not received over and over.
func TestAMessageForWhichThereIsLittleMemoryIsNotReceivedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, function := &full{body: strings.Repeat("x", 1<<20)}, &slow{}
		memory := budget.New(12<<20, []budget.Part{{Name: "batches", Percent: 100}}).Share("batches")
		m, err := Open(t.Context(), Options{
			Store: mem.New(), Guard: anybody{}, Queues: queue, Functions: function, Log: slog.New(slog.DiscardHandler), Memory: memory,
		})
		if err != nil {
			t.Fatal(err)
		}
		place := access.Place{Account: "210987654321", Region: "eu-central-1"}
		at := catalog.Address{Place: place, Name: "fn"}
		if _, err := m.Create(t.Context(), access.Caller{Place: place}, place.ARN("sqs", "q").String(), Change{Function: &at}, nil); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- m.Run(ctx) }()
		synctest.Wait()
		if queue.received != 2 || queue.returned != 0 || function.begun.Load() != 2 {
			t.Errorf("received %d times, %d returned, %d worked on; want two that are worked on", queue.received, queue.returned, function.begun.Load())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if memory.Used() != 0 {
			t.Errorf("%d bytes are still taken", memory.Used())
		}
	})
}
