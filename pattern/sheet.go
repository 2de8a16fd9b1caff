package pattern

import "slices"

// A sheet is what one match works with. It holds the event, of which only the
// values that a condition may have to look at are kept, and what was found out
// about it so far. Sheets are used again and again, so that matching allocates
// nothing once they have grown to the size of what they see.
type sheet struct {
	event
	snap    *snapshot
	bytes   []byte
	unique  bool // keys are known to be unique
	over    bool // the rest of the text is of no interest
	limited bool // the envelope was known before the detail

	kept    [][]kept // by slot, instead of the event's values
	touched []int32  // the slots that have any

	candidates []*anchored
	verdicts   ledger // by condition
	open       ledger // by gate, 1 if it is open
	seen       ledger // by rule that has several conjunctions
	grams      ledger // those of one text that were looked up

	probe value // for tests of a text that is not kept
	low   []byte

	signature signature // of the string that is being looked up
	hasSigned bool

	spans []span // of nodes: the elements in which a condition holds
	nodes []int32
	masks masks

	ordered []*cond
	list    []verdict
}

// What a ledger says of a condition.
const (
	queued     = 1 << iota // its conjunctions are among the candidates
	judged                 // the following are known
	passes                 // a value passes a test
	vacant                 // there is no value, and need not be one
	doubtful               // there are values, but where they do not count, none need be
	positioned             // it matters in which array elements the values stand
	spanShift  = 8
)

// A kept is a value of the event that may have to be looked at again. It has no
// pointers, so that nothing has to be cleared after an event.
type kept struct {
	numeral
	from, to uint32 // where its text is
	decoded  bool   // in the decoded texts, not in the event
	node     int32
}

// source returns what a text is a part of.
func (s *sheet) source(decoded bool) []byte {
	if decoded {
		return s.decoded
	}
	return s.bytes
}

// holds says whether a condition holds of a value.
func (s *sheet) holds(c *cond, k *kept) bool {
	if c.numeric && k.roughState == yes && (k.low > c.most || k.high < c.least) {
		return false
	}
	s.probe = value{text: view(s.source(k.decoded)[k.from:k.to]), node: k.node, numeral: k.numeral}
	ok := c.holds(&s.probe)
	k.numeral = s.probe.numeral
	return ok
}

// start prepares the sheet for an event.
func (s *sheet) start(snap *snapshot) {
	s.snap = snap
	for len(s.kept) < int(snap.slots) {
		s.kept = append(s.kept, nil)
	}
	s.detours = maxDetours
	s.elements = append(s.elements[:0], element{})
	s.arrays = s.arrays[:0]
	s.decoded = s.decoded[:0]
	s.candidates = s.candidates[:0]
	s.spans, s.nodes = s.spans[:0], s.nodes[:0]
	s.over = false
	s.verdicts.reset()
}

// done lets go of the event and the rules.
func (s *sheet) done() {
	for _, slot := range s.touched {
		s.kept[slot] = s.kept[slot][:0]
	}
	s.touched = s.touched[:0]
	if s.probe.text != "" {
		s.probe = value{}
	}
	if len(s.candidates) > 0 {
		clear(s.candidates)
	}
	s.snap, s.bytes = nil, nil
}

// keep makes room for a value that may have to be looked at again. It is filled
// in field by field: a copy of a whole one that was just written waits for the
// writes.
func (s *sheet) keep(slot int32) *kept {
	list := s.kept[slot]
	n := len(list)
	if n == 0 {
		s.touched = append(s.touched, slot)
	}
	if n == cap(list) {
		list = slices.Grow(list, 8)
	}
	list = list[:n+1]
	s.kept[slot] = list
	return &list[n]
}

// scalar takes in a string, true, false or null, that is part of the event or
// of the decoded texts: it keeps it and looks up what is filed under it.
func (s *sheet) scalar(f *field, from, to int, decoded bool, in int32) {
	if f.keep {
		k := s.keep(f.slot)
		k.roughState, k.numberState = unknown, unknown
		k.from, k.to, k.decoded, k.node = uint32(from), uint32(to), decoded, in
	}
	text := view(s.source(decoded)[from:to])
	if text[0] != '"' {
		if f.words != nil {
			s.found(findHit(f.words, text))
		}
	} else {
		if f.strings != nil {
			s.found(findHit(f.strings, text))
		}
		if f.rare != nil {
			s.findRare(f.rare, text)
		}
	}
	if f.always != nil || f.others != nil {
		s.findAny(f, value{text: text})
	}
}

// number takes in the number at i and returns the place behind it. It is read
// roughly at first, which mostly is enough to tell that nobody asks for it.
func (s *sheet) number(f *field, i int, in int32) int {
	low, high, end := readNumber(s.bytes, i)
	if f.keep {
		k := s.keep(f.slot)
		k.low, k.high, k.roughState, k.numberState = low, high, yes, unknown
		if low == high {
			k.numberState = yes
		}
		k.from, k.to, k.decoded, k.node = uint32(i), uint32(end), false, in
	}
	text := view(s.bytes[i:end])
	if low <= f.most && high >= f.least {
		s.findNumber(f, low, high, text)
	}
	if f.words != nil {
		s.found(findHit(f.words, text))
	}
	if f.always != nil || f.others != nil {
		s.findAny(f, value{text: text, numeral: between(low, high)})
	}
	return end
}

// findAny looks for conditions that hold of whatever value, and those that have
// to be asked about each.
func (s *sheet) findAny(f *field, v value) {
	if n := len(f.always); n > 0 && *s.verdicts.at(f.always[n-1].id)&queued == 0 { // else all are
		for _, c := range f.always {
			s.hit(c.id)
		}
	}
	s.probe = v
	for _, c := range f.others {
		if *s.verdicts.at(c.id)&queued == 0 && c.holds(&s.probe) {
			s.hit(c.id)
		}
	}
}

// found notes that what is filed under a text holds.
func (s *sheet) found(h *hit) {
	switch {
	case h == nil:
	case h.rest != nil:
		if v := s.verdicts.at(h.id); *v&queued == 0 {
			*v |= queued
			s.candidates = append(s.candidates, &h.anchored)
		}
	default:
		p := h.pack()
		if p.id != 0 {
			if v := s.verdicts.at(p.id); *v&queued == 0 {
				*v |= queued
				s.queue(&p.home)
			}
		}
		s.hits(&p.list)
	}
}

// hits notes that some conditions hold.
func (s *sheet) hits(l *list) {
	if l.first == 0 {
		return
	}
	s.hit(l.first)
	if l.more != nil {
		for _, id := range *l.more {
			s.hit(id)
		}
	}
}

// hit notes that a condition holds, and that the conjunctions found by it are
// candidates.
func (s *sheet) hit(id uint32) {
	if v := s.verdicts.at(id); *v&queued == 0 {
		*v |= queued
		s.queue(s.snap.anchored.at(id))
	}
}

func (s *sheet) queue(a *anchors) {
	s.candidates = append(s.candidates, &a.first)
	if a.more != nil {
		for i := range *a.more {
			s.candidates = append(s.candidates, &(*a.more)[i])
		}
	}
}

// findNumber looks up a number.
func (s *sheet) findNumber(f *field, low, high float64, text string) {
	x := low
	if low != high {
		if !f.numbers.near(low, high) && !f.ranges.near(s, low, high) {
			return
		}
		var ok bool
		if x, ok = byValue(text); !ok {
			return
		}
	}
	if h := f.numbers.at(x); h != nil {
		s.hits(&h.list)
	}
	f.ranges.find(s, x)
}

// findRare looks up a string by its parts.
func (s *sheet) findRare(r *rare, text string) {
	s.hasSigned = false
	s.findHeads(&r.heads, text, text)
	s.findTails(&r.tails, text, text)
	if r.lowWhole != nil || r.lowHeads.lengths != nil || r.lowTails.lengths != nil {
		s.findLow(r, text)
	}
	if !r.networks.none() {
		s.findAddress(&r.networks, text)
	}
	for _, a := range r.texts {
		s.checkOne(a, text)
	}
	if !r.gramless() {
		s.findGrams(r, text)
	}
}

func (s *sheet) findLow(r *rare, text string) {
	s.low = appendLow(s.low[:0], text)
	low := view(s.low)
	if r.lowWhole != nil {
		s.found(findHit(r.lowWhole, low))
	}
	s.findHeads(&r.lowHeads, low, text)
	s.findTails(&r.lowTails, low, text)
}

// findHeads looks up the beginnings of a text, in which those of another are.
func (s *sheet) findHeads(a *affixes, text, whole string) {
	if a.n <= fewAffixes {
		if a.n > 0 {
			word := firstWord(text)
			for i := range a.few {
				f := &a.few[i]
				if word&f.mask == f.word && len(text) >= len(f.text) && (len(f.text) <= 8 || text[:len(f.text)] == f.text) {
					s.checkOne(f.alt, whole)
				}
			}
		}
		return
	}
	for _, l := range a.lengths {
		if l.n > len(text) {
			break
		}
		s.check(a.find(text[:l.n]), whole)
	}
}

// findTails does the same with ends.
func (s *sheet) findTails(a *affixes, text, whole string) {
	if a.n <= fewAffixes {
		for i := range a.few {
			f := &a.few[i]
			if n := len(f.text); len(text) >= n && text[len(text)-n:] == f.text {
				s.checkOne(f.alt, whole)
			}
		}
		return
	}
	for _, l := range a.lengths {
		if l.n > len(text) {
			break
		}
		s.check(a.find(text[len(text)-l.n:]), whole)
	}
}

func (s *sheet) findAddress(n *networks, text string) {
	if !addressEnds[text[1]] || !addressEnds[text[len(text)-2]] {
		return
	}
	a, ok := parseAddress(text[1 : len(text)-1])
	if !ok {
		return
	}
	lengths := n.v4
	if a.v6 {
		lengths = n.v6
	}
	for _, l := range lengths {
		k := networkKey(a, l.n)
		name := view(k[:])
		s.check(n.find(name), text)
	}
}

// findGrams looks up the letters at each place of a string.
func (s *sheet) findGrams(r *rare, text string) {
	inner := text[1 : len(text)-1]
	for k := range r.grams {
		g, n := &r.grams[k], k+1
		if g.n == 0 {
			continue
		}
		s.grams.reset()
		for i := 0; i+n <= len(inner); i++ {
			a := gramAt(inner, i, n)
			hash := hashShort(n, a, 0)
			if !g.may(hash) {
				continue
			}
			p := g.look(inner[i:i+n], a, 0, hash)
			if p == nil || !s.suspects(p, text) {
				continue
			}
			// The same letters again find nothing new.
			if was := s.grams.at(uint32(a)); *was == 0 {
				*was = 1
				s.check(p, text)
			}
		}
	}
}

// sign returns the signature of the string that is being looked up.
func (s *sheet) sign(text string) *signature {
	if !s.hasSigned {
		s.hasSigned, s.signature = true, signature{}
		s.signature.add(text[1 : len(text)-1])
	}
	return &s.signature
}

// suspects says whether an alternative of a pile may hold of a string. Of a
// large pile it says so without a look.
func (s *sheet) suspects(p *pile, text string) bool {
	if len(p.more) > 8 {
		return true
	}
	sig := s.sign(text)
	if p.first.within(sig) {
		return true
	}
	for i := range p.more {
		if p.more[i].within(sig) {
			return true
		}
	}
	return false
}

// check notes those of some alternatives that hold of a string.
func (s *sheet) check(p *pile, text string) {
	if p == nil {
		return
	}
	sig := &s.signature
	if p.demand {
		sig = s.sign(text)
	}
	if p.first.within(sig) {
		s.checkOne(p.first.alt, text)
	}
	for i := range p.more {
		if p.more[i].within(sig) {
			s.checkOne(p.more[i].alt, text)
		}
	}
}

func (s *sheet) checkOne(a *alt, text string) {
	if *s.verdicts.at(a.cond.id)&queued != 0 {
		return
	}
	if a.test == nil || s.passes(a.test, text) {
		s.hit(a.cond.id)
	}
}

// passes says whether a string passes a test of strings.
func (s *sheet) passes(t test, text string) bool {
	if w, ok := t.(wildcard); ok {
		return w.match(text[1 : len(text)-1])
	}
	s.probe = value{text: text}
	return t.holds(&s.probe)
}

// addressEnds are the letters with which an address begins and ends.
var addressEnds = func() (t [256]bool) {
	for _, c := range "0123456789abcdefABCDEF:" {
		t[c] = true
	}
	return t
}()
