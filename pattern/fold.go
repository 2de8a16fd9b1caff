package pattern

import "unicode"

// A fold is a text without regard to case, the way the service understands
// it: for each UTF-16 code unit of the pattern the event may carry that unit's
// full lower-case or full upper-case form. Neither the unit itself nor Unicode
// case folding counts, so that a title-case letter does not match itself, and
// ß matches SS but not ss. Half of a surrogate pair has become a question
// mark on the way, so that characters beyond U+FFFF match "??".
type fold []variants

// variants are the forms of one unit, equal if the unit has no case. No form
// is the beginning or the end of the other, so that a text fits in at most one
// way and can be compared from either side without going back.
type variants struct{ lower, upper string }

func newFold(s string) fold {
	f := make(fold, 0, len(s))
	for _, u := range unitsOf(s) {
		f = append(f, variantsOf(u))
	}
	return f
}

func variantsOf(u rune) variants {
	if u >= 0xD800 && u < 0xE000 {
		return variants{"?", "?"}
	}
	v := variants{string(unicode.ToLower(u)), string(unicode.ToUpper(u))}
	if full, ok := fullUpper[u]; ok {
		v.upper = full
	}
	if u == 'İ' {
		v.lower = "i̇"
	}
	return v
}

// front removes the fold from the front of s.
func (f fold) front(s string) (rest string, ok bool) {
	for _, v := range f {
		switch {
		case hasPrefix(s, v.lower):
			s = s[len(v.lower):]
		case hasPrefix(s, v.upper):
			s = s[len(v.upper):]
		default:
			return "", false
		}
	}
	return s, true
}

// back removes the fold from the back of s.
func (f fold) back(s string) bool {
	for i := len(f) - 1; i >= 0; i-- {
		v := f[i]
		switch {
		case hasSuffix(s, v.lower):
			s = s[:len(s)-len(v.lower)]
		case hasSuffix(s, v.upper):
			s = s[:len(s)-len(v.upper)]
		default:
			return false
		}
	}
	return true
}

func hasPrefix(s, p string) bool { return len(s) >= len(p) && s[:len(p)] == p }
func hasSuffix(s, p string) bool { return len(s) >= len(p) && s[len(s)-len(p):] == p }

// The three places in which a fold may stand. All compare with the value's
// text, quotes included.
type (
	foldPrefix struct{ fold }
	foldSuffix struct{ fold }
	foldWhole  struct{ fold }
)

func (f fold) prefix() test { return foldPrefix{f} }
func (f fold) suffix() test { return foldSuffix{f} }
func (f fold) whole() test  { return foldWhole{f} }

func (f foldPrefix) holds(v *value) bool {
	_, ok := f.front(v.str())
	return ok
}

func (f foldSuffix) holds(v *value) bool { return f.back(v.str()) }

func (f foldWhole) holds(v *value) bool {
	rest, ok := f.front(v.str())
	return ok && rest == ""
}

func newEqualsIgnoreCase(s string) test { return newFold(quote(s)).whole() }

// parseEqualsIgnoreCase reads {"equals-ignore-case": "s"}.
func parseEqualsIgnoreCase(p *parser) (test, error) {
	s, err := p.operand("equals-ignore-case match pattern must be a string")
	if err != nil {
		return nil, err
	}
	return newEqualsIgnoreCase(s), p.close(oneKey)
}
