package pattern

import "errors"

// but is anything-but: it holds of every value that passes none of the tests,
// whatever its type.
type but []test

func (b but) holds(v *value) bool {
	for _, t := range b {
		if t.holds(v) {
			return false
		}
	}
	return true
}

// equalNumber is a number inside anything-but, where only the value counts.
type equalNumber float64

func (n equalNumber) holds(v *value) bool {
	if !v.near(float64(n), float64(n)) {
		return false
	}
	f, ok := v.number()
	return ok && f == float64(n)
}

const (
	butOperand = "Value of anything-but must be an array or single string/number value."
	butType    = "Inside anything but list, start|null|boolean is not supported."
	butMixed   = "Inside anything but list, either all values are number or string, mixed type is not supported"
)

// An inner is an operator that anything-but can be applied to.
type inner struct {
	build     func(string) (test, string) // the test, or what is wrong
	notString string                      // the sentence for other types
	notEmpty  bool                        // the empty string is refused
}

var inners = map[string]inner{
	"prefix": {
		build:     func(s string) (test, string) { return newPrefix(s), "" },
		notString: "prefix/suffix match pattern must be a string",
		notEmpty:  true,
	},
	"suffix": {
		build:     func(s string) (test, string) { return newSuffix(s), "" },
		notString: "prefix/suffix match pattern must be a string",
		notEmpty:  true,
	},
	"equals-ignore-case": {
		build:     func(s string) (test, string) { return newEqualsIgnoreCase(s), "" },
		notString: "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
	},
	"wildcard": {
		build: func(s string) (test, string) {
			w, reason := newWildcard(s)
			return w, reason
		},
		notString: "wildcard match pattern must be a string",
	},
}

// parseAnythingBut reads the operand: a string, a number, a list of either, or
// an object with another operator that has a string or a list of strings.
func parseAnythingBut(p *parser) (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	switch t {
	case tokenObject:
		return p.butInner()
	case tokenArray:
		b, err := p.butList()
		if err != nil {
			return nil, err
		}
		return but(gather(b)), p.close(tooManyElements)
	case tokenString:
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return but{exact(quote(s))}, p.close(tooManyElements)
	case tokenNumber:
		f, ok := byValue(p.number)
		if !ok {
			return nil, p.failBare("Cannot compare number : %s", p.number)
		}
		return but{equalNumber(f)}, p.close(tooManyElements)
	default:
		return nil, p.fail(butOperand)
	}
}

// butList reads a list of strings or of numbers.
func (p *parser) butList() (but, error) {
	var b but
	strings, numbers := false, false
	for {
		t, err := p.next()
		if err != nil {
			return nil, twice(err)
		}
		switch t {
		case tokenArrayEnd:
			if strings == numbers {
				return nil, p.fail(butMixed)
			}
			return b, nil
		case tokenString:
			s, err := p.str()
			if err != nil {
				return nil, twice(err)
			}
			strings = true
			b = append(b, exact(quote(s)))
		case tokenNumber:
			f, ok := byValue(p.number)
			if !ok {
				return nil, p.fail("Cannot compare number : %s", p.number)
			}
			numbers = true
			b = append(b, equalNumber(f))
		default:
			return nil, twice(p.fail(butType))
		}
	}
}

// butInner reads an operator inside anything-but, after the opening bracket.
func (p *parser) butInner() (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenName {
		return nil, p.fail("Anything-But expression name not found")
	}
	in, ok := inners[p.name]
	if !ok || p.older && p.name == "wildcard" {
		return nil, p.fail("Unsupported anything-but pattern: %s", p.name)
	}
	if t, err = p.next(); err != nil {
		return nil, err
	}
	var b but
	switch {
	case t == tokenArray && !(p.older && in.notEmpty):
		b, err = p.innerList(in)
	case t == tokenArray || t == tokenNumber:
		return nil, p.fail("%s", in.notString)
	case t == tokenString:
		b, err = p.innerString(in)
	default:
		return nil, p.fail(butOperand)
	}
	if err != nil {
		return nil, err
	}
	if err := p.close(tooManyElements); err != nil {
		return nil, err
	}
	return b, p.close(tooManyElements)
}

func (p *parser) innerString(in inner) (but, error) {
	s, err := p.str()
	if err != nil {
		return nil, err
	}
	if s == "" && in.notEmpty {
		return nil, p.fail("Null prefix/suffix not allowed")
	}
	t, reason := in.build(s)
	if reason != "" {
		return nil, p.fail("%s", reason)
	}
	return but{t}, nil
}

// innerList reads a list of strings. What is wrong with one of them as such is
// reported when the list is complete. The service cannot hold an empty list;
// we refuse it.
func (p *parser) innerList(in inner) (but, error) {
	var b but
	wrong := ""
	for {
		t, err := p.next()
		if err != nil {
			return nil, twice(err)
		}
		switch t {
		case tokenArrayEnd:
			if wrong != "" {
				return nil, p.fail("%s", wrong)
			}
			if len(b) == 0 {
				return nil, p.fail("Empty arrays are not allowed")
			}
			return b, nil
		case tokenString:
		default:
			return nil, twice(p.fail("%s", in.notString))
		}
		s, err := p.str()
		if err != nil {
			return nil, twice(err)
		}
		if s == "" && in.notEmpty {
			return nil, twice(p.fail("Null prefix/suffix not allowed"))
		}
		test, reason := in.build(s)
		if wrong == "" {
			wrong = reason
		}
		b = append(b, test)
	}
}

// twice marks an error whose position is printed twice.
func twice(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Line > 0 {
		e.twice = true
	}
	return err
}
