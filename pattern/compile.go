package pattern

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"
)

// A Pattern is a compiled event pattern. It is immutable and may be used by
// any number of goroutines.
type Pattern struct {
	text         string
	conjunctions [][]*constraint // the pattern matches if one of them does
	wildcards    bool

	plans  [][]step // the conjunctions, for Match
	fields *fields  // where the paths lie
	slots  int
}

// Options are the limits that a service puts on patterns beyond the language
// itself. The zero value has the limits of EventBridge.
type Options struct {
	// Complexity is the highest wildcard complexity accepted, see
	// [Pattern.Complexity]. Zero means 10, a negative number means no limit.
	Complexity int
	// Combinations is the highest number of combinations that the $or lists of
	// a pattern may multiply to. Zero means 1000. It cannot be switched off,
	// since each combination costs memory.
	Combinations int
	// Paths is the highest number of different paths in one combination. Zero
	// means 256. It cannot be switched off either.
	Paths int
}

// Compile compiles a pattern within the limits of EventBridge. A pattern that
// is not valid gives an *[Error].
//
// The length of the text is not limited here. Compiling takes time and memory
// proportional to the length times the number of $or combinations; deciding
// the wildcard complexity may take longer but is bounded.
func Compile(text string) (*Pattern, error) { return Options{}.Compile(text) }

// Compile compiles a pattern within the limits o.
func (o Options) Compile(text string) (*Pattern, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{Reason: "the pattern is not UTF-8 text", text: text}
	}
	members, combinations, err := parse(text)
	if err != nil {
		return nil, err
	}
	if limit := cmp.Or(o.Combinations, 1000); combinations > limit {
		return nil, bare(text, "the $or lists make %d combinations, more than the limit of %d", combinations, limit)
	}
	paths := cmp.Or(o.Paths, 256)
	expanded, ok := expand([]conjunction{{}}, members, paths)
	if !ok {
		return nil, bare(text, "Size of rule exceeds max value of %d", paths)
	}
	p := &Pattern{text: text, fields: &fields{}}
	slots := map[string]int{}
	for _, c := range expanded {
		p.add(c, slots)
	}
	if limit := cmp.Or(o.Complexity, 10); limit > 0 && p.wildcards && p.complexity(limit+1) > limit {
		return nil, bare(text, tooComplex)
	}
	return p, nil
}

const tooComplex = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character"

// add appends a conjunction, sorted by path, and plans how to match it.
func (p *Pattern) add(conj conjunction, slots map[string]int) {
	sorted := make([]*constraint, 0, len(conj))
	for _, c := range conj {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b *constraint) int { return compareUnits(a.path, b.path) })
	plan := make([]step, len(sorted))
	for i, c := range sorted {
		slot, ok := slots[c.path]
		if !ok {
			slot = len(slots)
			slots[c.path] = slot
			p.fields.add(c.path, slot)
			p.slots++
		}
		plan[i] = step{c, slot}
		p.wildcards = p.wildcards || c.hasWildcard()
	}
	p.conjunctions = append(p.conjunctions, sorted)
	p.plans = append(p.plans, plan)
}

// A conjunction is constraints that must hold together, by path.
type conjunction map[string]*constraint

// expand writes members into every conjunction so far, in document order. A
// path that comes twice keeps what was written last; a $or makes one copy of
// every conjunction per branch. It gives up when one has too many paths.
func expand(base []conjunction, members []member, paths int) ([]conjunction, bool) {
	for _, m := range members {
		if m.field != nil {
			for _, c := range base {
				if c[m.field.path] = m.field; len(c) > paths {
					return nil, false
				}
			}
			continue
		}
		var forked []conjunction
		for _, branch := range m.branches {
			copies := make([]conjunction, len(base))
			for i, c := range base {
				copies[i] = maps.Clone(c)
			}
			copies, ok := expand(copies, branch, paths)
			if !ok {
				return nil, false
			}
			forked = append(forked, copies...)
		}
		base = forked
	}
	return base, true
}

// String returns the text that the pattern was compiled from.
func (p *Pattern) String() string { return p.text }

// HasWildcard says whether a wildcard is used anywhere in the pattern, also
// inside anything-but. EventBridge counts such rules: a bus may have 30.
func (p *Pattern) HasWildcard() bool { return p.wildcards }

// Paths returns the dotted paths that the pattern asks about, sorted, each
// once.
func (p *Pattern) Paths() []string {
	var out []string
	for _, conjunction := range p.conjunctions {
		for _, c := range conjunction {
			out = append(out, c.path)
		}
	}
	slices.SortFunc(out, compareUnits)
	return slices.Compact(out)
}

func (c *constraint) hasWildcard() bool {
	return slices.ContainsFunc(c.tests, func(t test) bool { return len(wildcardsOf(t)) > 0 })
}

// wildcardsOf returns the wildcards that a test consists of.
func wildcardsOf(t test) []wildcard {
	switch t := t.(type) {
	case wildcard:
		return []wildcard{t}
	case but:
		var out []wildcard
		for _, t := range t {
			out = append(out, wildcardsOf(t)...)
		}
		return out
	}
	return nil
}
