package blocks

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// A Query says which entries of a log are asked for.
type Query struct {
	Log uint64
	// Sources are whose entries are wanted; nil is all. Each is looked for by itself:
	// where there are hundreds, Of is the better one.
	Sources []uint64
	// Of says whether the entries of a source are wanted; nil wants all.
	Of func(source uint64) bool
	// From and To bound the times, both inclusive.
	From, To int64
	// Holds are texts of which each entry has all. They only spare work: what they
	// let through, Match judges.
	Holds [][]byte
	// Loose has Match judge all entries of the blocks that are read, also those that
	// lack what Holds says: for who counts them.
	Loose bool
	// Match says whether an entry is wanted; nil wants all.
	Match func(source uint64, e *Entry) bool
}

// readerCost is what a reader needs in any case, in bytes: a block as it is stored
// and as it is read, and twice the candidates.
const readerCost = 2*maxBlock + 2*maxCandidates*64

// Read returns a page of what a query finds.
func (l *Log) Read(ctx context.Context, q *Query, p Page) (*Result, error) {
	cost := int64(readerCost + p.MaxBytes + p.Max*entryCost)
	if err := l.opt.Memory.Take(ctx, cost); err != nil {
		return nil, err
	}
	defer l.opt.Memory.Give(cost)
	best := &best{page: p}
	if p.Within > 0 {
		best.deadline = time.Now().Add(p.Within)
	}
	err := l.opt.Store.View(ctx, func(tx store.Tx) error { return l.read(ctx, tx, q, best) })
	if err != nil {
		return nil, err
	}
	return best.result(), nil
}

func (l *Log) read(ctx context.Context, tx store.Tx, q *Query, b *best) error {
	narrowed := *q
	if a := b.page.After; a != nil {
		if b.page.Backward {
			narrowed.To = min(q.To, a.Time)
		} else {
			narrowed.From = max(q.From, a.Time)
		}
	}
	days := l.days(tx, &narrowed)
	if b.page.Backward {
		slices.Reverse(days)
	}
	var open opened
	for _, day := range days {
		err := l.eachCandidate(ctx, tx, &narrowed, day, b, func(c candidate) error { return l.visit(tx, &narrowed, c, &open, b) })
		if err != nil || b.done {
			return err
		}
	}
	return nil
}

// visit takes what a block has into the page.
func (l *Log) visit(tx store.Tx, q *Query, c candidate, open *opened, b *best) error {
	if err := l.open(tx, c.at, open); err != nil {
		return err
	}
	for i := range open.entries {
		e := &open.entries[i]
		if e.Time >= q.From && e.Time <= q.To && b.wants(e) && q.matches(c.at.source, e) {
			b.add(c.at.source, e)
		}
	}
	return nil
}

func (q *Query) matches(source uint64, e *Entry) bool {
	for _, text := range q.Holds {
		if !q.Loose && !bytes.Contains(e.Text, text) {
			return false
		}
	}
	return q.Match == nil || q.Match(source, e)
}

// Each calls fn with all that a query finds, block by block and not in order,
// until it returns an error. What it is given is valid until it returns.
func (l *Log) Each(ctx context.Context, q *Query, fn func(source uint64, e *Entry) error) error {
	if err := l.opt.Memory.Take(ctx, readerCost); err != nil {
		return err
	}
	defer l.opt.Memory.Give(readerCost)
	return l.opt.Store.View(ctx, func(tx store.Tx) error {
		var open opened
		for _, day := range l.days(tx, q) {
			err := l.eachCandidate(ctx, tx, q, day, &best{}, func(c candidate) error { return l.each(tx, q, c, &open, fn) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Log) each(tx store.Tx, q *Query, c candidate, open *opened, fn func(uint64, *Entry) error) error {
	if err := l.open(tx, c.at, open); err != nil {
		return err
	}
	for i := range open.entries {
		e := &open.entries[i]
		if e.Time < q.From || e.Time > q.To || !q.matches(c.at.source, e) {
			continue
		}
		if err := fn(c.at.source, e); err != nil {
			return err
		}
	}
	return nil
}

// days returns the days that a query is about and that have something.
func (l *Log) days(tx store.Tx, q *Query) (days []uint32) {
	for key := range tx.Scan(l.key('d', q.Log, uint64(dayOf(q.From))), store.End(l.key('d', q.Log, uint64(dayOf(q.To))))) {
		days = append(days, binary.BigEndian.Uint32(key[len(key)-4:]))
	}
	return days
}

// opened is a block in memory, and room for the next one.
type opened struct {
	raw     []byte
	entries []Entry
}

func (l *Log) open(tx store.Tx, at place, into *opened) error {
	body, err := l.body(tx, at, into.raw[:0])
	if err != nil {
		return err
	}
	into.raw = body
	if into.entries, err = readBody(into.entries[:0], body); err != nil {
		return damaged(l.keyOf('b', at), err)
	}
	return nil
}

// body returns the body of a block, in room if there is enough.
func (l *Log) body(tx store.Tx, at place, room []byte) ([]byte, error) {
	key := l.keyOf('b', at)
	b, err := tx.Get(key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, damaged(key, errBlock)
	}
	if room, err = l.opener.DecodeAll(b, room); err != nil {
		return nil, damaged(key, err)
	}
	return room, nil
}
