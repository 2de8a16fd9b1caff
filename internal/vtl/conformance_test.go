package vtl_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/dari-bus/dari/conformance"
	"github.com/dari-bus/dari/internal/vtl"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// A testCase is one template of a conformance file; conformance/README.md has the format.
type testCase struct {
	where          string
	vars           map[string]string
	template       string
	word, expected string
}

// readCases returns the cases of all files of the language.
func readCases(t testing.TB) (all []testCase) {
	t.Helper()
	files, err := fs.Glob(conformance.Files, "vtl/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(conformance.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, readFile(t, file, string(data))...)
	}
	return all
}

func readFile(t testing.TB, file, data string) (all []testCase) {
	var vars map[string]string
	var c *testCase
	before := ""
	for n, line := range strings.Split(data, "\n") {
		word, text, _ := strings.Cut(line, " ")
		if text = strings.TrimLeft(text, " "); strings.HasPrefix(text, "|") {
			text = text[1:]
		}
		switch {
		case strings.HasPrefix(line, "#"):
			continue
		case line == "":
			vars, c, before = nil, nil, ""
			continue
		case word == "var":
			if vars == nil {
				vars = map[string]string{}
			}
			name, json, _ := strings.Cut(text, " ")
			vars[name] = json
			if c != nil {
				c.vars = vars
			}
		case word == "template" && before == word:
			c.template += "\n" + text
		case word == "template":
			all = append(all, testCase{where: fmt.Sprintf("%s:%d", file, n+1), vars: vars, template: text})
			c = &all[len(all)-1]
		case c != nil && (word == "output" || word == "fails" || word == "invalid"):
			if c.word == word && before == word {
				c.expected += "\n" + text
			} else {
				c.word, c.expected = word, text
			}
		default:
			t.Fatalf("%s:%d: unknown word %q", file, n+1, word)
		}
		before = word
	}
	return all
}

// run returns what comes of a case: a word and its text.
func (c testCase) run(t testing.TB) (word, text string) {
	template, err := vtl.Compile(c.template)
	if err != nil {
		return "invalid", where(t, err)
	}
	vars := map[string]vtl.Value{}
	for name, text := range c.vars {
		if vars[name], err = value.ReadJSON(text, nil); err != nil {
			t.Fatalf("%s: %v", c.where, err)
		}
	}
	out, err := template.Run(vars, vtl.Usual)
	if err != nil {
		return "fails", where(t, err)
	}
	return "output", out
}

func where(t testing.TB, err error) string {
	e, ok := errors.AsType[*vtl.Error](err)
	if !ok {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Message)
}

func TestConformance(t *testing.T) {
	all := readCases(t)
	for _, c := range all {
		if word, text := c.run(t); word != c.word || text != c.expected {
			t.Errorf("%s: %s\n got %s %s\nwant %s %s", c.where, c.template, word, text, c.word, c.expected)
		}
	}
	if len(all) < 200 {
		t.Errorf("there are %d cases", len(all))
	}
}
