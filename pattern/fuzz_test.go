package pattern

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dari-bus/dari/conformance"
)

// seeds hands the texts of the conformance cases to a fuzzer.
func seeds(f *testing.F, add func(pattern, event string)) {
	files, err := conformance.Files.ReadDir("pattern")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := conformance.Files.ReadFile("pattern/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		pattern := ""
		for line := range strings.Lines(string(data)) {
			word, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			text = strings.TrimLeft(text, " ")
			switch word {
			case "pattern", "invalid":
				pattern = text
				add(pattern, `{}`)
			case "match", "nomatch", "malformed":
				add(pattern, text)
			}
		}
	}
}

// Whatever the text, compiling it answers; what compiles, compiles again and
// under narrower limits or not, and errors point into the text.
func FuzzCompile(f *testing.F) {
	seeds(f, func(pattern, _ string) { f.Add(pattern) })
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(text)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Reason == "" || p != nil {
				t.Fatalf("%q: %#v", text, err)
			}
			if line, column := position(text, len(text)); e.Line > line || e.Line == line && e.Column > column+1 {
				t.Fatalf("%q: %d:%d is behind the end, %d:%d", text, e.Line, e.Column, line, column)
			}
			return
		}
		again, err := Options{Complexity: -1}.Compile(p.String())
		if err != nil {
			t.Fatalf("%q does not compile again: %v", text, err)
		}
		if !slices.Equal(p.Paths(), again.Paths()) || len(p.Paths()) == 0 {
			t.Fatalf("%q has other paths the second time: %q, %q", text, p.Paths(), again.Paths())
		}
		if n := p.Complexity(); n > 10 || (n > 0) != p.HasWildcard() {
			t.Fatalf("%q has complexity %d", text, n)
		}
	})
}

// Whatever the event, matching answers; a set says the same as its patterns
// one by one, and unrelated rules change nothing.
func FuzzMatch(f *testing.F) {
	seeds(f, func(pattern, event string) { f.Add(pattern, event) })
	unrelated := []*Pattern{mustCompile(f, `{"a":[{"prefix":"x"},{"exists":false}]}`), mustCompile(f, `{"a":{"b":[1]},"c":[{"anything-but":"x"}]}`)}
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := Compile(text)
		if err != nil {
			return
		}
		want, err := p.Match([]byte(event))
		if _, ok := errors.AsType[*EventError](err); err != nil && !ok && !errors.Is(err, ErrTooManySteps) {
			t.Fatalf("%q, %q: %v", text, event, err)
		}
		if _, malformed := errors.AsType[*EventError](err); malformed == isObject(event) {
			t.Fatalf("%q is an object: %t, but %v", event, isObject(event), err)
		}
		set := NewSet[int]()
		set.Put(1, unrelated[0])
		set.Put(0, p)
		set.Put(2, unrelated[1])
		ids, setErr := set.Match([]byte(event), nil)
		if (err == nil) != (setErr == nil) || err == nil && slices.Contains(ids, 0) != want {
			t.Fatalf("%q, %q: alone %t, %v, in a set %v, %v", text, event, want, err, ids, setErr)
		}
		set.Remove(1)
		set.Remove(2)
		if ids, _ := set.Match([]byte(event), nil); err == nil && (len(ids) > 0) != want {
			t.Fatalf("%q, %q: alone %t, in a set of one %v", text, event, want, ids)
		}
	})
}

// isObject reads a text with the reader of patterns, which has nothing in
// common with that of events but what JSON is.
func isObject(text string) bool {
	r := reader{text: text}
	for {
		t, err := r.next()
		if err != nil || len(r.scopes) == 0 && t != tokenObjectEnd {
			return false
		}
		if len(r.scopes) == 0 {
			return utf8.ValidString(text[:r.pos])
		}
	}
}

// Patterns and events made up from a seed, against the naive search.
func FuzzNaive(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := newInventor(seed)
		for range 20 {
			p, event := mustCompile(t, s.pattern(3)), s.event()
			got, err := p.Match([]byte(event))
			if want := naiveMatch(t, p, event); err != nil || got != want {
				t.Fatalf("match of\n%s\nwith\n%s\nis %t, %v, want %t", event, p, got, err, want)
			}
		}
	})
}

// The order of an event's keys means nothing, nor does that of a pattern's as
// long as no path comes twice.
func TestKeyOrderMeansNothing(t *testing.T) {
	seed := rand.Uint64()
	s := newInventor(seed)
	for range 3000 {
		text, event := s.pattern(2), s.event()
		other := shuffled(s, event)
		p := mustCompile(t, text)
		want, err := p.Match([]byte(event))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Match([]byte(other)); err != nil || got != want {
			t.Fatalf("seed %d: %s matches\n%s: %t\n%s: %t, %v", seed, text, event, want, other, got, err)
		}
		if members, _, _ := parse(text); len(members) != len(p.Paths()) || strings.Contains(text, "$or") {
			continue
		}
		if got, err := mustCompile(t, shuffled(s, text)).Match([]byte(event)); err != nil || got != want {
			t.Fatalf("seed %d: %s and %s differ on %s: %v", seed, text, shuffled(s, text), event, err)
		}
	}
}

// shuffled returns a JSON text with the members of each object in another
// order.
func shuffled(s inventor, text string) string {
	i := 0
	var value func() string
	// list reads members or elements up to the closing bracket.
	list := func(end byte) []string {
		var out []string
		for i++; text[i] != end; {
			item := value()
			if text[i] == ':' {
				i++
				item += ":" + value()
			}
			if text[i] == ',' {
				i++
			}
			out = append(out, item)
		}
		i++
		return out
	}
	value = func() string {
		start := i
		switch text[i] {
		case '{':
			members := list('}')
			s.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
			return "{" + strings.Join(members, ",") + "}"
		case '[':
			return "[" + strings.Join(list(']'), ",") + "]"
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			i++
		default:
			for !strings.ContainsRune(",:]}", rune(text[i])) {
				i++
			}
		}
		return text[start:i]
	}
	return value()
}

func TestComparingUnitsIsComparingUTF16(t *testing.T) {
	texts := []string{"", "a", "ab", "a.b", "a-b", "\u07ff", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff", "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\x80x", "é"}
	for _, a := range texts {
		for _, b := range texts {
			want := slices.Compare(unitsOf(a), unitsOf(b))
			if got := compareUnits(a, b); (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%q to %q compares %d, want %d", a, b, got, want)
			}
		}
	}
	for _, s := range texts {
		if utf8.ValidString(s) && units(s) != len(unitsOf(s)) {
			t.Errorf("%q has %d units, want %d", s, units(s), len(unitsOf(s)))
		}
	}
}

// What makes it possible to compare folds from either side without going back.
func TestNoCaseFormBeginsOrEndsTheOther(t *testing.T) {
	for u := rune(0); u <= 0xFFFF; u++ {
		v := variantsOf(u)
		if v.lower != v.upper && (hasPrefix(v.lower, v.upper) || hasPrefix(v.upper, v.lower) || hasSuffix(v.lower, v.upper) || hasSuffix(v.upper, v.lower)) {
			t.Errorf("%U: %q and %q", u, v.lower, v.upper)
		}
	}
}
