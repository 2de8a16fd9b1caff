package pattern

import (
	"cmp"
	"slices"
	"sync"
)

// A step is one constraint of a conjunction and the slot of its path.
type step struct {
	field *constraint
	slot  int
}

var events = sync.Pool{New: func() any { return new(event) }}

// Match says whether the pattern matches an event. The event must be a JSON
// object in UTF-8; one that is not gives an *[EventError]. Match does not keep
// the slice, which must not change during the call.
//
// An event that was made to be hard to search gives [ErrTooManySteps].
func (p *Pattern) Match(text []byte) (bool, error) {
	e := events.Get().(*event)
	defer events.Put(e)
	defer e.release()
	if err := e.read(view(text), p.fields, p.slots); err != nil {
		return false, err
	}
	var undecided error
	for _, plan := range p.plans {
		matched, err := e.matches(plan)
		if matched {
			return true, nil
		}
		undecided = cmp.Or(undecided, err)
	}
	return false, undecided
}

// A verdict is how an event stands to one constraint.
type verdict struct {
	// passed are the elements of the values that pass a test, ascending, each
	// once. Choosing a value means choosing its element, so no more is needed.
	passed []int32
	// all are the elements of all values. They are worked out only where
	// absence is an alternative.
	all []int32
	// absent says that absence is an alternative.
	absent bool
}

// nowhere is the element of values that are in no array of objects.
var nowhere = []int32{0}

// possible says whether the constraint can be satisfied at all.
func (v verdict) possible() bool { return v.absent || len(v.passed) > 0 }

// positioned says whether it matters in which array elements values stand.
func (v verdict) positioned() bool {
	return len(v.passed) > 0 && v.passed[len(v.passed)-1] > 0 || len(v.all) > 0 && v.all[len(v.all)-1] > 0
}

// judge compares the values of a path with a constraint.
func (e *event) judge(slot int, c *constraint) verdict {
	values := e.values[slot]
	v := verdict{absent: c.absent}
	for i := range values {
		known := len(v.passed) > 0 && v.passed[len(v.passed)-1] == values[i].node
		if !known && c.holds(&values[i]) {
			v.passed = addElement(v.passed, values[i].node)
		}
		if c.absent {
			v.all = addElement(v.all, values[i].node)
		}
	}
	if len(values) > 1 {
		v.passed, v.all = ascending(v.passed), ascending(v.all)
	}
	return v
}

func addElement(to []int32, element int32) []int32 {
	switch {
	case len(to) == 0 && element == 0:
		return nowhere[:1:1]
	case len(to) > 0 && to[len(to)-1] == element:
		return to
	}
	return append(to, element)
}

// ascending sorts elements, which mostly are in order already.
func ascending(elements []int32) []int32 {
	if slices.IsSorted(elements) {
		return slices.Compact(elements)
	}
	slices.Sort(elements)
	return slices.Compact(elements)
}

// matches decides one conjunction.
func (e *event) matches(plan []step) (bool, error) {
	verdicts := make([]verdict, 0, 8)
	for _, s := range plan {
		v := e.judge(s.slot, s.field)
		if !v.possible() {
			return false, nil
		}
		verdicts = append(verdicts, v)
	}
	return e.consistent(verdicts)
}
