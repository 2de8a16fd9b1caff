package mapping

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/conformance"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/vtl"
)

// A testCase is an exchange, what is done with it and what comes of it;
// conformance/README.md has the format.
type testCase struct {
	where    string
	facts    [][2]string
	does     [][2]string // template, next, expression or responding
	expected [][2]string
}

func readCases(t testing.TB) (all []testCase) {
	t.Helper()
	files, err := fs.Glob(conformance.Files, "mapping/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(conformance.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		var facts [][2]string
		c := &testCase{}
		before := ""
		for n, line := range strings.Split(string(data)+"\n\n", "\n") {
			word, text, _ := strings.Cut(line, " ")
			doing := slices.Contains([]string{"template", "expression", "responding"}, word)
			if (doing && (word != "template" || before != word) || line == "") && len(c.does) > 0 {
				c.facts = append(c.facts, facts...)
				all = append(all, *c)
				c = &testCase{}
			}
			switch {
			case strings.HasPrefix(line, "#"):
				continue
			case line == "":
				facts = nil
			case word == "template" && before == word:
				c.does[len(c.does)-1][1] += "\n" + text
			case doing:
				c.where = fmt.Sprintf("%s:%d", file, n+1)
				fallthrough
			case word == "next":
				c.does = append(c.does, [2]string{word, text})
			case word == "output" && before == word:
				c.expected[len(c.expected)-1][1] += "\n" + text
			case slices.Contains([]string{"path", "query", "header", "body", "context", "stage", "response", "answered"}, word):
				facts = append(facts, [2]string{word, text})
			case slices.Contains([]string{"output", "fails", "gives", "nothing", "invalid", "sets"}, word):
				c.expected = append(c.expected, [2]string{word, text})
			default:
				t.Fatalf("%s:%d: unknown word %q", file, n+1, word)
			}
			before = word
		}
	}
	return all
}

// exchange makes what the facts say, and the response that there will be.
func (c testCase) exchange() (*Exchange, *Response) {
	x := &Exchange{Request: Request{Path: map[string]string{}, Query: map[string][]string{}, Header: map[string][]string{}}, Context: map[string]any{}, StageVariables: map[string]string{}}
	response := &Response{Header: map[string][]string{}}
	for _, fact := range c.facts {
		name, v, _ := strings.Cut(fact[1], " ")
		switch fact[0] {
		case "path":
			x.Request.Path[name] = v
		case "query":
			x.Request.Query[name] = append(x.Request.Query[name], v)
		case "header":
			x.Request.Header[name] = append(x.Request.Header[name], v)
		case "body":
			x.Request.Body = fact[1]
		case "stage":
			x.StageVariables[name] = v
		case "response":
			response.Body = fact[1]
		case "answered":
			response.Header[name] = append(response.Header[name], v)
		case "context":
			of := x.Context
			steps := strings.Split(name, ".")
			for _, step := range steps[:len(steps)-1] {
				if of[step] == nil {
					of[step] = map[string]any{}
				}
				of = of[step].(map[string]any)
			}
			of[steps[len(steps)-1]] = v
		}
	}
	return x, response
}

// run returns what comes of a case.
func (c testCase) run() (got [][2]string) {
	x, response := c.exchange()
	for i, do := range c.does {
		word, text := do[0], do[1]
		switch word {
		case "expression", "responding":
			compile, target := CompileRequestParameters, "integration.request.header.h"
			if word == "responding" {
				compile, target = CompileResponseParameters, "method.response.header.h"
				x.Response = response
			}
			p, err := compile(map[string]string{target: text})
			if err != nil {
				return append(got, [2]string{"invalid", ""})
			}
			all, err := p.Apply(x)
			if err != nil {
				return append(got, [2]string{"fails", err.Error()})
			}
			if len(all) == 0 {
				return append(got, [2]string{"nothing", ""})
			}
			for _, v := range all[0].Values {
				got = append(got, [2]string{"gives", v})
			}
			return got
		case "next":
			x.Response = response
		}
		template, _ := CompileTemplates(map[string]string{"application/json": text}).ForRequest("", "")
		out, err := x.Render(template)
		if err != nil {
			if e, ok := err.(*vtl.Error); ok {
				err = fmt.Errorf("%s", e.Message)
			}
			return append(got, [2]string{"fails", err.Error()})
		}
		if i == len(c.does)-1 {
			got = append(got, [2]string{"output", out})
		}
	}
	if status, ok := x.Overrides.Status(); ok {
		got = append(got, [2]string{"sets", fmt.Sprint("status ", status)})
	}
	for _, p := range x.Overrides.RequestParameters() {
		got = append(got, [2]string{"sets", p.Place + " " + p.Name + " " + strings.Join(p.Values, ", ")})
	}
	for _, p := range x.Overrides.ResponseHeaders() {
		got = append(got, [2]string{"sets", "response " + p.Name + " " + strings.Join(p.Values, ", ")})
	}
	return got
}

func TestConformance(t *testing.T) {
	all := readCases(t)
	if len(all) < 100 {
		t.Errorf("there are %d cases", len(all))
	}
	for _, c := range all {
		if got := c.run(); !slices.Equal(got, c.expected) {
			t.Errorf("%s: %q\n got %q\nwant %q", c.where, c.does, got, c.expected)
		}
	}
}

func TestExpressionsAreRefusedInAWSsWords(t *testing.T) {
	for _, mappings := range []map[string]string{{"integration.request.header.a": "b"}, {"b": "method.request.header.a"}} {
		_, err := CompileRequestParameters(mappings)
		const want = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: b]"
		if err == nil || err.Error() != want || fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("%v is refused with %v", mappings, err)
		}
	}
}
