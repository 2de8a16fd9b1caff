package pattern

import "math"

// numeric is a range of numbers. An end that is not set is open without limit.
type numeric struct {
	low, high             float64
	hasLow, hasHigh       bool
	includeLow, includeHi bool
}

func (n numeric) holds(v *value) bool {
	if !v.near(n.ends()) {
		return false
	}
	f, ok := v.number()
	return ok && n.contains(f)
}

// ends returns the ends of a range, infinite if open.
func (n *numeric) ends() (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if n.hasLow {
		low = n.low
	}
	if n.hasHigh {
		high = n.high
	}
	return low, high
}

func (n *numeric) contains(x float64) bool {
	if n.hasLow && (x < n.low || x == n.low && !n.includeLow) {
		return false
	}
	return !n.hasHigh || x < n.high || x == n.high && n.includeHi
}

// parseNumeric reads [op, number] or [op, number, op, number].
func parseNumeric(p *parser) (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenArray {
		return nil, p.fail("Value of numeric must be an array.")
	}
	n, err := p.numericTerms()
	if err != nil {
		return nil, err
	}
	return n, p.close(tooManyElements)
}

func (p *parser) numericTerms() (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t != tokenString {
		return nil, p.fail("Invalid member in numeric match: %s", p.spelling(t))
	}
	op, err := p.str()
	if err != nil {
		return nil, err
	}
	if t, err = p.next(); err != nil {
		return nil, err
	}
	switch op {
	case "=", "<", "<=", ">", ">=":
	default:
		return nil, p.fail("Unrecognized numeric range operator: %s", op)
	}
	if t != tokenNumber {
		if op == "=" {
			op = "equals"
		}
		return nil, p.fail("Value of %s must be numeric", op)
	}
	first := p.number
	if t, err = p.next(); err != nil {
		return nil, err
	}
	if t == tokenArrayEnd {
		return p.oneSided(op, first)
	}
	if op != ">" && op != ">=" {
		return nil, p.fail(tooManyElements)
	}
	return p.twoSided(t, op, first)
}

func (p *parser) oneSided(op, spelling string) (test, error) {
	f, err := p.bound(spelling)
	if err != nil {
		return nil, err
	}
	switch op {
	case "=":
		return numeric{low: f, high: f, hasLow: true, hasHigh: true, includeLow: true, includeHi: true}, nil
	case "<", "<=":
		return numeric{high: f, hasHigh: true, includeHi: op == "<="}, nil
	default:
		return numeric{low: f, hasLow: true, includeLow: op == ">="}, nil
	}
}

// twoSided reads the rest of a range after its lower bound; t is the token
// that follows it.
func (p *parser) twoSided(t token, lowOp, lowSpelling string) (test, error) {
	if t != tokenString {
		return nil, p.fail("Bad value in numeric range: %s", p.spelling(t))
	}
	op, err := p.str()
	if err != nil {
		return nil, err
	}
	if op != "<" && op != "<=" {
		return nil, p.fail("Bad numeric range operator: %s", op)
	}
	if t, err = p.next(); err != nil {
		return nil, err
	}
	if t != tokenNumber {
		return nil, p.fail("Value of %s must be numeric", op)
	}
	highSpelling := p.number
	if t, err = p.next(); err != nil {
		return nil, err
	}
	if t != tokenArrayEnd {
		return nil, p.fail("Too many terms in numeric range expression")
	}
	low, err := p.bound(lowSpelling)
	if err != nil {
		return nil, err
	}
	high, err := p.bound(highSpelling)
	if err != nil {
		return nil, err
	}
	if low >= high {
		return nil, p.fail("Bottom must be less than top")
	}
	return numeric{low: low, hasLow: true, includeLow: lowOp == ">=", high: high, hasHigh: true, includeHi: op == "<="}, nil
}

func (p *parser) bound(spelling string) (float64, error) {
	f, ok := byValue(spelling)
	if !ok {
		return 0, p.fail("Cannot compare number : %s", spelling)
	}
	return f, nil
}
