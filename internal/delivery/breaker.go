package delivery

import "time"

// A target that fails this often in a row has its lane narrowed to one attempt
// at a time, and what comes in for it goes straight to disk.
const breakAfter = 8

const (
	// quick is the longest that an attempt at a healthy target takes, and the
	// longest that a failure may take to count towards narrowing a lane. A target
	// that swallows connections costs little but time, and trying it in parallel
	// is what gets its deliveries to their end.
	quick = time.Second
	// maxPace is the longest pause between two attempts of a narrowed lane.
	maxPace = 10 * time.Millisecond
)

// A breaker knows how a target has been doing. The zero breaker has not heard
// of it yet.
type breaker struct {
	failures int       // in a row
	resume   time.Time // no attempt before it
	// brisk means that the last attempt arrived, and soon.
	brisk bool
}

func (b *breaker) broken() bool { return b.failures >= breakAfter }

// judge takes note of an attempt. A permanent error says something of the
// payload, not of the target's health.
func (b *breaker) judge(failed, permanent bool, took time.Duration) {
	switch {
	case !failed:
		b.failures, b.brisk = 0, took < quick
	case !permanent:
		b.brisk = false
		if took >= quick {
			return
		}
		if b.failures++; b.broken() {
			b.resume = time.Now().Add(min(maxPace, time.Millisecond<<min(b.failures-breakAfter, 10)))
		}
	}
}
