package blocks

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
)

func openLog(t *testing.T, s store.Store) *Log {
	t.Helper()
	l, err := Open(Options{Store: s, Prefix: "x/"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func write(t *testing.T, l *Log, log, source uint64, entries []Entry) {
	t.Helper()
	p, err := l.Pack(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if err := l.opt.Store.Update(t.Context(), func(tx store.Tx) error { return l.Add(tx, log, source, p) }); err != nil {
		t.Fatal(err)
	}
}

// TestPagesAreWhatAListSays writes a random history, merges and drops parts of it, and
// reads it in pages of every kind: they are what a sorted list has.
func TestPagesAreWhatAListSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	s := mem.New()
	l := openLog(t, s)
	var model []Found
	const days = 4
	for range 200 {
		source := uint64(1 + rng.IntN(3))
		start := rng.Int64N(days * millisInDay)
		var batch []Entry
		for range 1 + rng.IntN(8) {
			batch = append(batch, Entry{Time: start, Arrived: 7, Text: []byte(fmt.Sprintf("word%d request-%06d", rng.IntN(5), rng.IntN(50)))})
			start += rng.Int64N(1000) * rng.Int64N(2)
		}
		write(t, l, 8, source, slices.Clone(batch)) // another log is another one
		write(t, l, 9, source, batch)
		for _, e := range batch {
			model = append(model, Found{source, e})
		}
	}
	check := func(what string) {
		t.Helper()
		slices.SortFunc(model, func(a, b Found) int { return a.Compare(&b.Entry) })
		for range 20 {
			q := &Query{Log: 9, From: rng.Int64N(days * millisInDay), To: rng.Int64N(days * millisInDay * 2)}
			if rng.IntN(2) == 0 {
				q.Sources = []uint64{uint64(1 + rng.IntN(3))}
			}
			if rng.IntN(2) == 0 {
				q.Holds = [][]byte{[]byte(fmt.Sprintf("request-%06d", rng.IntN(50)))}
			}
			want := slices.DeleteFunc(slices.Clone(model), func(f Found) bool {
				return f.Time < q.From || f.Time > q.To || q.Sources != nil && f.Source != q.Sources[0] ||
					q.Holds != nil && !bytes.Contains(f.Text, q.Holds[0])
			})
			backward := rng.IntN(2) == 0
			var got []Found
			p := Page{Backward: backward, Max: 1 + rng.IntN(100), MaxBytes: 1 + rng.IntN(1000)}
			for {
				r, err := l.Read(t.Context(), q, p)
				if err != nil {
					t.Fatal(err)
				}
				if backward {
					got = append(slices.Clone(r.Entries), got...)
				} else {
					got = append(got, r.Entries...)
				}
				if len(r.Entries) > p.Max {
					t.Fatalf("%d entries, asked for %d", len(r.Entries), p.Max)
				}
				if !r.More {
					break
				}
				p.After = &r.Reached
			}
			if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
				t.Fatalf("%s: %+v: %s", what, q, diff)
			}
		}
	}
	check("fresh")
	for day := range int64(days) {
		for source := range uint64(3) {
			for more := true; more; {
				var err error
				if more, err = l.merge(t.Context(), 9, source+1, day*millisInDay); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if n := count(t, l, 'h'); n > 3*days+400 {
		t.Errorf("%d blocks are left", n)
	}
	check("merged")
	l = openLog(t, s) // numbers go on
	write(t, l, 9, 1, []Entry{{Time: 5, Text: []byte("late")}})
	model = append(model, Found{1, Entry{Time: 5, Number: ^uint64(0), Text: []byte("late")}})
	check("opened again")
	update(t, s, func(tx store.Tx) error { return l.Expire(tx, 9, millisInDay+5) })
	model = slices.DeleteFunc(model, func(f Found) bool { return f.Time < millisInDay })
	check("expired")
	if err := l.DropDays(t.Context(), 9, 2, 0, days*millisInDay*2); err != nil {
		t.Fatal(err)
	}
	model = slices.DeleteFunc(model, func(f Found) bool { return f.Source == 2 })
	check("without a source")
	size := 0
	for _, f := range model {
		size += len(f.Text)
	}
	update(t, s, func(tx store.Tx) error {
		if got := l.Size(tx, 9, 0); got != int64(size) {
			t.Errorf("the size is %d, want %d", got, size)
		}
		return l.Drop(tx, 9)
	})
	model = nil
	check("dropped")
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func texts(all []Found) []string {
	var out []string
	for _, f := range all {
		out = append(out, fmt.Sprint(f.Time, f.Source, string(f.Text)))
	}
	return out
}

func count(t *testing.T, l *Log, kind byte) (n int) {
	t.Helper()
	err := l.opt.Store.View(t.Context(), func(tx store.Tx) error {
		for range tx.Scan(l.key(kind), store.End(l.key(kind))) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestARareTextOpensFewBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	l := openLog(t, mem.New())
	for block := range 50 {
		var batch []Entry
		for i := range 500 {
			line := fmt.Sprintf(`{"level":"INFO","request":"%016x","path":"/orders/%d","ms":%d}`, rng.Uint64(), rng.IntN(1000), rng.IntN(500))
			if block == 20 && i == 100 {
				line = "panic: something exploded"
			}
			batch = append(batch, Entry{Time: int64(block * 1000), Text: []byte(line)})
		}
		write(t, l, 1, 1, batch)
	}
	update(t, l.opt.Store, func(tx store.Tx) error {
		q := &Query{Log: 1, To: 1 << 40, Holds: [][]byte{[]byte("something exploded")}}
		n := 0
		err := l.eachCandidate(t.Context(), tx, q, 0, &best{}, func(candidate) error { n++; return nil })
		if err != nil || n > 10 {
			t.Errorf("%d of 50 blocks may hold the text, %v", n, err)
		}
		return nil
	})
}

func TestAPageThatTakesTooLongSaysHowFarItCame(t *testing.T) {
	l := openLog(t, mem.New())
	for i := range 10 {
		write(t, l, 1, 1, []Entry{{Time: int64(i * 10), Text: []byte(strings.Repeat("x", 20))}})
	}
	q := &Query{Log: 1, To: 1 << 40}
	var got []Found
	p := Page{Max: 100, MaxBytes: 1 << 20, Within: 1}
	rounds := 0
	for more := true; more; rounds++ {
		r, err := l.Read(t.Context(), q, p)
		if err != nil {
			t.Fatal(err)
		}
		got, more = append(got, r.Entries...), r.More
		p.After = &r.Reached
	}
	if len(got) != 10 || rounds < 5 {
		t.Errorf("%d entries in %d rounds", len(got), rounds)
	}
}

func BenchmarkPieces(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1000)
	for i := range text {
		text[i] = byte(' ' + rng.IntN(90))
	}
	var m marks
	m.begin(1 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.add(text)
	}
}

// TestPiecesAreThoseThatAreLookedFor: the loop that is written out for speed finds what
// the plain one does.
func TestPiecesAreThoseThatAreLookedFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	for n := range 200 {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte('a' + rng.IntN(1+n%26))
		}
		const size = 1 << 12
		got := piecesOf([]Entry{{Text: text}}, size)
		want := make(pieces, size/4/64)
		mask := uint32(len(want)*64 - 1)
		eachPiece(text, func(hash uint32) bool {
			h := hash & mask
			want[h/64] |= 1 << (h % 64)
			return true
		})
		if n < tellable {
			clear(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q", text)
		}
	}
}

// FuzzPieces: what a text holds, its pieces never deny.
func FuzzPieces(f *testing.F) {
	f.Add("a text with words in it", 3, 12)
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaa", 0, 8)
	f.Fuzz(func(t *testing.T, text string, from, length int) {
		p := piecesOf([]Entry{{Text: []byte(text)}}, len(text))
		stored := storedPieces(p.fold().appendTo(nil))
		from = min(max(from, 0), len(text))
		to := min(from+max(min(length, len(text)), 0), len(text))
		if !stored.valid() || !stored.mayHold([]byte(text[from:to])) {
			t.Errorf("%q is said not to be in %q", text[from:to], text)
		}
	})
}

// FuzzBlock: what is damaged is an error, and what is read is what was written.
func FuzzBlock(f *testing.F) {
	f.Add(appendBody(nil, []Entry{{Time: 3, Arrived: 4, Number: 5, Text: []byte("one")}, {Time: 3, Arrived: 9, Number: 6}}))
	h := headOf([]Entry{{Time: 3, Text: []byte("one")}}, 3)
	f.Add(h.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := readHead(b); err == nil {
			h.mayHold([][]byte{[]byte("a text of some length")})
		}
		entries, err := readBody(nil, b)
		if err != nil {
			return
		}
		again, err := readBody(nil, appendBody(nil, entries))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries, again); diff != "" {
			t.Error(diff)
		}
	})
}
