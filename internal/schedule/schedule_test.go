package schedule_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/schedule"
)

func TestErrorsSayWhatToChange(t *testing.T) {
	for in, want := range map[string]string{
		"rate(1 minutes)":             `schedule "rate(1 minutes)": the unit is singular for 1 and plural for more`,
		"rate(10 seconds)":            `schedule "rate(10 seconds)": the unit "seconds" is not one of minute, minutes, hour, hours, day and days`,
		"at(2030-01-01T00:00:00)":     `schedule "at(2030-01-01T00:00:00)": at is for EventBridge Scheduler; a rule takes rate or cron`,
		"cron(0 1 * * * *)":           `schedule "cron(0 1 * * * *)": one of day of the month and day of the week must be ?, and only one`,
		"cron(71 8 1 * ? *)":          `schedule "cron(71 8 1 * ? *)": minutes: cannot read "71"; values are from 0 to 59`,
		"cron(0 8 ,, * ? *)":          `schedule "cron(0 8 ,, * ? *)": day of the month: cannot read ""; values are from 1 to 31`,
		"cron(0 8 1 * ? 2031-2030/2)": `schedule "cron(0 8 1 * ? 2031-2030/2)": year: the range 2031-2030/2 runs backwards`,
	} {
		if _, err := schedule.Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q):\ngot  %v\nwant %s", in, err, want)
		}
	}
}

var (
	emptyPlace = regexp.MustCompile(`,+,`)
	commaAtEnd = regexp.MustCompile(`,?([ ()]+),?`)
)

// plain returns an expression without empty places in its lists.
func plain(expr string) string {
	return commaAtEnd.ReplaceAllString(emptyPlace.ReplaceAllString(expr, ","), "$1")
}

// due says whether a valid and plain cron expression is due at a time by looking
// at the text, one item at a time: slow, and with nothing in common with the
// package.
func due(expr string, at time.Time) bool {
	f := strings.Fields(strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(expr, "cron("), ")")))
	last := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return contains(f[0], at.Minute(), 0, 59, "") && contains(f[1], at.Hour(), 0, 23, "") &&
		contains(f[3], int(at.Month()), 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC") && contains(f[5], at.Year(), 1970, 2199, "") &&
		(f[2] == "?" || dueDay(f[2], at, last)) && (f[4] == "?" || dueWeekday(f[4], at, last))
}

func contains(field string, v, low, high int, names string) bool {
	num := func(s string) int {
		if i := strings.Index(names, s); i >= 0 && len(s) == 3 {
			return low + i/3
		}
		n, _ := strconv.Atoi(s)
		return n
	}
	return slices.ContainsFunc(strings.Split(field, ","), func(item string) bool {
		item, every, stepped := strings.Cut(item, "/")
		step := max(num(every), 1)
		if item == "*" {
			return (v-low)%step == 0
		}
		a, b, ranged := strings.Cut(item, "-")
		switch {
		case !ranged && !stepped:
			return v == num(a)
		case !ranged:
			return v >= num(a) && (v-num(a))%step == 0
		}
		for x := num(a); ; {
			if x == v {
				return true
			}
			for range step {
				if x == num(b) {
					return false
				}
				if x++; x > high {
					x = low
				}
			}
		}
	})
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

func dueDay(field string, at time.Time, last int) bool {
	return slices.ContainsFunc(strings.Split(field, ","), func(item string) bool {
		switch before, isLast := strings.CutPrefix(item, "L"); {
		case item == "LW":
			d := time.Date(at.Year(), at.Month(), last, 0, 0, 0, 0, time.UTC)
			for weekend(d) {
				d = d.AddDate(0, 0, -1)
			}
			return at.Day() == d.Day()
		case isLast:
			n, _ := strconv.Atoi(strings.TrimPrefix(before, "-"))
			return at.Day() == last-n
		case strings.HasSuffix(item, "W"):
			n, _ := strconv.Atoi(strings.TrimSuffix(item, "W"))
			if n > last {
				return false
			}
			// The nearest, looking one day back, one ahead, two back, two ahead.
			for _, off := range []int{0, -1, 1, -2, 2} {
				d := time.Date(at.Year(), at.Month(), n+off, 0, 0, 0, 0, time.UTC)
				if d.Month() == at.Month() && !weekend(d) {
					return at.Day() == d.Day()
				}
			}
		}
		return contains(item, at.Day(), 1, 31, "")
	})
}

func dueWeekday(field string, at time.Time, last int) bool {
	const names = "SUNMONTUEWEDTHUFRISAT"
	today := int(at.Weekday()) + 1
	if day, nth, ok := strings.Cut(field, "#"); ok {
		n, _ := strconv.Atoi(nth)
		return contains(day, today, 1, 7, names) && at.Day() > 7*(n-1) && at.Day() <= 7*n
	}
	return slices.ContainsFunc(strings.Split(field, ","), func(item string) bool {
		if item == "L" {
			return today == 7
		}
		if day, ok := strings.CutSuffix(item, "L"); ok {
			return contains(day, today, 1, 7, names) && at.Day() > last-7
		}
		return contains(item, today, 1, 7, names)
	})
}

// checkNext compares what Next says with due.
func checkNext(t *testing.T, r *rand.Rand, expr string, after time.Time) {
	t.Helper()
	s, err := schedule.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	expr = plain(expr)
	next := s.Next(time.Time{}, after)
	end := next
	if next.IsZero() {
		end = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	} else {
		if !next.After(after) || next.Truncate(time.Minute) != next {
			t.Errorf("%s: after %v comes %v", expr, after, next)
		}
		if !due(expr, next) {
			t.Errorf("%s: after %v comes %v, when it is not due", expr, after, next)
		}
	}
	// Nothing between the two is due: look at the nearest days and at some others.
	first := after.UTC().Truncate(time.Minute).Add(time.Minute)
	if year1970 := time.Unix(0, 0).UTC(); first.Before(year1970) {
		first = year1970
	}
	between := int64(end.Sub(first) / time.Minute)
	for i := range int64(300) {
		m := i
		if i >= 100 && between > 0 {
			m = r.Int64N(between)
		}
		if m >= between {
			continue
		}
		if at := first.Add(time.Duration(m) * time.Minute); due(expr, at) {
			t.Errorf("%s: after %v comes %v, and %v is passed over", expr, after, next, at)
		}
	}
}

// randomCron makes a valid expression.
func randomCron(r *rand.Rand) string {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	item := func(low, high int, wraps bool) string {
		a, b := low+r.IntN(high-low+1), low+r.IntN(high-low+1)
		if a > b && !wraps {
			a, b = b, a
		}
		step := 1 + r.IntN(min(high, 9)/2+1)
		return pick("*", fmt.Sprint(a), fmt.Sprint(a), fmt.Sprintf("%d-%d", a, b), fmt.Sprintf("%d/%d", a, step), fmt.Sprintf("%d-%d/%d", a, b, step), fmt.Sprintf("*/%d", step))
	}
	list := func(low, high int, wraps bool) string {
		if r.IntN(3) > 0 {
			return item(low, high, wraps)
		}
		return item(low, high, wraps) + "," + item(low, high, wraps)
	}
	day, weekday := "?", "?"
	if r.IntN(2) == 0 {
		day = pick(list(1, 31, true), "L", "LW", fmt.Sprintf("L-%d", r.IntN(31)), fmt.Sprintf("%dW", 1+r.IntN(31)), "1W,L,"+item(1, 31, true))
	} else {
		weekday = pick(list(1, 7, true), "L", "MON-FRI", "SAT-tue", fmt.Sprintf("%dL", 1+r.IntN(7)), fmt.Sprintf("%d#%d", 1+r.IntN(7), 1+r.IntN(5)), "SUN,FRIL")
	}
	year := pick("*", "*", "*", fmt.Sprint(1970+r.IntN(230)), list(1970, 2199, false))
	field := func(s string) string {
		return pick("", "", ",") + strings.ReplaceAll(s, ",", pick(",", ",,")) + pick("", "", ",", ",,")
	}
	return fmt.Sprintf("cron(%s %s %s %s %s %s)", field(list(0, 59, false)), field(list(0, 23, true)), field(day),
		field(list(1, 12, true)), field(weekday), field(year))
}

var seedFlag = flag.Uint64("seed", 0, "seed of the random test; 0 takes a new one")

func TestNextIsTheFirstMinuteThatIsDue(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		after := time.Date(1968, 1, 1, 0, 0, r.IntN(60), r.IntN(2), time.UTC).Add(time.Duration(r.Int64N(233*366*24*60)) * time.Minute)
		checkNext(t, r, randomCron(r), after)
	}
	if t.Failed() {
		t.Logf("to repeat: go test -run %s ./internal/schedule -seed %d", t.Name(), seed)
	}
}

func FuzzNext(f *testing.F) {
	f.Add("rate(5 minutes)", int64(0), int64(1), int64(1e18))
	f.Add("rate(1 day)", int64(-1e15), int64(9e18), int64(-9e18))
	f.Add("cron(0/5 5 L,1W JAN-mar ? 2022/3)", int64(0), int64(1760000000), int64(5))
	f.Add("cron(0/5, ,9-18,, ?, *, MON-FRI, *,)", int64(0), int64(1760000000), int64(0))
	f.Add("cron(1-5/2,* 20-2 ? */2 FRI#5 *)", int64(0), int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, expr string, anchor, after, nanos int64) {
		s, err := schedule.Parse(expr)
		if err != nil {
			return
		}
		from := time.Unix(after, nanos)
		next := s.Next(time.Unix(anchor, 0), from)
		if !next.IsZero() && !next.After(from) {
			t.Errorf("%s: after %v comes %v", expr, from, next)
		}
		if again := s.Next(time.Unix(anchor, 0), from); !again.Equal(next) {
			t.Errorf("%s: after %v comes %v and then %v", expr, from, next, again)
		}
		if strings.HasPrefix(expr, "cron") && from.Year() > 1900 && from.Year() < 2300 {
			checkNext(t, rand.New(rand.NewPCG(1, 1)), expr, from)
		}
	})
}

func BenchmarkNextNever(b *testing.B) {
	s, err := schedule.Parse("cron(0 0 30 2 ? *)")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Next(time.Time{}, time.Unix(0, 0))
	}
}

func BenchmarkNext(b *testing.B) {
	s, err := schedule.Parse("cron(0/5 8-17 ? * MON-FRI *)")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	at := time.Unix(1760000000, 0)
	for b.Loop() {
		s.Next(time.Time{}, at)
	}
}
