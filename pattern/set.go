package pattern

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// A Set holds patterns under ids and tells which of them an event matches. It
// flattens an event once, however many patterns there are, and compares each
// distinct constraint at most once. Make one with [NewSet].
//
// All methods may be called concurrently. Match takes no lock; it judges an
// event by the patterns of one moment, so that a pattern that is being
// replaced is seen as it was or as it will be, never missing and never twice.
// What Put and Remove have done is seen by every Match that begins after they
// return.
type Set[ID comparable] struct {
	now     atomic.Pointer[snapshot[ID]]
	scratch sync.Pool

	mu      sync.Mutex       // held by writers
	index   map[ID]int       // where an id stands in the snapshot's rules
	known   map[string]int32 // where a constraint stands in the snapshot
	uses    []int            // for each constraint, how many plans have it
	garbage int              // how many constraints no plan has any more
	slots   map[string]int   // the slot of a path
}

// A snapshot is one state of a set. It never changes; a later one may share
// its slices and be longer.
type snapshot[ID comparable] struct {
	rules       []*rule[ID]
	constraints []step
	fields      *fields
	slots       int
}

// A rule is one pattern of a set.
type rule[ID comparable] struct {
	id      ID
	pattern *Pattern
	plans   []plan
}

// A plan is a conjunction in terms of a snapshot's constraints.
type plan struct {
	byPath    []int32 // as consistency wants them
	byPromise []int32 // as they are looked at first
}

// NewSet returns an empty set.
func NewSet[ID comparable]() *Set[ID] {
	s := &Set[ID]{}
	s.reset()
	return s
}

// reset starts the writer's tables anew.
func (s *Set[ID]) reset() *snapshot[ID] {
	s.index, s.known, s.slots = map[ID]int{}, map[string]int32{}, map[string]int{}
	s.garbage, s.uses = 0, nil
	empty := &snapshot[ID]{fields: &fields{}}
	s.now.CompareAndSwap(nil, empty)
	return empty
}

// Len returns the number of patterns.
func (s *Set[ID]) Len() int { return len(s.now.Load().rules) }

// Put adds a pattern under an id, in place of the one that had it.
func (s *Set[ID]) Put(id ID, p *Pattern) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := *s.now.Load()
	i, replaced := s.index[id]
	if replaced {
		s.release(next.rules[i])
	}
	r := s.intern(&next, id, p)
	if replaced {
		next.rules = slices.Clone(next.rules)
		next.rules[i] = r
	} else {
		s.index[id] = len(next.rules)
		next.rules = append(next.rules, r)
	}
	s.publish(&next)
}

// Remove takes out the pattern under an id and says whether there was one.
func (s *Set[ID]) Remove(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[id]
	if !ok {
		return false
	}
	next := *s.now.Load()
	s.release(next.rules[i])
	delete(s.index, id)
	end := len(next.rules) - 1
	last := next.rules[end]
	next.rules = slices.Clone(next.rules[:end])
	if i < end {
		next.rules[i] = last
		s.index[last.id] = i
	}
	s.publish(&next)
	return true
}

// publish makes a snapshot the present one. Once most constraints of a set are
// unused, they are left behind.
func (s *Set[ID]) publish(next *snapshot[ID]) {
	if s.garbage > 1000 && s.garbage > len(next.constraints)/2 {
		rules := next.rules
		next = s.reset()
		for i, r := range rules {
			s.index[r.id] = i
			next.rules = append(next.rules, s.intern(next, r.id, r.pattern))
		}
	}
	s.now.Store(next)
}

// intern expresses a pattern in a snapshot's constraints, and adds those that
// it lacks. Appending is safe: older snapshots do not look behind their end.
func (s *Set[ID]) intern(next *snapshot[ID], id ID, p *Pattern) *rule[ID] {
	r := &rule[ID]{id: id, pattern: p}
	for _, conjunction := range p.conjunctions {
		var pl plan
		for _, c := range conjunction {
			key := c.path + "\x00" + c.text
			n, ok := s.known[key]
			if !ok {
				n = int32(len(next.constraints))
				s.known[key] = n
				s.uses = append(s.uses, 0)
				s.garbage++
				next.constraints = append(next.constraints, step{c, s.slot(next, c.path)})
			}
			if s.uses[n] == 0 {
				s.garbage--
			}
			s.uses[n]++
			pl.byPath = append(pl.byPath, n)
		}
		pl.byPromise = slices.Clone(pl.byPath)
		slices.SortStableFunc(pl.byPromise, func(a, b int32) int {
			return cmp.Or(
				cmp.Compare(next.constraints[a].field.effort(), next.constraints[b].field.effort()),
				cmp.Compare(s.uses[a], s.uses[b]))
		})
		r.plans = append(r.plans, pl)
	}
	return r
}

func (s *Set[ID]) slot(next *snapshot[ID], path string) int {
	slot, ok := s.slots[path]
	if !ok {
		slot = next.slots
		next.slots++
		s.slots[path] = slot
		next.fields = next.fields.with(path, slot)
	}
	return slot
}

// release gives up the constraints of a rule.
func (s *Set[ID]) release(r *rule[ID]) {
	for _, pl := range r.plans {
		for _, n := range pl.byPath {
			if s.uses[n]--; s.uses[n] == 0 {
				s.garbage++
			}
		}
	}
}

// effort orders constraints by when it is best to look at them: plain strings
// and the like first, because comparing them is no more work than remembering
// the answer, and among them those that few others have, because they fail
// most often. Everything else is worth a look only then, and least of all what
// even an event without the field satisfies.
func (c *constraint) effort() int {
	if c.absent {
		return 2
	}
	for _, t := range c.tests {
		switch t.(type) {
		case exact, oneOf:
		default:
			return 1
		}
	}
	return 0
}
