package transform_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/transform"
)

// A testCase is one case of a conformance file; the format is described in
// conformance/transform/input.test.
type testCase struct {
	line int
	text map[string]string
}

// readCases returns the cases of a file with the lines that hold for all of
// them filled in.
func readCases(t testing.TB, file string) []testCase {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	lasting := map[string]string{}
	block := map[string]string{}
	start := 0
	for n, line := range append(strings.Split(string(data), "\n"), "") {
		word, text, _ := strings.Cut(line, " ")
		text = strings.TrimLeft(text, " ")
		switch {
		case strings.HasPrefix(line, "#"):
		case line != "":
			if len(block) == 0 {
				start = n + 1
			}
			if _, again := block[word]; again {
				block[word] += "\n" + text
			} else {
				block[word] = text
			}
		case len(block) > 0:
			c := testCase{start, map[string]string{}}
			isCase := false
			for w, text := range block {
				switch w {
				case "event", "rule-arn", "rule-name", "ingestion-time":
					lasting[w] = text
				case "output", "fails", "invalid":
					isCase = true
				case "whole", "input", "path", "paths", "template", "dynamic":
				default:
					t.Fatalf("%s:%d: unknown word %q", file, start, w)
				}
				c.text[w] = text
			}
			if isCase {
				for w, text := range lasting {
					c.text[w] = text
				}
				cases = append(cases, c)
			}
			block = map[string]string{}
		}
	}
	return cases
}

func (c testCase) get(word string) *string {
	if s, ok := c.text[word]; ok {
		return &s
	}
	return nil
}

func (c testCase) vars(t testing.TB) transform.Vars {
	v := transform.Vars{RuleARN: c.text["rule-arn"], RuleName: c.text["rule-name"]}
	if s := c.text["ingestion-time"]; s != "" {
		var err error
		if v.IngestionTime, err = time.Parse(time.RFC3339, s); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// run returns the word and the text of what comes of the case.
func (c testCase) run(t testing.TB) (string, string) {
	event := []byte(c.text["event"])
	if d := c.get("dynamic"); d != nil {
		text, ok, err := transform.NewDynamics(event).Resolve(*d)
		if !ok || err != nil {
			return "fails", transform.CodeInvalidParameter
		}
		return "output", text
	}
	spec := transform.Spec{Target: "T1", Input: c.get("input"), InputPath: c.get("path"), Template: c.get("template")}
	if p := c.get("paths"); p != nil {
		if err := json.Unmarshal([]byte(*p), &spec.Paths); err != nil {
			t.Fatal(err)
		}
	}
	in, err := transform.Compile(spec)
	if err != nil {
		if _, ok := errors.AsType[*transform.SpecError](err); !ok {
			t.Errorf("error of Compile is a %T", err)
		}
		return "invalid", err.Error()
	}
	out, err := in.Render(event, c.vars(t))
	if err != nil {
		e, ok := errors.AsType[*transform.Error](err)
		if !ok {
			t.Fatalf("error of Render is a %T", err)
		}
		return "fails", e.Code
	}
	if string(event) != c.text["event"] {
		t.Errorf("Render changed the event to %s", event)
	}
	return "output", string(out)
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../../conformance/transform/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test"), func(t *testing.T) {
			cases := readCases(t, file)
			if len(cases) == 0 {
				t.Fatal("no cases")
			}
			for _, c := range cases {
				word, text := c.run(t)
				if want, ok := c.text[word]; !ok || want != text {
					t.Errorf("%s:%d: got %s %s\nwant %s%s%s", file, c.line, word, text, c.text["output"], c.text["fails"], c.text["invalid"])
				}
			}
		})
	}
}
