package e2e

import (
	"testing"
	"time"
)

// eventually polls until ok, and fails the test when it has not come true
// within the given time. It is the one place where a test waits.
//
// ok returns what is still missing, for the failure's sentence, or "" when it
// has come true. It runs on the test's goroutine and may end the test.
func eventually(t testing.TB, within time.Duration, ok func() (missing string)) {
	t.Helper()
	if missing := poll(within, ok); missing != "" {
		t.Fatalf("not within %v: %s", within, missing)
	}
}

// poll is eventually for goroutines that may not end the test: it returns what
// was still missing at the end.
func poll(within time.Duration, ok func() (missing string)) string {
	deadline := time.Now().Add(within)
	pause := time.Millisecond
	for {
		missing := ok()
		if missing == "" || time.Now().After(deadline) {
			return missing
		}
		<-time.After(pause)
		pause = min(pause*2, 50*time.Millisecond)
	}
}
