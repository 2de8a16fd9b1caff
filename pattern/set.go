package pattern

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Set holds patterns under ids and tells which of them an event matches. It
// reads an event once, however many patterns there are, and what an event
// costs hardly depends on their number.
//
// All methods may be called concurrently. Match takes no lock; it judges an
// event by the patterns of one moment, so that a pattern that is being
// replaced is seen as it was or as it will be, never missing and never twice.
// What Put and Remove have done is seen by every Match that begins after they
// return.
//
// A change takes microseconds, also in a set of a hundred thousand patterns,
// and holds up nobody who matches. Memory is proportional to the text of the
// patterns, without what they have in common; the Pattern itself is not kept.
type Set[ID comparable] struct {
	now atomic.Pointer[snapshot]

	mu     sync.Mutex // held by writers
	engine *engine
	rules  map[ID]rule[ID]
	marks  numbering
}

// A rule is one pattern of a set: the conjunction that it consists of, or
// several.
type rule[ID comparable] struct {
	conj    *conj
	several *several[ID]
}

// A several is a rule that consists of several conjunctions. The mark is for
// telling its id only once.
type several[ID comparable] struct {
	id    ID
	mark  uint32
	conjs []*conj
}

// ids is the rules that consist of one conjunction, or have it among others.
type ids[ID comparable] struct {
	single  []ID
	several []*several[ID]
}

// NewSet returns an empty set.
func NewSet[ID comparable]() *Set[ID] {
	s := &Set[ID]{engine: newEngine(), rules: map[ID]rule[ID]{}}
	s.now.Store(&snapshot{})
	return s
}

// Len returns the number of patterns.
func (s *Set[ID]) Len() int { return s.now.Load().rules }

// Put adds a pattern under an id, in place of the one that had it.
func (s *Set[ID]) Put(id ID, p *Pattern) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.engine
	e.begin(s.now.Load())
	old, replaced := s.rules[id]

	// What is new comes first, so that what it shares with the old stays.
	var conjs []*conj
	for _, constraints := range p.conjunctions {
		c := e.conjunction(constraints)
		if !slices.Contains(conjs, c) {
			conjs = append(conjs, c)
			c.rules++
		}
	}
	r := rule[ID]{conj: conjs[0]}
	if len(conjs) > 1 {
		r.several = &several[ID]{id, s.marks.take(), conjs}
	}
	if replaced {
		s.take(id, old)
	}
	for _, c := range conjs {
		e.anchor(c, addID(e.idsOf(c), id, r.several))
	}
	s.rules[id] = r
	if replaced {
		s.drop(old)
	} else {
		e.next.rules++
	}
	s.now.Store(e.finish())
}

// Remove takes out the pattern under an id and says whether there was one.
func (s *Set[ID]) Remove(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.rules[id]
	if !ok {
		return false
	}
	s.engine.begin(s.now.Load())
	s.take(id, old)
	s.drop(old)
	delete(s.rules, id)
	s.engine.next.rules--
	now := s.engine.finish()
	if now.rules == 0 { // nothing is left behind
		now, s.engine, s.rules, s.marks = &snapshot{}, newEngine(), map[ID]rule[ID]{}, numbering{}
	}
	s.now.Store(now)
	return true
}

func (r rule[ID]) conjs() []*conj {
	if r.several != nil {
		return r.several.conjs
	}
	return []*conj{r.conj}
}

// take takes a rule out of the lists of its conjunctions.
func (s *Set[ID]) take(id ID, r rule[ID]) {
	for _, c := range r.conjs() {
		s.engine.anchor(c, removeID(s.engine.idsOf(c), id, r.several))
	}
	if r.several != nil {
		s.marks.put(r.several.mark)
	}
}

// drop gives up the conjunctions of a rule that no other has.
func (s *Set[ID]) drop(r rule[ID]) {
	for _, c := range r.conjs() {
		if c.rules--; c.rules == 0 {
			s.engine.drop(c)
		}
	}
}

// addID returns the rules of a conjunction with one more.
func addID[ID comparable](old told, id ID, m *several[ID]) told {
	if old.ids == nil {
		if m != nil {
			return told{ids: m}
		}
		return tell(id)
	}
	l := listIDs[ID](old)
	if m != nil {
		l.several = append(slices.Clip(l.several), m)
	} else {
		l.single = append(slices.Clip(l.single), id)
	}
	return told{ids: &l}
}

// removeID returns the rules of a conjunction with one less.
func removeID[ID comparable](old told, id ID, m *several[ID]) told {
	l := listIDs[ID](old)
	if m != nil {
		l.several = edit(l.several, m, false)
	} else {
		l.single = edit(l.single, id, false)
	}
	switch {
	case len(l.single)+len(l.several) == 0:
		return told{}
	case len(l.single) == 1 && len(l.several) == 0:
		return tell(l.single[0])
	}
	return told{ids: &l}
}

// tell returns a single ID as told: in a word if it is an integer, since any
// other place would be one more to wait for.
func tell[ID comparable](id ID) told {
	switch k := reflect.TypeFor[ID]().Kind(); {
	case any(id) == nil: // an ID that is an interface; told has its own nil
		return told{ids: &ids[ID]{single: []ID{id}}}
	case k < reflect.Int || k > reflect.Uintptr:
		return told{ids: id}
	}
	t := told{ids: inWord{}}
	*(*ID)(unsafe.Pointer(&t.word)) = id
	return t
}

func idIn[ID comparable](word uint64) ID { return *(*ID)(unsafe.Pointer(&word)) }

func listIDs[ID comparable](t told) ids[ID] {
	switch x := t.ids.(type) {
	case inWord:
		return ids[ID]{single: []ID{idIn[ID](t.word)}}
	case *ids[ID]:
		return *x
	case *several[ID]:
		return ids[ID]{several: []*several[ID]{x}}
	default:
		return ids[ID]{single: []ID{x.(ID)}}
	}
}

var sheets = sync.Pool{New: func() any { return new(sheet) }}

// Match appends the ids of the patterns that an event matches to dst, in no
// particular order and each once. The event must be a JSON object in UTF-8;
// for one that is not, dst comes back as it was with an *[EventError]. What
// follows the object is ignored. Match does not keep the slice, which must not
// change during the call.
//
// If some patterns cannot be decided ([ErrTooManySteps]), the error says how
// many, and the others' answers are in dst all the same.
//
// Match has to look at every byte of an event to know that it is valid. Whoever
// knows already spares it that with [Set.MatchKnown].
func (s *Set[ID]) Match(event []byte, dst []ID) ([]ID, error) {
	return s.MatchKnown(event, 0, dst)
}

// MatchKnown is Match for an event of which some facts are known. Where they
// are not true, the answer may be wrong. An event that is known to be valid
// does not give an *[EventError].
func (s *Set[ID]) MatchKnown(event []byte, facts Facts, dst []ID) ([]ID, error) {
	if facts&Valid == 0 {
		var err error
		if facts, err = Check(event); err != nil {
			return dst, err
		}
	} else if len(event) > maxEvent {
		return dst, tooLong
	}
	sh := sheets.Get().(*sheet)
	snap := s.now.Load()
	sh.start(snap)
	sh.limited = false
	if snap.root.kids > 0 {
		sh.bytes, sh.unique = event, facts&UniqueKeys != 0
		sh.object(&snap.root, skipSpace(event, 0), 0, 1, true)
	}
	dst, err := collect(sh, dst)
	sh.done()
	sheets.Put(sh)
	return dst, err
}

// collect decides the candidates and appends the ids of those that match.
func collect[ID comparable](sh *sheet, dst []ID) ([]ID, error) {
	for _, c := range sh.snap.absents {
		if sh.judge(c)&(passes|vacant|doubtful) != 0 {
			sh.hit(c.id)
		}
	}
	if len(sh.candidates) == 0 {
		return dst, nil
	}
	var undecided []told
	sh.seen.reset()
	for _, a := range sh.candidates {
		if r := a.rest; r.opens != 0 || sh.limited && r.gate != 0 && *sh.open.at(r.gate) == 0 {
			continue
		}
		matched, err := sh.decide(a)
		if err != nil {
			undecided = append(undecided, a.told)
		}
		if !matched {
			continue
		}
		switch x := a.ids.(type) {
		case inWord:
			dst = append(dst, idIn[ID](a.word))
		case *ids[ID]:
			dst = append(dst, x.single...)
			for _, m := range x.several {
				dst = tellOnce(sh, m, dst)
			}
		case *several[ID]:
			dst = tellOnce(sh, x, dst)
		case ID:
			dst = append(dst, x)
		}
	}
	if undecided != nil {
		return dst, undecidedError[ID](sh, undecided)
	}
	return dst, nil
}

// tellOnce appends the id of a rule that may have matched before.
func tellOnce[ID comparable](sh *sheet, m *several[ID], dst []ID) []ID {
	if told := sh.seen.at(m.mark); *told == 0 {
		*told = 1
		return append(dst, m.id)
	}
	return dst
}

// undecidedError says how many rules could not be decided. Those that matched
// by another of their conjunctions are.
func undecidedError[ID comparable](sh *sheet, undecided []told) error {
	n := 0
	for _, x := range undecided {
		l := listIDs[ID](x)
		n += len(l.single)
		for _, m := range l.several {
			if told := sh.seen.at(m.mark); *told == 0 {
				*told = 1
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d patterns were not decided: %w", n, ErrTooManySteps)
}
