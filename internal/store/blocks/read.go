package blocks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math"
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

// maxCandidates is how many candidates are remembered at a time. Where a day has
// more, it is looked through again for the next ones.
const maxCandidates = 4096

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
	return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.at.number, y.at.number)) // the numbers differ
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
