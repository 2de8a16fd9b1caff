package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// A field is what one field of a cron expression may hold.
type field struct {
	name     string
	min, max int
	// names may stand for the values from min on.
	names []string
	// wraps means that a range may run over the end of the field.
	wraps bool
}

var (
	minuteField = field{name: "minutes", min: 0, max: 59}
	hourField   = field{name: "hours", min: 0, max: 23, wraps: true}
	dayField    = field{name: "day of the month", min: 1, max: 31, wraps: true}
	monthField  = field{name: "month", min: 1, max: 12, wraps: true,
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdayField = field{name: "day of the week", min: 1, max: 7, wraps: true,
		names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	yearField = field{name: "year", min: firstYear, max: lastYear}
)

func parseCron(body string) (Expression, error) {
	f := items(body, ' ')
	if len(f) != 6 || strings.HasPrefix(body, " ") || strings.HasSuffix(body, " ") {
		return nil, fmt.Errorf("want six fields: minutes hours day-of-month month day-of-week year")
	}
	for i, text := range f {
		f[i] = strings.Join(items(text, ','), ",")
	}
	if (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("one of day of the month and day of the week must be ?, and only one")
	}
	c := &cron{}
	var err error
	if c.minutes, err = minuteField.set(f[0]); err != nil {
		return nil, err
	}
	if c.hours, err = hourField.set(f[1]); err != nil {
		return nil, err
	}
	if f[2] != "?" {
		if c.days, err = parseDayOfMonth(f[2]); err != nil {
			return nil, err
		}
	}
	if c.months, err = monthField.set(f[3]); err != nil {
		return nil, err
	}
	if f[4] != "?" {
		if c.weekdays, err = parseDayOfWeek(f[4]); err != nil {
			return nil, err
		}
	}
	err = yearField.each(f[5], func(year int) { c.years[year-firstYear] = true })
	return c, err
}

// items splits a text. Between two separators there need be nothing, and none
// is wanted at the ends: EventBridge reads fields and lists like that, so that
// cron(5, 0, 1, *, ?, *) is cron(5 0 1 * ? *).
func items(text string, separator rune) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == separator })
}

func parseDayOfMonth(text string) (*dayOfMonth, error) {
	f := &dayOfMonth{}
	for item := range strings.SplitSeq(strings.ToUpper(text), ",") {
		switch before, isLast := strings.CutPrefix(item, "L"); {
		case item == "L":
			f.fromLast |= 1
		case item == "LW":
			f.lastWeekday = true
		case isLast:
			offset, ok := strings.CutPrefix(before, "-")
			n, err := number(offset)
			if !ok || err != nil || n >= dayField.max {
				return nil, dayField.mistake(item)
			}
			f.fromLast |= 1 << n
		case strings.HasSuffix(item, "W"):
			n, err := dayField.value(strings.TrimSuffix(item, "W"))
			if err != nil {
				return nil, dayField.mistake(item)
			}
			f.nearest |= 1 << n
		default:
			if err := dayField.item(item, func(n int) { f.days |= 1 << n }); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

func parseDayOfWeek(text string) (*dayOfWeek, error) {
	text = strings.ToUpper(text)
	f := &dayOfWeek{}
	if day, nth, ok := strings.Cut(text, "#"); ok {
		var err1, err2 error
		f.of, err1 = weekdayField.value(day)
		f.nth, err2 = number(nth)
		if err1 != nil || err2 != nil || f.nth < 1 || f.nth > 5 {
			return nil, fmt.Errorf("day of the week: cannot read %q; with # it is one day and its number in the month, such as 3#2", text)
		}
		return f, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		switch day, isLast := strings.CutSuffix(item, "L"); {
		case item == "L":
			f.days |= 1 << weekdayField.max
		case isLast:
			n, err := weekdayField.value(day)
			if err != nil {
				return nil, weekdayField.mistake(item)
			}
			f.last |= 1 << n
		default:
			if err := weekdayField.item(item, func(n int) { f.days |= 1 << n }); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// set reads a list whose values are below 64.
func (f *field) set(text string) (set uint64, err error) {
	err = f.each(text, func(n int) { set |= 1 << n })
	return set, err
}

// each calls add for the values in a list.
func (f *field) each(text string, add func(int)) error {
	for item := range strings.SplitSeq(strings.ToUpper(text), ",") {
		if err := f.item(item, add); err != nil {
			return err
		}
	}
	return nil
}

// item calls add for the values of one item: *, a or a-b, each with or without
// a step.
func (f *field) item(item string, add func(int)) error {
	span, stepText, hasStep := strings.Cut(item, "/")
	from, to, step := f.min, f.max, 1
	if span != "*" {
		first, last, isRange := strings.Cut(span, "-")
		var err error
		if from, err = f.value(first); err != nil {
			return f.mistake(item)
		}
		switch {
		case isRange:
			if to, err = f.value(last); err != nil {
				return f.mistake(item)
			}
		case !hasStep:
			to = from
		}
	}
	if hasStep {
		var err error
		if step, err = number(stepText); err != nil || step < 1 || step > f.max {
			return f.mistake(item)
		}
	}
	if from > to {
		if !f.wraps {
			return fmt.Errorf("%s: the range %s runs backwards", f.name, item)
		}
		to += f.max - f.min + 1
	}
	for n := from; n <= to; n += step {
		add(f.min + (n-f.min)%(f.max-f.min+1))
	}
	return nil
}

// value reads one value: a number within the field, or a name.
func (f *field) value(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.min + i, nil
		}
	}
	n, err := number(text)
	if err != nil || n < f.min || n > f.max {
		return 0, fmt.Errorf("%q is not between %d and %d", text, f.min, f.max)
	}
	return n, nil
}

func (f *field) mistake(item string) error {
	return fmt.Errorf("%s: cannot read %q; values are from %d to %d", f.name, item, f.min, f.max)
}

// number reads digits without a sign.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}
