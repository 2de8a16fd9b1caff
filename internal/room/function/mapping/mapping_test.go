package mapping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A bench is a queue and a function that works on it, which is always fn.
type bench struct {
	// work is what the function does.
	work func(ctx context.Context) error

	mu sync.Mutex
	// looks are when somebody wanted to know of the queue, and wrong what that one says.
	looks []time.Time
	wrong error
	// waiting are the messages of the queue, and done the receipts of those deleted.
	waiting []Message
	done    []string
}

// says has the queue say from now on what is wrong with it.
func (b *bench) says(wrong error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = wrong
}

func (b *bench) Look(catalog.Address, string, arn.ARN) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks = append(b.looks, time.Now())
	return time.Hour, b.wrong
}

func (b *bench) Await(ctx context.Context, _ catalog.Address, _ string, _ arn.ARN) error {
	b.mu.Lock()
	some := len(b.waiting) > 0
	b.mu.Unlock()
	if some {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (b *bench) Receive(context.Context, catalog.Address, string, arn.ARN, int) ([]Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.waiting
	b.waiting = nil
	return all, nil
}

func (b *bench) Delete(ctx context.Context, _ catalog.Address, _ string, _ arn.ARN, receipts []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = append(b.done, receipts...)
	return ctx.Err()
}

func (b *bench) Return(context.Context, catalog.Address, string, arn.ARN, []string) error { return nil }

func (b *bench) Hide(context.Context, catalog.Address, string, arn.ARN, []string, time.Duration) error {
	return nil
}

func (b *bench) Find(a catalog.Address) (catalog.Found, error) {
	return catalog.Found{Version: &catalog.Version{Timeout: 3, Role: "arn:aws:iam::210987654321:role/r"}, At: a}, nil
}

func (b *bench) Work(ctx context.Context, _ catalog.Address, _ []byte) ([]byte, bool, error) {
	return nil, false, b.work(ctx)
}

const queueOf = "arn:aws:sqs:eu-central-1:210987654321:q"

func of(account string) access.Caller { return access.Root(account, "eu-central-1") }

func (b *bench) open(t *testing.T) *Mappings {
	t.Helper()
	m, err := Open(t.Context(), Options{
		Store: mem.New(), Guard: access.Boundary{}, Queues: b, Functions: b, Log: slog.New(slog.DiscardHandler),
		Configured: func(account string) bool { return account == "210987654321" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func add(m *Mappings, by access.Caller, queue string) (*Mapping, error) {
	return m.Create(context.Background(), by, queue, Change{Function: &catalog.Address{Place: by.Place, Name: "fn"}}, nil)
}

func TestAQueueThatCannotBeReadIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bench
		m := b.open(t)
		row, err := add(m, of("210987654321"), queueOf)
		if err != nil {
			t.Fatal(err)
		}
		b.looks = nil
		b.says(fault.Denied("no").WithCode("ReceiveMessage"))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		var pauses []string
		for i := range len(b.looks) - 1 {
			pauses = append(pauses, b.looks[i+1].Sub(b.looks[i]).String())
		}
		if got, want := strings.Join(pauses, " "), "1s 2s 4s 8s 16s 32s 1m0s 1m0s"; got != want {
			t.Errorf("pauses of %s, want %s", got, want)
		}
		if got, want := m.Problem(row.UUID), "PROBLEM: The provided execution role does not have permissions to call ReceiveMessage on SQS"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		b.says(errors.New("a secret of the house"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := m.Problem(row.UUID); strings.Contains(got, "secret") || got == "" {
			t.Errorf("said %q of what is no fault of the caller's", got)
		}
		b.says(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := m.Problem(row.UUID); got != "" {
			t.Errorf("said %q of a queue that can be read again", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestABatchMayEndWhenTheServerStopsIfThatTakesNotLong(t *testing.T) {
	for _, c := range []struct {
		takes, stops time.Duration
		done         string
	}{{3 * time.Second, 2 * time.Second, "receipt"}, {time.Hour, grace, ""}} {
		synctest.Test(t, func(t *testing.T) {
			b := bench{waiting: []Message{{ID: "id", Receipt: "receipt", Body: "x"}}, work: func(ctx context.Context) error {
				sleep(ctx, c.takes)
				return ctx.Err()
			}}
			m := b.open(t)
			if _, err := add(m, of("210987654321"), queueOf); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- m.Run(ctx) }()
			time.Sleep(time.Second)
			stop()
			began := time.Now()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if took, done := time.Since(began), strings.Join(b.done, " "); took != c.stops || done != c.done {
				t.Errorf("a batch of %v: stopping took %v and %q is done, want %v and %q", c.takes, took, done, c.stops, c.done)
			}
		})
	}
}

// Each mapping has a goroutine that waits, so accounts that callers make up share a bound.
func TestAccountsThatAreMadeUpHaveABoundOfMappingsTogether(t *testing.T) {
	var b bench
	m := b.open(t)
	for i := range maxStrange {
		by := of(fmt.Sprintf("%012d", i))
		if _, err := add(m, by, by.ARN("sqs", "q").String()); err != nil {
			t.Fatal(err)
		}
	}
	by := of("999999999999")
	if _, err := add(m, by, by.ARN("sqs", "q").String()); fault.KindOf(err) != fault.KindLimit || !strings.Contains(err.Error(), "-keys") {
		t.Errorf("one more: %v, want a limit that says what to do", err)
	}
	if _, err := add(m, of("210987654321"), queueOf); err != nil {
		t.Errorf("an account of the settings: %v", err)
	}
}

func TestNoTwoMappingsAreOfTheSameQueueAndFunction(t *testing.T) {
	var b bench
	m := b.open(t)
	by := of("210987654321")
	row, err := add(m, by, queueOf)
	if err != nil {
		t.Fatal(err)
	}
	other := catalog.Address{Place: by.Place, Name: "other"}
	second, err := m.Create(t.Context(), by, queueOf, Change{Function: &other}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, again := add(m, by, queueOf)
	_, _, changed := m.Update(t.Context(), by, second.UUID, Change{Function: &catalog.Address{Place: by.Place, Name: "fn"}})
	for what, err := range map[string]error{"made": again, "changed": changed} {
		if fault.KindOf(err) != fault.KindConflict || !strings.Contains(err.Error(), row.UUID) {
			t.Errorf("%s: %v, want a conflict with %s", what, err, row.UUID)
		}
	}
	size := 5
	if _, next, err := m.Update(t.Context(), by, second.UUID, Change{Function: &other, BatchSize: &size}); err != nil || next.BatchSize != 5 {
		t.Errorf("a change of itself: %+v, %v", next, err)
	}
}
