package pattern

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestComplexityCountsTheBeginningsAliveAtOnce(t *testing.T) {
	for _, tc := range []struct {
		want int
		list string
	}{
		{3, `{"wildcard":"*a*"}`},
		{4, `{"wildcard":"*a*b*"}`},
		{7, `{"wildcard":"*a*b*c*d*e*"}`},
		{8, `{"wildcard":"a*b*c*d*e*f*g*h"}`},
		{9, `{"wildcard":"*aaaaaaaa"}`},
		{6, `{"wildcard":"*x"},{"wildcard":"*xy"},{"wildcard":"*xz"}`},
		{3, `{"wildcard":"arn:aws:events:us-east-1:*:event-bus/*"}`},
		{11, `{"wildcard":"*:*:*:*:*:event-bus/*"}`},
		{8, `{"wildcard":"*/datasync/*.txt"},{"wildcard":"*/datasync/*.csv"}`},
		{8, `{"wildcard":"*.txt"},{"wildcard":"*.csv"},{"wildcard":"*.pdf"},{"wildcard":"*.doc"}`},
		{1, `{"wildcard":"abc"}`},
		{17, `{"wildcard":"*a*a*a*a*a*a*a*a*"}`},
		{10, `{"wildcard":"F*eatureFeature"},{"wildcard":"Fe*atureFeature"},{"wildcard":"Fea*tureFeature"}`},
		// One that comes twice counts once.
		{2, `{"wildcard":"*x"},{"wildcard":"*x"}`},
		// The heads exclude each other, apart from the quote.
		{3, `{"wildcard":"ab*c"},{"wildcard":"x*xx"}`},
		// A value inside the head of one can match beginnings of the other.
		{5, `{"wildcard":"*cc"},{"wildcard":"abcc*"}`},
		// The wildcards of one anything-but count together.
		{2, `{"anything-but":{"wildcard":["*x","*y"]}}`},
		{4, `{"anything-but":{"wildcard":"*x"}},{"wildcard":"*x"}`},
	} {
		p, err := Options{Complexity: -1}.Compile(`{"a":[` + tc.list + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Complexity(); got != tc.want {
			t.Errorf("complexity of %s is %d, want %d", tc.list, got, tc.want)
		}
	}
}

// A value of a dozen characters is enough to reach the worst case of wildcards
// as short as these, so trying them all must give the same number.
func TestComplexityIsWhatTryingAllValuesGives(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		var list []string
		for range 1 + r.IntN(3) {
			list = append(list, randomWildcard(r))
		}
		text := `{"a":[{"wildcard":"` + strings.Join(list, `"},{"wildcard":"`) + `"}]}`
		p, err := Options{Complexity: -1}.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Complexity(), triedComplexity(list); got != want {
			t.Fatalf("complexity of %s is %d, want %d (seed %d)", text, got, want, seed)
		}
	}
}

func randomWildcard(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(5) {
		c := "ab*"[r.IntN(3)]
		if c != '*' || !strings.HasSuffix(b.String(), "*") {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// triedComplexity matches the beginnings of wildcards one by one against the
// values that can be made of the characters that occur.
func triedComplexity(wildcards []string) int {
	var starts []string
	seen := map[string]bool{}
	for _, w := range wildcards {
		if seen[w] {
			continue
		}
		seen[w] = true
		for n := 1; n <= len(w)+2; n++ {
			starts = append(starts, quote(w)[:n])
		}
	}
	worst := 0
	var try func(value string, left int)
	try = func(value string, left int) {
		n := 0
		for _, s := range starts {
			w, _ := newWildcard(s)
			if w.match(value) {
				n++
			}
		}
		worst = max(worst, n)
		if left == 0 || n == 0 {
			return
		}
		for _, c := range `ab"` {
			try(value+string(c), left-1)
		}
	}
	try(`"`, 8)
	return worst
}

func TestTooComplexPatternsAreRefusedUnlessAllowed(t *testing.T) {
	const text = `{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}`
	if _, err := Compile(text); err == nil || err.Error() != tooComplex {
		t.Errorf("got error %v, want %q", err, tooComplex)
	}
	for _, limit := range []int{-1, 11} {
		if _, err := (Options{Complexity: limit}).Compile(text); err != nil {
			t.Errorf("with limit %d: %v", limit, err)
		}
	}
}
