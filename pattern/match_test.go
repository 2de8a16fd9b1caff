package pattern

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func mustCompile(t testing.TB, text string) *Pattern {
	t.Helper()
	p, err := Options{Complexity: -1}.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func TestMatchIsTheNaiveSearch(t *testing.T) {
	seed := rand.Uint64()
	s := newInventor(seed)
	matches := 0
	for range 10_000 {
		text, event := s.pattern(2), s.event()
		p := mustCompile(t, text)
		got, err := p.Match([]byte(event))
		if want := naiveMatch(t, p, event); err != nil || got != want {
			t.Fatalf("seed %d: match of\n%s\nwith\n%s\nis %t, %v, want %t", seed, event, text, got, err, want)
		}
		if got {
			matches++
		}
	}
	if matches < 500 {
		t.Errorf("seed %d: only %d matches", seed, matches)
	}
}

func TestLargeArraysTakeNoTime(t *testing.T) {
	const limit = time.Second
	ones := strings.Repeat(`{"x":1},`, 300)
	onesAndTwos := strings.Repeat(`{"x":1},{"y":2},`, 300)
	for _, tc := range []struct {
		name, pattern, event string
		want                 bool
	}{
		{
			"siblings, the last of which cannot be satisfied in one element",
			`{"a":{"x":[1]},"b":{"x":[1]},"c":{"x":[1],"y":[2]}}`,
			`{"a":[` + ones + `0],"b":[` + ones + `0],"c":[` + onesAndTwos + `0]}`,
			false,
		}, {
			"siblings in one element",
			`{"r":{"a":{"x":[1]},"b":{"x":[1]},"c":{"x":[1],"y":[2]}}}`,
			`{"r":[{"a":[` + ones + `0],"b":[` + ones + `0],"c":[` + onesAndTwos + `0]}]}`,
			false,
		}, {
			"half of one array and the other half",
			`{"a":{"x":[1],"y":[2]}}`,
			`{"a":[` + strings.Repeat(`{"x":1},`, 30000) + strings.Repeat(`{"y":2},`, 30000) + `0]}`,
			false,
		}, {
			"taking turns",
			`{"a":{"x":[1],"y":[2],"z":[3]}}`,
			`{"a":[` + strings.Repeat(`{"x":1,"y":2},{"y":2,"z":3},{"x":1,"z":3},`, 10000) + `{"x":1,"y":2,"z":3}]}`,
			true,
		}, {
			"absence in every element",
			`{"a":{"x":[1],"y":[{"exists":false}]}}`,
			`{"a":[` + strings.Repeat(`{"x":1,"y":2},`, 30000) + `0]}`,
			false,
		}, {
			"arrays in arrays",
			`{"a":{"b":{"x":[1],"y":[2]},"z":[3]}}`,
			`{"a":[` + strings.Repeat(`{"b":[`+strings.Repeat(`{"x":1},{"y":2},`, 20)+`0],"z":3},`, 1000) + `0]}`,
			false,
		},
	} {
		p := mustCompile(t, tc.pattern)
		start := time.Now()
		got, err := p.Match([]byte(tc.event))
		if err != nil || got != tc.want {
			t.Errorf("%s: %t, %v", tc.name, got, err)
		}
		if took := time.Since(start); took > limit {
			t.Errorf("%s: took %v", tc.name, took)
		}
	}
}

// With many arrays under one path, picking one element from each is the
// satisfiability problem: array i says whether variable i is true, path j is a
// clause. The search gives up in time.
func TestHostileArraysAreAnErrorInTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const variables, clauses = 60, 255
	sides := make([][2][]string, variables)
	fields := make([]string, clauses)
	for j := range clauses {
		fields[j] = fmt.Sprintf(`"c%03d":[1]`, j)
		for range 3 {
			side := &sides[r.IntN(variables)][r.IntN(2)]
			*side = append(*side, fmt.Sprintf(`"c%03d":1`, j))
		}
	}
	var arrays []string
	for _, s := range sides {
		arrays = append(arrays, fmt.Sprintf(`"v":[{%s},{%s}]`, strings.Join(s[0], ","), strings.Join(s[1], ",")))
	}
	p := mustCompile(t, `{"v":{`+strings.Join(fields, ",")+`}}`)
	start := time.Now()
	_, err := p.Match([]byte(`{` + strings.Join(arrays, ",") + `}`))
	if !errors.Is(err, ErrTooManySteps) {
		t.Errorf("got error %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	// The other patterns of a set are decided all the same, in any order.
	set := NewSet[string]()
	set.Put("before", mustCompile(t, `{"v":{"c000":[1],"c001":[1]}}`))
	set.Put("hard", p)
	set.Put("after", mustCompile(t, `{"v":{"c002":[1],"c003":[1]}}`))
	ids, err := set.Match([]byte(`{`+strings.Join(arrays, ",")+`}`), nil)
	if !errors.Is(err, ErrTooManySteps) || len(ids) != 2 {
		t.Errorf("got %v, %v", ids, err)
	}
}

func TestMatchBoundsTheDepthOfEvents(t *testing.T) {
	p := mustCompile(t, `{"a":[1]}`)
	for _, tc := range []struct {
		event string
		valid bool
	}{
		{`{"a":` + strings.Repeat(`[`, 999) + `1` + strings.Repeat(`]`, 999) + `}`, true},
		{`{"a":` + strings.Repeat(`[`, 1000) + `1` + strings.Repeat(`]`, 1000) + `}`, false},
		{`{"b":` + strings.Repeat(`{"":`, 1000) + `1` + strings.Repeat(`}`, 1000) + `}`, false},
		{`{"b":` + strings.Repeat(`[`, 10_000_000), false},
		{`{"a":1,"b":` + strings.Repeat("1", 1000) + `}`, true},
		{`{"a":1,"b":` + strings.Repeat("1", 1001) + `}`, false},
	} {
		got, err := p.Match([]byte(tc.event))
		if got != tc.valid || (err == nil) != tc.valid {
			t.Errorf("match of %.30s… is %t, %v", tc.event, got, err)
		}
	}
}

func TestMatchRefusesBytesThatAreNotUTF8(t *testing.T) {
	p := mustCompile(t, `{"a":[{"exists":true}]}`)
	for _, event := range []string{"{\"a\":\"\xff\"}", "{\"a\":1,\"b\":\"\xc3\"}", "{\"\xc0\x80\":1}", "{\"a\":\"\\n\xed\xa0\x80\"}", "{\"a\":\"\xff\\n\"}"} {
		var e *EventError
		if _, err := p.Match([]byte(event)); !errors.As(err, &e) {
			t.Errorf("match of %q: %v", event, err)
		}
	}
}

func TestEventErrorTellsTheByte(t *testing.T) {
	_, err := mustCompile(t, `{"a":[1]}`).Match([]byte(`{"b":tru}`))
	want := "event is not valid: a value was expected at byte 5"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
