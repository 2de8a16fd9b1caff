package pattern

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What somebody could do to a set on purpose, and what goes wrong once in a
// million.

// Conditions that ask for the same text in other words come and go, so that
// their numbers are given out again.
func TestOneTextInManySpellings(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	spellings := []string{`["x"]`, `[ "x"]`, `["\u0078"]`, `[{"exactly":"x"}]`, `["x","x"]`, `["x","y"]`, `[ "y"]`, `["y"]`}
	for range 300 {
		set, model := NewSet[int](), map[int]*Pattern{}
		for range 60 {
			id := r.IntN(8)
			if r.IntN(3) == 0 {
				set.Remove(id)
				delete(model, id)
			} else {
				text := `{"` + string('a'+rune(r.IntN(3))) + `":` + spellings[r.IntN(len(spellings))]
				if r.IntN(2) == 0 {
					text += `,"` + string('d'+rune(r.IntN(2))) + `":` + spellings[r.IntN(len(spellings))]
				}
				model[id] = mustCompile(t, text+"}")
				set.Put(id, model[id])
			}
			event := fmt.Appendf(nil, `{"a":"%c","b":"%c","c":"x","d":"%c","e":"y"}`, 'x'+r.IntN(2), 'x'+r.IntN(2), 'x'+r.IntN(2))
			want, err := one(model, event)
			if err != nil {
				t.Fatal(err)
			}
			got, err := set.Match(event, nil)
			slices.Sort(got)
			if !slices.Equal(got, want) || err != nil {
				t.Fatalf("seed %d: got %v, %v, want %v", seed, got, err, want)
			}
		}
	}
}

// A condition that leads to nothing for a while must not take over what another
// one, which asks for the same text, leads to.
func TestConditionsKeepToThemselves(t *testing.T) {
	set := NewSet[int]()
	set.Put(1, mustCompile(t, `{"a":["x"]}`))
	set.Put(2, mustCompile(t, `{"a":["x"],"b":["y"]}`)) // found by b
	set.Remove(1)                                       // "x" leads to nothing now
	set.Put(3, mustCompile(t, `{"a":[{"exactly":"x"}]}`))
	set.Put(4, mustCompile(t, `{"a":["x"]}`))
	set.Remove(4)
	set.Remove(2)
	set.Put(5, mustCompile(t, `{"0":["q"]}`)) // has the number of the one that went
	got, err := set.Match([]byte(`{"0":"q","a":"x"}`), nil)
	slices.Sort(got)
	if diff := cmp.Diff([]int{3, 5}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// Texts that are said to be valid and are not: the answer may be any, but
// there is one.
func TestFalseFactsDoNoHarm(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	set := NewSet[int]()
	for i, text := range []string{
		`{"a":{"b":[1],"c":[{"exists":false}]}}`, `{"a":[1,{"numeric":[">",7]}]}`, `{"a":[{"wildcard":"*x*"},{"cidr":"10.0.0.0/8"}]}`,
		`{"a":[{"anything-but":[1]}],"b":[true]}`, `{"b":{"c":["x",{"prefix":"y"}]}}`, `{"detail":{"a":[null,1e5]}}`,
	} {
		set.Put(i, mustCompile(t, text))
	}
	texts := []string{
		`{"a":[{"b":1},{"c":1}`, `{"a":1e}`, `{"a":1.e}`, `{"a":[1e]}`, `{"a":1E`, `{"a":1.x,"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb":1}`,
		`{"a":-`, `{"a":-,"b":1}`, `{"a":"\`, `{"a":"\u12`, `{"a":[[[`, `{"`, `{"a"`, `{"a":`, `{"a":[-`, "{\"a\":\x00\x01}", `{"a":"`, `{"\`,
	}
	valid := `{"a":[{"b":1.25e7,"c":"x"},{"c":[1,-2,"10.1.2.3"]}],"b":{"c":"yx"},"detail":{"a":null,"long":"` + strings.Repeat(`x\"[`, 40) + `"}}`
	for range 30_000 {
		b := []byte(valid)
		for range 1 + r.IntN(4) {
			switch i := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b = b[:i+1]
			case 1:
				b[i] = "\"\\[]{},:-.eE0x \x00\xff"[r.IntN(17)]
			default:
				b = slices.Delete(b, i, min(len(b), i+1+r.IntN(3)))
			}
			if len(b) == 0 {
				b = []byte("{")
			}
		}
		texts = append(texts, string(b))
	}
	done := make(chan string, 1)
	now := ""
	go func() {
		for _, now = range texts {
			for _, facts := range []Facts{Valid, Valid | UniqueKeys} {
				set.MatchKnown([]byte(now), facts, nil)
				set.MatchEnvelope(&Envelope{Source: "x", Detail: []byte(now), Facts: facts}, nil)
			}
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("seed %d: a text takes for ever", seed)
	}
}

// What a search needed for one candidate is given back before the next.
func TestSearchesDoNotPileUp(t *testing.T) {
	set := NewSet[int]()
	const rules, values = 500, 20_000
	for i := range rules {
		set.Put(i, mustCompile(t, fmt.Sprintf(`{"a":{"x":[1],"y":[{"exists":false},%d]}}`, i+1_000_000)))
	}
	sh := new(sheet)
	event := []byte(`{"a":[{"x":1,"y":0}` + strings.Repeat(`,{"y":0}`, values-1) + `]}`)
	snap := set.now.Load()
	sh.start(snap)
	sh.bytes, sh.unique = event, true
	sh.object(&snap.root, 0, 0, 1, true)
	if _, err := collect[int](sh, nil); err != nil {
		t.Fatal(err)
	}
	if n := cap(sh.nodes); n > 10*values {
		t.Errorf("%d elements were noted for %d values", n, values)
	}
}

// A search in an event made to be hard leaves nothing that slows down others.
func TestHardSearchesLeaveNothing(t *testing.T) {
	set := NewSet[int]()
	set.Put(1, mustCompile(t, `{"a":{"b":[1],"c":[1],"d":[1],"e":[1],"f":[1],"g":[1],"h":[{"exists":false},7]}}`))
	list := `"a":[{"b":1},{"c":1},{"d":1},{"e":1},{"f":1},{"g":1},{"h":1}]`
	event := []byte(`{` + list + strings.Repeat(","+list, 12) + `}`)
	sh := new(sheet)
	snap := set.now.Load()
	sh.start(snap)
	sh.bytes = event
	sh.object(&snap.root, 0, 0, 1, true)
	if _, err := collect[int](sh, nil); err == nil {
		t.Error("the event was not hard enough")
	}
	if len(sh.search.failed.table) <= maxStates {
		t.Errorf("the search knew of %d states only", len(sh.search.failed.table))
	}
	if sh.search.failed.clear(); len(sh.search.failed.table) > maxStates {
		t.Errorf("there is room for %d states", len(sh.search.failed.table))
	}
}

func (t *ranges) depth() int {
	if t == nil {
		return 0
	}
	return 1 + max(t.left.depth(), t.right.depth())
}

// Ranges whose ends were chosen so that they look alike to a weak hash.
func TestChosenRangesMakeNoList(t *testing.T) {
	var tree *ranges
	for i := range 5000 {
		low := 100 - float64(i)/1024
		high := math.Float64frombits(bits.RotateLeft64(0x123456789abcdef0^math.Float64bits(low)*31, -17))
		if high > low && high < 1e300 {
			tree = tree.edit(numeric{low: low, high: high, hasLow: true, hasHigh: true}, &cond{id: uint32(i)}, true)
		}
	}
	if d := tree.depth(); d > 60 {
		t.Errorf("the tree is %d deep", d)
	}
}

func TestPatternsOfManyPaths(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	var b strings.Builder
	for i := range 1<<16 + 1 {
		fmt.Fprintf(&b, `,"k%d":[%d]`, i, i)
	}
	text := "{" + b.String()[1:] + "}"
	p, err := Options{Paths: 100_000}.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet[int]()
	set.Put(1, p)
	got, err := set.Match([]byte(strings.NewReplacer("[", "", "]", "").Replace(text)), nil)
	if diff := cmp.Diff([]int{1}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestPathsOfManyParts(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	key := strings.Repeat("a.", 1_000_000)
	set := NewSet[int]()
	set.Put(1, mustCompile(t, `{"`+key+`":[1]}`))
	got, err := set.Match([]byte(`{"`+key+`":1}`), nil)
	if diff := cmp.Diff([]int{1}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	set.Remove(1)
}

// Tables that were large give back what they do not need.
func TestTablesShrink(t *testing.T) {
	leaves := func(t *table[slot[int]]) (n, places int) {
		var last *leaf[slot[int]]
		for _, p := range t.pages {
			for _, l := range p {
				if places++; l != nil && l != last {
					n++
				}
				last = l
			}
		}
		return n, places
	}
	var now *table[slot[int]]
	const most = 20_000
	for i := range most {
		now = put(now, mix(uint64(i)), new(int))
	}
	for i := range most {
		now = put(now, mix(uint64(i)), nil)
		left := most - i - 1
		if left%500 != 0 || left < 100 {
			continue
		}
		if n, places := leaves(now); n*leafFull/8 > left+8*leafFull || places > 2*left+2*pageSize {
			t.Fatalf("%d entries are left in %d leaves at %d places", left, n, places)
		}
	}
}

func TestAnyIDIsKept(t *testing.T) {
	set := NewSet[any]()
	p := mustCompile(t, `{"a":[1]}`)
	for _, id := range []any{nil, 1, "1", 1.5, [2]int{1, 2}} {
		set.Put(id, p)
		if got, err := set.Match([]byte(`{"a":1}`), nil); len(got) != 1 || got[0] != id || err != nil {
			t.Errorf("%v: got %v, %v", id, got, err)
		}
		set.Remove(id)
	}
}
