package blocks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

func TestABlockHasABoundOnItsEntriesHoweverSmallTheyAre(t *testing.T) {
	l := openLog(t, mem.New())
	const calls, each = 4, 10_000
	for range calls {
		batch := make([]Entry, each)
		for i := range batch {
			batch[i].Text = []byte("x")
		}
		write(t, l, 1, 1, batch)
	}
	for i := range 300 { // so that there are small ones to merge
		write(t, l, 1, 1, []Entry{{Time: int64(i), Text: []byte("y")}})
	}
	for more := true; more; {
		var err error
		if more, err = l.merge(t.Context(), 1, 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	total, blocks := 0, 0
	err := l.opt.Store.View(t.Context(), func(tx store.Tx) error {
		for key, value := range tx.Scan(l.key('h'), store.End(l.key('h'))) {
			h, err := readHead(value)
			if err != nil {
				return err
			}
			at, _ := l.placeOf(key)
			var o opened
			if err := l.open(tx, at, &o); err != nil {
				return err
			}
			if len(o.entries) > 16<<10+1 || len(o.entries) != h.count {
				t.Errorf("a block has %d entries, and its head says %d", len(o.entries), h.count)
			}
			total += h.count
			blocks++
		}
		return nil
	})
	if err != nil || total != calls*each+300 || blocks > calls+2 {
		t.Errorf("%d entries in %d blocks, %v", total, blocks, err)
	}
}

func TestWhatIsPutAtATimeIsOneBlock(t *testing.T) {
	l := openLog(t, mem.New())
	batch := make([]Entry, 1000)
	for i := range batch {
		batch[i].Text = bytes.Repeat([]byte("x"), 1<<20/len(batch)-26)
	}
	write(t, l, 1, 1, batch)
	if n := count(t, l, 'h'); n != 1 {
		t.Errorf("a megabyte in 1,000 entries is %d blocks", n)
	}
}

func TestATextThatIsTooLongIsRefused(t *testing.T) {
	l := openLog(t, mem.New())
	for size, ok := range map[int]bool{maxText: true, maxText + 1: false} {
		p, err := l.Pack(t.Context(), []Entry{{Text: make([]byte, size)}})
		if (err == nil) != ok {
			t.Errorf("a text of %d bytes: %v", size, err)
		}
		if err == nil {
			p.Free()
		}
	}
}

// TestDamageTakesNoMemory reads what a store that is damaged may hold: little that says
// it is much.
func TestDamageTakesNoMemory(t *testing.T) {
	l := openLog(t, mem.New())
	write(t, l, 1, 1, []Entry{{Text: []byte("sound")}})
	many := binary.AppendUvarint(nil, 1<<20)
	many = append(many, make([]byte, 4<<20-len(many))...)
	sizes := binary.AppendUvarint(nil, maxEntries)
	for range maxEntries {
		sizes = append(binary.AppendUvarint(append(sizes, 0, 0, 0), math.MaxUint64), 0)
	}
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := packer.EncodeAll(make([]byte, maxBlock), nil)
	for what, body := range map[string][]byte{
		"a million entries":      packer.EncodeAll(many, nil),
		"texts without end":      packer.EncodeAll(sizes, nil),
		"too much":               packer.EncodeAll(make([]byte, 1<<26), nil),
		"frame after frame":      bytes.Repeat(frame, 20),
		"nothing":                nil,
		"what is not compressed": []byte("sound"),
	} {
		update(t, l.opt.Store, func(tx store.Tx) error {
			return tx.Put(l.keyOf('b', place{log: 1, source: 1, number: 1}), body)
		})
		err := l.Each(t.Context(), &Query{Log: 1, To: 1}, func(uint64, *Entry) error { return nil })
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for what, h := range map[string]head{
		"more entries than fit": {count: maxEntries + 1},
		"more bytes than fit":   {size: maxBlock + 1},
		"times past the end":    {first: math.MaxInt64, last: math.MinInt64},
	} {
		h.pieces = make(storedPieces, minPieceBits/8)
		if _, err := readHead(h.append(nil)); !errors.Is(err, errBlock) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestADayOfManyBlocksIsReadInBoundedMemory has more blocks in a day than a reader
// remembers, and memory for one reader.
func TestADayOfManyBlocksIsReadInBoundedMemory(t *testing.T) {
	l := openLog(t, mem.New())
	const n = 2*maxCandidates + 100
	for i := range n {
		write(t, l, 1, uint64(i%7), []Entry{{Time: int64(i * 7919 % n), Text: []byte("x")}})
	}
	l.opt.Memory = budget.New(100*readerCost, []budget.Part{{Name: "one reader", Percent: 1}}).Share("one reader")
	for _, backward := range []bool{false, true} {
		q := &Query{Log: 1, To: 1 << 40}
		p := Page{Backward: backward, Max: 5000, MaxBytes: 1 << 20}
		seen := 0
		for more := true; more; {
			r, err := l.Read(t.Context(), q, p)
			if err != nil {
				t.Fatal(err)
			}
			for i := range r.Entries {
				want := int64(seen + i)
				if backward {
					want = int64(n - seen - len(r.Entries) + i)
				}
				if r.Entries[i].Time != want {
					t.Fatalf("backward %v: entry %d has the time %d", backward, want, r.Entries[i].Time)
				}
			}
			seen, more = seen+len(r.Entries), r.More
			p.After = &r.Reached
		}
		if seen != n {
			t.Errorf("backward %v: %d of %d", backward, seen, n)
		}
	}
	seen := 0
	odd := &Query{Log: 1, To: 1 << 40, Of: func(source uint64) bool { return source == 3 }}
	err := l.Each(t.Context(), odd, func(source uint64, _ *Entry) error {
		if seen++; source != 3 {
			return fmt.Errorf("source %d", source)
		}
		return nil
	})
	if err != nil || seen != (n+3)/7 {
		t.Errorf("%d, %v", seen, err)
	}
	if used := l.opt.Memory.Used(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
}

func TestTimesAtTheEndsOfWhatTheyCanBe(t *testing.T) {
	l := openLog(t, mem.New())
	times := []int64{0, 1, math.MaxInt64/2 - 1, math.MaxInt64 / 2}
	for _, at := range times {
		write(t, l, 1, 1, []Entry{{Time: at, Text: []byte("x")}})
	}
	for _, backward := range []bool{false, true} {
		q := &Query{Log: 1, To: math.MaxInt64 / 2}
		p := Page{Backward: backward, Max: 1, MaxBytes: 1, Within: time.Nanosecond}
		var got []int64
		for range 20 {
			r, err := l.Read(t.Context(), q, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Entries {
				got = append(got, e.Time)
			}
			if !r.More {
				break
			}
			p.After = &r.Reached
		}
		if len(got) != len(times) {
			t.Errorf("backward %v: %d", backward, got)
		}
	}
}
