package dead

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
)

const (
	ours   = "210987654321"
	theirs = "123456789012"
)

func open(t testing.TB, s store.Store, most int, mostBytes int64) *Keep {
	t.Helper()
	k, err := Open(t.Context(), Options{Store: s, Log: slog.New(slog.DiscardHandler), Most: most, MostBytes: mostBytes})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *Keep) put(t testing.TB, account string, seq, lane uint64, payload string) {
	t.Helper()
	l := &Letter{Event: json.RawMessage(payload), Target: fmt.Sprint(lane)}
	if err := k.Store.Update(t.Context(), func(tx store.Tx) error { return k.Put(tx, account, seq, lane, l) }, store.Unsynced); err != nil {
		t.Fatal(err)
	}
}

func (k *Keep) read(t testing.TB, account, after string) (out []*Letter) {
	t.Helper()
	each, err := k.Read(t.Context(), account, after)
	if err != nil {
		t.Fatal(err)
	}
	for l, err := range each {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// left returns the numbers of what is kept of an account.
func (k *Keep) left(t testing.TB, account string) (seqs []uint64) {
	for _, l := range k.read(t, account, "") {
		at, err := parseID(l.ID)
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, at.seq)
	}
	return seqs
}

// A crash may come between the keeping of a dead delivery and the end of its
// record; what is then kept for a second time is still one.
func TestADeadDeliveryThatIsRepeatedCountsOnce(t *testing.T) {
	k := open(t, mem.New(), 3, 1<<20)
	for _, seq := range []uint64{1, 2, 3, 3, 2} {
		k.put(t, ours, seq, 1, "{}")
	}
	if k.Count() != 3 || k.PushedOut(ours) != 0 {
		t.Errorf("%d kept and %d pushed out, want 3 and 0", k.Count(), k.PushedOut(ours))
	}
	for _, seq := range []uint64{9, 5, 6, 4} { // an old event may die late
		k.put(t, ours, seq, 1, "{}")
	}
	if left := k.left(t, ours); !slices.Equal(left, []uint64{5, 6, 9}) || k.PushedOut(ours) != 4 {
		t.Errorf("%v kept, %d pushed out", left, k.PushedOut(ours))
	}
}

func TestNoAccountPushesOutWhatIsAnothers(t *testing.T) {
	t.Run("by number", func(t *testing.T) {
		k := open(t, mem.New(), 100, 1<<30)
		for seq := range uint64(10) {
			k.put(t, theirs, seq+1, 1, "{}")
		}
		for seq := range uint64(1000) {
			k.put(t, ours, seq+100, 1, "{}")
		}
		if n := len(k.left(t, theirs)); n != 10 || k.PushedOut(theirs) != 0 {
			t.Errorf("%d of the 10 of the quiet account are left", n)
		}
		if left := k.left(t, ours); len(left) != 90 || left[0] != 1010 || k.PushedOut(ours) != 910 {
			t.Errorf("%d of the loud one, from %d on, %d pushed out", len(left), left[0], k.PushedOut(ours))
		}
		for seq := range uint64(1000) { // who comes later gets a half, and no more
			k.put(t, theirs, seq+5000, 1, "{}")
		}
		if a, b := len(k.left(t, ours)), len(k.left(t, theirs)); a != 50 || b != 50 {
			t.Errorf("%d and %d are left, want halves", a, b)
		}
	})
	t.Run("by size", func(t *testing.T) {
		k := open(t, mem.New(), 1000, 1<<20)
		for seq := range uint64(100) { // many, and still less
			k.put(t, theirs, seq+1, 1, "{}")
		}
		for seq := range uint64(50) {
			k.put(t, ours, seq+100, 1, `"`+strings.Repeat("x", 100<<10)+`"`)
		}
		if n := len(k.left(t, theirs)); n != 100 {
			t.Errorf("%d of the 100 of the quiet account are left", n)
		}
		if n := len(k.left(t, ours)); n < 8 || n > 10 {
			t.Errorf("%d of the loud one are left", n)
		}
	})
}

// What is counted as it comes and goes is what a start would count.
func TestTheTalliesAreTrue(t *testing.T) {
	seed := storetest.Seed(t)
	rnd := rand.New(rand.NewPCG(seed, 0))
	k := open(t, mem.New(), 40, 20<<10)
	for range 500 {
		account := fmt.Sprint(rnd.IntN(12))
		k.put(t, account, uint64(1+rnd.IntN(60)), uint64(1+rnd.IntN(4)), `"`+strings.Repeat("x", rnd.IntN(1500))+`"`)
		again := open(t, k.Store, 40, 20<<10)
		if k.tallies.held != again.tallies.held || len(k.tallies.of) != len(again.tallies.of) {
			t.Fatalf("%v of %d accounts counted, %v of %d are there", k.tallies.held, len(k.tallies.of), again.tallies.held, len(again.tallies.of))
		}
		for account, a := range k.tallies.of {
			if b := again.tallies.of[account]; b == nil || a.held != b.held || len(k.read(t, account, "")) != int(a.held[number]) {
				t.Fatalf("account %s: %v counted, %v is there", account, a, b)
			}
			for m := range measure(2) {
				if first := k.tallies.ranks[m].all[0]; first.held[m] < a.held[m] {
					t.Fatalf("%s holds more than %s, which stands first", account, first.account)
				}
			}
		}
	}
	if held := k.tallies.held; held[number] > 40 || held[size] > 20<<10 {
		t.Errorf("%v are held", held)
	}
}

// A lookout counts the records that readers go through.
type lookout struct {
	store.Store
	seen int
}

func (s *lookout) View(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.View(ctx, func(tx store.Tx) error { return fn(&lookoutTx{tx, s}) })
}

type lookoutTx struct {
	store.Tx
	of *lookout
}

func (l *lookoutTx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for k, v := range l.Tx.Scan(from, to) {
			if l.of.seen++; !yield(k, v) {
				return
			}
		}
	}
}

func TestAnAccountReadsItsOwnAndGoesThroughNothingElse(t *testing.T) {
	s := &lookout{Store: mem.New()}
	k := open(t, s, 10_000, 1<<30)
	for seq := range uint64(1000) {
		k.put(t, theirs, seq+1, 1, `"theirs"`)
	}
	k.put(t, ours, 500, 2, `"ours"`)
	k.put(t, ours, 501, 2, `"ours"`)
	s.seen = 0
	if got := k.read(t, ours, ""); len(got) != 2 || string(got[0].Event) != `"ours"` || s.seen > 4 {
		t.Errorf("%d read, after %d records", len(got), s.seen)
	}
	s.seen = 0
	if got := k.read(t, "3", ""); len(got) != 0 || s.seen != 0 {
		t.Errorf("who holds nothing reads %d, after %d records", len(got), s.seen)
	}
}

// attack F7: one event of 1 MB that dies at 200 targets was kept 200 times, and
// a list of them was made in memory.
func TestThePayloadOfDeadDeliveriesIsKeptAndReadOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	payload := `"` + strings.Repeat("x", 1<<20) + `"`
	const targets = 200
	k := open(t, mem.New(), 1000, 10<<20)
	for seq := uint64(1); seq <= 2; seq++ {
		for lane := range uint64(targets) {
			k.put(t, ours, seq, lane+1, payload)
		}
	}
	if k.tallies.held[size] > 3<<20 || k.Count() != 2*targets {
		t.Fatalf("%d kept in %d bytes, want %d in little more than the two payloads", k.Count(), k.tallies.held[size], 2*targets)
	}
	all := k.read(t, ours, "")
	if len(all) != 2*targets {
		t.Fatalf("%d read, want %d", len(all), 2*targets)
	}
	for i, l := range all {
		if string(l.Event) != payload || l.Target != fmt.Sprint(i%targets+1) {
			t.Fatalf("the dead delivery %d is at %s with %d bytes", i, l.Target, len(l.Event))
		}
	}
	rest := k.read(t, ours, all[targets/2-1].ID)
	if want := all[targets/2:]; len(rest) != len(want) || rest[0].ID != want[0].ID || string(rest[0].Event) != payload {
		t.Errorf("from the middle on come %d, %s the first of them", len(rest), rest[0].ID)
	}
	k.MostBytes = 3 << 20
	k.put(t, ours, 3, 1, payload) // the first has to go, with all that is dead of it
	if k.Count() != targets+1 || k.tallies.held[size] > 3<<20 || k.PushedOut(ours) != targets {
		t.Errorf("%d kept in %d bytes, %d pushed out", k.Count(), k.tallies.held[size], k.PushedOut(ours))
	}
	left := 0
	if err := k.Store.View(t.Context(), func(tx store.Tx) error {
		for _, v := range tx.Scan(nil, nil) {
			left += len(v)
		}
		return nil
	}); err != nil || left > 3<<20 {
		t.Errorf("%d bytes in the store, %v", left, err)
	}
}

// old writes what an earlier version has kept: three with a payload of their
// own, and several hundred that share some.
func old(t *testing.T, s store.Store) (letters int) {
	rule := func(account string) string { return "arn:aws:events:eu-central-1:" + account + ":rule/builds" }
	put := func(at key, v string) {
		t.Helper()
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(at.encode([]byte(prefixOld)), []byte(v)) }); err != nil {
			t.Fatal(err)
		}
	}
	for seq := uint64(1); seq <= 3; seq++ {
		put(key{seq, 7}, fmt.Sprintf(`{"Event":{"n":%d},"Rule":%q,"Code":"NO_RESOURCE","Attempts":4}`, seq, rule(theirs)))
	}
	for seq := uint64(10); seq < 20; seq++ {
		account := []string{ours, theirs}[seq%2]
		put(key{seq, 0}, `"`+strings.Repeat("x", 300<<10)+`"`)
		for lane := uint64(1); lane <= 40; lane++ {
			put(key{seq, lane}, fmt.Sprintf(`{"Rule":%q,"Target":"%d"}`, rule(account), lane))
		}
	}
	return 3 + 10*40
}

func TestWhatAnEarlierVersionKeptGoesToTheAccountsThatItIsOf(t *testing.T) {
	s := mem.New()
	n := old(t, s)
	k := open(t, s, 10_000, 1<<30)
	mine, others := k.read(t, ours, ""), k.read(t, theirs, "")
	if k.Count() != n || len(mine) != 200 || len(others) != 203 {
		t.Fatalf("%d kept, %d and %d of the accounts, want %d", k.Count(), len(mine), len(others), n)
	}
	if l := others[1]; l.ID != "2-7" || string(l.Event) != `{"n":2}` || l.Code != "NO_RESOURCE" || l.Attempts != 4 {
		t.Errorf("the second is %+v", l)
	}
	if l := mine[199]; l.Target != "40" || len(l.Event) != 300<<10+2 {
		t.Errorf("the last is at %s with %d bytes", l.Target, len(l.Event))
	}
	if err := s.View(t.Context(), func(tx store.Tx) error {
		for k := range tx.Scan([]byte(prefixOld), store.End([]byte(prefixOld))) {
			t.Errorf("%q is still there", k)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A full store takes nothing that is not draining it.
type full struct{ store.Store }

func (f full) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if !slices.Contains(opts, store.Draining) {
		return store.ErrFull
	}
	return f.Store.Update(ctx, fn, opts...)
}

func TestAFullDiskOpensAndKeepsWhatIsOld(t *testing.T) {
	s := mem.New()
	n := old(t, s)
	if k := open(t, full{s}, 10_000, 1<<30); k.Count() != 0 {
		t.Errorf("%d kept", k.Count())
	}
	if k := open(t, s, 10_000, 1<<30); k.Count() != n {
		t.Errorf("%d kept when there is room again, want %d", k.Count(), n)
	}
}

func TestAnIDOfNoDeadDeliveryIsRefused(t *testing.T) {
	k := open(t, mem.New(), 1, 1)
	for _, id := range []string{"x", "1", "1-", "01-1", "1-1 ", "-1-1"} {
		if _, err := k.Read(t.Context(), ours, id); err == nil || !strings.Contains(err.Error(), "is not the ID of a dead delivery") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestTheKeysSayWhatTheyAre(t *testing.T) {
	at := key{5, 6}
	if k := at.of(ours); decode(k) != at || accountIn(k) != ours || !Holds(string(k)) || Holds("delivery/e/") {
		t.Errorf("%q", k)
	}
	if !bytes.HasPrefix(at.of(""), ofAccount("")) || accountIn(at.of("")) != "" {
		t.Error("an owner without an account has no place")
	}
}

// BenchmarkPut keeps dead deliveries of many accounts when there are too many
// already, so that each pushes out one.
func BenchmarkPut(b *testing.B) {
	s, err := disk.Open(disk.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	k := open(b, s, 1000, 1<<30)
	seq := uint64(0)
	for b.Loop() {
		seq++
		k.put(b, fmt.Sprint(seq%300), seq, 1, "{}")
	}
}
