package delivery

import (
	"fmt"
	"testing"
	"time"
)

func waits(r Retry) (all []time.Duration) {
	for n := 1; ; n++ {
		wait, ok := r.wait(n)
		if !ok {
			return all
		}
		all = append(all, wait)
	}
}

// Other services of AWS retry in other ways than EventBridge; a table can say them.
func TestRetryTablesOfOtherServicesCanBeSaid(t *testing.T) {
	for name, c := range map[string]struct {
		table Retry
		want  string
	}{
		// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
		"fixed steps, as Lambda's": {
			Retry{Phases: []Phase{{1, time.Minute, time.Minute, false}, {1, 2 * time.Minute, 2 * time.Minute, false}}, MaxAge: 6 * time.Hour},
			"[1m0s 2m0s]",
		},
		// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
		"phases, as SNS's": {
			Retry{Phases: []Phase{{2, 0, 0, false}, {2, time.Second, time.Second, false}, {6, time.Second, 20 * time.Second, false}, {3, 20 * time.Second, 20 * time.Second, false}}},
			"[0s 0s 1s 1s 1s 2s 4s 8s 16s 20s 20s 20s 20s]",
		},
		"none": {Retry{Phases: []Phase{}, MaxAge: time.Hour}, "[]"},
	} {
		if got := fmt.Sprint(waits(c.table)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTheTableOfEventBridgeTakesAboutADay(t *testing.T) {
	all := waits(FullJitter(185, 0))
	if len(all) != 185 {
		t.Fatalf("%d retries, want 185", len(all))
	}
	for i, wait := range all {
		if most := time.Second << min(i, 10); wait >= most {
			t.Errorf("retry %d waits %v, want less than %v", i+1, wait, most)
		}
	}
}
