package history

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/mem"
)

var home = access.Place{Account: "111111111111", Region: "eu-central-1"}

// A record in these tests is "account region name" and something to make it long.
func open(t *testing.T, st store.Store, maxBytes int64) *Book {
	t.Helper()
	b, err := Open(t.Context(), Options{Store: st, MaxBytes: maxBytes, Log: slog.New(slog.DiscardHandler), PlaceOf: func(text []byte) access.Place {
		words := strings.Fields(string(text))
		return access.Place{Account: words[0], Region: words[1]}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func textOf(at access.Place, name string) []byte {
	return fmt.Appendf(nil, "%s %s %s %300s", at.Account, at.Region, name, "x")
}

// keep writes a record.
func (b *Book) keep(t *testing.T, at access.Place, k Kind, name string) {
	t.Helper()
	d, err := b.Draft(t.Context(), at, k, textOf(at, name))
	if err != nil {
		t.Fatal(err)
	}
	err = b.opt.Store.Update(t.Context(), d.Owe)
	if d.End(err == nil); err != nil {
		t.Fatal(err)
	}
}

// names returns what is found in a place, the oldest first.
func (b *Book) names(t *testing.T, at access.Place) (names []string) {
	t.Helper()
	found, err := b.Read(t.Context(), at, blocks.Query{To: math.MaxInt64 / 2}, blocks.Page{Max: 10_000, MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Entries {
		names = append(names, strings.Fields(string(e.Text))[2])
	}
	return names
}

// size is what an account has, as it is counted in memory.
func (b *Book) size(account string) (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.accounts[account]; a != nil {
		for _, size := range a.sizes {
			n += size
		}
	}
	return n
}

// running runs the book until the function that it returns is called.
func (b *Book) running(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestRecordsAreKeptFor90Days(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := mem.New()
		b := open(t, st, 1<<20)
		stop := b.running(t)
		b.keep(t, home, Changes, "first")
		time.Sleep(40 * 24 * time.Hour)
		b.keep(t, home, Idle, "second")
		time.Sleep(50*24*time.Hour + time.Second)
		if got := b.names(t, home); !slices.Equal(got, []string{"first", "second"}) {
			t.Errorf("on the 90th day: %v", got)
		}
		time.Sleep(24 * time.Hour)
		if got := b.names(t, home); !slices.Equal(got, []string{"second"}) {
			t.Errorf("after 90 days: %v", got)
		}
		time.Sleep(42 * 24 * time.Hour)
		stop()
		left := 0
		err := st.View(t.Context(), func(tx store.Tx) error {
			for key := range tx.Scan([]byte("trail/"), store.End([]byte("trail/"))) {
				if s := string(key); s != keyNumber && s != "trail/n/" {
					left++
				}
			}
			return nil
		})
		if err != nil || left > 0 || len(b.accounts) > 0 || b.count != 0 {
			t.Errorf("%d records are left, %d accounts and %d histories; %v", left, len(b.accounts), b.count, err)
		}
	})
}

func TestAnAccountHasABoundAndTheOldestGoesFirst(t *testing.T) {
	st := mem.New()
	const most = 64 << 10
	b := open(t, st, most)
	stop := b.running(t)
	other := access.Place{Account: home.Account, Region: "us-east-1"}
	put := func(from, to int) {
		for i := from; i < to; i++ {
			at := home
			if i%2 == 1 {
				at = other
			}
			b.keep(t, at, Kind(i/2%2), fmt.Sprintf("%03d", i))
			if n := b.size(home.Account); n > most {
				t.Fatalf("after %d records there are %d bytes", i, n)
			}
		}
	}
	put(0, 200)
	before := b.size(home.Account)
	stop()
	b = open(t, st, most)
	if n := b.size(home.Account); n != before {
		t.Errorf("after another start there are %d bytes, not %d", n, before)
	}
	put(200, 400)
	if b.PushedOut() == 0 {
		t.Error("nothing is said to be gone")
	}
	for last, at := range map[int]access.Place{398: home, 399: other} {
		left := b.names(t, at)
		if n := len(left); n < 50 || left[n-1] != fmt.Sprintf("%03d", last) || left[0] < "150" {
			t.Errorf("%s has %d records: %v", at.Region, n, left)
		}
	}
}

func TestCallsThatChangeNothingPushOutNoneThatDid(t *testing.T) {
	b := open(t, mem.New(), 64<<10)
	b.keep(t, home, Changes, "change")
	for i := range 1000 {
		at := home
		at.Region = fmt.Sprintf("r-%d", i%100)
		b.keep(t, at, Idle, "denied")
	}
	if got := b.names(t, home); !slices.Contains(got, "change") || b.PushedOut() == 0 {
		t.Errorf("the place has %v, and %d bytes were pushed out", got, b.PushedOut())
	}
}

func TestCallsInVeryManyRegionsLeaveNoneUnrecorded(t *testing.T) {
	b := open(t, mem.New(), 16<<20)
	for i := range maxRegions + 5 {
		b.keep(t, access.Place{Account: home.Account, Region: fmt.Sprintf("r-%d", i)}, Changes, "call")
	}
	us := access.Place{Account: home.Account, Region: "us-east-1"}
	b.keep(t, us, Changes, "call")
	if got := len(b.names(t, us)); got != 6 || b.count != maxRegions+1 {
		t.Errorf("%d records are where the rest is; there are %d histories", got, b.count)
	}
}

func TestAccountsThatAreTooManyShareAHistoryAndPushOutNobody(t *testing.T) {
	st := mem.New()
	b := open(t, st, 64<<10)
	b.most = 3
	made := func(i int) access.Place {
		return access.Place{Account: fmt.Sprintf("%012d", i), Region: home.Region}
	}
	b.keep(t, home, Changes, "true")
	for i := range 500 {
		b.keep(t, made(i), Changes, fmt.Sprint("made", i))
	}
	home2 := access.Place{Account: home.Account, Region: "eu-west-1"}
	b.keep(t, home2, Changes, "later")
	if got := b.names(t, home); !slices.Equal(got, []string{"true"}) {
		t.Errorf("who had a history has %v", got)
	}
	if got := b.names(t, access.Place{Account: home.Account, Region: rest}); !slices.Equal(got, []string{"later"}) {
		t.Errorf("and in a further region %v", got)
	}
	for _, i := range []int{0, 1, 498, 499} {
		if got := b.names(t, made(i)); !slices.Equal(got, []string{fmt.Sprint("made", i)}) {
			t.Errorf("%d has %v", i, got)
		}
	}
	if n := b.size(others.Account); n > 32<<10 || len(b.accounts) != 4 || b.count != 5 {
		t.Errorf("the others have %d bytes; there are %d accounts, %d histories", n, len(b.accounts), b.count)
	}
	if got := open(t, st, 64<<10).names(t, made(499)); len(got) != 1 {
		t.Errorf("after another start there is %v", got)
	}
}

func TestWhatIsNotWrittenIsNotCounted(t *testing.T) {
	b := open(t, mem.New(), 64<<10)
	d, err := b.Draft(t.Context(), home, Idle, textOf(home, "lost"))
	if err != nil || b.size(home.Account) == 0 {
		t.Fatalf("%d bytes, %v", b.size(home.Account), err)
	}
	if d.End(false); b.size(home.Account) != 0 {
		t.Errorf("%d bytes are counted", b.size(home.Account))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Draft(ctx, access.Place{Account: "222222222222", Region: "x"}, Idle, nil); err == nil || len(b.accounts) != 1 {
		t.Errorf("an account of which nothing is kept is remembered: %d, %v", len(b.accounts), err)
	}
}

// slow is a store in which updates wait while somebody says so.
type slow struct {
	store.Store
	wait chan struct{}
}

func (s *slow) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if wait := s.wait; wait != nil {
		<-wait
	}
	return s.Store.Update(ctx, fn, opts...)
}

func TestWhatOneAccountWaitsForHoldsUpNobodyElse(t *testing.T) {
	for name, begin := range map[string]func(*Book, *testing.T) error{
		"a new segment": func(b *Book, t *testing.T) error {
			_, err := b.Draft(t.Context(), home, Idle, textOf(home, "a"))
			return err
		},
		"a history that shrinks": func(b *Book, t *testing.T) error {
			_, err := b.Draft(t.Context(), home, Changes, make([]byte, 32<<10))
			return err
		},
		"what has expired": func(b *Book, t *testing.T) error { return b.expire(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &slow{Store: mem.New()}
				b := open(t, st, 64<<10)
				other := access.Place{Account: "222222222222", Region: home.Region}
				b.keep(t, home, Changes, "a")
				if name == "what has expired" {
					time.Sleep(100 * 24 * time.Hour)
				}
				b.keep(t, other, Changes, "b")
				st.wait = make(chan struct{})
				ended := make(chan error)
				go func() { ended <- begin(b, t) }()
				synctest.Wait()
				if _, err := b.Draft(t.Context(), other, Changes, textOf(other, "c")); err != nil {
					t.Error(err)
				}
				close(st.wait)
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
