package pattern

import (
	"math"
	"slices"
	"strings"
)

// A field is a path that rules ask about: where its values go, and the
// conditions that are found by value. Like the nodes, fields never change.
//
// Only one condition of each conjunction is filed here, its anchor. What is
// filed is found in a time that does not depend on how much is filed: texts by
// their hash, ends and pieces of texts by the hash of a part, ranges in a tree.
type field struct {
	slot int32
	keep bool // its values are needed, not only what is found by them

	strings *table[hit] // whole texts with quotes
	words   *table[hit] // whole texts without: literals and numbers
	numbers points
	ranges  *ranges
	least   float64 // numbers that are less are of no interest
	most    float64 // nor those that are more
	rare    *rare   // nil if there is nothing
	always  []*cond
	others  []*cond // asked about every value
}

// rare is what only some fields have, all of it for strings.
type rare struct {
	heads, tails       affixes
	lowHeads, lowTails affixes // of the text in lower case
	lowWhole           *table[hit]
	grams              [maxGram]piles // letters anywhere, by how many - 1
	networks           networks
	texts              []*alt // asked about every string
}

func (r *rare) empty() bool {
	return r.heads.none() && r.tails.none() && r.lowHeads.none() && r.lowTails.none() && r.lowWhole == nil &&
		r.gramless() && r.networks.none() && len(r.texts) == 0
}

func (r *rare) gramless() bool {
	return r.grams[0].n+r.grams[1].n+r.grams[2].n+r.grams[3].n == 0
}

// A hit is what is filed under a text.
//
// Finding a rule among very many costs a wait for memory at each step. So a
// hit lies in the table itself, and most often it has everything: the letters
// and the only conjunction of the only condition, which asks for this text and
// nothing else. If it is not so, there is a pack.
type hit struct {
	a, b     uint64 // the text's ends
	n        uint32 // its length, 0 in a free slot
	id       uint32 // the condition
	anchored        // of which rest is nil if told is a pack
}

// A pack is what is filed under a text if that is more than one conjunction,
// or if the text is long.
type pack struct {
	text string
	home anchors // what the condition that asks for nothing else leads to
	id   uint32  // that condition, 0 if there is none
	list         // the other conditions
}

// A list is the numbers of conditions.
type list struct {
	first uint32 // 0 if there are none
	more  *[]uint32
}

// all returns the numbers.
func (l *list) all() []uint32 {
	switch {
	case l.first == 0:
		return nil
	case l.more == nil:
		return []uint32{l.first}
	}
	return append([]uint32{l.first}, *l.more...)
}

func newList(ids []uint32) list {
	switch len(ids) {
	case 0:
		return list{}
	case 1:
		return list{first: ids[0]}
	}
	more := slices.Clone(ids[1:])
	return list{ids[0], &more}
}

func (h hit) free() bool { return h.n == 0 }

func (h hit) hashed() uint64 {
	if h.n <= 16 {
		return hashShort(int(h.n), h.a, h.b)
	}
	return hashText(h.pack().text)
}

// is says whether a hit is that of a text with such ends.
func (h *hit) is(text string, a, b uint64) bool {
	return h.a == a && h.b == b && int(h.n) == len(text) && (h.n <= 16 || h.pack().text == text)
}

// pack returns a hit's pack, or nil.
func (h *hit) pack() *pack {
	p, _ := h.ids.(*pack)
	return p
}

// findHit returns what is filed under a text, or nil.
func findHit(t *table[hit], text string) *hit {
	if t == nil {
		return nil
	}
	a, b := ends(text)
	hash := hashEnds(text, a, b)
	slots := t.slots(hash)
	if len(slots) == 0 {
		return nil
	}
	for i := hash; ; i++ {
		h := &slots[i&uint64(len(slots)-1)]
		if h.is(text, a, b) {
			return h
		}
		if h.n == 0 {
			return nil
		}
	}
}

// unpacked returns a copy of what is filed under a text.
func (h *hit) unpacked(text string) pack {
	switch {
	case h == nil:
		return pack{text: text}
	case h.rest == nil:
		return *h.pack()
	}
	return pack{text: text, home: anchors{first: h.anchored}, id: h.id}
}

// packed is the inverse.
func (p *pack) packed() *hit {
	h := &hit{n: uint32(len(p.text))}
	h.a, h.b = ends(p.text)
	if h.n <= 16 && p.id != 0 && p.home.more == nil && p.first == 0 {
		h.id, h.anchored = p.id, p.home.first
		return h
	}
	kept := *p
	kept.text = strings.Clone(p.text)
	h.ids = &kept
	return h
}

// editHit exchanges what is filed under a text.
func editHit(t *table[hit], text string, change func(*pack)) *table[hit] {
	old := findHit(t, text)
	p := old.unpacked(text)
	change(&p)
	var now *hit
	if p.id != 0 || p.first != 0 {
		now = p.packed()
	}
	a, b := ends(text)
	return t.with(hashEnds(text, a, b), func(h *hit) bool { return h.is(text, a, b) }, now)
}

// fileHit files a condition under a text, or takes it out again.
func fileHit(t *table[hit], text string, c *cond, add bool) *table[hit] {
	return editHit(t, text, func(p *pack) { p.list = newList(edit(p.all(), c.id, add)) })
}

// edit returns a copy of list with x appended, or with one x less.
func edit[T comparable](list []T, x T, add bool) []T {
	if add {
		return append(slices.Clip(list), x)
	}
	if i := slices.Index(list, x); i >= 0 {
		return slices.Concat(list[:i], list[i+1:])
	}
	return list
}

// An alt is an alternative that is found by a part of the text.
type alt struct {
	cond *cond
	test test       // nil if being found proves that it holds
	sig  *signature // nil if there is none
	// Where it is filed, so that it can be taken out.
	drawer drawer
	text   string
}

// A drawer is one of the ways in which an alternative can be filed.
type drawer uint8

const (
	inHeads drawer = iota
	inTails
	inLowHeads
	inLowTails
	inGrams
	inTexts
)

// file puts a condition into the field, a copy that nobody else sees, so that
// every value that satisfies it finds it.
func (f *field) file(c *cond, add bool) {
	if i := slices.IndexFunc(c.tests, isPresence); i >= 0 {
		f.always = edit(f.always, c, add)
		return
	}
	if slices.ContainsFunc(c.tests, isBut) {
		f.others = edit(f.others, c, add)
		return
	}
	r := rare{}
	if f.rare != nil {
		r = *f.rare
	}
	if add {
		c.alts = nil
	}
	for _, t := range c.tests {
		switch t := t.(type) {
		case exact:
			f.fileText(string(t), c, add)
		case oneOf:
			for text := range t.texts {
				f.fileText(text, c, add)
			}
			for x := range t.numbers {
				f.numbers = f.numbers.edit(x, c, add)
			}
		case number:
			if t.hasValue {
				f.numbers = f.numbers.edit(t.value, c, add)
			} else {
				f.fileText(t.spelling, c, add)
			}
		case numeric:
			if t.hasLow && t.hasHigh && t.low == t.high {
				f.numbers = f.numbers.edit(t.low, c, add)
			} else {
				f.ranges = f.ranges.edit(t, c, add)
			}
		case network:
			r.networks = r.networks.edit(t, c, add)
		case foldWhole:
			if text, rest := t.ascii(); rest == 0 {
				r.lowWhole = fileHit(r.lowWhole, text, c, add)
			} else if add {
				r.file(newAlt(c, t, &r))
			}
		default:
			if add {
				r.file(newAlt(c, t, &r))
			}
		}
	}
	if !add && c.alts != nil {
		for _, a := range *c.alts {
			r.unfile(a)
		}
		c.alts = nil
	}
	f.bound()
	f.rare = nil
	if !r.empty() {
		f.rare = &r
	}
}

// bound works out which numbers are of interest.
func (f *field) bound() {
	f.least, f.most = math.Inf(1), math.Inf(-1)
	if !f.numbers.none() {
		f.least, f.most = f.numbers.low, f.numbers.high
	}
	if f.ranges != nil {
		f.least, f.most = min(f.least, f.ranges.least()), max(f.most, f.ranges.top)
	}
}

func isPresence(t test) bool { _, ok := t.(presence); return ok }
func isBut(t test) bool      { _, ok := t.(but); return ok }

// texts returns the table in which a text is filed.
func (f *field) texts(text string) **table[hit] {
	if text[0] == '"' {
		return &f.strings
	}
	return &f.words
}

func (f *field) fileText(text string, c *cond, add bool) {
	t := f.texts(text)
	*t = fileHit(*t, text, c, add)
}

// settle puts what a condition that asks for one text leads to beside the text.
func (f *field) settle(text string, c *cond, now anchors) {
	t := f.texts(text)
	*t = editHit(*t, text, func(p *pack) {
		p.home, p.id = now, c.id
		if now.first.conj == nil {
			p.id = 0
		}
	})
}

func (r *rare) file(a *alt) {
	if w, ok := a.test.(wildcard); ok {
		a.cond.place.count(w, 1)
	}
	if a.cond.alts == nil {
		a.cond.alts = new([]*alt)
	}
	*a.cond.alts = append(*a.cond.alts, a)
	r.edit(a, true)
}

func (r *rare) unfile(a *alt) {
	if w, ok := a.test.(wildcard); ok {
		a.cond.place.count(w, -1)
	}
	r.edit(a, false)
}

func (r *rare) edit(a *alt, add bool) {
	switch a.drawer {
	case inHeads:
		r.heads = r.heads.edit(a, add)
	case inTails:
		r.tails = r.tails.edit(a, add)
	case inLowHeads:
		r.lowHeads = r.lowHeads.edit(a, add)
	case inLowTails:
		r.lowTails = r.lowTails.edit(a, add)
	case inGrams:
		g := &r.grams[len(a.text)-1]
		*g = g.edit(a.text, a, add)
	case inTexts:
		r.texts = edit(r.texts, a, add)
	}
}
