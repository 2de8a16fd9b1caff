package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A rate is an interval in seconds, at least a minute.
type rate int64

// maxRate keeps every sum of a time and an interval far from overflow. It is a
// hundred thousand years.
const maxRate = 100_000 * 366 * 24 * 60 * 60

// lastTime is the end of the times that Next works with.
var lastTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

func parseRate(body string) (Expression, error) {
	value, unit, ok := strings.Cut(body, " ")
	n, err := strconv.ParseUint(value, 10, 32)
	if !ok || err != nil || n == 0 || value[0] == '0' {
		return nil, fmt.Errorf("want a positive whole number, one blank and a unit, such as 5 minutes")
	}
	if (n == 1) == strings.HasSuffix(unit, "s") {
		return nil, fmt.Errorf("the unit is singular for 1 and plural for more")
	}
	seconds := uint64(0)
	switch strings.TrimSuffix(unit, "s") {
	case "minute":
		seconds = 60
	case "hour":
		seconds = 60 * 60
	case "day":
		seconds = 24 * 60 * 60
	default:
		return nil, fmt.Errorf("the unit %q is not one of minute, minutes, hour, hours, day and days", unit)
	}
	if n > maxRate/seconds {
		return nil, fmt.Errorf("the interval is longer than a hundred thousand years")
	}
	return rate(n * seconds), nil
}

// Next implements [Expression].
func (r rate) Next(anchor, after time.Time) time.Time {
	if after.After(lastTime) || anchor.After(lastTime) || anchor.Year() < 0 {
		return time.Time{}
	}
	// In whole seconds, since a Duration ends after 292 years.
	n := max((after.Unix()-anchor.Unix())/int64(r), 1)
	next := r.add(anchor, n)
	if !next.After(after) {
		next = r.add(anchor, n+1)
	}
	if next.After(lastTime) {
		return time.Time{}
	}
	return next
}

// add returns the time n intervals after t.
func (r rate) add(t time.Time, n int64) time.Time {
	return time.Unix(t.Unix()+n*int64(r), int64(t.Nanosecond())).UTC()
}
