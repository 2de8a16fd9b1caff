package eval

import (
	"math"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/rawjson"
)

// A Function is one that expressions may call, with its arguments not evaluated yet.
type Function struct {
	Least, Most int // how many arguments; a most of -1 is any number
	// Period is the place, from 1 on, of an argument that is a period; 0 for none.
	Period int
	Fn     func(r *Row, args []Expr) Value
}

// maxText bounds what functions make of texts.
const maxText = 1 << 20

// of1 makes a function of one value, which is missing when the value is.
func of1(fn func(Value) Value) Function {
	return Function{1, 1, 0, func(r *Row, args []Expr) Value {
		v := args[0].Eval(r)
		if v.Kind == Missing {
			return v
		}
		return fn(v)
	}}
}

func ofNumber(fn func(float64) float64) Function {
	return of1(func(v Value) Value {
		n, ok := v.Number()
		if !ok {
			return Value{}
		}
		return NumberOf(fn(n))
	})
}

func ofText(fn func(string) Value) Function {
	return of1(func(v Value) Value { return fn(v.String()) })
}

// of2 makes a function of two texts.
func of2(fn func(a, b string) Value) Function {
	return Function{2, 2, 0, func(r *Row, args []Expr) Value {
		a, b := args[0].Eval(r), args[1].Eval(r)
		if a.Kind == Missing || b.Kind == Missing {
			return Value{}
		}
		return fn(a.String(), b.String())
	}}
}

// trimming makes a function that cuts characters of a set, or white space.
func trimming(blank func(string) string, set func(s, cutset string) string) Function {
	return Function{1, 2, 0, func(r *Row, args []Expr) Value {
		v := args[0].Eval(r)
		if v.Kind == Missing {
			return v
		}
		if len(args) == 1 {
			return TextOf(blank(v.String()))
		}
		return TextOf(set(v.String(), args[1].Eval(r).String()))
	}}
}

// best makes a function that returns the first of its numbers in an order.
func best(better func(a, b float64) bool) Function {
	return Function{1, -1, 0, func(r *Row, args []Expr) (out Value) {
		for _, a := range args {
			v := a.Eval(r)
			n, ok := v.Number()
			if ok && (out.Kind == Missing || better(n, out.Num)) {
				v.Num = n
				out = v
			}
		}
		return out
	}}
}

func address(fits func(netip.Addr) bool) Function {
	return Function{1, 1, 0, func(r *Row, args []Expr) Value {
		a, err := netip.ParseAddr(args[0].Eval(r).String())
		return TruthOf(err == nil && fits(a))
	}}
}

func inSubnet(fits func(netip.Addr) bool) Function {
	return Function{2, 2, 0, func(r *Row, args []Expr) Value {
		a, err := netip.ParseAddr(args[0].Eval(r).String())
		net, wrong := netip.ParsePrefix(args[1].Eval(r).String())
		return TruthOf(err == nil && wrong == nil && fits(a) && net.Contains(a))
	}}
}

func anyAddress(netip.Addr) bool { return true }

// Functions are called by their names in small letters.
var Functions = map[string]Function{
	"abs": ofNumber(math.Abs), "ceil": ofNumber(math.Ceil), "floor": ofNumber(math.Floor),
	"log": ofNumber(math.Log), "sqrt": ofNumber(math.Sqrt),
	"greatest": best(func(a, b float64) bool { return a > b }),
	"least":    best(func(a, b float64) bool { return a < b }),

	"isempty": {1, 1, 0, func(r *Row, args []Expr) Value {
		v := args[0].Eval(r)
		return TruthOf(v.Kind == Missing || v.Kind == IsText && v.Text == "")
	}},
	"isblank": {1, 1, 0, func(r *Row, args []Expr) Value {
		return TruthOf(strings.TrimSpace(args[0].Eval(r).String()) == "")
	}},
	"ispresent": {1, 1, 0, func(r *Row, args []Expr) Value { return TruthOf(args[0].Eval(r).Kind != Missing) }},
	"coalesce":  {1, -1, 0, coalesce},
	"if": {3, 3, 0, func(r *Row, args []Expr) Value {
		if args[0].Eval(r).Truth() {
			return args[1].Eval(r)
		}
		return args[2].Eval(r)
	}},

	"concat":      {1, -1, 0, concat},
	"ltrim":       trimming(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }, strings.TrimLeft),
	"rtrim":       trimming(func(s string) string { return strings.TrimRight(s, " \t\r\n") }, strings.TrimRight),
	"trim":        trimming(strings.TrimSpace, strings.Trim),
	"strlen":      ofText(func(s string) Value { return NumberOf(float64(utf8.RuneCountInString(s))) }),
	"toupper":     ofText(func(s string) Value { return TextOf(strings.ToUpper(s)) }),
	"tolower":     ofText(func(s string) Value { return TextOf(strings.ToLower(s)) }),
	"substr":      {2, 3, 0, substr},
	"replace":     {3, 3, 0, replace},
	"strcontains": of2(func(a, b string) Value { return TruthOf(strings.Contains(a, b)) }),

	"bin":       {1, 1, 1, func(r *Row, args []Expr) Value { return args[0].(Period).floor(r.Get(FieldTime)) }},
	"datefloor": {2, 2, 2, func(r *Row, args []Expr) Value { return args[1].(Period).floor(args[0].Eval(r)) }},
	"dateceil":  {2, 2, 2, func(r *Row, args []Expr) Value { return args[1].(Period).ceil(args[0].Eval(r)) }},
	"frommillis": of1(func(v Value) Value {
		n, ok := v.Number()
		if !ok {
			return Value{}
		}
		return timeOf(n)
	}),
	"tomillis": of1(func(v Value) Value {
		if v.Kind != IsTime {
			return Value{}
		}
		return NumberOf(v.Num)
	}),

	// The time at which the query started, in seconds.
	"now": {0, 0, 0, func(r *Row, _ []Expr) Value { return NumberOf(float64(r.bounds.Now)) }},

	"jsonparse":     {1, 1, 0, jsonParse},
	"jsonstringify": of1(func(v Value) Value { return TextOf(v.String()) }),

	"isvalidip":      address(anyAddress),
	"isvalidipv4":    address(netip.Addr.Is4),
	"isvalidipv6":    address(netip.Addr.Is6),
	"isipinsubnet":   inSubnet(anyAddress),
	"isipv4insubnet": inSubnet(netip.Addr.Is4),
	"isipv6insubnet": inSubnet(netip.Addr.Is6),
}

func jsonParse(r *Row, args []Expr) Value {
	v := args[0].Eval(r)
	if v.Kind == Missing || v.Kind == IsTree {
		return v
	}
	root, _ := rawjson.Of([]byte(v.String()))
	v = ofJSON(root)
	r.spent += int64(len(v.tree))
	return v
}

func coalesce(r *Row, args []Expr) Value {
	for _, a := range args {
		if v := a.Eval(r); v.Kind != Missing {
			return v
		}
	}
	return Value{}
}

func concat(r *Row, args []Expr) Value {
	var b strings.Builder
	for _, a := range args {
		if s := a.Eval(r).String(); b.Len()+len(s) <= maxText {
			b.WriteString(s)
		}
	}
	return TextOf(b.String())
}

// substr counts characters from 0.
func substr(r *Row, args []Expr) Value {
	v := args[0].Eval(r)
	from, ok := args[1].Eval(r).Number()
	if v.Kind == Missing || !ok {
		return Value{}
	}
	length := math.Inf(1)
	if len(args) == 3 {
		if length, ok = args[2].Eval(r).Number(); !ok {
			return Value{}
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
	return TextOf(s[begin:max(end, begin)])
}

func replace(r *Row, args []Expr) Value {
	v, old, made := args[0].Eval(r), args[1].Eval(r).String(), args[2].Eval(r).String()
	s := v.String()
	if v.Kind == Missing || old == "" || len(s)+strings.Count(s, old)*len(made) > maxText {
		return v
	}
	return TextOf(strings.ReplaceAll(s, old, made))
}

// A Period is a length of time: of one unit or several.
type Period struct {
	millis int64
	months int // of those that are counted in months
}

func (p Period) Eval(*Row) Value { return NumberOf(float64(p.millis)) }

// units are how long a period is, by what is written behind its number.
var units = map[string]Period{
	"ms": {millis: 1}, "s": {millis: 1000}, "m": {millis: 60_000}, "h": {millis: 3_600_000},
	"d": {millis: 86_400_000}, "w": {millis: 7 * 86_400_000}, "mo": {months: 1}, "q": {months: 3}, "y": {months: 12},
	"msec": {millis: 1}, "sec": {millis: 1000}, "second": {millis: 1000}, "seconds": {millis: 1000},
	"min": {millis: 60_000}, "minute": {millis: 60_000}, "minutes": {millis: 60_000},
	"hr": {millis: 3_600_000}, "hour": {millis: 3_600_000}, "hours": {millis: 3_600_000},
	"day": {millis: 86_400_000}, "days": {millis: 86_400_000}, "week": {millis: 7 * 86_400_000}, "weeks": {millis: 7 * 86_400_000},
	"month": {months: 1}, "months": {months: 1}, "quarter": {months: 3}, "quarters": {months: 3}, "year": {months: 12}, "years": {months: 12},
}

// PeriodOf returns so many of a unit; ok is false for a unit that is none.
func PeriodOf(n int, unit string) (p Period, ok bool) {
	p, ok = units[strings.ToLower(unit)]
	return Period{p.millis * int64(n), p.months * n}, ok
}

// monday is the first one since the beginning of Unix time: where weeks begin.
const monday = 4 * 86_400_000

func (p Period) floor(v Value) Value {
	n, ok := v.Number()
	if !ok || math.Abs(n) > 1e15 {
		return Value{}
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

func (p Period) ceil(v Value) Value {
	floor := p.floor(v)
	n, ok := v.Number()
	if floor.Kind == Missing || !ok || floor.Num == n {
		return floor
	}
	if p.months > 0 {
		return timeOf(float64(time.UnixMilli(int64(floor.Num)).UTC().AddDate(0, p.months, 0).UnixMilli()))
	}
	return timeOf(floor.Num + float64(p.millis))
}
