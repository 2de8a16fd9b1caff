package app

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A new row has to say what it is, and is judged by what AWS says, which stands in
// testdata/operations.txt.
func TestRowsSayWhatCloudTrailSaysOfThem(t *testing.T) {
	text, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for line := range strings.Lines(string(text)) {
		head, names, ok := strings.Cut(line, ":")
		if !ok || line[0] == '#' {
			continue
		}
		for _, name := range strings.Fields(names) {
			want = append(want, head+" "+name)
		}
	}
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	for _, s := range a.services() {
		for _, row := range s.Operations {
			verb, object := "writes", "resources"
			if row.ReadOnly {
				verb = "reads"
			}
			if row.Data {
				object = "data"
			}
			got = append(got, strings.Join([]string{s.Name, verb, object, row.Name}, " "))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (+) are not what AWS says (-); mend the row with Reads or OnData, or add a new operation to testdata/operations.txt:\n%s", diff)
	}
}
