package pattern

import (
	"errors"
	"slices"
	"sort"
)

// ErrTooManySteps is returned for an event whose arrays would take too long to
// search. It takes an event made for the purpose: the same key many times in
// one object, each time with an array of objects, so that the values of a
// pattern can be picked in very many ways.
var ErrTooManySteps = errors.New("the event's arrays take too many steps to search")

// maxDetours is how many steps the searches of one event may take in all, not
// counting those that are proportional to the event. It is a fraction of a
// second's work.
const maxDetours = 1 << 18

// consistent decides whether every constraint can be satisfied at once. The
// verdicts are those of one conjunction, in the order of their paths.
//
// The rule is that of the service. Go through the constraints in order, with
// an assignment of array elements that is empty at first:
//
//   - either choose a value that passes and whose elements do not contradict
//     the assignment, and add its elements to the assignment: of one array,
//     only one element may be used;
//   - or, where absence is an alternative, go on without a value if no value
//     of the path is compatible with the assignment so far.
//
// The event matches if some sequence of choices reaches the end. Since absence
// is judged by the assignment so far, the order of the paths matters where it
// meets arrays of objects.
func (e *event) consistent(verdicts []verdict) (bool, error) {
	positioned := false
	for _, v := range verdicts {
		positioned = positioned || v.positioned()
	}
	if !positioned {
		// Every value is compatible with every other.
		return !slices.ContainsFunc(verdicts, func(v verdict) bool { return len(v.passed) == 0 && len(v.all) > 0 }), nil
	}
	s := &e.search
	s.start(e, verdicts)
	if s.from(0) {
		return true, nil
	}
	if s.exhausted() {
		return false, ErrTooManySteps
	}
	return false, nil
}

// A search tries the choices. What can follow a choice depends only on the
// elements assigned in arrays that later constraints have values in, so a
// state that failed once is not tried again. That makes the work proportional
// to the event unless one object has several arrays under one path.
type search struct {
	*event
	verdicts []verdict
	chosen   []int32 // for each array, the element assigned, 0 if none
	assigned []int32 // the arrays that have one, in the order of assignment
	last     []int   // for each array, the last constraint that has values in it
	failed   states
	steps    int // how many are left before they count as detours
	kept     []int32
}

// start prepares a search. What an earlier one left is used again.
func (s *search) start(e *event, verdicts []verdict) {
	s.event, s.verdicts = e, verdicts
	s.steps = 1000 + 4*len(e.elements)*len(verdicts)
	s.assigned = s.assigned[:0]
	s.failed.clear()
	s.chosen = append(s.chosen[:0], make([]int32, len(e.arrays))...)
	s.last = append(s.last[:0], make([]int, len(e.arrays))...)
	for i := len(verdicts) - 1; i >= 0; i-- {
		for _, list := range [][]int32{verdicts[i].passed, verdicts[i].all} {
			for _, n := range list {
				for ; n != 0 && s.last[e.elements[n].array] == 0; n = e.elements[n].parent {
					s.last[e.elements[n].array] = i + 1
				}
			}
		}
	}
}

// from says whether the constraints from the i-th on can be satisfied under
// the present assignment.
func (s *search) from(i int) bool {
	if i == len(s.verdicts) {
		return true
	}
	state, known := s.state(i)
	if known {
		return false
	}
	v := s.verdicts[i]
	for n := s.compatible(v.passed, -1); n >= 0; n = s.compatible(v.passed, n) {
		mark := len(s.assigned)
		s.assign(v.passed[n])
		if s.from(i + 1) {
			return true
		}
		s.undo(mark)
		if s.exhausted() {
			return false
		}
	}
	if v.absent && s.compatible(v.all, -1) < 0 && s.from(i+1) {
		return true
	}
	s.failed.add(state)
	return false
}

// exhausted says whether the search has to be given up.
func (s *search) exhausted() bool { return s.steps == 0 && s.detours < 0 }

// spend counts work.
func (s *search) spend(steps int) {
	if s.steps -= steps; s.steps < 0 {
		s.detours += s.steps
		s.steps = 0
	}
}

// compatible returns the index of the first of the elements behind the n-th
// that does not contradict the assignment, or -1. It leaps over whole arrays.
func (s *search) compatible(elements []int32, n int) int {
	for n++; n < len(elements); {
		s.spend(1)
		least := elements[n]
		for e := elements[n]; e != 0; e = s.elements[e].parent {
			array := s.elements[e].array
			chosen := s.chosen[array]
			switch {
			case chosen == 0 || chosen == e:
			case e < chosen:
				least = chosen
			default:
				least = s.arrays[array]
			}
		}
		if least == elements[n] {
			return n
		}
		least = max(least, elements[n]+1)
		n += sort.Search(len(elements)-n, func(k int) bool { return elements[n+k] >= least })
	}
	return -1
}

// assign records an element and those around it.
func (s *search) assign(n int32) {
	for ; n != 0; n = s.elements[n].parent {
		if array := s.elements[n].array; s.chosen[array] == 0 {
			s.chosen[array] = n
			s.assigned = append(s.assigned, array)
		}
	}
}

// undo takes back the assignments made since there were mark of them.
func (s *search) undo(mark int) {
	for _, array := range s.assigned[mark:] {
		s.chosen[array] = 0
	}
	s.assigned = s.assigned[:mark]
}

// state returns what the rest of the search depends on, and whether the search
// has failed from there.
func (s *search) state(i int) (span, bool) {
	s.kept = s.kept[:0]
	for _, array := range s.assigned {
		if s.last[array] > i {
			s.kept = append(s.kept, s.chosen[array])
		}
	}
	slices.Sort(s.kept)
	s.spend(len(s.kept) / 4) // few in any event that means well
	return s.failed.name(int32(i), s.kept)
}

// states is a set of lists of numbers, to be used again and again.
type states struct {
	numbers []int32 // the lists one after the other
	table   []span  // a power of two of them, by hash; free if from is to
	n       int
}

// A span is a part of a list.
type span struct{ from, to int32 }

func (t *states) clear() {
	if len(t.table) > maxStates || cap(t.numbers) > maxStates {
		*t = states{} // emptying what one hard event needed would take longer
		return
	}
	if t.n > 0 {
		clear(t.table)
	}
	t.numbers, t.n = t.numbers[:0], 0
}

// maxStates is how large a set may be that is used again.
const maxStates = 1024

// name puts together a list and says whether it is in the set.
func (t *states) name(first int32, more []int32) (span, bool) {
	from := len(t.numbers)
	t.numbers = append(append(t.numbers, first), more...)
	list := span{int32(from), int32(len(t.numbers))}
	if t.n == 0 {
		return list, false
	}
	if s := t.slot(list); s.from < s.to {
		t.numbers = t.numbers[:from]
		return span{}, true
	}
	return list, false
}

// slot returns where a list is in the table, or is to be.
func (t *states) slot(list span) *span {
	h := seedA
	for _, n := range t.numbers[list.from:list.to] {
		h = mix(h ^ uint64(uint32(n)))
	}
	for i := h; ; i++ {
		s := &t.table[i&uint64(len(t.table)-1)]
		if s.from == s.to || slices.Equal(t.numbers[s.from:s.to], t.numbers[list.from:list.to]) {
			return s
		}
	}
}

// add puts in a list that name returned.
func (t *states) add(list span) {
	if t.n++; t.n > len(t.table)/2 {
		old := t.table
		t.table = make([]span, max(64, 4*len(old)))
		for _, s := range old {
			if s.from < s.to {
				*t.slot(s) = s
			}
		}
	}
	*t.slot(list) = list
}
