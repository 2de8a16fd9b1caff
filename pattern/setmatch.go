package pattern

import (
	"cmp"
	"fmt"
)

// A sheet is what a match works with: the event, and what was found out about
// it. What belongs to an earlier round is as good as unknown.
type sheet struct {
	event    event
	round    uint64
	possible []uint64  // for each constraint, 2*round + 1 if it can be satisfied
	verdicts []verdict // for each constraint that can
	list     []verdict
}

// Match appends the ids of the patterns that an event matches to dst, in no
// particular order and each once. The event must be a JSON object in UTF-8;
// for one that is not, dst comes back as it was with an *[EventError]. Match
// does not keep the slice, which must not change during the call.
//
// If some patterns cannot be decided ([ErrTooManySteps]), the error says how
// many, and the others' answers are in dst all the same.
func (s *Set[ID]) Match(text []byte, dst []ID) ([]ID, error) {
	now := s.now.Load()
	sh, _ := s.scratch.Get().(*sheet)
	if sh == nil {
		sh = &sheet{}
	}
	defer s.scratch.Put(sh)
	defer sh.event.release()
	if err := sh.event.read(view(text), now.fields, now.slots); err != nil {
		return dst, err
	}
	sh.start(len(now.constraints))
	undecided := 0
	for _, r := range now.rules {
		switch matched, err := matchesAny(now, sh, r.plans); {
		case matched:
			dst = append(dst, r.id)
		case err != nil:
			undecided++
		}
	}
	if undecided > 0 {
		return dst, fmt.Errorf("%d patterns were not decided: %w", undecided, ErrTooManySteps)
	}
	return dst, nil
}

func matchesAny[ID comparable](now *snapshot[ID], sh *sheet, plans []plan) (matched bool, err error) {
	for i := range plans {
		ok, undecided := now.matches(sh, &plans[i])
		if ok {
			return true, nil
		}
		err = cmp.Or(err, undecided)
	}
	return false, err
}

// start begins a round with so many constraints.
func (sh *sheet) start(constraints int) {
	sh.round++
	if missing := constraints - len(sh.possible); missing > 0 {
		sh.possible = append(sh.possible, make([]uint64, missing)...)
		sh.verdicts = append(sh.verdicts, make([]verdict, missing)...)
	}
}

// matches decides one conjunction.
func (now *snapshot[ID]) matches(sh *sheet, pl *plan) (bool, error) {
	for _, n := range pl.byPromise {
		known := sh.possible[n]
		if known>>1 != sh.round {
			known = now.judge(sh, n)
		}
		if known&1 == 0 {
			return false, nil
		}
	}
	sh.list = sh.list[:0]
	for _, n := range pl.byPath {
		sh.list = append(sh.list, sh.verdicts[n])
	}
	return sh.event.consistent(sh.list)
}

// judge finds out how the event stands to a constraint.
func (now *snapshot[ID]) judge(sh *sheet, n int32) uint64 {
	c := now.constraints[n]
	known := sh.round << 1
	if v := sh.event.judge(c.slot, c.field); v.possible() {
		sh.verdicts[n] = v
		known++
	}
	sh.possible[n] = known
	return known
}
