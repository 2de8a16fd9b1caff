//go:build !race

package pattern_test

import "testing"

// The race detector empties pools at random, so this holds only without it.
func TestSetMatchAllocatesNothing(t *testing.T) {
	set := buildRules(t, 1000)
	event := []byte(buildEvent)
	var ids []int
	match := func() {
		var err error
		if ids, err = set.Match(event, ids[:0]); err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
	}
	match()
	if n := testing.AllocsPerRun(200, match); n > 0 {
		t.Errorf("%v allocations per event", n)
	}
}
