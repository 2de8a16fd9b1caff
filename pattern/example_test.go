package pattern_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dari-bus/dari/pattern"
)

func Example() {
	p, err := pattern.Compile(`{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range []string{
		`{"source": "shop", "detail": {"total": 129.90}}`,
		`{"source": "shop", "detail": {"total": 12.90}}`,
	} {
		matched, err := p.Match([]byte(event))
		fmt.Println(matched, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCompile_error() {
	_, err := pattern.Compile(`{"source": "shop"}`)
	fmt.Println(err)
	if e, ok := errors.AsType[*pattern.Error](err); ok {
		fmt.Println(e.Path, e.Line, e.Column)
	}
	// Output:
	// "source" must be an object or an array
	//  at [Source: (String)"{"source": "shop"}"; line: 1, column: 13]
	// source 1 13
}

func ExampleSet() {
	rules := pattern.NewSet[string]()
	for name, text := range map[string]string{
		"all orders":  `{"detail-type": ["Order"]}`,
		"big orders":  `{"detail-type": ["Order"], "detail": {"total": [{"numeric": [">=", 1000]}]}}`,
		"from abroad": `{"detail": {"country": [{"anything-but": ["DE", "AT"]}]}}`,
	} {
		p, err := pattern.Compile(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		rules.Put(name, p)
	}
	names, err := rules.Match([]byte(`{"detail-type": "Order", "detail": {"total": 1000, "country": "AT"}}`), nil)
	slices.Sort(names)
	fmt.Println(names, err)
	// Output: [all orders big orders] <nil>
}

// Of an array of objects, all fields of a pattern must be satisfied by the
// same element.
func ExamplePattern_Match_arrays() {
	p, err := pattern.Compile(`{"tags": {"key": ["env"], "value": ["prod"]}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match([]byte(`{"tags": [{"key": "env", "value": "prod"}]}`)))
	fmt.Println(p.Match([]byte(`{"tags": [{"key": "env", "value": "test"}, {"key": "team", "value": "prod"}]}`)))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleOptions() {
	const text = `{"path": [{"wildcard": "*/a/*/b/*/c/*/d/*/e/*"}]}`
	_, err := pattern.Compile(text)
	fmt.Println(err)
	p, err := pattern.Options{Complexity: -1}.Compile(text)
	fmt.Println(p.Complexity(), err)
	// Output:
	// Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character
	// 12 <nil>
}

func ExamplePattern_Explain() {
	p, err := pattern.Compile(`{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}, "a lot"]}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	why, err := p.Explain([]byte(`{"source": "shop", "detail": {"total": 12.90}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(why)
	fmt.Println(why.Ways[0].Fields[0].Values)
	// Output:
	// no match, because of detail.total
	//   ✗ detail.total: 12.90
	//     ✗ {"numeric": [">", 100]}
	//     ✗ "a lot"
	//   ✓ source: "shop", wanted "shop"
	// [12.90]
}

func ExampleSet_MatchEnvelope() {
	p, err := pattern.Compile(`{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := pattern.NewSet[string]()
	rules.Put("big orders", p)

	detail := []byte(`{"total": 129.90}`)
	facts, err := pattern.Check(detail) // once, when the event comes in
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, source := range []string{"shop", "stock"} {
		// No rule is about the stock, so the second detail is not read.
		names, err := rules.MatchEnvelope(&pattern.Envelope{Source: source, Detail: detail, Facts: facts}, nil)
		fmt.Println(source, names, err)
	}
	// Output:
	// shop [big orders] <nil>
	// stock [] <nil>
}
