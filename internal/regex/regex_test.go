package regex

import (
	"slices"
	"strings"
	"testing"
)

func compiled(t *testing.T, text string) *Regex {
	t.Helper()
	x, err := Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func never() bool { return false }

func TestALongTextIsLeftWhenItIsOver(t *testing.T) {
	x := compiled(t, strings.Repeat("(a|b|ab)*", 100)+"c")
	text := strings.Repeat("ab", 500_000) + "c"
	asked := 0
	over := func() bool { asked++; return asked > 1 }
	if x.Matches([]byte(text), over) || asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	if asked = 0; x.Find(text, over) != nil || asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestALongTextMatchesAsAShortOneDoes(t *testing.T) {
	text := strings.Repeat("a", 300_000) + "é\xff<b>" + strings.Repeat("a", 300_000)
	for _, pattern := range []string{"é.<(?<b>[b-z]+)>(" + strings.Repeat("a?", 3) + ")", `>a+$`, `^a+b`, `\xff`, `<c|b>`, `x`, `[^a]{5}`} {
		x := compiled(t, pattern)
		if !x.Long(len(text)) {
			t.Fatalf("%s is short", pattern)
		}
		if got, want := x.Find(text, never), x.FindStringSubmatchIndex(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
		if got, want := x.Matches([]byte(text), never), x.MatchString(text); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
