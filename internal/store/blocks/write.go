package blocks

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dari-bus/dari/internal/store"
)

// A Packed is entries of one source, ready to be written. It holds memory until
// it is let go.
type Packed struct {
	l      *Log
	blocks []packed
	taken  int64
}

type packed struct {
	day        uint32
	number     uint64
	head, body []byte
	size       int64
	small      bool
}

// Pack makes blocks of entries that a source brought, which are in the order of
// their times, and numbers them. It is the part of writing that takes time, and
// for outside of the store's turn. A text has at most a megabyte (2^20 bytes). The
// caller calls Free.
func (l *Log) Pack(ctx context.Context, entries []Entry) (*Packed, error) {
	taken := PackCost(entries)
	if err := l.opt.Memory.Take(ctx, taken); err != nil {
		return nil, err
	}
	p, err := l.PackCounted(ctx, entries)
	if err != nil {
		l.opt.Memory.Give(taken)
		return nil, err
	}
	p.taken = taken
	return p, nil
}

// PackCost is what packing entries takes, in bytes, until they are written.
func PackCost(entries []Entry) (n int64) {
	for i := range entries {
		n += 2 * int64(entries[i].weight())
	}
	return n
}

// PackCounted is Pack for those who have counted the memory of the entries, twice,
// elsewhere. It waits for nothing but, at the first entries of all, the store.
func (l *Log) PackCounted(ctx context.Context, entries []Entry) (*Packed, error) {
	for i := range entries {
		if n := len(entries[i].Text); n > maxText {
			return nil, fmt.Errorf("pack: a text of %d bytes, and one has at most %d", n, maxText)
		}
	}
	first, err := l.take(ctx, len(entries))
	if err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i].Number = first + uint64(i)
	}
	return &Packed{l: l, blocks: l.pack(entries)}, nil
}

// Small returns how many of the blocks are small enough to be merged.
func (p *Packed) Small() (n int) {
	for i := range p.blocks {
		if p.blocks[i].small {
			n++
		}
	}
	return n
}

// Free lets go of the memory.
func (p *Packed) Free() {
	p.l.opt.Memory.Give(p.taken)
	p.blocks, p.taken = nil, 0
}

// pack cuts entries in their order into blocks, each of one day and not too large.
func (l *Log) pack(entries []Entry) (all []packed) {
	for len(entries) > 0 {
		day, weight, n := dayOf(entries[0].Time), 0, 0
		for n < len(entries) && dayOf(entries[n].Time) == day && weight < maxWeight {
			weight += entries[n].weight()
			n++
		}
		number := entries[0].Number
		for i := range n {
			number = min(number, entries[i].Number) // merged ones are in the order of their times
		}
		all = append(all, l.packBlock(day, number, entries[:n]))
		entries = entries[n:]
	}
	return all
}

// worthwhile is the size of a block, in bytes, whose head is made while its body is
// compressed: each takes about as long, and a batch is waited for.
const worthwhile = 128 << 10

// packBlock makes a block of entries.
func (l *Log) packBlock(day uint32, number uint64, entries []Entry) packed {
	size := 0
	for i := range entries {
		size += len(entries[i].Text)
	}
	made := make(chan head, 1)
	if size < worthwhile {
		made <- headOf(entries, size)
	} else {
		go func() { made <- headOf(entries, size) }()
	}
	room := l.bodies.Get().(*[]byte)
	body := appendBody(slices.Grow((*room)[:0], size+16*len(entries)+16), entries)
	b := packed{day: day, number: number, size: int64(size), body: l.packer.EncodeAll(body, make([]byte, 0, size/4+64))}
	*room = body
	l.bodies.Put(room)
	h := <-made
	b.head, b.small = h.append(nil), h.weight() < mergeable
	return b
}

// Add writes what was packed, of a source of a log, in a transaction of the store.
func (l *Log) Add(tx store.Tx, log, source uint64, p *Packed) error {
	for i := range p.blocks {
		b := &p.blocks[i]
		at := place{log: log, source: source, day: b.day, number: b.number}
		if err := l.grow(tx, at, b.size); err != nil {
			return err
		}
		if err := l.put(tx, at, b); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) put(tx store.Tx, at place, b *packed) error {
	if err := tx.Put(l.keyOf('h', at), b.head); err != nil {
		return err
	}
	return tx.Put(l.keyOf('b', at), b.body)
}

// grow adds to the size of a day.
func (l *Log) grow(tx store.Tx, at place, by int64) error {
	key := l.key('d', at.log, uint64(at.day))
	b, err := tx.Get(key)
	if err != nil {
		return err
	}
	size := by
	if len(b) == 8 {
		size += int64(binary.BigEndian.Uint64(b))
	}
	return tx.Put(key, binary.BigEndian.AppendUint64(nil, uint64(max(size, 0))))
}

// Size returns the bytes of the texts in a log, from the day of the time since on.
func (l *Log) Size(tx store.Tx, log uint64, since int64) (total int64) {
	for _, value := range tx.Scan(l.key('d', log, uint64(dayOf(since))), store.End(l.key('d', log))) {
		if len(value) == 8 {
			total += int64(binary.BigEndian.Uint64(value))
		}
	}
	return total
}

// SizeOf returns the bytes of the texts that a source brought on the day of a time.
func (l *Log) SizeOf(tx store.Tx, log, source uint64, time int64) (total int64, err error) {
	from := l.key('h', log, uint64(dayOf(time)), source)
	for key, value := range tx.Scan(from, store.End(from)) {
		h, err := readHead(value)
		if err != nil {
			return 0, damaged(key, err)
		}
		total += int64(h.size)
	}
	return total, nil
}

// Drop deletes a log.
func (l *Log) Drop(tx store.Tx, log uint64) error {
	for _, kind := range []byte("dhb") {
		from := l.key(kind, log)
		if err := tx.DeleteRange(from, store.End(from)); err != nil {
			return err
		}
	}
	return nil
}

// Expired says whether a log has days that are wholly before a time.
func (l *Log) Expired(tx store.Tx, log uint64, before int64) bool {
	for range tx.Scan(l.key('d', log), l.key('d', log, uint64(dayOf(before)))) {
		return true
	}
	return false
}

// Expire deletes the days of a log that are wholly before a time.
func (l *Log) Expire(tx store.Tx, log uint64, before int64) error {
	for _, kind := range []byte("dhb") {
		if err := tx.DeleteRange(l.key(kind, log), l.key(kind, log, uint64(dayOf(before)))); err != nil {
			return err
		}
	}
	return nil
}

// DropDays deletes what a source brought from the time first to the time last, day by
// day. Nobody may add to it any more. How much it is is read outside of the store's turn.
func (l *Log) DropDays(ctx context.Context, log, source uint64, first, last int64) error {
	var days []uint32
	err := l.opt.Store.View(ctx, func(tx store.Tx) error {
		days = l.days(tx, &Query{Log: log, From: first, To: last})
		return nil
	})
	for _, day := range days {
		time, size := int64(day)*millisInDay, int64(0)
		if err == nil {
			err = l.opt.Store.View(ctx, func(tx store.Tx) (err error) {
				size, err = l.SizeOf(tx, log, source, time)
				return err
			})
		}
		if err == nil {
			err = l.opt.Store.Update(ctx, func(tx store.Tx) error { return l.DropSource(tx, log, source, time, size) }, store.Draining, store.Unsynced)
		}
	}
	return err
}

// DropSource deletes what a source brought on the day of a time, whose size is what
// [Log.SizeOf] says. It takes the same time however much it is.
func (l *Log) DropSource(tx store.Tx, log, source uint64, time, size int64) error {
	day := dayOf(time)
	for _, kind := range []byte("hb") {
		from := l.key(kind, log, uint64(day), source)
		if err := tx.DeleteRange(from, store.End(from)); err != nil {
			return err
		}
	}
	if b, err := tx.Get(l.key('d', log, uint64(day))); err != nil || b == nil {
		return err // the day has expired meanwhile
	}
	return l.grow(tx, place{log: log, day: day}, -size)
}

// mergeable is the weight of a block below which it is merged, and maxMerged how
// many blocks are merged at a time. The second bounds the store's turn.
const (
	mergeable = 256 << 10
	maxMerged = 512
)

// merge makes fewer blocks of the small ones that a source brought on the day of a
// time. It says whether there may be more to merge.
func (l *Log) merge(ctx context.Context, log, source uint64, time int64) (more bool, err error) {
	const cost = 4 * maxWeight // the bodies, the entries, and what is made of them
	if err := l.opt.Memory.Take(ctx, cost); err != nil {
		return false, err
	}
	defer l.opt.Memory.Give(cost)
	at := place{log: log, source: source, day: dayOf(time)}
	old, entries, more, err := l.small(ctx, at)
	if err != nil || len(old) < 2 {
		return false, err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return a.Compare(&b) })
	merged := l.pack(entries)
	err = l.opt.Store.Update(ctx, func(tx store.Tx) error {
		for _, p := range old {
			key := l.keyOf('h', p)
			if b, err := tx.Get(key); err != nil || b == nil {
				more = false
				return err // it expired or was deleted meanwhile, and so did the others, or will
			}
		}
		for _, p := range old {
			for _, kind := range []byte("hb") {
				if err := tx.Delete(l.keyOf(kind, p)); err != nil {
					return err
				}
			}
		}
		for i := range merged {
			at.number = merged[i].number
			if err := l.put(tx, at, &merged[i]); err != nil {
				return err
			}
		}
		return nil
	}, store.Unsynced)
	return more, err
}

// small reads small blocks of a source and a day, as many as make a large one.
func (l *Log) small(ctx context.Context, at place) (old []place, entries []Entry, more bool, err error) {
	err = l.opt.Store.View(ctx, func(tx store.Tx) error {
		weight := 0
		from := l.key('h', at.log, uint64(at.day), at.source)
		for key, value := range tx.Scan(from, store.End(from)) {
			h, err := readHead(value)
			if err != nil {
				return damaged(key, err)
			}
			if h.weight() >= mergeable {
				continue
			}
			if weight += h.weight(); weight > maxWeight || len(old) == maxMerged {
				more = true
				return nil
			}
			p, err := l.placeOf(key)
			if err != nil {
				return err
			}
			body, err := l.body(tx, p, nil)
			if err != nil {
				return err
			}
			if entries, err = readBody(entries, body); err != nil {
				return damaged(key, err)
			}
			old = append(old, p)
		}
		return nil
	})
	return old, entries, more, err
}
