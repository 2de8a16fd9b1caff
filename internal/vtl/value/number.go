package value

import (
	"math/big"
	"strconv"
)

// maxDigits is how long a whole number may be.
const maxDigits = 1000

// Number reads what is written as a number, whole or with a point or an exponent. It is
// not ok for one that is too large.
func Number(text string, whole bool) (Value, bool) {
	if !whole {
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	if len(text) > maxDigits {
		return nil, false
	}
	n, ok := new(big.Int).SetString(text, 10)
	return n, ok
}
