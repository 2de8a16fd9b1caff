package pattern

import (
	"cmp"
	"slices"
)

// A cond is one field with its alternatives, as many conjunctions may share
// it. What matching reads of it does not change while it is in a snapshot.
type cond struct {
	id       uint32
	slot     int32
	path     string
	tests    []test
	absent   bool // {"exists": false} is among the alternatives
	envelope bool // the path is a field of an [Envelope]

	// The rest belongs to the writer.
	key    key
	place  *place
	uses   int    // how many conjunctions have it
	weight int    // see weigh
	alts   []*alt // what was filed and where
}

// holds says whether v passes one of the tests.
func (c *cond) holds(v *value) bool {
	for _, t := range c.tests {
		if t.holds(v) {
			return true
		}
	}
	return false
}

// A conj is conditions that must all hold.
type conj struct {
	anchor *cond // the one by which it is found
	rest   *rest
	gate   uint32 // the gate that must be open, 0 if there is none
	opens  uint32 // for the gate itself, its number
	size   uint16 // how many conditions there are

	key   key // the writer's
	rules int
}

// A rest is what is left of a conjunction without its anchor. Many share one.
type rest struct {
	conds  []*cond // the most selective ones first
	absent bool    // one of them, or the anchor, may be absent
	detail bool    // one of them, or the anchor, is no field of an envelope

	key  key
	uses int
}

// An anchored is a conjunction in the list of its anchor, with the rules that
// consist of it.
type anchored struct {
	*conj
	ids any // an ID if it is the only one, else a *ids[ID]
}

// weigh guesses how often a condition holds of an event, compared with one
// that wants a certain text.
func (c *cond) weigh() int {
	if c.absent {
		return 4000
	}
	w := len(c.tests) - 1
	heaviest := 0
	for _, t := range c.tests {
		heaviest = max(heaviest, weightOf(t))
	}
	return min(w+heaviest, 8000)
}

func weightOf(t test) int {
	switch t := t.(type) {
	case exact:
		if t[0] != '"' {
			return 20 // true, false, null
		}
		return 1
	case oneOf:
		return 1 + (len(t.texts)+len(t.numbers))/2
	case number, foldWhole, network:
		return 1
	case prefix:
		return endWeight(len(t) - 1)
	case suffix:
		return endWeight(len(t) - 1)
	case foldPrefix:
		return endWeight(len(t.fold) - 1)
	case foldSuffix:
		return endWeight(len(t.fold) - 1)
	case wildcard:
		longest := 0
		for _, piece := range t {
			longest = max(longest, len(piece))
		}
		if longest >= 3 {
			return 8
		}
		return 200
	case numeric:
		if t.hasLow && t.hasHigh && t.low == t.high {
			return 1
		}
		return 100
	case presence:
		return 1000
	}
	return 4000 // anything-but
}

func endWeight(letters int) int {
	switch letters {
	case 0:
		return 1000
	case 1:
		return 64
	}
	return 4
}

// anchorOf chooses the condition by which a conjunction is found: the one that
// is expected to hold least often. Where that is alike, one inside the detail
// is taken, since an event whose envelope is of no interest then costs least.
func anchorOf(conds []*cond) *cond {
	return slices.MinFunc(conds, func(a, b *cond) int {
		return cmp.Or(
			cmp.Compare(a.weight*(a.uses+1), b.weight*(b.uses+1)),
			compareBool(a.envelope, b.envelope),
			-cmp.Compare(len(a.path), len(b.path)),
			cmp.Compare(a.path, b.path),
		)
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
