package pattern

import "math"

// oneOf stands for many plain strings and numbers at once, so that a long list
// costs a value one look-up.
type oneOf struct {
	texts   map[string]struct{}
	numbers map[float64]struct{}
}

func (o oneOf) holds(v *value) bool {
	if _, ok := o.texts[v.text]; ok {
		return true
	}
	if len(o.numbers) == 0 {
		return false
	}
	if !v.near(math.Inf(-1), math.Inf(1)) {
		return false
	}
	f, ok := v.number()
	if ok {
		_, ok = o.numbers[f]
	}
	return ok
}

// gather puts the plain strings and numbers among tests together if there are
// many. All of tests are alternatives, so their order does not matter.
func gather(tests []test) []test {
	const many = 8
	if len(tests) < many {
		return tests
	}
	o := oneOf{map[string]struct{}{}, map[float64]struct{}{}}
	var others []test
	for _, t := range tests {
		switch t := t.(type) {
		case exact:
			o.texts[string(t)] = struct{}{}
		case number:
			o.texts[t.spelling] = struct{}{}
			if t.hasValue {
				o.numbers[t.value] = struct{}{}
			}
		case equalNumber:
			o.numbers[float64(t)] = struct{}{}
		default:
			others = append(others, t)
		}
	}
	if len(tests)-len(others) < many {
		return tests
	}
	return append(others, o)
}
