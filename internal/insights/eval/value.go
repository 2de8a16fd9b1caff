package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/rawjson"
)

// A Kind is what a value is.
type Kind uint8

const (
	Missing Kind = iota
	IsText
	IsNum
	IsTime  // num is in Unix milliseconds
	IsTruth // num is 1 or 0
	IsTree  // of JSON: an object or a list
)

// A Value is what a field has in one event.
type Value struct {
	Kind Kind
	Num  float64
	Text string // of a number, how it was written, if it was
	tree []byte // how it is written, which may be part of a text that it keeps
}

// TextOf makes a value of a text.
func TextOf(s string) Value { return Value{Kind: IsText, Text: s} }

// NumberOf is missing for what no number is.
func NumberOf(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{Kind: IsNum, Num: f}
}

func timeOf(millis float64) Value {
	if math.Abs(millis) > 1e16 {
		return Value{}
	}
	return Value{Kind: IsTime, Num: millis}
}

// TruthOf makes one of what holds or does not.
func TruthOf(b bool) Value {
	if b {
		return Value{Kind: IsTruth, Num: 1}
	}
	return Value{Kind: IsTruth}
}

// ofJSON makes a value of what JSON has.
func ofJSON(v rawjson.Value) Value {
	switch v.Kind() {
	case rawjson.String:
		return TextOf(string(v.Text()))
	case rawjson.Number:
		text := string(v.Raw())
		if n, ok := isNumber(text); ok {
			return Value{Kind: IsNum, Num: n, Text: text}
		}
		return TextOf(text)
	case rawjson.True, rawjson.False:
		return TruthOf(v.Kind() == rawjson.True)
	case rawjson.Object, rawjson.List:
		return Value{Kind: IsTree, tree: v.Raw()}
	}
	return Value{} // null, or nothing
}

// String is what a result shows.
func (v Value) String() string {
	switch v.Kind {
	case IsNum, IsTruth:
		if v.Text != "" {
			return v.Text
		}
		if math.Abs(v.Num) >= 1e21 {
			return strconv.FormatFloat(v.Num, 'g', -1, 64)
		}
		return strconv.FormatFloat(v.Num, 'f', -1, 64)
	case IsTime:
		return time.UnixMilli(int64(v.Num)).UTC().Format("2006-01-02 15:04:05.000")
	case IsTree:
		b := bytes.NewBuffer(make([]byte, 0, len(v.tree)))
		_ = json.Compact(b, v.tree) // it came from JSON
		return b.String()
	}
	return v.Text
}

// Number is what a value counts in calculations.
func (v Value) Number() (float64, bool) {
	switch v.Kind {
	case IsNum, IsTime, IsTruth:
		return v.Num, true
	case IsText:
		return isNumber(v.Text)
	}
	return 0, false
}

// Truth says whether a condition holds.
func (v Value) Truth() bool {
	if n, ok := v.Number(); ok {
		return n != 0
	}
	return v.Kind == IsText && v.Text != "" && !strings.EqualFold(v.Text, "false")
}

// compare compares two values that are there: as numbers if both are, or as text.
func compare(a, b Value) int {
	x, ok := a.Number()
	y, both := b.Number()
	if ok && both {
		return cmp.Compare(x, y)
	}
	if a.Kind == IsTruth || b.Kind == IsTruth {
		if a.Word() == b.Word() {
			return 0
		}
	}
	return strings.Compare(a.String(), b.String())
}

// Word is a value as text, in which what holds is true.
func (v Value) Word() string {
	if v.Kind == IsTruth {
		return strconv.FormatBool(v.Num != 0)
	}
	return v.String()
}

// Sort compares values as the command sort does: what is missing, then text, then
// numbers; and within text, runs of digits by their length and then their value.
func Sort(a, b Value) int {
	x, numeric := a.Number()
	y, both := b.Number()
	switch {
	case a.Kind == Missing || b.Kind == Missing:
		return cmp.Compare(min(a.Kind, 1), min(b.Kind, 1))
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

// Alone is a value whose text is part of no longer one, which would stay with it, or
// change under it.
func (v Value) Alone() Value {
	v.Text, v.tree = strings.Clone(v.Text), bytes.Clone(v.tree)
	return v
}

// Size is about what keeping a value takes, in bytes.
func (v Value) Size() int64 { return ValueCost + int64(len(v.Text)+len(v.tree)) }

// ValueCost is what a value takes beside its text.
const ValueCost = 64

// isNumber reads a number as JSON and AWS have it.
func isNumber(s string) (float64, bool) {
	if s == "" || len(s) > 64 || s[0] > '9' || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// MaxName bounds the names of fields.
const MaxName = 512
