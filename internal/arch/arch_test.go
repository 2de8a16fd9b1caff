// Package arch holds the dependency map of the house, as a test.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/dari-bus/dari"

// A room is one package of the house and what it may import of the others.
type room struct {
	path string
	sees []string
	// pure rooms are language: values in, values out. They import none of the
	// packages in world.
	pure bool
}

// The map. Read from top to bottom it is the architecture: a room may look
// only into rooms above it.
var rooms = []room{
	// Words.
	{"internal/fault", nil, true},
	{"internal/arn", nil, true},
	{"internal/quote", nil, true},
	{"internal/page", []string{"internal/fault"}, true},

	// Language.
	{"internal/event", []string{"internal/fault", "internal/quote"}, true},
	{"pattern", nil, true},
	{"internal/transform", nil, true},
	{"internal/schedule", nil, true},
	{"internal/policy", nil, true},
	{"internal/regex", nil, true},
	{"internal/rawjson", nil, true},
	{"internal/filter", []string{"internal/rawjson", "internal/regex"}, true},
	{"internal/insights/eval", []string{"internal/rawjson", "internal/regex"}, true},
	{"internal/insights", []string{"internal/insights/eval", "internal/regex"}, true},
	{"internal/vtl/value", []string{"internal/quote", "internal/regex"}, true},
	{"internal/vtl/jsonpath", []string{"internal/regex", "internal/vtl/value"}, true},
	{"internal/vtl", []string{"internal/vtl/value"}, true},
	{"conformance", nil, true},

	// Ground.
	{"internal/access", []string{"internal/arn", "internal/fault", "internal/policy"}, false},
	{"internal/budget", nil, false},
	{"internal/store", []string{"internal/fault"}, false},
	{"internal/store/tree", nil, false},
	{"internal/store/mem", []string{"internal/store", "internal/store/tree"}, false},
	{"internal/store/journal", nil, false},
	{"internal/store/journal/journaltest", []string{"internal/store/journal"}, false},
	{"internal/store/disk", []string{"internal/store", "internal/store/journal"}, false},
	{"internal/store/doctor", []string{"internal/store", "internal/store/disk", "internal/store/journal"}, false},
	{"internal/store/faulty", []string{"internal/store"}, false},
	{"internal/store/storetest", []string{"internal/store"}, false},
	{"internal/store/table", []string{"internal/access", "internal/fault", "internal/page", "internal/store", "internal/store/tree"}, false},
	{"internal/store/blocks", []string{"internal/budget", "internal/store"}, false},
	{"internal/watch", []string{"internal/event"}, false},
	{"internal/buslog", []string{"internal/event", "internal/watch"}, false},
	{"internal/outbound", nil, false},
	{"internal/sandbox", nil, false},
	{"internal/sandbox/container", []string{"internal/sandbox"}, false},
	{"internal/sandbox/container/containertest", nil, false},

	// Core.
	{"internal/target", []string{"internal/arn", "internal/fault", "internal/outbound", "internal/store", "internal/transform"}, false},
	{"internal/target/targettest", []string{"internal/arn", "internal/target"}, false},
	{"internal/delivery/dead", []string{"internal/arn", "internal/store"}, false},
	{"internal/delivery", []string{"internal/budget", "internal/delivery/dead", "internal/store", "internal/target", "internal/watch"}, false},
	{"internal/bus", []string{"internal/access", "internal/arn", "internal/delivery", "internal/event", "internal/fault", "internal/page", "internal/policy", "pattern", "internal/schedule", "internal/store", "internal/store/table", "internal/target", "internal/transform", "internal/watch"}, false},
	{"internal/destination", []string{"internal/access", "internal/arn", "internal/fault", "internal/outbound", "internal/store", "internal/store/table", "internal/target"}, false},

	// Doors.
	{"internal/signature", []string{"internal/access"}, false},
	{"internal/wire/shape", []string{"internal/fault"}, false},
	{"internal/wire/awsjson", []string{"internal/quote", "internal/wire/shape"}, false},
	{"internal/wire/awsquery", []string{"internal/quote", "internal/wire/awsjson", "internal/wire/shape"}, false},
	{"internal/wire/trail", []string{"internal/quote", "internal/wire/shape"}, false},
	{"internal/wire/cbor", []string{"internal/wire/shape"}, false},
	{"internal/wire/rest", []string{"internal/wire/awsjson", "internal/wire/shape"}, false},
	{"internal/wire/eventstream", []string{"internal/wire/shape"}, false},
	{"internal/wire/body", []string{"internal/wire/shape"}, false},
	{"internal/wire/later", nil, false},
	{"internal/wire", []string{"internal/access", "internal/budget", "internal/signature", "internal/wire/awsjson", "internal/wire/awsquery", "internal/wire/body", "internal/wire/cbor", "internal/wire/eventstream", "internal/wire/later", "internal/wire/rest", "internal/wire/shape", "internal/wire/trail"}, false},
	{"internal/door", []string{"internal/budget"}, false},
	{"internal/console", []string{"internal/budget", "internal/door", "internal/watch"}, false},
	{"internal/eventsapi/limits", []string{"internal/wire"}, false},
	{"internal/eventsapi", []string{"internal/access", "internal/bus", "internal/destination", "internal/event", "internal/eventsapi/limits", "internal/fault", "internal/outbound", "internal/target", "pattern", "internal/wire"}, false},

	// Rooms: neighbours that never see the bus, a target, or each other.
	{"internal/room/logs/filters", []string{"internal/access", "internal/arn", "internal/fault", "internal/filter", "internal/page", "internal/store", "internal/store/blocks", "internal/store/table"}, false},
	{"internal/room/logs/groups", []string{"internal/access", "internal/arn", "internal/budget", "internal/fault", "internal/page", "internal/policy", "internal/room/logs/filters", "internal/store", "internal/store/blocks", "internal/store/table"}, false},
	{"internal/room/logs/live", []string{"internal/access", "internal/budget", "internal/fault", "internal/quote", "internal/room/logs/filters", "internal/room/logs/groups", "internal/store/blocks", "internal/store/table"}, false},
	{"internal/room/logs/query", []string{"internal/access", "internal/budget", "internal/fault", "internal/insights", "internal/page", "internal/room/logs/groups", "internal/store", "internal/store/blocks", "internal/store/table"}, false},
	{"internal/room/logs", []string{"internal/access", "internal/arn", "internal/budget", "internal/fault", "internal/filter", "internal/insights", "internal/page", "internal/room/logs/filters", "internal/room/logs/groups", "internal/room/logs/live", "internal/room/logs/query", "internal/store", "internal/store/blocks", "internal/store/table", "internal/wire"}, false},
	{"internal/room/identity/managed", []string{"internal/policy"}, false},
	{"internal/room/identity/simulator", []string{"internal/arn", "internal/fault", "internal/page", "internal/policy"}, true},
	{"internal/room/identity/issuer", []string{"internal/access", "internal/store"}, false},
	{"internal/room/identity/directory", []string{"internal/access", "internal/arn", "internal/fault", "internal/policy", "internal/room/identity/issuer", "internal/room/identity/managed", "internal/room/identity/simulator", "internal/store", "internal/store/table"}, false},
	{"internal/room/identity/spell", []string{"internal/access", "internal/fault", "internal/room/identity/directory", "internal/wire"}, false},
	{"internal/room/identity/simulate", []string{"internal/access", "internal/arn", "internal/fault", "internal/policy", "internal/room/identity/directory", "internal/room/identity/simulator", "internal/room/identity/spell", "internal/wire"}, false},
	{"internal/room/identity/sts", []string{"internal/room/identity/directory", "internal/room/identity/spell", "internal/wire"}, false},
	{"internal/room/identity", []string{"internal/access", "internal/fault", "internal/page", "internal/room/identity/directory", "internal/room/identity/simulate", "internal/room/identity/spell", "internal/store", "internal/wire"}, false},
	{"internal/room/function/runtime", []string{"internal/sandbox", "internal/sandbox/container"}, false},
	{"internal/room/function/code", []string{"internal/fault", "internal/store"}, false},
	{"internal/room/function/catalog", []string{"internal/access", "internal/arn", "internal/fault", "internal/page", "internal/policy", "internal/room/function/code", "internal/store", "internal/store/table"}, false},
	{"internal/room/function/pool", []string{"internal/fault", "internal/room/function/catalog", "internal/room/function/code", "internal/room/function/runtime"}, false},
	{"internal/room/function/runner", []string{"internal/access", "internal/budget", "internal/fault", "internal/room/function/catalog", "internal/room/function/code", "internal/room/function/pool", "internal/room/function/runtime", "internal/store"}, false},
	{"internal/room/function/limits", []string{"internal/room/function/catalog", "internal/wire"}, false},
	{"internal/room/function/mapping", []string{"internal/access", "internal/arn", "internal/budget", "internal/fault", "internal/room/function/catalog", "internal/store", "internal/store/table", "internal/wire", "pattern"}, false},
	{"internal/room/function/provision", []string{"internal/access", "internal/fault", "internal/room/function/catalog", "internal/room/function/pool", "internal/store", "internal/store/table", "internal/wire"}, false},
	{"internal/room/function/url", []string{"internal/access", "internal/budget", "internal/fault", "internal/policy", "internal/room/function/catalog", "internal/room/function/runner", "internal/room/function/runtime", "internal/signature", "internal/store", "internal/store/table", "internal/wire", "internal/wire/body", "internal/wire/shape"}, false},
	{"internal/room/function", []string{"internal/access", "internal/arn", "internal/budget", "internal/fault", "internal/room/function/catalog", "internal/room/function/code", "internal/room/function/limits", "internal/room/function/mapping", "internal/room/function/pool", "internal/room/function/provision", "internal/room/function/runner", "internal/room/function/url", "internal/wire"}, false},
	{"internal/room/restapi/patch", []string{"internal/fault"}, false},
	{"internal/room/restapi/accesslog", []string{"internal/fault", "internal/quote"}, true},
	{"internal/room/restapi/mapping", []string{"internal/fault", "internal/regex", "internal/room/restapi/accesslog", "internal/vtl", "internal/vtl/jsonpath", "internal/vtl/value"}, true},
	{"internal/room/restapi/definition", []string{"internal/access", "internal/arn", "internal/fault", "internal/policy", "internal/room/restapi/accesslog", "internal/room/restapi/mapping", "internal/room/restapi/patch"}, false},
	{"internal/room/restapi/catalog", []string{"internal/access", "internal/arn", "internal/fault", "internal/room/restapi/definition", "internal/room/restapi/patch", "internal/store", "internal/store/table"}, false},
	{"internal/room/restapi", []string{"internal/access", "internal/fault", "internal/page", "internal/quote", "internal/room/restapi/catalog", "internal/room/restapi/definition", "internal/room/restapi/patch", "internal/wire"}, false},
	{"internal/room/queue/ledger", nil, true},
	{"internal/room/queue", []string{"internal/access", "internal/arn", "internal/fault", "internal/policy", "internal/room/queue/ledger", "internal/store"}, false},
	{"internal/room/queue/sqs", []string{"internal/arn", "internal/fault", "internal/page", "internal/room/queue", "internal/wire"}, false},
	{"internal/room/restapi/executionlog", nil, true},
	{"internal/room/restapi/serve", []string{"internal/access", "internal/budget", "internal/fault", "internal/outbound", "internal/room/restapi/accesslog", "internal/room/restapi/catalog", "internal/room/restapi/definition", "internal/room/restapi/executionlog", "internal/room/restapi/mapping", "internal/wire/body", "internal/wire/shape"}, false},
	{"internal/room/trail/trails", []string{"internal/access", "internal/arn", "internal/fault", "internal/store", "internal/store/table"}, false},
	{"internal/room/trail/history", []string{"internal/access", "internal/budget", "internal/store", "internal/store/blocks", "internal/store/table"}, false},
	{"internal/room/trail", []string{"internal/access", "internal/arn", "internal/budget", "internal/event", "internal/fault", "internal/page", "internal/room/trail/history", "internal/room/trail/trails", "internal/store", "internal/store/blocks", "internal/wire"}, false},
	{"internal/room/build/buildspec", nil, false},
	{"internal/room/build/catalog", []string{"internal/access", "internal/arn", "internal/fault", "internal/room/build/buildspec", "internal/store", "internal/store/table"}, false},
	{"internal/room/build/runner", []string{"internal/outbound", "internal/room/build/buildspec", "internal/sandbox"}, false},
	{"internal/room/build", []string{"internal/access", "internal/arn", "internal/event", "internal/fault", "internal/page", "internal/room/build/buildspec", "internal/room/build/catalog", "internal/room/build/runner", "internal/store", "internal/store/table", "internal/wire"}, false},

	// Roof.
	{"internal/app", []string{"*"}, false},
	{"", []string{"internal/app"}, false},
	{"examples/build-to-slack", nil, true},
	{"internal/cli", []string{"examples/build-to-slack", "internal/app", "internal/signature", "internal/watch", "internal/wire/eventstream", "pattern"}, false},
	{"cmd/dari", []string{"internal/cli", "internal/sandbox"}, false},
	{"internal/arch", nil, false},
}

// world is what a pure room may not import: there the clock, the disk and the
// network begin.
var world = []string{"net", "net/http", "os", "os/exec", "log", "log/slog", "syscall", "database/sql", "math/rand", "math/rand/v2", "crypto/rand"}

func TestRoomsLookOnlyUpwards(t *testing.T) {
	imports := readImports(t, "../..")
	seen := map[string]int{}
	for i, r := range rooms {
		if _, twice := seen[r.path]; twice {
			t.Errorf("%q stands twice on the map", r.path)
		}
		seen[r.path] = i
	}
	for path, used := range imports {
		i, ok := seen[path]
		if !ok {
			t.Errorf("package %q is not on the map: give it a line in internal/arch/arch_test.go", path)
			continue
		}
		for _, imp := range used {
			ours, isOurs := strings.CutPrefix(imp, module)
			if !isOurs {
				if rooms[i].pure && (slices.Contains(world, imp) || strings.Contains(strings.Split(imp, "/")[0], ".")) {
					t.Errorf("%q is language and imports %q: it may use the pure part of the standard library only", path, imp)
				}
				continue
			}
			ours = strings.TrimPrefix(ours, "/")
			if !slices.Contains(rooms[i].sees, ours) && !slices.Contains(rooms[i].sees, "*") {
				t.Errorf("%q imports %q, which its line on the map does not list", path, ours)
			}
			if j, ok := seen[ours]; ok && j >= i {
				t.Errorf("%q imports %q, which stands below it on the map", path, ours)
			}
		}
	}
	for _, r := range rooms {
		used, ok := imports[r.path]
		if !ok {
			t.Errorf("%q is on the map and not in the tree", r.path)
		}
		for _, s := range r.sees {
			full := module
			if s != "" {
				full += "/" + s
			}
			if s != "*" && ok && !slices.Contains(used, full) {
				t.Errorf("%q no longer imports %q: take it off its line", r.path, s)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for path, doc := range readDocs(t, "../..") {
		if !doc {
			t.Errorf("package %q has no package comment", path)
		}
	}
}

// readImports returns, for each package directory below root, what its
// non-test files import. The files are parsed in this process, so that the
// test cache knows them.
func readImports(t *testing.T, root string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	walk(t, root, func(path, file string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := out[path]; !ok {
			out[path] = nil
		}
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, s := range f.Imports {
			imp := strings.Trim(s.Path.Value, `"`)
			if !slices.Contains(out[path], imp) {
				out[path] = append(out[path], imp)
			}
		}
	})
	return out
}

func readDocs(t *testing.T, root string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	walk(t, root, func(path, file string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = out[path] || f.Doc != nil
	})
	return out
}

// walk calls fn for each Go file of this module below root.
func walk(t *testing.T, root string, fn func(pkg, file string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, nested := os.Stat(filepath.Join(file, "go.mod"))
			if file != root && (nested == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(file, ".go") {
			rel, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				return err
			}
			if rel == "." {
				rel = ""
			}
			fn(filepath.ToSlash(rel), file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
