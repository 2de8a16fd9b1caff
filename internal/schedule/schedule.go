// Package schedule reads the schedule expressions of rules and says when they
// are due.
//
// There are two kinds. rate(5 minutes) is due again and again after an equal
// time, counted from an anchor: when the rule was made, enabled or changed. It
// is not aligned to the clock. cron(0 18 ? * MON-FRI *) is due in the minutes
// that its six fields name: minutes, hours, day of the month, month, day of the
// week, year, all in UTC.
//
// Parse is as strict as EventBridge is, as far as that is known. An expression
// that can never be due, such as one for a year in the past, is no mistake.
//
// In a cron expression lists, ranges, steps and names may be combined. An empty
// place in a list counts for nothing, so commas behind fields do no harm. Names
// and the letters L and W have no case. A range of hours, days or months may
// wrap around: 20-2 is the hours from 20 to 2. L-3 in the day of the month is
// three days before the last, LW the last weekday, 15W the weekday nearest to
// the 15th within the month; a month without that day is passed over.
//
// It leaves out at(…) and time zones, which belong to EventBridge Scheduler and
// not to rules.
//
// There is no clock in here: the caller says what time it is. A caller who
// wants to know whether a time was missed since t asks for the next time after
// t and looks whether it has passed.
package schedule

import (
	"fmt"
	"strings"
	"time"
)

// An Expression is a parsed schedule expression. It is immutable and may be
// used from many goroutines at once.
type Expression interface {
	// Next returns the first time after a time at which the schedule is due, and
	// the zero time when there is none. A rate counts from anchor, and is first
	// due one interval after it; cron does not look at it. The answer is in UTC.
	// It takes microseconds, also when the schedule is never due.
	Next(anchor, after time.Time) time.Time
}

// Parse reads an expression. Its errors are for us to read: EventBridge says
// "Parameter ScheduleExpression is not valid." about all of them.
func Parse(s string) (Expression, error) {
	kind, body, ok := strings.Cut(s, "(")
	body, closed := strings.CutSuffix(body, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("schedule %q: want rate(value unit) or cron(fields)", s)
	}
	var (
		e   Expression
		err error
	)
	switch kind {
	case "rate":
		e, err = parseRate(body)
	case "cron":
		e, err = parseCron(body)
	case "at":
		err = fmt.Errorf("at is for EventBridge Scheduler; a rule takes rate or cron")
	default:
		err = fmt.Errorf("want rate(value unit) or cron(fields)")
	}
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s, err)
	}
	return e, nil
}
