package pattern

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// spelled makes up a JSON number: of any length, with zeros in odd places, and
// often close to a double.
func spelled(r *rand.Rand) string {
	switch r.IntN(4) {
	case 0:
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			f = 0.1
		}
		return strconv.FormatFloat(f, 'e', r.IntN(20)-1, 64)
	case 1:
		return strconv.FormatFloat(r.NormFloat64()*100, 'f', r.IntN(20)-1, 64)
	}
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0000123456789"[r.IntN(13)])
		}
		return b.String()
	}
	s := strings.TrimLeft(digits(r.IntN(22)), "0")
	if s == "" {
		s = "0"
	}
	if r.IntN(2) == 0 {
		s += "." + digits(1+r.IntN(22))
	}
	if r.IntN(3) == 0 {
		s += []string{"e", "E", "e-", "E+", "e+0"}[r.IntN(5)] + strconv.Itoa(r.IntN(60))
	}
	if r.IntN(2) == 0 {
		s = "-" + s
	}
	return s
}

// byDefinition is byValue in the words of its comment.
func byDefinition(spelling string) (float64, bool) {
	exact, ok := new(big.Rat).SetString(spelling)
	if !ok {
		panic(spelling)
	}
	f, err := strconv.ParseFloat(spelling, 64)
	if err != nil {
		return 0, false
	}
	shortest, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, 64))
	return f + 0, shortest.Cmp(exact) == 0 && math.Abs(f) != math.SmallestNonzeroFloat64
}

func TestNumbersCompareByValueIfTheySurviveADouble(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 3))
	comparable, exact := 0, 0
	for range 100_000 {
		s := spelled(r)
		want, ok := byDefinition(s)
		got, gotOK := byValue(s)
		if gotOK != ok || ok && got != want {
			t.Fatalf("seed %d: %s is %v, %t, want %v, %t", seed, s, got, gotOK, want, ok)
		}
		low, high := rough(s)
		switch {
		case low == high:
			exact++
			if !ok || low != want {
				t.Fatalf("seed %d: at a rough look %s is %v, but it is %v, %t", seed, s, low, want, ok)
			}
		case ok && (want < low || want > high):
			t.Fatalf("seed %d: %s is %v, not between %v and %v", seed, s, want, low, high)
		}
		if ok {
			comparable++
		}
	}
	if comparable < 10_000 || exact < 10_000 {
		t.Errorf("seed %d: only %d numbers are comparable, and %d are so at a rough look", seed, comparable, exact)
	}
}

// The quick way to read a number says the same as the slow one.
func TestNumbersAreReadAlike(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 9))
	for range 200_000 {
		s := spelled(r)
		if r.IntN(2) == 0 {
			s = strconv.FormatFloat((r.Float64()-0.3)*math.Pow(10, float64(r.IntN(9))), 'f', r.IntN(18)-1, 64)
		}
		text := []byte("[" + s + []string{"]", ",", " ", "}", "\n"}[r.IntN(5)])
		if r.IntN(2) == 0 {
			text = append(text, `,12345678901234567890.1234567890123456789`...)
		}
		low, high, end := readNumber(text, 1)
		slowLow, slowHigh := rough(s)
		if end != 1+len(s) {
			t.Fatalf("seed %d: %s in %s ends at %d", seed, s, text, end)
		}
		f, ok := byValue(s)
		switch {
		case low == high && (low != slowLow || low != slowHigh || math.Signbit(low) != math.Signbit(slowLow) || !ok || f != low):
			t.Fatalf("seed %d: %s is read as %v, but it is between %v and %v", seed, s, low, slowLow, slowHigh)
		case ok && (f < low || f > high):
			t.Fatalf("seed %d: %s is %v, not between %v and %v", seed, s, f, low, high)
		case !math.IsInf(high, 0) && high-low > math.Abs(high)*1e-14:
			t.Fatalf("seed %d: %s is between %v and %v, which is too rough", seed, s, low, high)
		}
	}
}

func TestRangesFindWhatContainsANumber(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 4))
	var tree *ranges
	conds := map[*cond]numeric{}
	s := new(sheet)
	for step := range 3000 {
		if r.IntN(3) > 0 {
			n := numeric{low: float64(r.IntN(30)), hasLow: r.IntN(4) > 0, includeLow: r.IntN(2) == 0, hasHigh: r.IntN(4) > 0, includeHi: r.IntN(2) == 0}
			n.high = n.low + float64(1+r.IntN(8))
			c := &cond{id: uint32(step)}
			conds[c] = n
			tree = tree.edit(n, c, true)
		} else {
			for c, n := range conds {
				tree = tree.edit(n, c, false)
				delete(conds, c)
				break
			}
		}
		x := float64(r.IntN(80)) / 2
		snap := &snapshot{anchored: vector[anchors]{}}
		for c := range conds {
			snap.anchored = snap.anchored.with(c.id, anchors{first: anchored{conj: &conj{}}})
		}
		s.start(snap)
		near := tree.near(s, x, x)
		tree.find(s, x)
		some := false
		for c, n := range conds {
			found := *s.verdicts.at(c.id)&queued != 0
			if found != n.contains(x) {
				t.Fatalf("seed %d, step %d: %v in %+v: found %t", seed, step, x, n, found)
			}
			some = some || found
		}
		if some && !near {
			t.Fatalf("seed %d, step %d: nothing near %v", seed, step, x)
		}
	}
	for c, n := range conds {
		tree = tree.edit(n, c, false)
	}
	if tree != nil {
		t.Error("an empty tree has nodes")
	}
}

func TestTablesKeepWhatWasPutIn(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 5))
	var now *table[slot[int]]
	model := map[uint64]*int{}
	hash := func() uint64 {
		h := uint64(r.IntN(3000))
		return []uint64{h << 50, mix(h)}[r.IntN(2)]
	}
	for step := range 20_000 {
		h := hash()
		if r.IntN(5) < 3 {
			x := new(int)
			model[h] = x
			before, was := now, get(now, h)
			now = put(now, h, x)
			if get(before, h) != was {
				t.Fatalf("seed %d, step %d: a table changed", seed, step)
			}
		} else {
			delete(model, h)
			now = put(now, h, nil)
		}
		if h := hash(); get(now, h) != model[h] {
			t.Fatalf("seed %d, step %d: got %p, want %p", seed, step, get(now, h), model[h])
		}
	}
	for h, x := range model {
		if get(now, h) != x {
			t.Fatalf("seed %d: %d is lost", seed, h)
		}
	}
	n := 0
	for s := range now.all {
		if h := s.hash; model[h] != s.item {
			t.Fatalf("seed %d: %d is not what it was", seed, h)
		}
		n++
	}
	if n != len(model) {
		t.Fatalf("seed %d: %d entries, want %d", seed, n, len(model))
	}
	for h := range model {
		now = put(now, h, nil)
		delete(model, h)
		if h := hash(); get(now, h) != model[h] {
			t.Fatalf("seed %d: got %p, want %p", seed, get(now, h), model[h])
		}
	}
	if now != nil {
		t.Fatalf("seed %d: an empty table has %d entries", seed, now.n)
	}
}

func TestFarNumbersAreNoNumbers(t *testing.T) {
	for _, s := range []string{"1e400", "-1e400", "1e-400", "1e309", "5e-324", "1e99999999999999999999", "1" + strings.Repeat("0", 400)} {
		if f, ok := byValue(s); ok {
			t.Errorf("%s is %v", s, f)
		}
	}
	for _, s := range []string{"0e99999999999999999999", "-0.000e-7", fmt.Sprint(math.MaxFloat64), "1e-320"} {
		if _, ok := byValue(s); !ok {
			t.Errorf("%s has no value", s)
		}
	}
}

func TestEightDigitsAreReadAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 10_000 {
		s := fmt.Sprintf("%08d", r.IntN(100_000_000))
		if want, _ := strconv.ParseUint(s, 10, 64); !allDigits(load64(s, 0)) || eightDigits(load64(s, 0)) != want {
			t.Fatalf("%s is read as %d", s, eightDigits(load64(s, 0)))
		}
		b := []byte(s)
		b[r.IntN(8)] = "./:eE-+,}\x00\x7f\xb0"[r.IntN(12)]
		if allDigits(load64(string(b), 0)) {
			t.Fatalf("%q are digits", b)
		}
	}
}
