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
	d := significant(spelling)
	if d.n == 0 {
		return 0, true // also -0, which has no sign of its own
	}
	if d.n > 17 || d.exponent > 308 || d.exponent < -324 {
		return 0, false
	}
	f, err := strconv.ParseFloat(spelling, 64)
	if err != nil || f == 0 {
		return 0, false
	}
	if d.n <= 15 && d.exponent > -300 && d.exponent < 300 {
		return f, true
	}
	if math.Abs(f) == math.SmallestNonzeroFloat64 {
		return 0, false // the service prints this one double longer than needed
	}
	var buf [32]byte
	shortest := significant(view(strconv.AppendFloat(buf[:0], f, 'e', -1, 64)))
	return f, d == shortest
}

// A decimal is a number but for its sign: its digits without zeros at either
// end, and the power of ten of the first of them. Zero has no digits. Of more
// than 19 digits only the number of them counts.
type decimal struct {
	digits   uint64
	n        int
	exponent int
}

// significant takes a JSON number apart.
func significant(spelling string) decimal {
	var d decimal
	zeros, point := 0, false // zeros at the end so far
	i := 0
	if spelling[0] == '-' {
		i++
	}
	for ; i < len(spelling); i++ {
		c := spelling[i]
		switch {
		case c == '.':
			point = true
			continue
		case c == '0':
			if d.n == 0 {
				if point {
					d.exponent--
				}
				continue
			}
			zeros++
		case c > '0' && c <= '9':
			if d.n == 0 && point {
				d.exponent--
			}
			for ; zeros > 0; zeros-- {
				d.digits *= 10
				d.n++
			}
			d.digits = d.digits*10 + uint64(c-'0')
			d.n++
		default:
			return d.times(spelling[i+1:])
		}
		// The first digit is worth one, so each further one before the point
		// makes it worth ten times as much.
		if !point && d.n+zeros > 1 {
			d.exponent++
		}
	}
	return d.times("0")
}

// times returns d with the power of ten that an exponent adds.
func (d decimal) times(exponent string) decimal {
	if d.n == 0 {
		return decimal{}
	}
	e, err := strconv.Atoi(exponent)
	if err != nil {
		e = math.MaxInt32 // too large for any number
	}
	d.exponent += e
	if d.n > 19 {
		d.digits = 0
	}
	return d
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
	return number{strings.Clone(spelling), f, ok} // not all of the pattern's text
}

func (n number) holds(v *value) bool {
	if string(v.text) == n.spelling {
		return true
	}
	if !n.hasValue || !v.near(n.value, n.value) {
		return false
	}
	f, ok := v.number()
	return ok && f == n.value
}
