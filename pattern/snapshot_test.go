package pattern

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// Rules are switched on one after the other, and off again in the same order.
// So those that are on are always the first ones or the last ones, which a
// match must see whatever happens meanwhile.
func TestAnEventIsJudgedByTheRulesOfOneMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	const rules = 24
	texts := []string{
		`{"a":["x"],"n":[%d]}`, `{"a":[{"prefix":"x"}],"n":[%d]}`, `{"n":[{"numeric":["=",%d]}],"a":[{"wildcard":"*x*"}]}`,
		`{"b":[{"exists":false}],"n":[%d]}`, `{"$or":[{"a":["x"]},{"a":["y"]}],"n":[%d]}`, `{"source":["s"],"n":[%d]}`,
	}
	set := NewSet[int]()
	on, off := make([]*Pattern, rules), make([]*Pattern, rules)
	for i := range rules {
		on[i] = mustCompile(t, fmt.Sprintf(texts[i%len(texts)], 1))
		off[i] = mustCompile(t, fmt.Sprintf(texts[i%len(texts)], 2))
		set.Put(i, off[i])
	}
	event := []byte(`{"source":"s","a":"x","n":1}`)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			var ids []int
			for {
				select {
				case <-done:
					return
				default:
				}
				var err error
				ids, err = set.MatchKnown(event, Valid|UniqueKeys, ids[:0])
				slices.Sort(ids)
				n := len(ids)
				if err != nil || n > 0 && (ids[n-1]-ids[0] != n-1 || ids[0] != 0 && ids[n-1] != rules-1) {
					t.Errorf("matched by %v, %v", ids, err)
					return
				}
			}
		})
	}
	for step := range 6000 {
		i := step % rules
		switch state := step / rules; {
		case state%2 == 0:
			set.Put(i, on[i])
		case state%4 == 1:
			set.Remove(i)
		default:
			set.Put(i, off[i])
		}
	}
	close(done)
	wg.Wait()
}

// The answers of two sets together are those of one with the rules of both, in
// whatever order the keys of an event stand.
func TestUnionAndKeyOrderChangeNoAnswer(t *testing.T) {
	seed := rand.Uint64()
	for round := range uint64(30) {
		s := newSmith(seed + round)
		odd, even, all := NewSet[int](), NewSet[int](), NewSet[int]()
		for id := range 60 {
			p := s.compiled(func() string { return s.pattern(2) })
			all.Put(id, p)
			if id%2 == 0 {
				even.Put(id, p)
			} else {
				odd.Put(id, p)
			}
		}
		for range 50 {
			members := make([]string, s.IntN(6))
			for i := range members {
				members[i] = `"` + s.of(s.keys) + `":` + s.value(2)
			}
			var first []int
			for order := range 3 {
				text := "{"
				for i, m := range members {
					if i > 0 {
						text += ","
					}
					text += m
				}
				event := []byte(text + "}")
				one, err := all.Match(event, nil)
				if err != nil {
					t.Fatal(err)
				}
				two, err := even.Match(event, nil)
				if err != nil {
					t.Fatal(err)
				}
				if two, err = odd.Match(event, two); err != nil {
					t.Fatal(err)
				}
				slices.Sort(one)
				slices.Sort(two)
				if !slices.Equal(one, two) {
					t.Fatalf("seed %d: together %v, apart %v for %s", seed+round, one, two, event)
				}
				if order == 0 {
					first = one
				} else if !slices.Equal(one, first) {
					t.Fatalf("seed %d: %v, in another order %v: %s", seed+round, first, one, event)
				}
				s.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			}
		}
	}
}

// A set that was filled and emptied in any order keeps nothing, and many rules
// with the same conditions share them.
func TestRulesShareWhatTheyHaveInCommon(t *testing.T) {
	set := NewSet[string]()
	for i := range 2000 {
		set.Put(fmt.Sprint(i), mustCompile(t, fmt.Sprintf(`{"source":["s"],"detail":{"state":["on"],"name":["n%d"]}}`, i)))
	}
	e := set.engine
	if len(e.conds) != 2002 || len(e.conjs) != 2000 || len(e.gates) != 1 || len(e.rests) > 4 {
		t.Errorf("2000 rules have %d conditions, %d conjunctions, %d gates, %d rests", len(e.conds), len(e.conjs), len(e.gates), len(e.rests))
	}
	for i := range 2000 {
		set.Remove(fmt.Sprint(i))
	}
	if left := leftOver(set); left != "" {
		t.Errorf("an empty set keeps %s", left)
	}
}

// The detail of an event that no rule wants is not read: it may be anything.
func TestDetailIsReadOnlyIfAGateOpens(t *testing.T) {
	set := NewSet[int]()
	set.Put(1, mustCompile(t, `{"source":["shop"],"detail":{"a":[1]}}`))
	set.Put(2, mustCompile(t, `{"source":["mail"]}`))
	for _, tc := range []struct {
		source string
		reads  bool
	}{{"shop", true}, {"mail", false}, {"other", false}} {
		sh := new(sheet)
		sh.start(set.now.Load())
		sh.open.reset()
		sh.outside(&Envelope{Source: tc.source})
		if sh.openGates() != tc.reads || sh.snap.ungated != 0 {
			t.Errorf("source %s: reads the detail: %t", tc.source, !tc.reads)
		}
	}
}

func TestLedgerRemembersWithinARound(t *testing.T) {
	var l ledger
	l.epoch = 1<<32 - 3 // soon to begin again
	for round := range uint32(6) {
		l.reset()
		for i := range uint32(1000) {
			if v := l.at(i * 77); *v != 0 {
				t.Fatalf("round %d: %d has %d", round, i, *v)
			}
			*l.at(i * 77) = i + round + 1
		}
		for i := range uint32(1000) {
			if v := *l.at(i * 77); v != i+round+1 {
				t.Fatalf("round %d: %d has %d", round, i, v)
			}
		}
	}
}

// Arrays in arrays beside arrays, where what matters is only which elements go
// together.
func TestArraysAreDecidedAsBySearching(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 6))
	var nest func(depth int) string
	nest = func(depth int) string {
		out := "["
		for i := range r.IntN(4) {
			if i > 0 {
				out += ","
			}
			out += "{"
			comma := ""
			for _, k := range []string{"x", "y", "z"} {
				if r.IntN(3) == 0 {
					out += fmt.Sprintf(`%s"%s":%d`, comma, k, r.IntN(3))
					comma = ","
				}
			}
			for _, k := range []string{"a", "b", "a"} {
				if depth > 0 && r.IntN(2) == 0 {
					out += fmt.Sprintf(`%s"%s":%s`, comma, k, nest(depth-1))
					comma = ","
				}
			}
			out += "}"
		}
		return out + "]"
	}
	var want func(depth int) string
	want = func(depth int) string {
		out, comma := "{", ""
		for _, k := range []string{"x", "y", "z", "a", "b"} {
			switch {
			case k < "x" && depth > 0 && r.IntN(2) == 0:
				out += fmt.Sprintf(`%s"%s":%s`, comma, k, want(depth-1))
			case k >= "x" && (r.IntN(3) == 0 || comma == "" && k == "z"):
				out += fmt.Sprintf(`%s"%s":[1,{"numeric":[">",%d]}]`, comma, k, r.IntN(3))
			default:
				continue
			}
			comma = ","
		}
		return out + "}"
	}
	matches, pairs := 0, 0
	for range 200 {
		set := NewSet[int]()
		model := map[int]*Pattern{}
		for id := range 30 {
			model[id] = mustCompile(t, `{"a":`+want(2)+`}`)
			set.Put(id, model[id])
		}
		for range 20 {
			event := []byte(`{"a":` + nest(2) + `}`)
			expected, err := one(model, event)
			if err != nil {
				t.Fatal(err)
			}
			got, err := set.Match(event, nil)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, expected) {
				t.Fatalf("seed %d: got %v, %v, want %v for %s", seed, got, err, expected, event)
			}
			matches, pairs = matches+len(got), pairs+30
		}
	}
	if matches < pairs/50 {
		t.Errorf("seed %d: only %d of %d match", seed, matches, pairs)
	}
}

func TestLowerCaseIsThatOfASCII(t *testing.T) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	for n := range len(all) {
		text := string(all[n:])
		got := appendLow(nil, text)
		for i := range text {
			want := text[i]
			if want >= 'A' && want <= 'Z' {
				want |= 0x20
			}
			if i < len(got) && got[i] != want {
				t.Fatalf("%q becomes %q", text[i], got[i])
			}
		}
		if len(got) != len(text) {
			t.Fatalf("%d bytes become %d", len(text), len(got))
		}
	}
}
