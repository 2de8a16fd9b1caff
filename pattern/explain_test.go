package pattern

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplanationNamesTheFieldThatDecides(t *testing.T) {
	for _, tc := range []struct{ pattern, event, want string }{
		{
			`{"source":["shop"],"detail":{"total":[{"numeric":[">",100]}],"state":["paid",{"prefix":"s"}]}}`,
			`{"source":"shop","detail":{"total":50,"state":"sent"}}`,
			`no match, because of detail.total
  ✓ detail.state: "sent"
    ✗ "paid"
    ✓ {"prefix":"s"}
  ✗ detail.total: 50, wanted {"numeric":[">",100]}
  ✓ source: "shop", wanted "shop"
`,
		}, {
			`{"a":{"x":[1],"y":[2]}}`,
			`{"a":[{"x":1},{"y":2},{"x":3}]}`,
			`no match, because of a.y
  ✓ a.x: 1, 3, wanted 1
  ✗ a.y: 2, wanted 2, but not in one array element with the fields before
`,
		}, {
			`{"a":[{"exists":false}]}`, `{"b":1}`,
			`match
  ✓ a: no value, wanted {"exists":false}
`,
		}, {
			`{"a":[{"exists":false}]}`, `{"a":[1,2,3,4,5,6,7]}`,
			`no match, because of a
  ✗ a: 1, 2, 3, 4, 5, and 2 more, wanted {"exists":false}
`,
		}, {
			`{"s":["x"],"$or":[{"a":["\"\n"]},{"b":[{"anything-but":[1,2]}]}]}`, `{"s":"x","a":"\"","b":2}`,
			`no match, because of a
  ✗ way 1 of 2
    ✗ a: "\"", wanted "\"\n"
    ✓ s: "x", wanted "x"
  ✗ way 2 of 2
    ✗ b: 2, wanted {"anything-but":[1,2]}
    ✓ s: "x", wanted "x"
`,
		},
	} {
		tc.pattern = strings.ReplaceAll(tc.pattern, "\n", `\n`)
		tc.want = strings.ReplaceAll(tc.want, "\"\n\"", "\"")
		tc.want = strings.ReplaceAll(tc.want, "wanted \"\\\"\n\"", `wanted "\"\n"`)
		x, err := mustCompile(t, tc.pattern).Explain([]byte(tc.event))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, x.String()); diff != "" {
			t.Errorf("%s\n%s (-want +got):\n%s", tc.pattern, tc.event, diff)
		}
	}
}

func TestExplainRefusesWhatMatchRefuses(t *testing.T) {
	_, err := mustCompile(t, `{"a":[1]}`).Explain([]byte(`[]`))
	if _, ok := errors.AsType[*EventError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// Explain, Match and a Set never disagree, and the parts of an explanation
// agree with the whole.
func TestExplainAndMatchNeverDisagree(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := rand.Uint64()
	matches := 0
	for round := range uint64(100) {
		s := newSmith(seed + round)
		inventor := inventor{s.Rand}
		for range 200 {
			p, event := s.compiled(func() string { return s.pattern(2) }), s.object(3)
			if s.IntN(2) == 0 {
				p, event = s.compiled(func() string { return inventor.pattern(2) }), inventor.event()
			}
			want, err := p.Match([]byte(event))
			if err != nil {
				t.Fatal(err)
			}
			x, err := p.Explain([]byte(event))
			if err != nil {
				t.Fatalf("seed %d: %v", seed+round, err)
			}
			if wrong := contradiction(x, want); wrong != "" {
				t.Fatalf("seed %d: %s:\n%s\n%s\nmatch says %t\n%s", seed+round, wrong, p, event, want, x)
			}
			if want {
				matches++
			}
		}
	}
	if matches < 1000 {
		t.Errorf("seed %d: only %d matches", seed, matches)
	}
}

// contradiction says what is wrong with an explanation.
func contradiction(x *Explanation, matched bool) string {
	if x.Matched != matched {
		return "explain says otherwise"
	}
	if x.Matched != slices.ContainsFunc(x.Ways, func(w Way) bool { return w.Matched }) {
		return "the ways say otherwise"
	}
	if x.Deciding != "" && x.Matched {
		return "deciding field"
	}
	for _, w := range x.Ways {
		if w.Matched && w.Deciding != "" || !w.Matched && !slices.ContainsFunc(w.Fields, func(f FieldVerdict) bool { return f.Path == w.Deciding }) {
			return "a way has a deciding field, or none"
		}
		if w.Matched != !slices.ContainsFunc(w.Fields, func(f FieldVerdict) bool { return !f.Matched || f.Apart }) {
			return "fields and way"
		}
		for _, f := range w.Fields {
			some := slices.ContainsFunc(f.Alternatives, func(a AlternativeVerdict) bool { return a.Matched })
			absent := slices.ContainsFunc(f.Alternatives, func(a AlternativeVerdict) bool { return strings.Contains(a.Pattern, "exists") })
			if some && !f.Matched || !some && f.Matched && !absent {
				return "alternatives of " + f.Path
			}
		}
	}
	return ""
}
