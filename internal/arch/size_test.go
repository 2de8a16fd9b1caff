package arch

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// tooLong is how many lines of code are a package too long for one thought. What
// is public is no such package: pattern is large since its users shall import one.
const tooLong = 2000

// outgrown are the packages that are too long and wait for somebody to find their
// seam. The list is there to become shorter: a package that is short enough leaves
// it, and one that outgrows its room rather gets a child, as internal/room/queue
// has sqs.
var outgrown = []string{
	"internal/app",
	"internal/bus",
	"internal/delivery",
	"internal/room/identity",
	"internal/room/identity/directory",
	"internal/room/queue",
}

func TestPackagesAreShort(t *testing.T) {
	lines := map[string]int{}
	walk(t, "../..", func(pkg, file string) {
		if !strings.HasPrefix(pkg, "internal/") || strings.HasSuffix(file, "_test.go") {
			return
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines[pkg] += bytes.Count(text, []byte("\n"))
	})
	for pkg, n := range lines {
		switch listed := slices.Contains(outgrown, pkg); {
		case !listed && n > tooLong:
			t.Errorf("%s has %d lines without its tests, and %d are the most: look for the seam", pkg, n, tooLong)
		case listed && n <= tooLong:
			t.Errorf("%s has %d lines, which is few enough: take it off the list of those that have outgrown", pkg, n)
		}
	}
	for _, pkg := range outgrown {
		if lines[pkg] == 0 {
			t.Errorf("%s is not in the tree: take it off the list of those that have outgrown", pkg)
		}
	}
}
