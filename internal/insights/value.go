package insights

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

type kind uint8

const (
	missing kind = iota
	isText
	isNum
	isTime  // num is in Unix milliseconds
	isTruth // num is 1 or 0
	isTree  // of JSON: an object or a list
)

// A value is what a field has in one event.
type value struct {
	kind kind
	num  float64
	text string // of a number, how it was written, if it was
	tree any
}

func textOf(s string) value { return value{kind: isText, text: s} }

// numberOf is missing for what no number is.
func numberOf(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{}
	}
	return value{kind: isNum, num: f}
}

func timeOf(millis float64) value {
	if math.Abs(millis) > 1e16 {
		return value{}
	}
	return value{kind: isTime, num: millis}
}

func truthOf(b bool) value {
	if b {
		return value{kind: isTruth, num: 1}
	}
	return value{kind: isTruth}
}

// ofJSON makes a value of what JSON has.
func ofJSON(v any) value {
	switch v := v.(type) {
	case string:
		return textOf(v)
	case json.Number:
		if n, ok := isNumber(v.String()); ok {
			return value{kind: isNum, num: n, text: v.String()}
		}
		return textOf(v.String())
	case bool:
		return truthOf(v)
	case map[string]any, []any:
		return value{kind: isTree, tree: v}
	}
	return value{} // null
}

// String is what a result shows.
func (v value) String() string {
	switch v.kind {
	case isNum, isTruth:
		if v.text != "" {
			return v.text
		}
		if math.Abs(v.num) >= 1e21 {
			return strconv.FormatFloat(v.num, 'g', -1, 64)
		}
		return strconv.FormatFloat(v.num, 'f', -1, 64)
	case isTime:
		return time.UnixMilli(int64(v.num)).UTC().Format("2006-01-02 15:04:05.000")
	case isTree:
		b, _ := json.Marshal(v.tree) // it came from JSON
		return string(b)
	}
	return v.text
}

// number is what a value counts in calculations.
func (v value) number() (float64, bool) {
	switch v.kind {
	case isNum, isTime, isTruth:
		return v.num, true
	case isText:
		return isNumber(v.text)
	}
	return 0, false
}

// truth says whether a condition holds.
func (v value) truth() bool {
	if n, ok := v.number(); ok {
		return n != 0
	}
	return v.kind == isText && v.text != "" && !strings.EqualFold(v.text, "false")
}

// compare compares two values that are there: as numbers if both are, or as text.
func compare(a, b value) int {
	x, ok := a.number()
	y, both := b.number()
	if ok && both {
		return cmp.Compare(x, y)
	}
	if a.kind == isTruth || b.kind == isTruth {
		if a.word() == b.word() {
			return 0
		}
	}
	return strings.Compare(a.String(), b.String())
}

// word is a value as text, in which what holds is true.
func (v value) word() string {
	if v.kind == isTruth {
		return strconv.FormatBool(v.num != 0)
	}
	return v.String()
}

// sorts compares values as the command sort does: what is missing, then text, then
// numbers; and within text, runs of digits by their length and then their value.
func sorts(a, b value) int {
	x, numeric := a.number()
	y, both := b.number()
	switch {
	case a.kind == missing || b.kind == missing:
		return cmp.Compare(min(a.kind, 1), min(b.kind, 1))
	case numeric && both:
		return cmp.Compare(x, y)
	case numeric != both:
		if numeric {
			return 1
		}
		return -1
	}
	return natural(a.String(), b.String())
}

func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := chunk(a), chunk(b)
		order := strings.Compare(x, y)
		if isDigit(x[0]) && isDigit(y[0]) {
			order = cmp.Or(cmp.Compare(len(x), len(y)), order)
		}
		if order != 0 {
			return order
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// chunk is the run of digits, or of others, that s begins with.
func chunk(s string) string {
	i := 1
	for i < len(s) && isDigit(s[i]) == isDigit(s[0]) {
		i++
	}
	return s[:i]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// alone is a value whose text is part of no longer one, which would stay with it.
func (v value) alone() value {
	v.text = strings.Clone(v.text)
	return v
}

// size is about what keeping a value takes, in bytes.
func (v value) size() int64 { return valueCost + int64(len(v.text)) + weight(v.tree) }

// valueCost is what a value takes beside its text and its tree.
const valueCost = 64

// weight is about what a tree takes, in bytes, which is up to fifty times what it takes
// as text.
func weight(tree any) int64 {
	switch v := tree.(type) {
	case string:
		return 16 + int64(len(v))
	case json.Number:
		return 32 + int64(len(v))
	case map[string]any:
		n := 320 + 64*int64(max(len(v)-8, 0))
		for key, inner := range v {
			n += int64(len(key)) + weight(inner)
		}
		return n
	case []any:
		n := 24 + 32*int64(len(v))
		for _, inner := range v {
			n += weight(inner)
		}
		return n
	}
	return 0
}
