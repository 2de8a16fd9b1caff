package pattern

import (
	"cmp"
	"math"
	"slices"
)

// A cond is one field with its alternatives, as many conjunctions may share
// it. What matching reads of it does not change while it is in a snapshot.
type cond struct {
	id       uint32
	slot     int32
	tests    []test
	absent   bool // {"exists": false} is among the alternatives
	envelope bool // the path is a field of an [Envelope]

	least, most float64 // if every test is of numbers, of those between these
	numeric     bool

	// The rest belongs to the writer.
	direct bool // its conjunctions are kept with its one text, see hit
	place  *place
	key    key
	uses   int32   // how many conjunctions have it
	weight int32   // see weigh
	alts   *[]*alt // what was filed and where, if that is not plain
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

// bound works out which numbers a condition may hold of, if it holds of no
// others and of nothing else.
func (c *cond) bound() {
	c.least, c.most = math.Inf(1), math.Inf(-1)
	c.numeric = len(c.tests) > 0
	for _, t := range c.tests {
		low, high := 0.0, 0.0
		switch t := t.(type) {
		case number:
			low, high = t.value, t.value
			c.numeric = c.numeric && t.hasValue
		case numeric:
			low, high = t.ends()
		default:
			c.numeric = false
		}
		c.least, c.most = min(c.least, low), max(c.most, high)
	}
}

// A conj is conditions that must all hold.
type conj struct {
	anchor *cond // the one by which it is found
	rest   *rest

	rules int32 // how many rules have it
	key   key   // these two are the writer's
}

// A rest is what is left of a conjunction without its anchor. Many share one.
type rest struct {
	conds  []*cond // the most selective ones first
	absent bool    // one of them, or the anchor, may be absent
	detail bool    // one of them, or the anchor, is no field of an envelope
	gate   uint32  // the gate that must be open, 0 if there is none
	opens  uint32  // for a gate itself, its number

	key  key
	uses int
}

// An anchored is a conjunction in the list of its anchor, with the rules that
// consist of it.
type anchored struct {
	rest *rest // the conjunction's, so that most events need not wait for that
	told
	conj *conj
}

// A told is the ids of the rules that consist of a conjunction.
type told struct {
	ids  any    // an ID if it is the only one, else a *ids[ID], or a gate's conj
	word uint64 // the ID if ids is an inWord
}

// inWord stands for an ID that needs no more than a word, and lies in it.
type inWord struct{}

// weigh guesses how often a condition holds of an event, compared with one
// that wants a certain text.
func (c *cond) weigh() int32 {
	if c.absent {
		return 4000
	}
	w := len(c.tests) - 1
	heaviest := 0
	for _, t := range c.tests {
		heaviest = max(heaviest, weightOf(t))
	}
	return int32(min(w+heaviest, 8000))
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
	case number:
		return numberWeight(t.value)
	case foldWhole, network:
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
			return numberWeight(t.low)
		}
		return 100
	case presence:
		return 1000
	}
	return 4000 // anything-but
}

// numberWeight is for a single number: small ones are everywhere.
func numberWeight(x float64) int {
	if x > -10 && x < 10 && x == math.Trunc(x) {
		return 20
	}
	return 2
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

// cost is how much work it is expected to be if one more is found by it.
func (c *cond) cost() int { return int(c.weight) * int(c.uses+1) }

// anchorOf chooses the condition by which a conjunction is found: the one that
// is expected to hold least often. Where that is alike, one inside the detail
// is taken, since an event whose envelope is of no interest then costs least.
func anchorOf(conds []*cond) *cond {
	return slices.MinFunc(conds, func(a, b *cond) int {
		return cmp.Or(
			cmp.Compare(a.cost(), b.cost()),
			compareBool(a.envelope, b.envelope),
			-cmp.Compare(len(a.place.path), len(b.place.path)),
			cmp.Compare(a.place.path, b.place.path),
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

// anchors is the conjunctions found by one condition, none if there is no
// first one.
type anchors struct {
	first anchored
	more  *[]anchored
}

func (a *anchors) all() []anchored {
	switch {
	case a.first.conj == nil:
		return nil
	case a.more == nil:
		return []anchored{a.first}
	}
	return append([]anchored{a.first}, *a.more...)
}

func newAnchors(list []anchored) anchors {
	switch len(list) {
	case 0:
		return anchors{}
	case 1:
		return anchors{first: list[0]}
	}
	more := slices.Clone(list[1:])
	return anchors{list[0], &more}
}
