package blocks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// A Query says which entries of a log are asked for.
type Query struct {
	Log uint64
	// Sources are whose entries are wanted; nil is all.
	Sources []uint64
	// From and To bound the times, both inclusive.
	From, To int64
	// Holds are texts of which each entry has all. They only spare work: what they
	// let through, Match judges.
	Holds [][]byte
	// Match says whether an entry is wanted; nil wants all.
	Match func(source uint64, e *Entry) bool
}

// A Found is an entry of a page.
type Found struct {
	Source uint64
	Entry
}

// A Position is that of an entry in the order of a log.
type Position struct {
	Time   int64
	Number uint64
}

// A Page asks for part of what a query finds.
type Page struct {
	// After is where the page begins, if it is not nil: behind that entry, or, when
	// Backward, before it.
	After *Position
	// Backward asks for the last ones rather than the first.
	Backward bool
	// Max and MaxBytes bound the entries and their texts. One entry always fits.
	Max, MaxBytes int
	// Within is how long the search may take; then the page is what is certain until
	// then. Zero is without a bound.
	Within time.Duration
}

// A Result is a page: entries in the order of their times, and what it took.
type Result struct {
	Entries []Found
	// More says that there may be more behind, or before, Reached: the last entry of
	// the page, or how far the search has come.
	More    bool
	Reached Position
}

// candidate is a block that may hold something.
type candidate struct {
	at          place
	first, last int64
}

// costs of a reader, in bytes: what it needs in any case, and for each candidate.
const (
	readerCost    = 3 * maxSize
	candidateCost = 64
)

// Read returns a page of what a query finds.
func (l *Log) Read(ctx context.Context, q *Query, p Page) (*Result, error) {
	cost := int64(readerCost + p.MaxBytes)
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
		all, err := l.candidates(ctx, tx, &narrowed, day)
		if err != nil {
			return err
		}
		slices.SortFunc(all, b.sooner)
		err = l.visit(ctx, tx, &narrowed, all, &open, b)
		l.opt.Memory.Give(candidateCost * int64(len(all)))
		if err != nil || b.done {
			return err
		}
	}
	return nil
}

// visit looks into blocks until the page is certain.
func (l *Log) visit(ctx context.Context, tx store.Tx, q *Query, all []candidate, open *opened, b *best) error {
	for _, c := range all {
		if b.certain(c) {
			b.done = true
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := l.open(tx, c.at, open); err != nil {
			return err
		}
		for i := range open.entries {
			e := &open.entries[i]
			if e.Time >= q.From && e.Time <= q.To && b.wants(e) && q.matches(c.at.source, e) {
				b.add(c.at.source, e)
			}
		}
	}
	return nil
}

func (q *Query) matches(source uint64, e *Entry) bool {
	for _, text := range q.Holds {
		if !bytes.Contains(e.Text, text) {
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
			all, err := l.candidates(ctx, tx, q, day)
			if err != nil {
				return err
			}
			err = l.each(ctx, tx, q, all, &open, fn)
			l.opt.Memory.Give(candidateCost * int64(len(all)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Log) each(ctx context.Context, tx store.Tx, q *Query, all []candidate, open *opened, fn func(uint64, *Entry) error) error {
	for _, c := range all {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
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

// errTooMany says that there is no memory to remember where to look.
var errTooMany = errors.New("the search is about more blocks than there is memory for")

// candidates are the blocks of a day that may hold something. Their memory is the
// caller's to give back.
func (l *Log) candidates(ctx context.Context, tx store.Tx, q *Query, day uint32) (all []candidate, err error) {
	defer func() {
		if err != nil {
			l.opt.Memory.Give(candidateCost * int64(len(all)))
			all = nil
		}
	}()
	if q.Sources == nil {
		from := l.key('h', q.Log, uint64(day))
		return l.scan(ctx, tx, q, all, from, store.End(from))
	}
	for _, source := range q.Sources {
		from := l.key('h', q.Log, uint64(day), source)
		if all, err = l.scan(ctx, tx, q, all, from, store.End(from)); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (l *Log) scan(ctx context.Context, tx store.Tx, q *Query, all []candidate, from, to []byte) ([]candidate, error) {
	for key, value := range tx.Scan(from, to) {
		h, err := readHead(value)
		if err != nil {
			return all, damaged(key, err)
		}
		if h.last < q.From || h.first > q.To || !h.mayHold(q.Holds) {
			continue
		}
		at, err := l.placeOf(key)
		if err != nil {
			return all, err
		}
		if !l.opt.Memory.Try(candidateCost) {
			return all, errTooMany
		}
		all = append(all, candidate{at, h.first, h.last})
		if len(all)%1024 == 0 && ctx.Err() != nil {
			return all, context.Cause(ctx)
		}
	}
	return all, nil
}

func (h *head) mayHold(texts [][]byte) bool {
	for _, t := range texts {
		if !h.pieces.mayHold(t) {
			return false
		}
	}
	return true
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

// best are the first entries that were found so far, of a page, in any order, the
// one that would have to go first at the top: a heap.
type best struct {
	page     Page
	heap     []Found
	bytes    int
	full     bool // something had to go, or was not let in
	done     bool
	deadline time.Time
	// reached is how far the search has come when its time was up.
	late    bool
	reached Position
}

// sooner gives the order in which blocks are looked into.
func (b *best) sooner(x, y candidate) int {
	if b.page.Backward {
		return cmp.Or(cmp.Compare(y.last, x.last), cmp.Compare(y.at.number, x.at.number))
	}
	return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.at.number, y.at.number))
}

// before says whether x comes before y in the direction of the page.
func (b *best) before(x, y *Entry) bool {
	if b.page.Backward {
		return x.Compare(y) > 0
	}
	return x.Compare(y) < 0
}

// certain says that no block from c on changes the page.
func (b *best) certain(c candidate) bool {
	edge := Entry{Time: c.first}
	if b.page.Backward {
		edge = Entry{Time: c.last, Number: ^uint64(0)}
	}
	if b.full && len(b.heap) > 0 && !b.before(&edge, &b.heap[0].Entry) {
		return true
	}
	if b.deadline.IsZero() || time.Now().Before(b.deadline) || !b.advances(&edge) {
		return false
	}
	b.late, b.reached = true, b.just(edge.Time)
	return true
}

// just returns the position that all entries of a time follow.
func (b *best) just(time int64) Position {
	if b.page.Backward {
		return Position{time + 1, 0}
	}
	return Position{time - 1, ^uint64(0)}
}

// advances says whether a page that ends before e is further than where it began.
func (b *best) advances(e *Entry) bool {
	at := b.just(e.Time)
	return b.page.After == nil || b.before(&Entry{Time: b.page.After.Time, Number: b.page.After.Number}, &Entry{Time: at.Time, Number: at.Number})
}

// wants says whether e is on the right side of where the page begins, and would
// be let in.
func (b *best) wants(e *Entry) bool {
	if a := b.page.After; a != nil && !b.before(&Entry{Time: a.Time, Number: a.Number}, e) {
		return false
	}
	return !b.full || len(b.heap) == 0 || b.before(e, &b.heap[0].Entry)
}

// add takes an entry in, and lets those go that the page has no room for.
func (b *best) add(source uint64, e *Entry) {
	f := Found{source, *e}
	f.Text = bytes.Clone(e.Text)
	b.heap = append(b.heap, f)
	b.bytes += len(f.Text)
	b.up(len(b.heap) - 1)
	for len(b.heap) > b.page.Max || b.bytes > b.page.MaxBytes && len(b.heap) > 1 {
		b.full = true
		last := len(b.heap) - 1
		b.bytes -= len(b.heap[0].Text)
		b.heap[0] = b.heap[last]
		b.heap[last] = Found{}
		b.heap = b.heap[:last]
		b.down()
	}
}

func (b *best) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !b.before(&b.heap[parent].Entry, &b.heap[i].Entry) {
			return
		}
		b.heap[parent], b.heap[i] = b.heap[i], b.heap[parent]
		i = parent
	}
}

func (b *best) down() {
	for i := 0; ; {
		last := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(b.heap) && b.before(&b.heap[last].Entry, &b.heap[child].Entry) {
				last = child
			}
		}
		if last == i {
			return
		}
		b.heap[i], b.heap[last] = b.heap[last], b.heap[i]
		i = last
	}
}

// result makes the page of what was found.
func (b *best) result() *Result {
	r := &Result{More: b.full || b.late}
	if b.late {
		b.heap = slices.DeleteFunc(b.heap, func(f Found) bool {
			return !b.before(&f.Entry, &Entry{Time: b.reached.Time, Number: b.reached.Number})
		})
	}
	slices.SortFunc(b.heap, func(x, y Found) int { return x.Compare(&y.Entry) })
	r.Entries = b.heap
	switch n := len(r.Entries); {
	case b.late:
		r.Reached = b.reached
	case n > 0 && b.page.Backward:
		r.Reached = Position{r.Entries[0].Time, r.Entries[0].Number}
	case n > 0:
		r.Reached = Position{r.Entries[n-1].Time, r.Entries[n-1].Number}
	}
	return r
}
