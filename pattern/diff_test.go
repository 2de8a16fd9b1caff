package pattern

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	pairs    = flag.Int("pairs", 0, "how many pairs of pattern and event the differential test compares; 0 means a million")
	fuzzSeed = flag.Uint64("fuzzseed", 0, "the seed of the differential test; 0 means any")
)

// A smith makes patterns and events for sets of many rules: texts of few
// letters, so that prefixes, wildcards and the rest overlap, numbers that lie
// close together, and arrays inside arrays.
type smith struct {
	*rand.Rand
	letters []string
	keys    []string
	words   []string // insides of JSON strings that come again
	unique  bool     // no object has a key twice
	plain   bool     // few values, many arrays
}

func newSmith(seed uint64) *smith {
	s := &smith{Rand: rand.New(rand.NewPCG(seed, 2))}
	s.letters = s.choose(`a`, `b`, `c`, `A`, `B`, `.`, `:`, `/`, `é`, `É`, `ß`, `S`, `s`, `İ`, `i`, `K`, `k`, `🚀`, `?`, `\"`, `\\`, `\n`, `\u0061`, `\ud800`, `1`, `x`, `yy`, `Z`, `z`, `@`, `[`)
	s.unique, s.plain = s.IntN(3) == 0, s.IntN(3) == 0
	for range 8 {
		s.words = append(s.words, s.text())
	}
	if s.IntN(4) == 0 { // long ones that differ only in the middle
		for i := range 4 {
			s.words[i] = fmt.Sprintf("beginning%dtheEnding", i)
		}
	}
	if s.unique {
		s.keys = s.choose(`a`, `b`, `c`, `d`, `e`, `aLongerKey`, `aLongerKex`, `12345678`, `1234567`, `f`, `g`, `h`)
		return s
	}
	s.keys = s.choose(`a`, `b`, `c`, `aLongerKey`, `aLongerKex`, `a.b`, `b.c`, ``, `k\u0065y`, `key`, `12345678`, `123456789`, `d`, `e`, `f`, `g`, `h`, `i`)
	return s
}

// choose returns a few of the choices.
func (s *smith) choose(from ...string) []string {
	s.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return from[:2+s.IntN(len(from)-2)]
}

func (s *smith) of(list []string) string { return list[s.IntN(len(list))] }

// text returns the inside of a JSON string.
func (s *smith) text() string {
	var b strings.Builder
	if len(s.words) == 8 && s.IntN(2) == 0 {
		for range 1 + s.IntN(4) {
			b.WriteString(s.of(s.words))
		}
		return b.String()
	}
	for range s.IntN(3 + s.IntN(12)) {
		b.WriteString(s.of(s.letters[:1+s.IntN(len(s.letters))]))
	}
	return b.String()
}

func (s *smith) number() string {
	base := []string{"0", "1", "-1", "1.5", "37.80848009696725", "37.808480096967254", "-122.42200352825247", "100", "1e2", "9007199254740993",
		"9007199254740992", "12345678901234567890", "1e400", "1e-400", "5e-324", "0.1", "0.10", "-0.0", "1e22", "1e23", "123456789012345e-30", "0.30000000000000004", "300e-1"}
	switch s.IntN(5) {
	case 0:
		return fmt.Sprint(s.IntN(5))
	case 1:
		return fmt.Sprintf("%d.%d", s.IntN(3), s.IntN(20))
	case 2: // neighbours
		return fmt.Sprintf("37.808480096967%d", 240+s.IntN(20))
	}
	return s.of(base)
}

func (s *smith) address() string {
	return s.of([]string{"10.0.0.1", "10.0.0.01", "10.0.1.7", "::1", "0:0:0:0:0:0:0:1", "::ffff:a00:1", "2001:db8::a", "2001:DB8::A", "256.1.1.1", "1:2", "10.0.0.1.2", "1.2.3.", "12:30:45"})
}

func (s *smith) scalar() string {
	switch s.IntN(9) {
	case 0, 1, 2, 3:
		return `"` + s.text() + `"`
	case 4, 5:
		return s.number()
	case 6:
		return `"` + s.address() + `"`
	}
	return s.of([]string{"true", "false", "null", `""`})
}

// starred returns the operand of a wildcard.
func (s *smith) starred() string {
	if s.IntN(2) == 0 { // words with stars between them
		var b strings.Builder
		for range 1 + s.IntN(4) {
			if s.IntN(4) > 0 && !strings.HasSuffix(b.String(), "*") {
				b.WriteString("*")
			}
			b.WriteString(strings.ReplaceAll(s.of(s.words), `\\`, `\\\\`))
		}
		return b.String()
	}
	var b strings.Builder
	star := false
	for range s.IntN(9) {
		if s.IntN(3) == 0 && !star {
			b.WriteString("*")
			star = true
			continue
		}
		star = false
		switch l := s.of(s.letters); l {
		case `\\`:
			b.WriteString(`\\\\`)
		default:
			b.WriteString(l)
		}
	}
	if s.IntN(10) == 0 && !star {
		b.WriteString(`\\*`)
	}
	return b.String()
}

func (s *smith) alternative() string {
	str := func() string { return `"` + s.text() + `"` }
	list := func(f func() string) string {
		var l []string
		for range 1 + s.IntN(3) {
			l = append(l, f())
		}
		return "[" + strings.Join(l, ",") + "]"
	}
	some := func() string { return `"` + s.of(s.letters) + s.text() + `"` }
	switch s.IntN(20) {
	case 0, 1, 2, 3:
		return s.scalar()
	case 4:
		return `{"exists":false}`
	case 5:
		return `{"exists":true}`
	case 6, 7:
		return fmt.Sprintf(`{"%s":%s}`, s.of([]string{"prefix", "suffix"}), str())
	case 8:
		return fmt.Sprintf(`{"%s":{"equals-ignore-case":%s}}`, s.of([]string{"prefix", "suffix"}), str())
	case 9:
		return fmt.Sprintf(`{"%s":%s}`, s.of([]string{"equals-ignore-case", "exactly"}), str())
	case 10, 11, 12:
		return fmt.Sprintf(`{"wildcard":"%s"}`, s.starred())
	case 13, 14:
		switch s.IntN(4) {
		case 0:
			return fmt.Sprintf(`{"numeric":["=",%s]}`, s.number())
		case 1:
			return fmt.Sprintf(`{"numeric":["%s",%s]}`, s.of([]string{"<", "<=", ">", ">="}), s.number())
		}
		return fmt.Sprintf(`{"numeric":["%s",%s,"%s",%s]}`, s.of([]string{">", ">="}), s.number(), s.of([]string{"<", "<="}), s.number())
	case 15:
		return fmt.Sprintf(`{"cidr":"%s/%d"}`, s.address(), s.IntN(40))
	case 16:
		return fmt.Sprintf(`{"anything-but":%s}`, s.of([]string{str(), s.number(), list(str), list(s.number)}))
	case 17:
		return fmt.Sprintf(`{"anything-but":{"%s":%s}}`, s.of([]string{"prefix", "suffix", "equals-ignore-case"}), s.of([]string{some(), list(some)}))
	case 18:
		return fmt.Sprintf(`{"anything-but":{"wildcard":"%s"}}`, s.starred())
	}
	return str()
}

func (s *smith) alternatives() string {
	n := 1
	switch s.IntN(12) {
	case 0, 1, 2:
		n = 2
	case 3:
		n = 12 // enough for a table
	}
	var list []string
	for range n {
		list = append(list, s.alternative())
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (s *smith) pattern(depth int) string {
	if s.plain && s.IntN(4) > 0 {
		return inventor{s.Rand}.pattern(depth)
	}
	var members []string
	for range 1 + s.IntN(3) {
		switch {
		case depth > 0 && s.IntN(3) == 0:
			members = append(members, `"`+s.of(s.keys)+`":`+s.pattern(depth-1))
		case depth > 0 && s.IntN(8) == 0:
			members = append(members, `"$or":[`+s.pattern(depth-1)+","+s.pattern(depth-1)+"]")
		default:
			members = append(members, `"`+s.of(s.keys)+`":`+s.alternatives())
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// compiled returns a pattern that is valid.
func (s *smith) compiled(text func() string) *Pattern {
	for {
		if p, err := (Options{Complexity: -1}).Compile(text()); err == nil {
			return p
		}
	}
}

func (s *smith) space() string {
	if s.IntN(12) == 0 {
		return s.of([]string{" ", "\n", "\t ", "         "})
	}
	return ""
}

func (s *smith) object(depth int) string {
	if s.plain {
		return inventor{s.Rand}.object(depth)
	}
	var b strings.Builder
	b.WriteString("{" + s.space())
	var keys []string
	for i := range s.IntN(6) {
		key := s.of(s.keys)
		if s.unique && slices.Contains(keys, key) {
			continue
		}
		keys = append(keys, key)
		if i > 0 {
			b.WriteString("," + s.space())
		}
		b.WriteString(`"` + key + `"` + s.space() + `:` + s.space() + s.value(depth) + s.space())
	}
	return b.String() + "}"
}

func (s *smith) value(depth int) string {
	switch n := s.IntN(7); {
	case depth == 0 || n < 3:
		return s.scalar()
	case n < 5 || s.unique && n == 5:
		return s.object(depth - 1)
	}
	var elements []string
	for range s.IntN(4) {
		elements = append(elements, s.value(depth-1))
	}
	return "[" + s.space() + strings.Join(elements, ","+s.space()) + s.space() + "]"
}

// A pair's answer must be that of [Pattern.Match], whatever else is in the set
// and in whichever way the event is handed over.
func TestSetAgreesWithTheOracle(t *testing.T) {
	seed := *fuzzSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	left := *pairs
	if left == 0 {
		left = 1_000_000
		if raceEnabled || testing.Short() {
			left = 50_000 // the million is for the run without the race detector
		}
	}
	start := time.Now()
	done, matches := 0, 0
	for round := seed; done < left; round++ {
		n, m := agree(t, round)
		done, matches = done+n, matches+m
		if t.Failed() {
			t.Fatalf("repeat with: go test -run %s ./pattern -fuzzseed %d -pairs 1", t.Name(), round)
		}
	}
	t.Logf("seed %d: %d pairs, %d of them matches, in %v", seed, done, matches, time.Since(start))
	if matches < done/200 {
		t.Errorf("seed %d: only %d of %d pairs match", seed, matches, done)
	}
}

// agree compares a set with its patterns while both change, and returns how
// many pairs were compared and how many matched.
func agree(t *testing.T, seed uint64) (compared, matched int) {
	s := newSmith(seed)
	set := NewSet[int]()
	model := map[int]*Pattern{}
	ids, changes := 40, 8
	if s.IntN(16) == 0 { // enough for large tables
		ids, changes = 800, 60
	}
	for range 60 {
		for range 1 + s.IntN(changes) {
			id := s.IntN(ids)
			if s.IntN(3) == 0 {
				delete(model, id)
				set.Remove(id)
				continue
			}
			p := s.compiled(func() string { return s.pattern(2) })
			model[id] = p
			set.Put(id, p)
		}
		for range 6 {
			event := []byte(s.object(3))
			want, err := one(model, event)
			if err != nil {
				t.Errorf("the oracle says of %s: %v", event, err)
				return
			}
			facts, err := Check(event)
			if err != nil {
				t.Errorf("Check says of %s: %v", event, err)
				return
			}
			for _, known := range []Facts{0, Valid, facts} {
				got, err := set.MatchKnown(event, known, nil)
				slices.Sort(got)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("seed %d: known %d, got %v, %v, want %v for\n%s", seed, known, got, err, want, event)
					for _, id := range append(got, want...) {
						if slices.Contains(got, id) != slices.Contains(want, id) {
							t.Errorf("%d: %s", id, model[id])
						}
					}
					return
				}
			}
			compared += len(model)
			matched += len(want)
		}
	}
	for id := range model {
		set.Remove(id)
	}
	if left := leftOver(set); left != "" {
		t.Errorf("seed %d: an empty set keeps %s", seed, left)
	}
	return compared, matched
}

// one returns what the patterns say one by one.
func one(model map[int]*Pattern, event []byte) ([]int, error) {
	var ids []int
	for id, p := range model {
		switch ok, err := p.Match(event); {
		case err != nil:
			return nil, err
		case ok:
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// leftOver says what a set without patterns still has.
func leftOver[ID comparable](s *Set[ID]) string {
	now, e := s.now.Load(), s.engine
	switch {
	case now.root.kids > 0 || now.rules != 0:
		return "nodes"
	case len(now.absents) > 0 || now.ungated != 0:
		return "anchors"
	case len(e.conds)+len(e.conjs)+len(e.rests)+len(e.gates)+len(e.places) > 0:
		return "conditions"
	case len(e.slotIDs.free) != int(e.slotIDs.last) || len(e.condIDs.free) != int(e.condIDs.last) || len(e.gateIDs.free) != int(e.gateIDs.last):
		return "numbers"
	}
	return ""
}

// An event handed over as an envelope is the JSON that it stands for.
func TestEnvelopesMatchAsTheirJSON(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := *fuzzSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	rounds := uint64(30)
	if raceEnabled {
		rounds = 4
	}
	for round := range rounds {
		s := newSmith(seed + round)
		set := NewSet[int]()
		model := map[int]*Pattern{}
		for range 40 {
			for range 5 {
				id := s.IntN(60)
				p := s.compiled(s.envelopePattern)
				model[id] = p
				set.Put(id, p)
				if s.IntN(4) == 0 {
					delete(model, id)
					set.Remove(id)
				}
			}
			for range 5 {
				e, text := s.envelope()
				want, err := one(model, text)
				if err != nil {
					t.Fatal(err)
				}
				got, err := set.MatchEnvelope(e, nil)
				slices.Sort(got)
				raw, _ := set.Match(text, nil)
				slices.Sort(raw)
				if err != nil || !slices.Equal(got, want) || !slices.Equal(raw, want) {
					t.Errorf("seed %d: got %v, %v, from JSON %v, want %v for %s", seed+round, got, err, raw, want, text)
					for _, id := range append(got, want...) {
						if slices.Contains(got, id) != slices.Contains(want, id) {
							t.Errorf("%d: %s", id, model[id])
						}
					}
					return
				}
			}
		}
	}
}

func (s *smith) envelopePattern() string {
	var members []string
	for _, name := range []string{"source", "detail-type", "account", "region", "time", "resources", "id", "version", "detail", "detail.a", "source.a", "other"} {
		if s.IntN(5) > 0 {
			continue
		}
		switch {
		case name == "detail" || s.IntN(30) == 0:
			members = append(members, fmt.Sprintf(`"%s":%s`, name, s.pattern(1)))
		case name == "time":
			members = append(members, `"time":[{"prefix":"2026-0"}]`)
		case s.IntN(2) == 0:
			members = append(members, fmt.Sprintf(`"%s":["%s"]`, name, s.of([]string{"a", "b", "c"})))
		default:
			members = append(members, fmt.Sprintf(`"%s":%s`, name, s.alternatives()))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// envelope returns an event and the JSON that it stands for.
func (s *smith) envelope() (*Envelope, []byte) {
	e := &Envelope{Facts: Facts(0)}
	members := map[string]any{}
	for name, to := range map[string]*string{"id": &e.ID, "detail-type": &e.DetailType, "source": &e.Source, "account": &e.Account, "region": &e.Region, "version": &e.Version} {
		if s.IntN(4) > 0 {
			*to = s.of([]string{"a", "b", "c", "é", "\xff\xfe", "x\"y", "10.0.0.1", "\n"})
			members[name] = *to
		}
	}
	if s.IntN(2) == 0 {
		e.Time = time.Unix(int64(s.IntN(math.MaxInt32)), 5)
		members["time"] = e.Time.UTC().Format("2006-01-02T15:04:05Z")
	}
	for range s.IntN(3) {
		e.Resources = append(e.Resources, s.of([]string{"a", "b", "c"}))
	}
	members["resources"] = e.Resources
	if e.Resources == nil {
		members["resources"] = []string{}
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	if s.IntN(6) > 0 {
		e.Detail = []byte(s.object(2))
		text = append(text[:len(text)-1], `,"detail":`...)
		text = append(append(text, e.Detail...), '}')
		if s.IntN(2) == 0 {
			if e.Facts, err = Check(e.Detail); err != nil {
				panic(errors.Join(err, errors.New(string(e.Detail))))
			}
		}
	}
	return e, text
}
