package blocks

import (
	"context"
	"math"
	"slices"

	"github.com/dari-bus/dari/internal/store"
)

// candidate is a block that may hold something.
type candidate struct {
	at          place
	first, last int64
}

// maxCandidates is how many candidates are remembered at a time. Where a day has
// more, it is looked through again for the next ones.
const maxCandidates = 4096

// eachCandidate calls fn with the blocks of a day that may hold something, in the
// order in which b looks into them, until b's page is certain.
func (l *Log) eachCandidate(ctx context.Context, tx store.Tx, q *Query, day uint32, b *best, fn func(candidate) error) error {
	found := candidates{sooner: b.sooner}
	for more := true; more; {
		if b.certain(found.next(day)) {
			b.done = true
			return nil
		}
		var err error
		if more, err = l.candidates(ctx, tx, q, day, &found); err != nil {
			return err
		}
		for _, c := range found.all {
			if b.certain(c) {
				b.done = true
				return nil
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := fn(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates are those of a day that come next.
type candidates struct {
	sooner func(x, y candidate) int
	all    []candidate
	// after is the last of those before, and until what there is no room from: nil
	// where there is none.
	after, until *candidate
}

// next returns a candidate that no other one of the day, of those that are still to
// come, is before.
func (c *candidates) next(day uint32) candidate {
	if n := len(c.all); n > 0 {
		return c.all[n-1]
	}
	begin := int64(day) * millisInDay
	if day == math.MaxUint32 { // and whatever comes after it
		return candidate{first: begin, last: math.MaxInt64 / 2}
	}
	return candidate{first: begin, last: begin + millisInDay - 1}
}

func (c *candidates) add(x candidate) {
	if c.after != nil && c.sooner(x, *c.after) <= 0 || c.until != nil && c.sooner(x, *c.until) >= 0 {
		return
	}
	if c.all = append(c.all, x); len(c.all) == 2*maxCandidates {
		c.cut()
	}
}

// cut sorts the candidates and leaves those that come first.
func (c *candidates) cut() {
	slices.SortFunc(c.all, c.sooner)
	if len(c.all) > maxCandidates {
		until := c.all[maxCandidates]
		c.until, c.all = &until, c.all[:maxCandidates]
	}
}

// candidates looks for the next blocks of a day that may hold something, and says
// whether there are more behind them.
func (l *Log) candidates(ctx context.Context, tx store.Tx, q *Query, day uint32, into *candidates) (more bool, err error) {
	if n := len(into.all); n > 0 {
		after := into.all[n-1]
		into.after, into.until, into.all = &after, nil, into.all[:0]
	}
	if q.Sources == nil {
		from := l.key('h', q.Log, uint64(day))
		err = l.scan(ctx, tx, q, into, from, store.End(from))
	}
	for _, source := range q.Sources {
		from := l.key('h', q.Log, uint64(day), source)
		if err = l.scan(ctx, tx, q, into, from, store.End(from)); err != nil {
			break
		}
	}
	into.cut()
	return into.until != nil, err
}

func (l *Log) scan(ctx context.Context, tx store.Tx, q *Query, into *candidates, from, to []byte) error {
	looked := 0
	for key, value := range tx.Scan(from, to) {
		if looked++; looked%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at, err := l.placeOf(key)
		if err != nil {
			return err
		}
		if q.Of != nil && !q.Of(at.source) {
			continue
		}
		h, err := readHead(value)
		if err != nil {
			return damaged(key, err)
		}
		if h.last >= q.From && h.first <= q.To && h.mayHold(q.Holds) {
			into.add(candidate{at, h.first, h.last})
		}
	}
	return nil
}

func (h *head) mayHold(texts [][]byte) bool {
	for _, t := range texts {
		if !h.pieces.mayHold(t) {
			return false
		}
	}
	return true
}
