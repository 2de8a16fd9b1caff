package jsonpath

import (
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// The corpus of paths is in conformance/mapping/path.test.
func find(t testing.TB, path, text string) string {
	t.Helper()
	r := value.NewRun(value.Limits{Steps: 10_000, Output: 10_000, Memory: 100_000})
	root, err := value.ReadJSON(text, r.Take)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(path)
	if err != nil {
		return err.Error()
	}
	v, ok, err := p.Find(r, root)
	if err != nil {
		return err.Error()
	}
	if !ok {
		return "nothing"
	}
	out, err := r.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPathsLead(t *testing.T) {
	const text = `{"a": {"b": [1, {"c": 2}, null]}, "d": "x"}`
	for path, want := range map[string]string{
		"$": `{"a":{"b":[1,{"c":2},null]},"d":"x"}`, "": `{"a":{"b":[1,{"c":2},null]},"d":"x"}`, "a.b[1].c": "2", "['d']": `"x"`, ".d": `"x"`,
		"$.a.b[2]": "null", "$.a.b[2].x": "nothing", "$.d.length()": "1", "$.a.length()": "1", "$.*": `[{"b":[1,{"c":2},null]},"x"]`,
		"$.": `the path "$.": at "" a name is expected`, "$[?(1)]": "[{\"a\":{\"b\":[1,{\"c\":2},null]},\"d\":\"x\"}]",
		"$[?(@.d == 'x')].d": `["x"]`, "$[?(@.d > 'w')].d": `["x"]`, "$[?(@.d == 5)].d": "[]", "$[?(@.none == null)]": "[]", "$.a.b[?(@ == null)]": "[null]",
		"$['a": `the path "$['a": a text in it is never ended`,
	} {
		if got := find(t, path, text); got != want {
			t.Errorf("%s leads to %s and not to %s", path, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"$.a.b[1].c", "$..a", "$[?(@.a == 'x' && !(@.b in [1, null]) || @ =~ /x/i)]", "$['a',\"b\"][0,-1][1:2][*].length()"} {
		f.Add(path, `{"a": [1, {"b": "x"}]}`)
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		r := value.NewRun(value.Limits{Steps: 10_000, Output: 10_000, Memory: 100_000})
		root, err := value.ReadJSON(text, r.Take)
		if err != nil {
			return
		}
		if p, err := Compile(path); err == nil {
			_, _, _ = p.Find(r, root)
		}
	})
}

// A run that has not the steps for a regular expression does not try it first.
func TestARegularExpressionIsPaidForBeforeItIsTried(t *testing.T) {
	text := `[{"a": "` + strings.Repeat("ab", 500_000) + `"}]`
	r := value.NewRun(value.Limits{Steps: 1_000_000, Output: 10_000, Memory: 10_000_000})
	root, err := value.ReadJSON(text, r.Take)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile("$[?(@.a =~ /" + strings.Repeat("(a|b|ab)*", 100) + "c/)]")
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, _, err = p.Find(r, root); err == nil || !strings.Contains(err.Error(), "more steps") || time.Since(begun) > 2*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}
