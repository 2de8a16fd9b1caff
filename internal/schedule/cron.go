package schedule

import (
	"math/bits"
	"time"
)

// The years that a cron expression may name.
const (
	firstYear = 1970
	lastYear  = 2199
)

// A cron is a parsed cron expression: what each field allows, as sets of bits.
type cron struct {
	minutes, hours, months uint64
	years                  [lastYear - firstYear + 1]bool
	// Exactly one of days and weekdays says on which days it is due.
	days     *dayOfMonth
	weekdays *dayOfWeek
}

// A dayOfMonth is the third field.
type dayOfMonth struct {
	days uint64
	// fromLast is the set of n in L-n; L itself is 0.
	fromLast uint64
	// nearest is the set of n in nW.
	nearest uint64
	// lastWeekday is LW.
	lastWeekday bool
}

// A dayOfWeek is the fifth field; Sunday is 1.
type dayOfWeek struct {
	days uint64
	// last is the set of n in nL.
	last uint64
	// nth and of are the two sides of of#nth; zero when there is none.
	of, nth int
}

// Next implements [Expression]. It looks at each month of each year at most
// once, so that an expression which is never due, such as the 30th of February,
// is found out quickly.
func (c *cron) Next(_, after time.Time) time.Time {
	after = after.UTC()
	if after.Year() > lastYear {
		return time.Time{}
	}
	from := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	if !after.Before(from) {
		from = after.Truncate(time.Minute).Add(time.Minute)
	}
	for year := from.Year(); year <= lastYear; year++ {
		if !c.years[year-firstYear] {
			continue
		}
		for month := range ones(c.months) {
			if due := c.nextInMonth(year, time.Month(month), from); !due.IsZero() {
				return due
			}
		}
	}
	return time.Time{}
}

// nextInMonth returns the first due minute of a month that is not before from.
func (c *cron) nextInMonth(year int, month time.Month, from time.Time) time.Time {
	if month < from.Month() && year == from.Year() {
		return time.Time{}
	}
	for day := range ones(c.daysIn(year, month)) {
		midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		start := 0
		if since := from.Sub(midnight); since >= 24*time.Hour {
			continue
		} else if since > 0 {
			start = int(since / time.Minute)
		}
		if minute, ok := c.nextMinute(start); ok {
			return midnight.Add(time.Duration(minute) * time.Minute)
		}
	}
	return time.Time{}
}

// nextMinute returns the first due minute of a day that is not before start;
// minutes count from midnight.
func (c *cron) nextMinute(start int) (int, bool) {
	for hour := range ones(c.hours) {
		for minute := range ones(c.minutes) {
			if at := hour*60 + minute; at >= start {
				return at, true
			}
		}
	}
	return 0, false
}

// daysIn returns the set of days of a month on which the schedule is due.
func (c *cron) daysIn(year int, month time.Month) uint64 {
	// The zeroth of the next month is the last of this one.
	end := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
	first := int(end.Weekday()) - (end.Day()-1)%7 + 7
	m := monthShape{length: end.Day(), first: first % 7}
	if c.days != nil {
		return c.days.in(m)
	}
	return c.weekdays.in(m)
}

// A monthShape is what the days of a month depend on: how many there are, and
// on which weekday it begins, from 0 for Sunday.
type monthShape struct{ length, first int }

// weekday returns the weekday of a day, from 0 for Sunday.
func (m monthShape) weekday(day int) int { return (m.first + day - 1) % 7 }

func (f *dayOfMonth) in(m monthShape) uint64 {
	set := f.days
	for n := range ones(f.fromLast) {
		if n < m.length {
			set |= 1 << (m.length - n)
		}
	}
	for day := range ones(f.nearest) {
		if day <= m.length {
			set |= 1 << m.nearestWeekday(day)
		}
	}
	if f.lastWeekday {
		set |= 1 << m.nearestWeekdayBefore(m.length)
	}
	return set & (1<<(m.length+1) - 1)
}

// nearestWeekday returns the day from Monday to Friday that is nearest to day
// without leaving the month.
func (m monthShape) nearestWeekday(day int) int {
	switch m.weekday(day) {
	case 6: // Saturday: the Friday before, or the Monday after the first
		if day == 1 {
			return 3
		}
		return day - 1
	case 0: // Sunday: the Monday after, or the Friday before the last
		if day == m.length {
			return day - 2
		}
		return day + 1
	}
	return day
}

// nearestWeekdayBefore returns the last day from Monday to Friday up to day.
func (m monthShape) nearestWeekdayBefore(day int) int {
	for m.weekday(day) == 0 || m.weekday(day) == 6 {
		day--
	}
	return day
}

func (f *dayOfWeek) in(m monthShape) uint64 {
	var set uint64
	for day := 1; day <= m.length; day++ {
		name := m.weekday(day) + 1
		isLast := day+7 > m.length
		isNth := name == f.of && (day-1)/7+1 == f.nth
		if has(f.days, name) || isLast && has(f.last, name) || isNth {
			set |= 1 << day
		}
	}
	return set
}

func has(set uint64, n int) bool { return set>>n&1 == 1 }

// ones yields the members of a set in ascending order.
func ones(set uint64) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(bits.TrailingZeros64(set)) {
				return
			}
		}
	}
}
