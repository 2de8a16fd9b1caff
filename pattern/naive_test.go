package pattern

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// The definition of a match, as short as it can be said: no slots, no
// verdicts, nothing remembered. It shares with the package only the operators.

// A placed value carries the element it has in each array around it.
type placed struct {
	value
	at map[int]int
}

// flatten collects the values of an event by path, in document order. It reads
// with encoding/json, which does not know lone surrogates.
func flatten(t testing.TB, text string) map[string][]placed {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	out := map[string][]placed{}
	arrays := 0
	next := func() json.Token {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return tok
	}
	var read func(tok json.Token, path []string, at map[int]int)
	read = func(tok json.Token, path []string, at map[int]int) {
		if tok == json.Delim('{') {
			for d.More() {
				key := next().(string)
				read(next(), append(path[:len(path):len(path)], key), at)
			}
			next()
			return
		}
		if tok == json.Delim('[') {
			id := arrays
			arrays++
			for i := 0; d.More(); i++ {
				inner := next()
				if _, ok := inner.(json.Delim); ok {
					there := maps.Clone(at)
					there[id] = i
					read(inner, path, there)
				} else {
					read(inner, path, at)
				}
			}
			next()
			return
		}
		if len(path) > 1 && path[len(path)-1] == "" {
			return
		}
		p := placed{at: maps.Clone(at)}
		switch tok := tok.(type) {
		case string:
			p.text = quote(tok)
		case json.Number:
			p.text = tok.String()
		case bool:
			p.text = map[bool]string{true: "true", false: "false"}[tok]
		default:
			p.text = "null"
		}
		name := strings.Join(path, ".")
		out[name] = append(out[name], p)
	}
	read(next(), nil, map[int]int{})
	return out
}

func naiveMatch(t testing.TB, p *Pattern, event string) bool {
	values := flatten(t, event)
	for _, conjunction := range p.conjunctions {
		if naiveFrom(values, conjunction, map[int]int{}) {
			return true
		}
	}
	return false
}

// naiveFrom goes through the constraints in order with an assignment of
// elements to arrays.
func naiveFrom(values map[string][]placed, constraints []*constraint, assigned map[int]int) bool {
	if len(constraints) == 0 {
		return true
	}
	c := constraints[0]
	someCompatible := false
	for i := range values[c.path] {
		v := &values[c.path][i]
		merged := maps.Clone(assigned)
		compatible := true
		for array, element := range v.at {
			if before, ok := merged[array]; ok && before != element {
				compatible = false
			}
			merged[array] = element
		}
		if !compatible {
			continue
		}
		someCompatible = true
		if c.holds(&v.value) && naiveFrom(values, constraints[1:], merged) {
			return true
		}
	}
	return c.absent && !someCompatible && naiveFrom(values, constraints[1:], assigned)
}
