package insights

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fieldNames are many names of fields, with commas between them.
func fieldNames(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("f%d", i))
	}
	return strings.Join(all, ",")
}

// A run keeps no more than it counts: neither empty places for fields that are not
// there, nor the long texts that short ones were cut from, nor trees for what they
// take as text, nor what is made of rows behind sort and stats.
func TestARunHoldsNoMoreThanItCounts(t *testing.T) {
	short := strings.Repeat("y", 50)
	for name, c := range map[string]struct {
		query string
		n     int
		text  func(i int) string
	}{
		"names":   {"fields " + fieldNames(1000) + " | sort @timestamp", 500, func(int) string { return "{}" }},
		"made":    {`sort @timestamp | limit 500 | fields replace(@message, "y", "` + strings.Repeat("z", 1000) + `") as t`, 500, func(int) string { return short }},
		"cut":     {`sort @timestamp | limit 500 | fields substr(replace(@message, "y", "` + strings.Repeat("z", 1000) + `"), 0, 1) as t | display t`, 500, func(int) string { return short }},
		"keys":    {`parse @message "* *" as a, b | sort a | display a`, 1000, func(i int) string { return fmt.Sprint(i, " ", strings.Repeat("x", 20_000)) }},
		"trees":   {`fields a | sort @timestamp`, 100, func(int) string { return `{"a":[` + strings.Repeat(`{"":0},`, 2000) + `0]}` }},
		"groups":  {`stats count(*) by a`, 100, func(i int) string { return fmt.Sprintf(`{"a":[%s%d]}`, strings.Repeat(`{"":0},`, 2000), i) }},
		"latest":  {`stats latest(a) by b`, 100, func(i int) string { return fmt.Sprintf(`{"b":%d,"a":[%s0]}`, i, strings.Repeat(`{"":0},`, 2000)) }},
		"columns": {`stats count(*) as n by id | fields replace(id, "y", "` + strings.Repeat("z", 1000) + `") as t`, 500, func(i int) string { return fmt.Sprintf(`{"id":"%s%d"}`, short, i) }},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := Compile(c.query)
			if err != nil {
				t.Fatal(err)
			}
			const memory = 1 << 20
			before := heap()
			r := q.Start(Limits{Rows: 10_000, Memory: memory})
			for i := range c.n {
				if err = r.Add(&Record{Time: int64(i), Text: []byte(c.text(i)), Ptr: func() string { return "p" }}); err != nil {
					break
				}
			}
			if now := heap() - before; now > 2*memory {
				t.Errorf("%d bytes while it ran, %d counted", now, r.used)
			}
			if err == nil {
				_, err = r.End()
			}
			if now := heap() - before; now > 2*memory {
				t.Errorf("%d bytes at the end, %d counted", now, r.used)
			}
			if err != nil && !errors.Is(err, ErrMemory) {
				t.Error(err)
			}
			runtime.KeepAlive(r)
		})
	}
}

// A hostile text of a megabyte would be a tree of 46: a query that looks into it makes
// copies of its text at most, and those few.
func TestLookingIntoAnEventMakesNoTree(t *testing.T) {
	text := []byte(`{"a":[` + strings.Repeat(`{"":0},`, 150_000) + `{"b":"c"}]}`)
	for query, most := range map[string]int{
		`filter a.150000.b = "c" and not ispresent(a.0.x.y) and not ispresent(b) | display @timestamp`: 0,
		`fields jsonParse(@message) as j | filter j.a.150000.b = "c"`:                                  7,
		`stats count(*) by a`: 8,
		`fields a | limit 1`:  7,
	} {
		q, err := Compile(query)
		if err != nil {
			t.Fatal(err)
		}
		r := q.Start(Limits{Rows: 10, Memory: 64 << 20})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := r.Add(&Record{Text: text, Ptr: func() string { return "p" }}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.End(); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := int(after.TotalAlloc - before.TotalAlloc); n > most*len(text)+200_000 {
			t.Errorf("%s: %d bytes were made for a text of %d", query, n, len(text))
		}
		if r.Matched() != 1 {
			t.Errorf("%s does not match", query)
		}
	}
}

// A query may have work for minutes with a single event. It ends when it is over all
// the same.
func TestARunEndsInTheMidstOfAnEvent(t *testing.T) {
	text := strings.Repeat("ab", 50_000)
	late := errors.New("late")
	for _, query := range []string{
		"filter @message like /" + strings.Repeat("(a|b|ab)*", 100) + "c/",
		"filter toupper(@message) like /" + strings.Repeat("(a|b|ab)*", 100) + "c/",
		"parse @message /(?<x>" + strings.Repeat("(a|b|ab)*", 90) + "c)/",
		"filter " + strings.Repeat("strlen(@message) > 0 and ", 100) + "x = 1",
	} {
		q, err := Compile(query)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		r := q.Start(Limits{Rows: 10, Memory: 1 << 20, Over: func() error {
			if asked++; asked > 2 {
				return late
			}
			return nil
		}})
		if err := r.Add(&Record{Text: []byte(text), Ptr: func() string { return "p" }}); !errors.Is(err, late) {
			t.Errorf("%.40s: %v after %d questions", query, err, asked)
		}
		if _, err := r.End(); !errors.Is(err, late) {
			t.Errorf("%.40s: %v at the end", query, err)
		}
	}
}

// What functions make of an event has a bound for all of them together.
func TestWhatIsMadeOfAnEventHasABound(t *testing.T) {
	for made, text := range map[string]string{
		"toupper(@message)":   strings.Repeat("x", 1<<20),
		"jsonparse(@message)": "[" + strings.Repeat("0,", 100_000) + "0]",
	} {
		var all []string
		for i := range 100 {
			all = append(all, fmt.Sprintf("%s as f%d", made, i))
		}
		q, err := Compile("fields " + strings.Join(all, ","))
		if err != nil {
			t.Fatal(err)
		}
		r := q.Start(Limits{Rows: 10, Memory: 1 << 30})
		if err := r.Add(&Record{Text: []byte(text), Ptr: func() string { return "p" }}); !errors.Is(err, ErrMemory) {
			t.Errorf("%s: %v", made, err)
		}
	}
}

// The name of a field in a tree is as long as the way to it.
func TestFieldsWithNamesThatNobodyCanAskForAreNotDiscovered(t *testing.T) {
	key := strings.Repeat("k", 90)
	text := strings.Repeat(`{"a":1,"`+key+`":`, 1000) + "1" + strings.Repeat("}", 1000)
	n := 0
	Fields(&Record{Text: []byte(text)}, func(name, _ string) bool {
		if n++; len(name) > eval.MaxName {
			t.Fatalf("a name of %d bytes", len(name))
		}
		return true
	})
	if n != 5+6 {
		t.Errorf("%d fields", n)
	}
}

// Lists may be nested so deep that none of very many names can be asked for.
func TestFieldsThatArePassedOverAreCounted(t *testing.T) {
	const deep = 255
	text := []byte(`{"a":` + strings.Repeat("[", deep) + strings.Repeat("0,", 400_000) + "0" + strings.Repeat("]", deep) + "}")
	n := 0
	allocated := testing.AllocsPerRun(1, func() {
		n = 0
		Fields(&Record{Text: text}, func(string, string) bool {
			n++
			return true
		})
	})
	if n != 5+100 || allocated > 20_000 {
		t.Errorf("%d fields, and %.0f allocations to find them", n, allocated)
	}
}

// A name that is empty makes no way longer, however deep it goes.
func TestFieldsWithoutNamesAreNotDiscovered(t *testing.T) {
	const deep = 9000
	text := strings.Repeat(`{"":`, deep) + `{"a":"` + strings.Repeat("x", 1<<20) + `"}` + strings.Repeat("}", deep)
	began, n := time.Now(), 0
	Fields(&Record{Text: []byte(text)}, func(string, string) bool {
		n++
		return true
	})
	if n != 5 || time.Since(began) > 2*time.Second {
		t.Errorf("%d fields in %v", n, time.Since(began))
	}
}

// Which column is meant does not depend on chance.
func TestTheLongestColumnIsMeant(t *testing.T) {
	for range 20 {
		got := answer(t, `stats count(*), count(*) + max(n) by g | display count(*) + max(n)`, `{"n":5,"g":1}`)
		if len(got) != 1 || got[0] != "count(*) + max(n)=6" {
			t.Fatal(got)
		}
	}
}
