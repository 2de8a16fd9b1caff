package pattern

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// skippers are the ways to skip, of which one is chosen at run time.
var skippers = map[string]func([]byte, int) int{"portable": skipRestPlain, "chosen": skipRest}

// skipRestSimply looks at one byte after the other. It also says whether the
// text makes sense so far: outside of strings JSON has no backslashes.
func skipRestSimply(b []byte, i int) (end int, sane bool) {
	depth, inString := 1, false
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case inString:
			if c == '\\' {
				i++
			}
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '\\':
			return 0, false
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(b), true
}

func checkSkippers(t *testing.T, b []byte, i int) {
	t.Helper()
	want, sane := skipRestSimply(b, i)
	for name, skip := range skippers {
		if got := skip(b, i); sane && got != want || got > len(b) {
			t.Fatalf("%s: behind the rest from %d on is %d, want %d, in %q", name, i, got, want, b)
		}
	}
}

// Every place in a block, every length of a row of backslashes, every length of
// the last block.
func TestSkippersAgreeOnEdges(t *testing.T) {
	for before := range 130 {
		for slashes := range 70 {
			text := strings.Repeat(" ", before) + `"` + strings.Repeat(`\`, slashes) + `"]}{["` + strings.Repeat("x", slashes) + `"]} {`
			for _, after := range []int{0, 1, 63, 64, 65, 200} {
				checkSkippers(t, []byte("["+text+strings.Repeat(" ", after)), 1)
			}
		}
	}
	for n := range 200 {
		for cut := range 3 {
			text := strings.Repeat("[", n) + strings.Repeat(`{"":1}`, n%7) + strings.Repeat("]", max(0, n+1-cut))
			checkSkippers(t, []byte(text+strings.Repeat(" ", 64*cut)), 0)
		}
	}
}

func TestSkippersAgreeOnRandomTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 20_000 {
		b := make([]byte, r.IntN(400))
		letters := []string{`"\[]{} `, `"]`, `"\\\\\]]]]{`, `[]{}:,0123 "`}[r.IntN(4)]
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		if r.IntN(2) == 0 { // mostly something else
			for i := range b {
				if r.IntN(8) > 0 {
					b[i] = 'x'
				}
			}
		}
		t.Run("", func(t *testing.T) {
			checkSkippers(t, b, r.IntN(len(b)+1))
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
}

func FuzzSkipRest(f *testing.F) {
	f.Add([]byte(`{"a":"\\\"}","b":[1,{"c":null}]}`), 1)
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		if i < 0 || i > len(b) {
			return
		}
		checkSkippers(t, b, i)
	})
}

func BenchmarkSkipRest(b *testing.B) {
	point := `{"x":-122.42200352825247,"y":37.80848009696725,"z":0.0},`
	for _, n := range []int{1, 10, 100} {
		text := []byte("[" + strings.TrimSuffix(strings.Repeat(point, n), ",") + `],"behind":"` + strings.Repeat("x", 64) + `"}`)
		for name, skip := range skippers {
			b.Run(fmt.Sprintf("%s/%d", name, len(text)), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					skip(text, 1)
				}
			})
		}
	}
}
