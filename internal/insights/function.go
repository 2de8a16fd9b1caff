package insights

import (
	"math"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// A function is one that expressions may call, with its arguments not evaluated yet.
type function struct {
	least, most int // how many arguments; a most of -1 is any number
	// period is the place, from 1 on, of an argument that is a period; 0 for none.
	period int
	fn     func(r *row, args []expr) value
}

// maxText bounds what functions make of texts.
const maxText = 1 << 20

// of1 makes a function of one value, which is missing when the value is.
func of1(fn func(value) value) function {
	return function{1, 1, 0, func(r *row, args []expr) value {
		v := args[0].eval(r)
		if v.kind == missing {
			return v
		}
		return fn(v)
	}}
}

func ofNumber(fn func(float64) float64) function {
	return of1(func(v value) value {
		n, ok := v.number()
		if !ok {
			return value{}
		}
		return numberOf(fn(n))
	})
}

func ofText(fn func(string) value) function {
	return of1(func(v value) value { return fn(v.String()) })
}

// of2 makes a function of two texts.
func of2(fn func(a, b string) value) function {
	return function{2, 2, 0, func(r *row, args []expr) value {
		a, b := args[0].eval(r), args[1].eval(r)
		if a.kind == missing || b.kind == missing {
			return value{}
		}
		return fn(a.String(), b.String())
	}}
}

// trimming makes a function that cuts characters of a set, or white space.
func trimming(blank func(string) string, set func(s, cutset string) string) function {
	return function{1, 2, 0, func(r *row, args []expr) value {
		v := args[0].eval(r)
		if v.kind == missing {
			return v
		}
		if len(args) == 1 {
			return textOf(blank(v.String()))
		}
		return textOf(set(v.String(), args[1].eval(r).String()))
	}}
}

// best makes a function that returns the first of its numbers in an order.
func best(better func(a, b float64) bool) function {
	return function{1, -1, 0, func(r *row, args []expr) (out value) {
		for _, a := range args {
			v := a.eval(r)
			n, ok := v.number()
			if ok && (out.kind == missing || better(n, out.num)) {
				v.num = n
				out = v
			}
		}
		return out
	}}
}

func address(fits func(netip.Addr) bool) function {
	return function{1, 1, 0, func(r *row, args []expr) value {
		a, err := netip.ParseAddr(args[0].eval(r).String())
		return truthOf(err == nil && fits(a))
	}}
}

func inSubnet(fits func(netip.Addr) bool) function {
	return function{2, 2, 0, func(r *row, args []expr) value {
		a, err := netip.ParseAddr(args[0].eval(r).String())
		net, wrong := netip.ParsePrefix(args[1].eval(r).String())
		return truthOf(err == nil && wrong == nil && fits(a) && net.Contains(a))
	}}
}

func anyAddress(netip.Addr) bool { return true }

// functions are called by their names in small letters.
var functions = map[string]function{
	"abs": ofNumber(math.Abs), "ceil": ofNumber(math.Ceil), "floor": ofNumber(math.Floor),
	"log": ofNumber(math.Log), "sqrt": ofNumber(math.Sqrt),
	"greatest": best(func(a, b float64) bool { return a > b }),
	"least":    best(func(a, b float64) bool { return a < b }),

	"isempty": {1, 1, 0, func(r *row, args []expr) value {
		v := args[0].eval(r)
		return truthOf(v.kind == missing || v.kind == isText && v.text == "")
	}},
	"isblank": {1, 1, 0, func(r *row, args []expr) value {
		return truthOf(strings.TrimSpace(args[0].eval(r).String()) == "")
	}},
	"ispresent": {1, 1, 0, func(r *row, args []expr) value { return truthOf(args[0].eval(r).kind != missing) }},
	"coalesce":  {1, -1, 0, coalesce},
	"if": {3, 3, 0, func(r *row, args []expr) value {
		if args[0].eval(r).truth() {
			return args[1].eval(r)
		}
		return args[2].eval(r)
	}},

	"concat":      {1, -1, 0, concat},
	"ltrim":       trimming(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }, strings.TrimLeft),
	"rtrim":       trimming(func(s string) string { return strings.TrimRight(s, " \t\r\n") }, strings.TrimRight),
	"trim":        trimming(strings.TrimSpace, strings.Trim),
	"strlen":      ofText(func(s string) value { return numberOf(float64(utf8.RuneCountInString(s))) }),
	"toupper":     ofText(func(s string) value { return textOf(strings.ToUpper(s)) }),
	"tolower":     ofText(func(s string) value { return textOf(strings.ToLower(s)) }),
	"substr":      {2, 3, 0, substr},
	"replace":     {3, 3, 0, replace},
	"strcontains": of2(func(a, b string) value { return truthOf(strings.Contains(a, b)) }),

	"bin":       {1, 1, 1, func(r *row, args []expr) value { return args[0].(period).floor(r.get(fieldTime)) }},
	"datefloor": {2, 2, 2, func(r *row, args []expr) value { return args[1].(period).floor(args[0].eval(r)) }},
	"dateceil":  {2, 2, 2, func(r *row, args []expr) value { return args[1].(period).ceil(args[0].eval(r)) }},
	"frommillis": of1(func(v value) value {
		n, ok := v.number()
		if !ok {
			return value{}
		}
		return timeOf(n)
	}),
	"tomillis": of1(func(v value) value {
		if v.kind != isTime {
			return value{}
		}
		return numberOf(v.num)
	}),

	// The time at which the query started, in seconds.
	"now": {0, 0, 0, func(r *row, _ []expr) value { return numberOf(float64(r.run.now)) }},

	"jsonparse":     {1, 1, 0, jsonParse},
	"jsonstringify": of1(func(v value) value { return textOf(v.String()) }),

	"isvalidip":      address(anyAddress),
	"isvalidipv4":    address(netip.Addr.Is4),
	"isvalidipv6":    address(netip.Addr.Is6),
	"isipinsubnet":   inSubnet(anyAddress),
	"isipv4insubnet": inSubnet(netip.Addr.Is4),
	"isipv6insubnet": inSubnet(netip.Addr.Is6),
}

func jsonParse(r *row, args []expr) value {
	v := args[0].eval(r)
	if v.kind == missing || v.kind == isTree {
		return v
	}
	v = ofJSON(decode([]byte(v.String())))
	r.spent += weight(v.tree)
	return v
}

func coalesce(r *row, args []expr) value {
	for _, a := range args {
		if v := a.eval(r); v.kind != missing {
			return v
		}
	}
	return value{}
}

func concat(r *row, args []expr) value {
	var b strings.Builder
	for _, a := range args {
		if s := a.eval(r).String(); b.Len()+len(s) <= maxText {
			b.WriteString(s)
		}
	}
	return textOf(b.String())
}

// substr counts characters from 0.
func substr(r *row, args []expr) value {
	v := args[0].eval(r)
	from, ok := args[1].eval(r).number()
	if v.kind == missing || !ok {
		return value{}
	}
	length := math.Inf(1)
	if len(args) == 3 {
		if length, ok = args[2].eval(r).number(); !ok {
			return value{}
		}
	}
	s := v.String()
	begin, end, n := len(s), len(s), 0.0
	for i := range s {
		if n == max(math.Trunc(from), 0) {
			begin = i
		}
		if n >= max(math.Trunc(from), 0)+max(math.Trunc(length), 0) {
			end = i
			break
		}
		n++
	}
	return textOf(s[begin:max(end, begin)])
}

func replace(r *row, args []expr) value {
	v, old, made := args[0].eval(r), args[1].eval(r).String(), args[2].eval(r).String()
	s := v.String()
	if v.kind == missing || old == "" || len(s)+strings.Count(s, old)*len(made) > maxText {
		return v
	}
	return textOf(strings.ReplaceAll(s, old, made))
}

// A period is a length of time: of one unit or several.
type period struct {
	millis int64
	months int // of those that are counted in months
}

func (p period) eval(*row) value { return numberOf(float64(p.millis)) }

// units are how long a period is, by what is written behind its number.
var units = map[string]period{
	"ms": {millis: 1}, "s": {millis: 1000}, "m": {millis: 60_000}, "h": {millis: 3_600_000},
	"d": {millis: 86_400_000}, "w": {millis: 7 * 86_400_000}, "mo": {months: 1}, "q": {months: 3}, "y": {months: 12},
	"msec": {millis: 1}, "sec": {millis: 1000}, "second": {millis: 1000}, "seconds": {millis: 1000},
	"min": {millis: 60_000}, "minute": {millis: 60_000}, "minutes": {millis: 60_000},
	"hr": {millis: 3_600_000}, "hour": {millis: 3_600_000}, "hours": {millis: 3_600_000},
	"day": {millis: 86_400_000}, "days": {millis: 86_400_000}, "week": {millis: 7 * 86_400_000}, "weeks": {millis: 7 * 86_400_000},
	"month": {months: 1}, "months": {months: 1}, "quarter": {months: 3}, "quarters": {months: 3}, "year": {months: 12}, "years": {months: 12},
}

// monday is the first one since the beginning of Unix time: where weeks begin.
const monday = 4 * 86_400_000

func (p period) floor(v value) value {
	n, ok := v.number()
	if !ok || math.Abs(n) > 1e15 {
		return value{}
	}
	at := int64(n)
	if p.months > 0 {
		t := time.UnixMilli(at).UTC()
		months := t.Year()*12 + int(t.Month()) - 1
		months -= ((months % p.months) + p.months) % p.months
		return timeOf(float64(time.Date(0, time.Month(months+1), 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
	}
	origin := int64(0)
	if p.millis%(7*86_400_000) == 0 {
		origin = monday
	}
	rest := (at - origin) % p.millis
	if rest < 0 {
		rest += p.millis
	}
	return timeOf(float64(at - rest))
}

func (p period) ceil(v value) value {
	floor := p.floor(v)
	n, ok := v.number()
	if floor.kind == missing || !ok || floor.num == n {
		return floor
	}
	if p.months > 0 {
		return timeOf(float64(time.UnixMilli(int64(floor.num)).UTC().AddDate(0, p.months, 0).UnixMilli()))
	}
	return timeOf(floor.num + float64(p.millis))
}
