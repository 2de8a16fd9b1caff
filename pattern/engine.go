package pattern

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A snapshot is the rules of one moment, ready to be matched. It never
// changes; the next one shares all but a little with it.
//
// A conjunction is found by its anchor only, one of its conditions. So adding
// one changes the index of one path, and an event costs a few lookups for each
// of its values, plus what it takes to check those that were found.
type snapshot struct {
	root     node
	anchored vector[anchors] // by condition, the conjunctions found by it
	absents  []*cond         // anchors that may hold without a value
	slots    int32
	ungated  int // conjunctions that want the detail of whatever event
	rules    int

	envelope [envelopeFields]*node // the nodes of an envelope's fields
	detail   *node
}

// An engine makes snapshots. It knows what they consist of, each thing once:
// conditions by path and alternatives, conjunctions by their conditions.
type engine struct {
	conds map[key]*cond
	conjs map[key]*conj
	rests map[key]*rest
	gates map[key]*conj

	places map[string]*place

	condIDs, slotIDs, gateIDs numbering

	next *snapshot // the one being made
}

// numbering hands out numbers from 1 on; those given back come first.
type numbering struct {
	last uint32
	free []uint32
}

func (n *numbering) take() uint32 {
	if k := len(n.free); k > 0 {
		id := n.free[k-1]
		n.free = n.free[:k-1]
		return id
	}
	n.last++
	return n.last
}

func (n *numbering) put(id uint32) { n.free = append(n.free, id) }

func newEngine() *engine {
	return &engine{
		conds:  map[key]*cond{},
		conjs:  map[key]*conj{},
		rests:  map[key]*rest{},
		gates:  map[key]*conj{},
		places: map[string]*place{},
	}
}

// begin starts a snapshot that follows another.
func (e *engine) begin(now *snapshot) {
	next := *now
	e.next = &next
}

// finish returns the snapshot that was being made.
func (e *engine) finish() *snapshot {
	s := e.next
	e.next = nil
	s.slots = int32(e.slotIDs.last)
	for i, name := range envelopeNames {
		s.envelope[i] = s.root.child(wordOf(name), name)
	}
	s.detail = s.root.child(wordOf("detail"), "detail")
	return s
}

// conditions returns the conditions of a conjunction, interned but not yet
// used.
func (e *engine) conditions(constraints []*constraint) []*cond {
	conds := make([]*cond, len(constraints))
	for i, c := range constraints {
		k := key{}.text(c.path).text(c.text)
		cd, ok := e.conds[k]
		if !ok {
			cd = &cond{
				key: k, tests: c.tests, absent: c.absent,
				envelope: slices.Contains(envelopeNames[:], c.path), id: e.condIDs.take(),
			}
			cd.weight = cd.weigh()
			cd.bound()
			e.conds[k] = cd
			e.place(cd, c.path)
		}
		conds[i] = cd
	}
	return conds
}

// A place is a path as the writer knows it.
type place struct {
	path string
	slot int32
	uses int // how many conditions have it
	kept int // how many of them, by conjunction, need its values

	popular map[string]int // how many filed wildcards have some letters
}

// place notes that a new condition asks about its path.
func (e *engine) place(c *cond, path string) {
	p, ok := e.places[path]
	if !ok {
		p = &place{path: strings.Clone(path), slot: int32(e.slotIDs.take()) - 1}
		e.places[p.path] = p
		e.change(path, func(*field) *field { return &field{slot: p.slot, least: math.Inf(1), most: math.Inf(-1)} })
	}
	p.uses++
	c.place, c.slot = p, p.slot
}

// forget gives up a condition that nobody uses any more.
func (e *engine) forget(c *cond) {
	delete(e.conds, c.key)
	e.condIDs.put(c.id)
	if c.place.uses--; c.place.uses > 0 {
		return
	}
	delete(e.places, c.place.path)
	e.slotIDs.put(uint32(c.slot) + 1)
	e.change(c.place.path, func(*field) *field { return nil })
}

// change exchanges the field at a path.
func (e *engine) change(path string, to func(*field) *field) {
	e.next.root = *e.next.root.with(path, to)
}

// edit changes a copy of the field at a path.
func (e *engine) edit(path string, change func(*field)) {
	e.change(path, func(f *field) *field {
		next := *f
		change(&next)
		return &next
	})
}

// keep notes that a conjunction, or one less, needs the values of its paths,
// not only what is found by them.
func (e *engine) keep(conds []*cond, by int) {
	for _, c := range conds {
		was := c.place.kept > 0
		if c.place.kept += by; was == (c.place.kept > 0) {
			continue
		}
		e.edit(c.place.path, func(f *field) { f.keep = !was })
	}
}

// conjunction returns the conjunction of some constraints, a new one if there
// was none. The caller adds a rule to it or drops it.
func (e *engine) conjunction(constraints []*constraint) *conj {
	conds := e.conditions(constraints)
	slices.SortFunc(conds, func(a, b *cond) int { return cmp.Compare(a.id, b.id) })
	k := keyOf(conds)
	if c, ok := e.conjs[k]; ok {
		return c
	}
	c := &conj{key: k, anchor: anchorOf(conds)}
	for _, cd := range conds {
		cd.uses++
	}
	if len(conds) > 1 || c.anchor.absent {
		e.keep(conds, 1)
	}
	c.rest = e.restOf(conds, c.anchor, e.gate(conds), 0)
	if c.rest.gate == 0 && c.rest.detail {
		e.next.ungated++
	}
	e.conjs[k] = c
	return c
}

func keyOf(conds []*cond) key {
	k := key{}
	for _, c := range conds {
		k = k.number(uint64(c.id))
	}
	return k
}

// restOf returns what is left of conditions without the anchor, behind a gate
// or as one.
func (e *engine) restOf(conds []*cond, anchor *cond, gate, opens uint32) *rest {
	others := slices.DeleteFunc(slices.Clone(conds), func(c *cond) bool { return c == anchor })
	k := keyOf(others)
	k = k.number(uint64(gate)<<32 | uint64(opens)).number(uint64(b2i(anchor.absent)*2 + b2i(anchor.envelope)))
	r, ok := e.rests[k]
	if !ok {
		slices.SortStableFunc(others, func(a, b *cond) int { return cmp.Compare(a.cost(), b.cost()) })
		r = &rest{key: k, conds: others, absent: anchor.absent, detail: !anchor.envelope, gate: gate, opens: opens}
		for _, c := range others {
			r.absent = r.absent || c.absent
			r.detail = r.detail || !c.envelope
		}
		e.rests[k] = r
	}
	r.uses++
	return r
}

func (e *engine) dropRest(r *rest) {
	if r.uses--; r.uses == 0 {
		delete(e.rests, r.key)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// drop gives up a conjunction that no rule consists of any more, and that is
// in no list.
func (e *engine) drop(c *conj) {
	conds := append([]*cond{c.anchor}, c.rest.conds...)
	if len(conds) > 1 || c.anchor.absent {
		e.keep(conds, -1)
	}
	e.dropGate(c, conds)
	if c.rest.gate == 0 && c.rest.detail {
		e.next.ungated--
	}
	delete(e.conjs, c.key)
	e.dropRest(c.rest)
	for _, cd := range conds {
		if cd.uses--; cd.uses == 0 {
			e.forget(cd)
		}
	}
}

// anchor puts a conjunction into the list of its anchor, with the rules that
// consist of it, or out of it if there are none.
func (e *engine) anchor(c *conj, to told) {
	a := c.anchor
	list := e.anchors(a)
	was := len(list)
	i := slices.IndexFunc(list, func(x anchored) bool { return x.conj == c })
	switch {
	case i < 0 && to.ids == nil:
		return
	case i < 0:
		list = append(list, anchored{c.rest, to, c})
	case to.ids == nil:
		list = slices.Delete(list, i, i+1)
	default:
		list[i].told = to
	}
	if was == 0 {
		a.direct = e.mayBeDirect(a)
	}
	if a.direct {
		a.direct = len(list) > 0 // another may come to live there
		e.edit(a.place.path, func(f *field) { f.settle(string(a.tests[0].(exact)), a, newAnchors(list)) })
		return
	}
	e.next.anchored = e.next.anchored.with(a.id, newAnchors(list))
	switch {
	case (was == 0) == (len(list) == 0):
	case a.absent:
		e.next.absents = edit(e.next.absents, a, was == 0)
	default:
		e.edit(a.place.path, func(f *field) { f.file(a, was == 0) })
	}
}

// mayBeDirect says whether a condition asks for one text and nothing else, and
// is the only one that does so.
func (e *engine) mayBeDirect(c *cond) bool {
	if c.absent || len(c.tests) != 1 {
		return false
	}
	text, ok := c.tests[0].(exact)
	if !ok {
		return false
	}
	return e.filed(c.place.path, string(text)).id == 0
}

// filed returns what is filed under a text at a path.
func (e *engine) filed(path, text string) pack {
	f := e.next.root.step(path).field
	return findHit(*f.texts(text), text).unpacked(text)
}

// anchors returns the list of a condition.
func (e *engine) anchors(c *cond) []anchored {
	if c.direct {
		p := e.filed(c.place.path, string(c.tests[0].(exact)))
		return p.home.all()
	}
	list := e.next.anchored.get(c.id)
	return list.all()
}

// idsOf returns the rules in the list of the anchor that consist of c.
func (e *engine) idsOf(c *conj) told {
	for _, x := range e.anchors(c.anchor) {
		if x.conj == c {
			return x.told
		}
	}
	return told{}
}
