package pattern

import (
	"math"
	"strconv"
	"strings"
)

// byValue returns the value of a number's spelling if numbers are compared
// by it. That takes a spelling that survives the way through an IEEE double:
// the shortest decimal form of the nearest double must be the same number
// again. The others, such as 2^53+1 or 1e400, equal only their own spelling.
func byValue(spelling string) (float64, bool) {
	digits, exponent, ok := significant(spelling)
	if !ok {
		return 0, false
	}
	if digits == "" {
		return 0, true // also -0, which has no sign of its own
	}
	if len(digits) > 17 {
		return 0, false
	}
	f, err := strconv.ParseFloat(spelling, 64)
	if err != nil || f == 0 {
		return 0, false
	}
	if len(digits) <= 15 && exponent > -300 && exponent < 300 {
		return f, true
	}
	if math.Abs(f) == math.SmallestNonzeroFloat64 {
		return 0, false // the service prints this one double longer than needed
	}
	var buf [32]byte
	d, e, _ := significant(string(strconv.AppendFloat(buf[:0], f, 'e', -1, 64)))
	return f, d == digits && e == exponent
}

// significant takes a JSON number apart: its digits without zeros at either
// end, and the power of ten of the first of them. Zero has no digits. An
// exponent too long to be counted is no number to us.
func significant(spelling string) (digits string, exponent int, ok bool) {
	s := strings.TrimPrefix(spelling, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			n = math.MaxInt32 // harmless for zero, too large for any other
		}
		s, exponent = s[:i], n
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if fraction != "" {
		s = whole + fraction
	}
	trimmed := strings.TrimLeft(s, "0")
	exponent += len(whole) - 1 - (len(s) - len(trimmed))
	return strings.TrimRight(trimmed, "0"), exponent, true
}

// number is a plain number among the alternatives: equal in value, or spelled
// the same.
type number struct {
	spelling string
	value    float64
	hasValue bool
}

func newNumber(spelling string) test {
	f, ok := byValue(spelling)
	return number{spelling, f, ok}
}

func (n number) holds(v *value) bool {
	if string(v.text) == n.spelling {
		return true
	}
	f, ok := v.number()
	return ok && n.hasValue && f == n.value
}
