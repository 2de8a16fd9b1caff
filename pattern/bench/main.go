// Command bench measures how fast sets of patterns find the rules of events,
// beside quamina, the fastest matcher in Go before, in the same run.
//
// It prints one table in Markdown. The events are San Francisco's city lots,
// 213,068 of them, which come with quamina's module, and events of CodeBuild
// that it makes up. Where the rules are few enough, the number of matches is
// first compared with what [pattern.Pattern.Match] says, rule by rule.
//
// Times are of one goroutine, for events that are in the processor's cache.
// Both engines go over the same events in turns, and the fastest turn of each
// counts, so that a busy machine disturbs little.
//
//	go run .                 everything, in some minutes
//	go run . -only growth    the sections whose names contain a text
//	go run . -turns 1 -time 100ms    a quick look
//	go run . -only city -cold        events that have to come from memory
//	go run . -profile cpu.prof       where the time goes
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"
)

var (
	only  = flag.String("only", "", "run the sections whose names contain this")
	some  = flag.String("rules", "", "run only the sets of rules whose names contain this")
	turns = flag.Int("turns", 3, "how many turns each engine gets")
	least = flag.Duration("time", 300*time.Millisecond, "how long a turn takes at least")
	ask   = flag.Bool("oracle", true, "compare the number of matches with those found rule by rule")
	cold  = flag.Bool("cold", false, "leave the events in memory, do not bring them into the cache first")
	trace = flag.String("profile", "", "write a profile of the processor's time to this file")
	limit = flag.Duration("load", 10*time.Second, "how long quamina may take to add its rules")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *trace != "" {
		f, err := os.Create(*trace)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			log.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%s, %s, %s/%s, one goroutine of %d\n", time.Now().Format("2 January 2006"), processor(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, s := range []struct {
		name string
		run  func() error
	}{
		{"city lots", cityLots},
		{"growth", growth},
		{"mixed", mixed},
		{"wildcards", wildcards},
		{"arrays", arrays},
		{"fan-out", fanOut},
		{"churn", churn},
	} {
		if !strings.Contains(s.name, *only) {
			continue
		}
		if err := s.run(); err != nil {
			log.Fatalf("%s: %v", s.name, err)
		}
		debug.FreeOSMemory()
	}
}

// summary says how the sets so far compare with quamina.
func summary() {
	sum, worst := 0.0, math.Inf(1)
	for _, r := range ratios {
		sum += math.Log(r)
		worst = min(worst, r)
	}
	fmt.Printf("\nAgainst quamina on the %d sets of city lots that it takes whole: %.1fx in the geometric mean, %.1fx at the least.\n",
		len(ratios), math.Exp(sum/float64(len(ratios))), worst)
}

// ratios are those of the sets that quamina takes whole.
var ratios []float64

// processor returns the name of the processor, as far as the system tells.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "processor unknown"
}
