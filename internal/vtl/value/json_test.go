package value

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNumbersAreThoseOfJSON(t *testing.T) {
	for _, word := range strings.Fields("0 -0 1 -1 10 01 -01 00 0.5 .5 5. 1e3 1E+3 1e-3 1e 1e+ - -- +1 1x x 0x1 1.2.3 1e5e5 123456789012345678901234567890 0e0 -0.0e-0") {
		number, whole := isNumber(word)
		if number != json.Valid([]byte(word)) || number && whole == strings.ContainsAny(word, ".eE") {
			t.Errorf("%s is %v, %v", word, number, whole)
		}
	}
}
