package patch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Name string
	Set  map[string]string
}

func rules(lists bool) *Set[thing] {
	return &Set[thing]{Lists: lists, Rules: []Rule[thing]{
		{Path: "/name", Do: func(t *thing, _ string, o *Operation) error { t.Name = o.Text(); return nil }},
		{Path: "/set/*", Ops: Any, Do: func(t *thing, name string, o *Operation) error { t.Set[name] = o.Op + o.Text(); return nil }},
	}}
}

func TestNamesInPathsAreUnescaped(t *testing.T) {
	v := "v"
	got := thing{Set: map[string]string{}}
	err := rules(false).Apply(&got, []Operation{{Op: "replace", Path: "/name", Value: &v}, {Op: "add", Path: "/set/a~1b~0c", Value: &v}, {Op: "add", Path: "/set/~01", Value: &v}, {Op: "remove", Path: "/set/-"}})
	want := thing{Name: "v", Set: map[string]string{"a/b~c": "addv", "~1": "addv", "-": "remove"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestWhatIsNotKnownIsRefusedInOneOfTwoWays(t *testing.T) {
	for _, c := range []struct {
		op, path    string
		bare, lists string
	}{
		{"add", "/name", "Invalid patch operation specified. Must be one of: [replace]", "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations"},
		{"move", "/set/a", "Invalid patch operation specified. Must be 'add'|'remove'|'replace'", "Invalid patch path  '/set/a' specified for op 'move'. Please choose supported operations"},
		{"replace", "/set", "Invalid patch path /set", "Invalid patch path  '/set' specified for op 'replace'. Must be one of: [/name, /set/*]"},
		{"replace", "/set/a/b", "Invalid patch path /set/a/b", "Invalid patch path  '/set/a/b' specified for op 'replace'. Must be one of: [/name, /set/*]"},
		{"add", "/other", "Invalid patch path /other", "Invalid patch path  '/other' specified for op 'add'. Please choose supported operations"},
		{"add", "", "Invalid patch path null", "Invalid patch path null"},
	} {
		for lists, want := range map[bool]string{false: c.bare, true: c.lists} {
			if err := rules(lists).Apply(&thing{}, []Operation{{Op: c.op, Path: c.path}}); err == nil || err.Error() != want {
				t.Errorf("%s %q: %v, want %s", c.op, c.path, err, want)
			}
		}
	}
}
