package pattern

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrorTellsWhere(t *testing.T) {
	type place struct {
		Reason, Path string
		Line, Column int
	}
	for _, tc := range []struct {
		text string
		want place
	}{
		{`{"detail":{"a":[1],"state":[{"prefx":"x"}]}}`, place{"Unrecognized match type prefx", "detail.state", 1, 39}},
		{"{\n \"detail\": {\n  \"x\": 5\n }\n}", place{`"x" must be an object or an array`, "detail.x", 3, 9}},
		{"{\r\n\"a\":[1],\r\"b\":5}", place{`"b" must be an object or an array`, "b", 3, 6}},
		{`{"a":[1],"b":{"$or":[{"c":[1]}]}}`, place{"There must have at least 2 Objects in $or relationship.", "b", 1, 32}},
		{`{"a":[{"cidr":"x"}]}`, place{"Malformed CIDR, one '/' required", "a", 0, 0}},
		{`[]`, place{"Filter is not an object", "", 1, 2}},
	} {
		_, err := Compile(tc.text)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: got error %v", tc.text, err)
			continue
		}
		if diff := cmp.Diff(tc.want, place{e.Reason, e.Path, e.Line, e.Column}); diff != "" {
			t.Errorf("%s: %s", tc.text, diff)
		}
	}
}

// branches is a list for $or.
func branches(n int, name string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"%s":[%d]}`, name, i))
	}
	return `"$or":[` + strings.Join(list, ",") + `]`
}

func TestCombinationsAreLimited(t *testing.T) {
	for _, tc := range []struct {
		text string
		want string
	}{
		{`{` + branches(1000, "a") + `}`, ""},
		{`{` + branches(1001, "a") + `}`, "the $or lists make 1001 combinations, more than the limit of 1000"},
		{`{` + branches(10, "a") + `,` + branches(10, "b") + `,` + branches(10, "c") + `}`, ""},
		{`{` + branches(10, "a") + `,` + branches(10, "b") + `,` + branches(11, "c") + `}`, "the $or lists make 1100 combinations, more than the limit of 1000"},
		{`{` + strings.Repeat(branches(2, "a")+`,`, 200) + `"b":[1]}`, "the $or lists make 1073741824 combinations, more than the limit of 1000"},
		// A syntax error comes first.
		{`{` + branches(1001, "a") + `,"b":[]}`, "Empty arrays are not allowed"},
	} {
		_, err := Compile(tc.text)
		reason := ""
		if e, ok := errors.AsType[*Error](err); ok {
			reason = e.Reason
		}
		if diff := cmp.Diff(tc.want, reason); diff != "" {
			t.Errorf("%.40s: %s", tc.text, diff)
		}
	}
	if _, err := (Options{Combinations: 2}).Compile(`{` + branches(3, "a") + `}`); err == nil {
		t.Error("three combinations were accepted where two are allowed")
	}
}

func TestPathsOfACombinationAreLimited(t *testing.T) {
	fields := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"f%d":[1]`, i))
		}
		return strings.Join(list, ",")
	}
	for _, tc := range []struct {
		text  string
		valid bool
	}{
		{`{` + fields(256) + `}`, true},
		{`{` + fields(257) + `}`, false},
		// A path that comes twice is one.
		{`{` + fields(256) + `,` + fields(256) + `}`, true},
		// Each combination counts on its own.
		{`{` + fields(255) + `,` + branches(300, "x") + `}`, true},
		{`{` + fields(256) + `,` + branches(2, "x") + `}`, false},
	} {
		_, err := Compile(tc.text)
		if (err == nil) != tc.valid || err != nil && err.Error() != "Size of rule exceeds max value of 256" {
			t.Errorf("%.40s…: %v", tc.text, err)
		}
	}
}

func TestPatternsAreLimitedInDepthAndNumberLength(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n-1) + `[1]` + strings.Repeat(`}`, n-1) }
	long := func(n int) string { return `{"a":[` + strings.Repeat("1", n) + `]}` }
	for _, tc := range []struct {
		text, want string
	}{
		{deep(1000), ""},
		{deep(1001), "Document nesting depth (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)"},
		{long(1000), ""},
		{long(1001), "Number value length (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNumberLength()`)"},
		{"{\"a\":[\"\xff\"]}", "the pattern is not UTF-8 text"},
	} {
		got := ""
		if _, err := Compile(tc.text); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%.30s…: %s", tc.text, diff)
		}
	}
}

func TestHugePatternsAreDecided(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	const n = 1 << 17
	for _, text := range []string{
		`{"a":[{"wildcard":"*` + strings.Repeat("ab", n/2) + `"}]}`,
		`{"a":[{"wildcard":"` + strings.Repeat("a*", n/2) + `"}]}`,
		`{"a":["` + strings.Repeat("x", n) + `"]}`,
		`{"a":[` + strings.Repeat(`"x",`, n/4) + `1]}`,
		`{` + strings.Repeat(`"a":[1],`, n/8) + `"b":[1]}`,
		`{"` + strings.Repeat("a.", n/2) + `":[1]}`,
		`{"a":[{"prefix":{"equals-ignore-case":"` + strings.Repeat("x", n) + `"}}]}`,
		strings.Repeat(`{"a":`, n/5),
		strings.Repeat(`[`, n),
	} {
		if _, err := Compile(text); err != nil && len(err.Error()) == 0 {
			t.Error("an error without a sentence")
		}
	}
}

func TestPatternTellsAboutItself(t *testing.T) {
	for _, tc := range []struct {
		text     string
		paths    []string
		wildcard bool
	}{
		{`{"b":{"c":["x"]},"a":[{"prefix":"*"}]}`, []string{"a", "b.c"}, false},
		{`{"a":[{"wildcard":"x"}]}`, []string{"a"}, true},
		{`{"a":[{"anything-but":{"wildcard":["x*"]}}]}`, []string{"a"}, true},
		{`{"$or":[{"a":[1]},{"a":[2],"b":[{"wildcard":"*"}]}]}`, []string{"a", "b"}, true},
	} {
		p := mustCompile(t, tc.text)
		if diff := cmp.Diff(tc.paths, p.Paths()); diff != "" {
			t.Errorf("%s: %s", tc.text, diff)
		}
		if p.HasWildcard() != tc.wildcard {
			t.Errorf("%s: has a wildcard: %t", tc.text, p.HasWildcard())
		}
		if p.String() != tc.text {
			t.Errorf("%s became %s", tc.text, p)
		}
	}
}
