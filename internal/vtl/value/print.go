package value

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/quote"
)

// MaxNesting is how deep values may be nested that are read, printed or compared: a
// list may have itself in it.
const MaxNesting = 500

// ErrNesting says that a value is nested deeper.
var ErrNesting = errors.New("the value is nested more than 500 levels deep, or has itself in it")

// Text returns what is printed of a value.
func (r *Run) Text(v Value) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return r.Capture(func() error { return r.Print(v) })
}

// Print writes a value as Java does. What is within a list that comes of JSON is written
// as JSON, as API Gateway's lists are.
func (r *Run) Print(v Value) error { return r.print(v, 0) }

func (r *Run) print(v Value, depth int) error {
	if depth > MaxNesting {
		return ErrNesting
	}
	switch v := v.(type) {
	case string:
		return r.Write(v)
	case *List:
		if v.json {
			return r.json(v, depth)
		}
		return r.printList(v.items, depth)
	case *Map:
		return r.printMap(v, depth)
	case *entry:
		return r.inTurn(
			func() error { return r.print(v.key, depth+1) },
			func() error { return r.Write("=") },
			func() error { return r.print(v.value, depth+1) })
	case Printer:
		return v.Print(r)
	case Object:
		return r.Write(v.String())
	}
	return r.Write(scalar(v))
}

func (r *Run) inTurn(all ...func() error) error {
	for _, fn := range all {
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) printList(items []Value, depth int) error {
	for i, item := range items {
		if err := r.inTurn(
			func() error { return r.Write(before(i, "[", ", ")) },
			func() error { return r.print(item, depth+1) }); err != nil {
			return err
		}
	}
	return r.Write(after(len(items), "[", "]"))
}

func (r *Run) printMap(m *Map, depth int) error {
	for i := range m.names {
		if err := r.inTurn(
			func() error { return r.Write(before(i, "{", ", ")) },
			func() error { return r.print(&entry{m.names[i], m.values[i]}, depth) }); err != nil {
			return err
		}
	}
	return r.Write(after(len(m.names), "{", "}"))
}

// before is what stands before the i-th of some things, and after what stands behind n
// of them.
func before(i int, open, between string) string {
	if i == 0 {
		return open
	}
	return between
}

func after(n int, open, end string) string {
	if n == 0 {
		return open + end
	}
	return end
}

// JSON returns a value as JSON.
func (r *Run) JSON(v Value) (string, error) {
	return r.Capture(func() error { return r.json(v, 0) })
}

// json writes a value as JSON.
func (r *Run) json(v Value, depth int) error {
	if depth > MaxNesting {
		return ErrNesting
	}
	switch v := v.(type) {
	case nil, bool, int64, *big.Int:
		return r.Write(scalar(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return r.Write("null")
		}
		return r.Write(scalar(v))
	case *List:
		for i, item := range v.items {
			if err := r.inTurn(
				func() error { return r.Write(before(i, "[", ",")) },
				func() error { return r.json(item, depth+1) }); err != nil {
				return err
			}
		}
		return r.Write(after(len(v.items), "[", "]"))
	case *Map:
		for i, name := range v.names {
			if err := r.inTurn(
				func() error { return r.Write(before(i, "{", ",")) },
				func() error { return r.quoted(name) },
				func() error { return r.Write(":") },
				func() error { return r.json(v.values[i], depth+1) }); err != nil {
				return err
			}
		}
		return r.Write(after(len(v.names), "{", "}"))
	}
	return r.quoted(v)
}

// quoted writes what is printed of a value as a string of JSON.
func (r *Run) quoted(v Value) error {
	s, err := r.Text(v)
	if err != nil {
		return err
	}
	if strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == '\ufffd' }) < 0 {
		return r.inTurn(
			func() error { return r.Write(`"`) },
			func() error { return r.Write(s) },
			func() error { return r.Write(`"`) })
	}
	if err := r.Take(len(s)); err != nil {
		return err
	}
	return r.Write(string(quote.JSON(nil, s)))
}

// scalar is what Java prints of a value that has no others in it.
func scalar(v Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return double(v)
	}
	return ""
}

// double writes a number as Java's Double does.
func double(f float64) string {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, 64)[:1]+"Infinity", "+")
	case size != 0 && (size < 1e-3 || size >= 1e7):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exponent) // FormatFloat wrote it
		return mantissa + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
