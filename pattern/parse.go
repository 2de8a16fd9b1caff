package pattern

import "slices"

// A parser reads one pattern. There are two readings of a text, as in the
// service: the one that knows $or, and an older one in which $or is a field
// like any other, tried where the first one fails.
type parser struct {
	reader
	older bool

	combinations int // what the $or lists seen so far multiply to
}

// A member is one field's condition, or a fork into branches.
type member struct {
	field    *constraint
	branches [][]member
}

// parse returns the members of a pattern in document order, and how many
// combinations its $or lists make.
func parse(text string) ([]member, int, error) {
	p := parser{reader: reader{text: text}, combinations: 1}
	members, err := p.pattern()
	if err == nil {
		return members, p.combinations, nil
	}
	if e, ok := err.(*Error); ok && e.Line > 0 {
		old := parser{reader: reader{text: text}, older: true, combinations: 1}
		if members, err := old.pattern(); err == nil {
			return members, 1, nil
		}
	}
	return nil, 0, err
}

func (p *parser) pattern() ([]member, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenObject {
		return nil, p.fail("Filter is not an object")
	}
	return p.object("", 0, false)
}

// object reads the members of the object whose bracket was just read. Text
// after the outermost object is ignored.
func (p *parser) object(path string, depth int, inOr bool) ([]member, error) {
	var members []member
	for first := true; ; first = false {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t == tokenObjectEnd {
			if first {
				return nil, p.fail("Empty objects are not allowed")
			}
			p.path = path
			return members, nil
		}
		if members, err = p.member(members, path, depth, inOr); err != nil {
			return nil, err
		}
	}
}

// member reads what belongs to the name just read, and appends it to members.
func (p *parser) member(members []member, path string, depth int, inOr bool) ([]member, error) {
	name := p.name
	if name == "$or" && !p.older {
		p.path = path
		branches, err := p.or(path, depth)
		return append(members, member{branches: branches}), err
	}
	full := join(path, depth, name)
	p.path = full
	if inOr && slices.Contains(reserved, name) {
		return nil, p.fail("%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	}
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	switch t {
	case tokenObject:
		inner, err := p.object(full, depth+1, inOr)
		return append(members, inner...), err
	case tokenArray:
		c, err := p.alternatives(full)
		return append(members, member{field: c}), err
	default:
		return nil, p.fail(`"%s" must be an object or an array`, name)
	}
}

// or reads the list after $or. Paths in its branches continue where it stands.
func (p *parser) or(path string, depth int) ([][]member, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenArray {
		return nil, p.fail("It must be an Array followed with $or.")
	}
	var branches [][]member
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t == tokenArrayEnd {
			break
		}
		if t != tokenObject {
			return nil, p.fail("Only JSON object is allowed in array of $or relationship.")
		}
		branch, err := p.object(path, depth, true)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	if len(branches) < 2 {
		return nil, p.fail("There must have at least 2 Objects in $or relationship.")
	}
	p.combinations = int(min(int64(p.combinations)*int64(len(branches)), 1<<30))
	return branches, nil
}

// reserved are the names that no field below $or may have.
var reserved = []string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=",
	"regex", "not-wildcard", "not-equals-ignore-case",
	"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
	"ip-address-in-range", "ip-address-not-in-range",
}

// alternatives reads the array of one field.
func (p *parser) alternatives(path string) (*constraint, error) {
	start := p.pos - 1
	c := &constraint{path: path}
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t == tokenArrayEnd {
			break
		}
		test, err := p.alternative(t)
		if err != nil {
			return nil, err
		}
		if _, ok := test.(absence); ok {
			c.absent = true
		} else {
			c.tests = append(c.tests, test)
		}
	}
	if !c.absent && len(c.tests) == 0 {
		return nil, p.fail("Empty arrays are not allowed")
	}
	c.tests = gather(c.tests)
	c.text = p.text[start:p.pos]
	return c, nil
}

func (p *parser) alternative(t token) (test, error) {
	switch t {
	case tokenString:
		s, err := p.str()
		return plain(s), err
	case tokenNumber:
		return newNumber(p.number), nil
	case tokenTrue, tokenFalse, tokenNull:
		return exact(p.spelling(t)), nil
	case tokenObject:
		return p.expression()
	default:
		return nil, p.fail("Match value must be String, number, true, false, or null")
	}
}

// expression reads an operator and its operand, after the opening bracket.
func (p *parser) expression() (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenName {
		return nil, p.fail("Match expression name not found")
	}
	operator, ok := operators[p.name]
	if !ok {
		return nil, p.fail("Unrecognized match type %s", p.name)
	}
	return operator(p)
}

// operand reads the string that an operator wants, or fails with its sentence.
func (p *parser) operand(otherwise string) (string, error) {
	t, err := p.next()
	if err != nil {
		return "", err
	}
	if t != tokenString {
		return "", p.fail("%s", otherwise)
	}
	return p.str()
}

// close reads the closing bracket of an expression, or fails with the sentence.
func (p *parser) close(otherwise string) error {
	t, err := p.next()
	if err != nil {
		return err
	}
	if t != tokenObjectEnd {
		return p.fail("%s", otherwise)
	}
	return nil
}

const (
	oneKey          = "Only one key allowed in match expression"
	tooManyElements = "Too many elements in numeric expression"
)
