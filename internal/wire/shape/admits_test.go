package shape

import "testing"

func TestLengthsAreCountedInCharacters(t *testing.T) {
	l, err := compileLimit(Limit{Min: 2, Max: 4}, &Shape{Kind: KindString, Ptr: true})
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]bool{"": false, "a": false, "é": false, "😀": false, "ab": true, "éé": true, "😀😀😀😀": true, "abcd": true, "abcde": false, "éèêëe": false} {
		if got := l.admits(s); got != want {
			t.Errorf("%q: got %t, want %t", s, got, want)
		}
	}
}

func TestAPatternMustMatchTheWholeString(t *testing.T) {
	for _, c := range []struct {
		limit Limit
		s     string
		want  bool
	}{
		{Limit{Pattern: `a|b`}, "b", true},
		{Limit{Pattern: `a|b`}, "ab", false},
		{Limit{Pattern: `^a$`}, "a\n", false},
		{Limit{Pattern: `[\u0020-\uD7FF]*`}, "é", true},
		{Limit{Pattern: `(?!aws).*`, Expr: `[^a].*`}, "bws", true},
	} {
		l, err := compileLimit(c.limit, &Shape{Kind: KindString, Ptr: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from memory
			if got := l.admits(c.s); got != c.want {
				t.Errorf("%s and %q: got %t, want %t", c.limit.Pattern, c.s, got, c.want)
			}
		}
	}
}
