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

	probe value // the one that is being tested
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
