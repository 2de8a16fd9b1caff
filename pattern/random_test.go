package pattern

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// An inventor makes up patterns and events that have much to do with each other:
// few keys, few values, many arrays.
type inventor struct{ *rand.Rand }

func newInventor(seed uint64) inventor { return inventor{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](s inventor, from ...T) T { return from[s.IntN(len(from))] }

func (s inventor) key() string {
	return pick(s, `"a"`, `"a"`, `"b"`, `"c"`, `"a.b"`, `"c.a"`, `""`, `"a-"`, `"\u0062"`)
}

func (s inventor) scalar() string {
	return pick(s, `"x"`, `"y"`, `"xy"`, `"X"`, `""`, `"ß"`, `"SS"`, `"10.0.0.1"`, `"10.0.0.01"`, `"::1"`, `"x\""`, `"\ud83d\ude80"`,
		`0`, `-0.0`, `1`, `1.0`, `2`, `10e-1`, `1e400`, `9007199254740993`, `true`, `false`, `null`)
}

func (s inventor) alternative() string {
	str := func() string { return pick(s, `"x"`, `"y"`, `"Xy"`, `"x\""`, `"é"`) }
	switch s.IntN(14) {
	case 0, 1, 2, 3:
		return s.scalar()
	case 4, 5:
		return `{"exists":false}`
	case 6:
		return `{"exists":true}`
	case 7:
		return fmt.Sprintf(`{"%s":%s}`, pick(s, "prefix", "suffix", "equals-ignore-case", "exactly"), str())
	case 8:
		return fmt.Sprintf(`{"wildcard":%s}`, pick(s, `"*"`, `"x*"`, `"*y"`, `"*x*"`, `"x"`, `"\\**"`))
	case 9:
		return fmt.Sprintf(`{"numeric":[%s]}`, pick(s, `"=",1`, `"<",2`, `">=",0`, `">",-1,"<=",1`))
	case 10:
		return fmt.Sprintf(`{"cidr":%s}`, pick(s, `"10.0.0.0/8"`, `"::/64"`))
	case 11:
		return fmt.Sprintf(`{"%s":{"equals-ignore-case":%s}}`, pick(s, "prefix", "suffix"), str())
	case 12:
		return fmt.Sprintf(`{"anything-but":%s}`, pick(s, str(), `1`, `[1,2]`, `["x","y"]`))
	default:
		return fmt.Sprintf(`{"anything-but":{"%s":%s}}`, pick(s, "prefix", "suffix", "equals-ignore-case", "wildcard"), pick(s, `"x"`, `["x","y"]`))
	}
}

func (s inventor) alternatives() string {
	var list []string
	for range pick(s, 1, 1, 1, 2, 3) {
		list = append(list, s.alternative())
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (s inventor) pattern(depth int) string {
	var members []string
	for range pick(s, 1, 1, 2, 2, 3) {
		switch {
		case depth > 0 && s.IntN(3) == 0:
			members = append(members, s.key()+":"+s.pattern(depth-1))
		case depth > 0 && s.IntN(7) == 0:
			members = append(members, `"$or":[`+s.pattern(depth-1)+","+s.pattern(depth-1)+"]")
		default:
			members = append(members, s.key()+":"+s.alternatives())
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (s inventor) event() string { return s.object(3) }

func (s inventor) object(depth int) string {
	var members []string
	for range s.IntN(5) {
		members = append(members, s.key()+":"+s.value(depth))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (s inventor) value(depth int) string {
	switch n := s.IntN(6); {
	case depth == 0 || n < 2:
		return s.scalar()
	case n < 4:
		return s.object(depth - 1)
	}
	var elements []string
	for range s.IntN(4) {
		elements = append(elements, s.value(depth-1))
	}
	return "[" + strings.Join(elements, ",") + "]"
}
