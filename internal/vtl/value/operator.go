package value

import (
	"cmp"
	"errors"
	"math"
	"math/big"
)

// Truth says whether a condition holds: Velocity 1.7 has all for true but false and
// nothing.
func Truth(v Value) bool {
	b, ok := v.(bool)
	return v != nil && (!ok || b)
}

// IsText says whether a value is a string, or prints as one.
func IsText(v Value) bool { return v != nil && kindOf(v) == "string" }

// Range makes the list of the whole numbers from one to another. It is nothing for other
// values.
func (r *Run) Range(a, b Value) (Value, error) {
	from, isFrom := a.(int64)
	to, isTo := b.(int64)
	if !isFrom || !isTo {
		return nil, nil
	}
	by := int64(1)
	if to < from {
		by = -1
	}
	n := uint64(to-from) * uint64(by) // one less than there are
	if n >= uint64(max(r.left.Memory, 0)/sizeOfValue) {
		return nil, errMemory
	}
	if err := r.Take(int(n+1) * sizeOfValue); err != nil {
		return nil, err
	}
	items := make([]Value, n+1)
	for i := range items {
		items[i] = from + int64(i)*by
	}
	return &List{items: items}, nil
}

// Equal is Velocity's equality: values of one kind as Java has it, others as texts.
func (r *Run) Equal(x, y Value) (bool, error) { return r.equal(x, y, 0) }

func (r *Run) equal(x, y Value, depth int) (bool, error) {
	if x == nil || y == nil {
		return x == nil && y == nil, nil
	}
	if order, ok := Compare(x, y); ok {
		return order == 0, nil
	}
	switch x := x.(type) {
	case *List:
		if y, ok := y.(*List); ok {
			return r.equalLists(x.items, y.items, depth)
		}
	case *Map:
		if y, ok := y.(*Map); ok {
			return r.equalMaps(x, y, depth)
		}
	}
	a, err := r.Text(x)
	if err != nil {
		return false, err
	}
	b, err := r.Text(y)
	if err != nil {
		return false, err
	}
	return a == b, r.Work(min(len(a), len(b)))
}

func (r *Run) equalLists(x, y []Value, depth int) (bool, error) {
	if depth == MaxNesting {
		return false, ErrNesting
	}
	if len(x) != len(y) {
		return false, nil
	}
	for i := range x {
		if err := r.Work(0); err != nil {
			return false, err
		}
		if same, err := r.equal(x[i], y[i], depth+1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *Run) equalMaps(x, y *Map, depth int) (bool, error) {
	if len(x.names) != len(y.names) {
		return false, nil
	}
	others := make([]Value, len(x.names))
	if err := r.Take(len(others) * sizeOfValue); err != nil {
		return false, err
	}
	for i, name := range x.names {
		j := y.find(name)
		if j < 0 {
			return false, nil
		}
		others[i] = y.values[j]
	}
	return r.equalLists(x.values, others, depth)
}

// Compare says how two numbers are ordered. It is not ok for what are none.
func Compare(x, y Value) (int, bool) {
	a, isWhole := x.(int64)
	b, both := y.(int64)
	if isWhole && both {
		return cmp.Compare(a, b), true
	}
	if i, j := bigOf(x), bigOf(y); i != nil && j != nil {
		return i.Cmp(j), true
	}
	f, ok := Float(x)
	g, too := Float(y)
	return cmp.Compare(f, g), ok && too
}

func bigOf(v Value) *big.Int {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v)
	case *big.Int:
		return v
	}
	return nil
}

// Float is a number with a point. It is not ok for what is no number.
func Float(v Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	case float64:
		return v, true
	}
	return 0, false
}

// Calculate is nothing for what cannot be calculated, as a division by zero.
func Calculate(op string, x, y Value) (Value, error) {
	a, isWhole := x.(int64)
	b, both := y.(int64)
	if isWhole && both {
		if v, ok := wholes(op, a, b); ok {
			return v, nil
		}
	}
	if i, j := bigOf(x), bigOf(y); i != nil && j != nil {
		return bigs(op, i, j)
	}
	f, ok := Float(x)
	g, too := Float(y)
	if !ok || !too || g == 0 && (op == "/" || op == "%") {
		return nil, nil
	}
	switch op {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "/":
		return f / g, nil
	}
	return math.Mod(f, g), nil
}

// wholes is not ok where 64 bits are too few.
func wholes(op string, a, b int64) (Value, bool) {
	switch op {
	case "+":
		c := a + b
		return c, (c > a) == (b > 0)
	case "-":
		c := a - b
		return c, (c < a) == (b > 0)
	case "*":
		c := a * b
		return c, a == 0 || c/a == b && (a != -1 || b != math.MinInt64)
	}
	if b == 0 {
		return nil, true
	}
	if op == "/" {
		return a / b, a != math.MinInt64 || b != -1
	}
	return a % b, true
}

// maxBits is how long a whole number may become.
const maxBits = 4096

func bigs(op string, a, b *big.Int) (Value, error) {
	c := new(big.Int)
	switch op {
	case "+":
		c.Add(a, b)
	case "-":
		c.Sub(a, b)
	case "*":
		c.Mul(a, b)
	default:
		if b.Sign() == 0 {
			return nil, nil
		}
		if op == "/" {
			c.Quo(a, b)
		} else {
			c.Rem(a, b)
		}
	}
	if c.BitLen() > maxBits {
		return nil, errors.New("the number that is calculated is too large")
	}
	if c.IsInt64() {
		return c.Int64(), nil
	}
	return c, nil
}
