package pattern

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetAnswersAreThoseOfItsPatterns(t *testing.T) {
	seed := rand.Uint64()
	s := newInventor(seed)
	set := NewSet[int]()
	model := map[int]*Pattern{}
	for step := range 4000 {
		id := s.IntN(60)
		switch s.IntN(6) {
		case 0, 1:
			p := mustCompile(t, s.pattern(2))
			model[id] = p
			set.Put(id, p)
		case 2:
			_, was := model[id]
			delete(model, id)
			if set.Remove(id) != was {
				t.Fatalf("seed %d, step %d: remove of %d says there was none, or one", seed, step, id)
			}
		default:
			event := []byte(s.event())
			var want []int
			for id, p := range model {
				if ok, err := p.Match(event); err != nil {
					t.Fatal(err)
				} else if ok {
					want = append(want, id)
				}
			}
			got, err := set.Match(event, nil)
			slices.Sort(got)
			slices.Sort(want)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: got %v, %v, want %v for %s", seed, step, got, err, want, event)
			}
		}
		if set.Len() != len(model) {
			t.Fatalf("seed %d, step %d: length %d, want %d", seed, step, set.Len(), len(model))
		}
	}
}

func TestSetAppendsToWhatIsThere(t *testing.T) {
	set := NewSet[string]()
	set.Put("a", mustCompile(t, `{"x":[1]}`))
	set.Put("b", mustCompile(t, `{"x":[2]}`))
	got, err := set.Match([]byte(`{"x":1}`), []string{"before"})
	if diff := cmp.Diff([]string{"before", "a"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = set.Match([]byte(`{"x":`), []string{"before"})
	if diff := cmp.Diff([]string{"before"}, got); diff != "" || err == nil {
		t.Error(diff, err)
	}
}

func TestSetTellsAnIdOnceHoweverManyWaysItMatches(t *testing.T) {
	set := NewSet[int]()
	set.Put(1, mustCompile(t, `{"$or":[{"a":[1]},{"b":[1]}]}`))
	got, err := set.Match([]byte(`{"a":1,"b":1}`), nil)
	if diff := cmp.Diff([]int{1}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAnEmptySetStillChecksEvents(t *testing.T) {
	set := NewSet[int]()
	if got, err := set.Match([]byte(`{"a":1}`), nil); len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := set.Match([]byte(`[]`), nil); err == nil {
		t.Error("an array was taken for an event")
	}
}

// Rule 0 has two patterns in turn, both of which match; whoever matches
// meanwhile must see it exactly once.
func TestReplacingIsAtomic(t *testing.T) {
	set := NewSet[int]()
	versions := []*Pattern{mustCompile(t, `{"a":[1]}`), mustCompile(t, `{"b":[1],"a":[{"exists":true}]}`)}
	set.Put(0, versions[0])
	event := []byte(`{"a":1,"b":1}`)

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
				ids, err = set.Match(event, ids[:0])
				if n := len(slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return id != 0 })); n != 1 || err != nil {
					t.Errorf("rule 0 was seen %d times in %v, %v", n, ids, err)
					return
				}
			}
		})
	}
	for i := range 3000 {
		set.Put(0, versions[i%2])
		set.Put(1+i%7, mustCompile(t, fmt.Sprintf(`{"a":[%d]}`, i)))
		set.Remove(1 + (i+3)%7)
	}
	close(done)
	wg.Wait()
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	set := NewSet[int]()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				id := w*1000 + i
				set.Put(id, mustCompile(t, fmt.Sprintf(`{"a":[%d]}`, id)))
				if i%2 == 1 {
					set.Remove(id)
				}
			}
		})
	}
	wg.Wait()
	if set.Len() != 400 {
		t.Errorf("%d patterns are left, want 400", set.Len())
	}
	for w := range 4 {
		got, err := set.Match(fmt.Appendf(nil, `{"a":%d}`, w*1000+100), nil)
		if diff := cmp.Diff([]int{w*1000 + 100}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestSetForgetsConstraintsThatNobodyHas(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	set := NewSet[int]()
	for i := range 20_000 {
		set.Put(i%10, mustCompile(t, fmt.Sprintf(`{"a":[%d],"p%d":["x"]}`, i, i)))
	}
	now := set.now.Load()
	if len(now.anchored.pages) > 1 || now.slots > 100 || len(set.engine.conds) > 20 || len(set.engine.places) > 11 {
		t.Errorf("10 patterns keep %d pages of lists, %d paths, %d conditions", len(now.anchored.pages), now.slots, len(set.engine.conds))
	}
	got, err := set.Match([]byte(`{"a":19999,"p19999":"x"}`), nil)
	if diff := cmp.Diff([]int{9}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestRemovedThenAddedIsAsBefore(t *testing.T) {
	seed := rand.Uint64()
	s := newInventor(seed)
	set := NewSet[int]()
	var patterns []*Pattern
	for i := range 50 {
		patterns = append(patterns, mustCompile(t, s.pattern(2)))
		set.Put(i, patterns[i])
	}
	for range 300 {
		event := []byte(s.event())
		before, err := set.Match(event, nil)
		if err != nil {
			t.Fatal(err)
		}
		i := s.IntN(len(patterns))
		set.Remove(i)
		without, err := set.Match(event, nil)
		if err != nil {
			t.Fatal(err)
		}
		set.Put(i, patterns[i])
		after, err := set.Match(event, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range [][]int{before, without, after} {
			slices.Sort(list)
		}
		if !slices.Equal(before, after) {
			t.Fatalf("seed %d: %v before, %v after", seed, before, after)
		}
		others := slices.DeleteFunc(slices.Clone(before), func(id int) bool { return id == i })
		if !slices.Equal(others, without) {
			t.Fatalf("seed %d: %v without rule %d, want %v", seed, without, i, others)
		}
	}
}

// Thousands of rules on one field, by whole texts short and long, by beginnings,
// ends and letters in the middle, come and go.
func TestLargeSetsFindEveryRule(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	shapes := []struct{ alternative, value string }{
		{`"%04d"`, `"%04d"`},
		{`"the same beginning %04d and the same end"`, `"the same beginning %04d and the same end"`},
		{`%d.5`, `%d.50`},
		{`{"prefix":"begins %04d"}`, `"begins %04d and goes on"`},
		{`{"suffix":"a long one that ends %04d"}`, `"this is a long one that ends %04d"`},
		{`{"wildcard":"*<%04d>*<%[1]d>*"}`, `"a <%04d> b <%[1]d> c"`},
		{`{"equals-ignore-case":"Case %04d"}`, `"cASE %04d"`},
	}
	set := NewSet[string]()
	const n = 2500
	id := func(shape, i int) string { return fmt.Sprintf("%d/%d", shape, i) }
	check := func(there func(i int) bool) {
		t.Helper()
		for shape, s := range shapes {
			for i := range n {
				event := fmt.Appendf(nil, `{"x":`+s.value+`}`, i)
				got, err := set.Match(event, nil)
				var want []string
				if there(i) {
					want = []string{id(shape, i)}
				}
				if !slices.Equal(got, want) || err != nil {
					t.Fatalf("%s: got %v, %v, want %v", event, got, err, want)
				}
			}
		}
	}
	for i := range n {
		for shape, s := range shapes {
			set.Put(id(shape, i), mustCompile(t, fmt.Sprintf(`{"x":[`+s.alternative+`]}`, i)))
		}
	}
	check(func(int) bool { return true })
	for i := range n {
		for shape := range shapes {
			if i%3 > 0 {
				set.Remove(id(shape, i))
			}
		}
	}
	check(func(i int) bool { return i%3 == 0 })
	for i := range n {
		for shape := range shapes {
			set.Remove(id(shape, i))
		}
	}
	check(func(int) bool { return false })
	now := set.now.Load()
	if now.root.kids != 0 || set.Len() != 0 {
		t.Errorf("an empty set has %d patterns and %d fields", set.Len(), now.root.kids)
	}
}

func TestEventsOfTwoGigabytesAreRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	size := uint64(1) << 31
	if size > math.MaxInt {
		t.Skip("there are none on this machine")
	}
	text := make([]byte, size) // only its first page is ever touched
	copy(text, `{"a":1}`)
	p := mustCompile(t, `{"a":[1]}`)
	set := NewSet[int]()
	set.Put(1, p)
	_, matching := set.Match(text, nil)
	_, knowing := set.MatchKnown(text, Valid, nil)
	_, outside := set.MatchEnvelope(&Envelope{Detail: text, Facts: Valid}, nil)
	_, judging := p.Match(text)
	for _, err := range []error{matching, knowing, outside, judging} {
		if e, ok := errors.AsType[*EventError](err); !ok || !strings.Contains(e.Reason, "2 GiB") {
			t.Errorf("got %v", err)
		}
	}
}
