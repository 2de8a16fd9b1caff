package pattern

// A test is one alternative of a field: it says whether a value satisfies it.
// Tests are immutable.
type test interface {
	holds(v *value) bool
}

// operators reads the operand of each match expression. A new operator is a
// line here and a file of its own.
var operators = map[string]func(*parser) (test, error){
	"anything-but":       parseAnythingBut,
	"cidr":               parseCIDR,
	"equals-ignore-case": parseEqualsIgnoreCase,
	"exactly":            parseExactly,
	"exists":             parseExists,
	"numeric":            parseNumeric,
	"prefix":             parsePrefix,
	"suffix":             parseSuffix,
	"wildcard":           parseWildcard,
}

// A constraint is one field of a pattern with its alternatives. It is
// satisfied by a value that passes one of the tests, or by there being no
// value, if that is among the alternatives.
type constraint struct {
	path   string
	tests  []test
	absent bool   // {"exists": false} is among the alternatives
	text   string // the alternatives as written
}

// holds says whether v passes one of the tests.
func (c *constraint) holds(v *value) bool {
	for _, t := range c.tests {
		if t.holds(v) {
			return true
		}
	}
	return false
}
