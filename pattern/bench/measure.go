package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/dari-bus/dari/pattern"
	"quamina.net/go/quamina"
)

// A workload is rules and the events that are matched with them.
type workload struct {
	name   string
	rules  []string
	events [][]byte
	// oracle compares the number of matches with Pattern.Match, rule by rule.
	oracle bool
}

// An engine goes once over some events, from one number to another, and
// returns the number of matches.
type engine func(from, to int) (matches int, err error)

// header prints the head of a section's table.
func header(title string) {
	fmt.Printf("\n### %s\n\n", title)
	fmt.Println("| rules | matches | ns/event | events/s | allocs | bytes to be checked first, ns | quamina, ns | ratio |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|")
}

// run measures a workload and prints its line.
func (w workload) run() (nsPerEvent float64, err error) {
	if !strings.Contains(w.name, *some) {
		return 0, nil
	}
	set := pattern.NewSet[int]()
	compiled := make([]*pattern.Pattern, len(w.rules))
	for i, text := range w.rules {
		p, err := pattern.Options{Complexity: -1}.Compile(text)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", w.name, err)
		}
		if w.oracle {
			compiled[i] = p
		}
		set.Put(i, p)
	}
	facts := make([]pattern.Facts, len(w.events))
	for i, e := range w.events {
		if facts[i], err = pattern.Check(e); err != nil {
			return 0, err
		}
	}
	var ids []int
	known := func(from, to int) (matches int, err error) {
		for i := from; i < to; i++ {
			if ids, err = set.MatchKnown(w.events[i], facts[i], ids[:0]); err != nil {
				return 0, err
			}
			matches += len(ids)
		}
		return matches, nil
	}
	unknown := func(from, to int) (matches int, err error) {
		for _, e := range w.events[from:to] {
			if ids, err = set.Match(e, ids[:0]); err != nil {
				return 0, err
			}
			matches += len(ids)
		}
		return matches, nil
	}
	theirs, taken := loadQuamina(w.rules)
	engines := []engine{known, unknown}
	if taken > 0 {
		engines = append(engines, func(from, to int) (int, error) {
			matches := 0
			for _, e := range w.events[from:to] {
				xs, err := theirs.MatchesForEvent(e)
				if err != nil {
					return 0, err
				}
				matches += len(xs)
			}
			return matches, nil
		})
	}
	matches, times, err := race(engines, w.events)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", w.name, err)
	}
	if matches[0] != matches[1] {
		return 0, fmt.Errorf("%s: %d matches, but %d where events are checked first", w.name, matches[0], matches[1])
	}
	if w.oracle && *ask {
		if err := w.ask(compiled, matches[0]); err != nil {
			return 0, err
		}
	}
	w.print(matches, times, allocations(known, len(w.events)), taken)
	return times[0], nil
}

// batch is how many events are timed at once, at most. A turn begins with
// fewer, so that the slow get no more than their time.
const batch = 256

// race lets the engines take turns and returns the fewest nanoseconds that
// each needed for an event, and how many matches it found, or -1 if it was too
// slow to go over all events.
//
// Before a batch of events is timed its bytes are read, so that they are in the
// cache, as those of an event are that has just come in and was checked. With
// 200 MB of events, waiting for memory would otherwise be half of it.
func race(engines []engine, events [][]byte) (matches []int, times []float64, err error) {
	matches, times = make([]int, len(engines)), make([]float64, len(engines))
	for turn := range *turns + 1 { // the first one warms up and counts
		for i, run := range engines {
			runtime.GC()
			counted, done, spent, size := 0, 0, time.Duration(0), 1
			for turn == 0 && done < len(events) || turn > 0 && spent < *least {
				if turn == 0 && spent > 10*time.Second {
					counted = -1
					break
				}
				from := done % len(events)
				to := min(from+size, len(events))
				if !*cold {
					touch(events[from:to])
				}
				start := time.Now()
				n, err := run(from, to)
				spent += time.Since(start)
				if err != nil {
					return nil, nil, err
				}
				counted, done, size = counted+n, done+to-from, min(2*size, batch)
			}
			if turn == 0 {
				matches[i] = counted
				continue
			}
			if ns := float64(spent) / float64(done); turn == 1 || ns < times[i] {
				times[i] = ns
			}
		}
	}
	return matches, times, nil
}

//lint:ignore U1000 it keeps the reads of touch from being left out
var touched byte

func touch(events [][]byte) {
	for _, e := range events {
		for i := 0; i < len(e); i += 64 {
			touched += e[i]
		}
	}
}

// ask compares the number of matches with the oracle's.
func (w workload) ask(compiled []*pattern.Pattern, matches int) error {
	want := 0
	for _, e := range w.events {
		for _, p := range compiled {
			ok, err := p.Match(e)
			if err != nil {
				return err
			}
			if ok {
				want++
			}
		}
	}
	if matches != want {
		return fmt.Errorf("%s: %d matches, the oracle finds %d", w.name, matches, want)
	}
	return nil
}

// allocations returns how many a pass makes for each event.
func allocations(run engine, events int) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	run(0, events) // fills the pool again
	runtime.ReadMemStats(&before)
	run(0, events)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(events)
}

func (w workload) print(matches []int, times []float64, allocs float64, taken int) {
	checked := ""
	if w.oracle && *ask {
		checked = " ✓"
	}
	line := fmt.Sprintf("| %s | %d%s | %.0f | %.2f M | %.2f | %.0f |", w.name, matches[0], checked, times[0], 1e3/times[0], allocs, times[1])
	switch {
	case taken == 0:
		line += " takes none | |"
	case taken < len(w.rules):
		line += fmt.Sprintf(" %.0f, with %d of %d rules | %.1f |", times[2], taken, len(w.rules), times[2]/times[0])
	default:
		wrong := ""
		if matches[2] >= 0 && matches[2] != matches[0] {
			wrong = fmt.Sprintf(", finds %d", matches[2])
		}
		line += fmt.Sprintf(" %.0f%s | **%.1f** |", times[2], wrong, times[2]/times[0])
		ratios = append(ratios, times[2]/times[0])
	}
	fmt.Println(line)
}

// loadQuamina adds the rules to a quamina, as many as it takes, and returns
// how many that were. It stops when it takes too long.
func loadQuamina(rules []string) (q *quamina.Quamina, taken int) {
	q, err := quamina.New()
	if err != nil {
		return nil, 0
	}
	start := time.Now()
	for i, rule := range rules {
		if *limit == 0 {
			break
		}
		text, ok := translate(rule)
		if ok && q.AddPattern(i, text) == nil {
			taken++
		}
		if time.Since(start) > *limit {
			break
		}
	}
	return q, taken
}
