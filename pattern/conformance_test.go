package pattern_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/conformance"
	"github.com/dari-bus/dari/pattern"
)

// A conformanceCase is one case of a file in conformance/pattern.
type conformanceCase struct {
	place              string // file and line
	pattern            string
	valid              bool
	match, miss, wrong []string // events: to match, not to match, malformed
	reason, at         string
}

func conformanceCases(t testing.TB) []conformanceCase {
	t.Helper()
	files, err := fs.Glob(conformance.Files, "pattern/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	var cases []conformanceCase
	for _, file := range files {
		text, err := fs.ReadFile(conformance.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, readConformance(t, file, string(text))...)
	}
	return cases
}

func readConformance(t testing.TB, file, text string) []conformanceCase {
	t.Helper()
	var cases []conformanceCase
	var c *conformanceCase
	for n, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimLeft(rest, " ")
		if line == "" {
			c = nil
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if c == nil {
			cases = append(cases, conformanceCase{place: fmt.Sprintf("%s:%d", file, n+1), pattern: rest, valid: word == "pattern"})
			c = &cases[len(cases)-1]
			if word != "pattern" && word != "invalid" {
				t.Fatalf("%s: a case cannot begin with %q", c.place, word)
			}
			continue
		}
		switch word {
		case "pattern", "invalid":
			c.pattern += "\n" + rest
		case "match":
			c.match = append(c.match, rest)
		case "nomatch":
			c.miss = append(c.miss, rest)
		case "malformed":
			c.wrong = append(c.wrong, rest)
		case "error":
			c.reason = rest
		case "at":
			c.at = rest
		default:
			t.Fatalf("%s: unknown word %q", c.place, word)
		}
	}
	return cases
}

// message is what Error is to return.
func (c conformanceCase) message(t testing.TB) string {
	if c.at == "" {
		return c.reason
	}
	var line, column int
	place, twice, _ := strings.Cut(c.at, " ")
	if _, err := fmt.Sscanf(place, "%d:%d", &line, &column); err != nil {
		t.Fatalf("%s: %v", c.place, err)
	}
	suffix := fmt.Sprintf("\n at [Source: (String)\"%s\"; line: %d, column: %d]", c.pattern, line, column)
	if twice == "twice" {
		suffix += suffix
	}
	return c.reason + suffix
}

func TestConformance(t *testing.T) {
	cases := conformanceCases(t)
	judged := 0
	for _, c := range cases {
		p, err := pattern.Compile(c.pattern)
		if !c.valid {
			judged++
			if err == nil {
				t.Errorf("%s: the pattern compiled", c.place)
			} else if got, want := err.Error(), c.message(t); got != want {
				t.Errorf("%s: got error\n%s\nwant\n%s", c.place, got, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.place, err)
			continue
		}
		judge := func(events []string, want bool) {
			for _, e := range events {
				judged++
				if got, err := p.Match([]byte(e)); err != nil || got != want {
					t.Errorf("%s: match of %s is %t, %v", c.place, e, got, err)
				}
			}
		}
		judge(c.match, true)
		judge(c.miss, false)
		for _, e := range c.wrong {
			judged++
			if _, err := p.Match([]byte(e)); err == nil {
				t.Errorf("%s: no error for %s", c.place, e)
			}
		}
	}
	if judged < 800 {
		t.Errorf("only %d verdicts were judged", judged)
	}
}

// A rule's answer must not depend on the other rules of its set.
func TestConformanceHoldsInOneSet(t *testing.T) {
	set := pattern.NewSet[int]()
	cases := conformanceCases(t)
	for i, c := range cases {
		if !c.valid {
			continue
		}
		p, err := pattern.Compile(c.pattern)
		if err != nil {
			t.Fatalf("%s: %v", c.place, err)
		}
		set.Put(i, p)
	}
	var ids []int
	for i, c := range cases {
		for _, e := range slices.Concat(c.match, c.miss) {
			var err error
			if ids, err = set.Match([]byte(e), ids[:0]); err != nil {
				t.Errorf("%s: %s: %v", c.place, e, err)
			}
			if got, want := slices.Contains(ids, i), slices.Contains(c.match, e); got != want {
				t.Errorf("%s: among other rules, match of %s is %t", c.place, e, got)
			}
		}
	}
}
