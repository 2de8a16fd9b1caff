package pattern

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// An Explanation says why an event matches a pattern, or why it does not. It
// is a tree: the ways in which the pattern can match, the fields of each way,
// and the alternatives of each field.
type Explanation struct {
	Matched bool
	// Deciding is the path of the field because of which there is no match, and
	// empty if there is one. Of several ways to match, it is that of the way
	// that came closest.
	Deciding string
	// Ways has one entry, or one for each combination of $or branches. The
	// pattern matches if one of them does.
	Ways []Way
}

// A Way is fields that must match together.
type Way struct {
	Matched bool
	// Deciding is the path of the first field that does not match or, if all do
	// by themselves, of the first that does not match together with those before
	// it. It is empty if there is a match.
	Deciding string
	// Fields are sorted by path.
	Fields []FieldVerdict
}

// A FieldVerdict is how the event stands to one field by itself.
type FieldVerdict struct {
	Path string
	// Matched says whether an alternative holds of a value, or there is no value
	// and need not be one.
	Matched bool
	// Apart says that the field matches, but in no array element that suits the
	// fields before it.
	Apart bool
	// Values are the event's values under the path, as JSON, in document order.
	Values []string
	// Alternatives are as in the pattern; one of them must hold.
	Alternatives []AlternativeVerdict
}

// An AlternativeVerdict is how the event stands to one alternative.
type AlternativeVerdict struct {
	// Pattern is the alternative as written.
	Pattern string
	Matched bool
	// Value is the first value that it holds of, as JSON, or empty.
	Value string
}

// Explain judges an event as [Pattern.Match] does, and says why. It takes much
// longer than Match, and gives the same errors.
func (p *Pattern) Explain(text []byte) (*Explanation, error) {
	e := new(event)
	if err := e.read(view(text), p.fields, p.slots); err != nil {
		return nil, err
	}
	x := &Explanation{}
	closest := -1
	var undecided error
	for _, plan := range p.plans {
		w, err := e.explain(plan)
		if err != nil {
			undecided = cmp.Or(undecided, err)
			continue
		}
		x.Ways = append(x.Ways, w)
		holding := 0
		for _, f := range w.Fields {
			holding += b2i(f.Matched && !f.Apart)
		}
		if !w.Matched && holding > closest {
			closest, x.Deciding = holding, w.Deciding
		}
		x.Matched = x.Matched || w.Matched
	}
	if x.Matched {
		x.Deciding = ""
		return x, nil
	}
	return x, undecided
}

// explain judges one conjunction.
func (e *event) explain(plan []step) (Way, error) {
	w := Way{Matched: true}
	var verdicts []verdict
	for _, s := range plan {
		v := e.judge(s.slot, s.field)
		verdicts = append(verdicts, v)
		f := e.explainField(s)
		// Where a value lies decides only together with other fields.
		f.Matched = len(v.passed) > 0 || v.absent && (len(v.all) == 0 || v.positioned())
		if !f.Matched && w.Matched {
			w.Matched, w.Deciding = false, s.field.path
		}
		w.Fields = append(w.Fields, f)
	}
	if !w.Matched {
		return w, nil
	}
	// The first fields that do not match together end with the one that decides.
	for n := len(verdicts); n > 0; n-- {
		ok, err := e.consistent(verdicts[:n])
		if err != nil {
			return w, err
		}
		if ok {
			break
		}
		w.Matched, w.Deciding = false, plan[n-1].field.path
		for i := range w.Fields {
			w.Fields[i].Apart = i == n-1
		}
	}
	return w, nil
}

// explainField compares a field's values with each alternative.
func (e *event) explainField(s step) FieldVerdict {
	f := FieldVerdict{Path: s.field.path}
	values := e.values[s.slot]
	for i := range values {
		f.Values = append(f.Values, values[i].json())
	}
	for _, text := range elementsIn(s.field.text) {
		a := AlternativeVerdict{Pattern: text}
		one, err := Options{Complexity: -1}.Compile(`{"field":[` + text + `]}`)
		if err == nil {
			c := one.conjunctions[0][0]
			for i := range values {
				if c.holds(&values[i]) {
					a.Matched, a.Value = true, f.Values[i]
					break
				}
			}
			a.Matched = a.Matched || c.absent && len(values) == 0
		}
		f.Alternatives = append(f.Alternatives, a)
	}
	return f
}

// json returns a value as it might stand in an event.
func (v *value) json() string {
	if v.text[0] != '"' {
		return strings.Clone(v.text)
	}
	text, err := json.Marshal(v.text[1 : len(v.text)-1])
	if err != nil {
		return strings.Clone(v.text) // cannot be: strings are never refused
	}
	return string(text)
}

// elementsIn takes the text of a JSON array that is known to be valid apart.
func elementsIn(text string) []string {
	b := []byte(text)
	var out []string
	for i := 1; ; {
		for i < len(b) && (b[i] <= ' ' || b[i] == ',') {
			i++
		}
		if i >= len(b) || b[i] == ']' {
			return out
		}
		end := skipValue(b, i)
		out = append(out, text[i:end])
		i = max(end, i+1)
	}
}

// String prints the tree, a line for each field and, where a field has
// several, for each alternative.
func (x *Explanation) String() string {
	var b strings.Builder
	switch {
	case x.Matched:
		b.WriteString("match\n")
	default:
		fmt.Fprintf(&b, "no match, because of %s\n", x.Deciding)
	}
	for i, w := range x.Ways {
		indent := "  "
		if len(x.Ways) > 1 {
			fmt.Fprintf(&b, "  %s way %d of %d\n", mark(w.Matched), i+1, len(x.Ways))
			indent = "    "
		}
		for _, f := range w.Fields {
			f.print(&b, indent)
		}
	}
	return b.String()
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

// print prints a field: its verdict, the event's values, what was wanted.
func (f *FieldVerdict) print(b *strings.Builder, indent string) {
	const shown = 5
	values := strings.Join(f.Values[:min(len(f.Values), shown)], ", ")
	switch {
	case len(f.Values) == 0:
		values = "no value"
	case len(f.Values) > shown:
		values += fmt.Sprintf(", and %d more", len(f.Values)-shown)
	}
	fmt.Fprintf(b, "%s%s %s: %s", indent, mark(f.Matched && !f.Apart), f.Path, values)
	if len(f.Alternatives) == 1 {
		fmt.Fprintf(b, ", wanted %s", f.Alternatives[0].Pattern)
	}
	if f.Apart {
		b.WriteString(", but not in one array element with the fields before")
	}
	b.WriteString("\n")
	if len(f.Alternatives) == 1 {
		return
	}
	for _, a := range f.Alternatives {
		fmt.Fprintf(b, "%s  %s %s\n", indent, mark(a.Matched), a.Pattern)
	}
}
