package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/pattern"
)

// churn measures single changes in large sets, while another goroutine matches
// as fast as it can. The worst ones by the clock are those during which the
// thread had to leave the processor to others: the one that matches, and the
// garbage collector's workers. The processor's time leaves such waits out.
func churn() error {
	fmt.Printf("\n### Changes: one rule among many, while another goroutine matches\n\n")
	fmt.Println("| rules | change | median | 99 % | 99.9 % | worst | median, processor's time | 99.9 % | worst | matched meanwhile, events/s |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, run := range []struct {
		n     int
		pause time.Duration
	}{{1000, 0}, {10_000, 0}, {100_000, 0}, {100_000, 100 * time.Microsecond}} {
		for _, shape := range []struct {
			name string
			rule func(int) string
		}{{"CodeBuild", buildRule}, {"mixed", mixedRule}} {
			name := fmt.Sprintf("%d %s", run.n, shape.name)
			if run.pause > 0 {
				name += fmt.Sprintf(", %v after each", run.pause)
			}
			if err := churnOf(run.n, name, shape.rule, run.pause); err != nil {
				return err
			}
		}
	}
	return nil
}

func churnOf(n int, name string, rule func(int) string, pause time.Duration) error {
	set := pattern.NewSet[int]()
	compile := func(i int) *pattern.Pattern {
		p, err := pattern.Compile(rule(i))
		if err != nil {
			panic(err) // the rules are ours
		}
		return p
	}
	for i := range n {
		set.Put(i, compile(i))
	}
	const changes = 20_000
	more := make([]*pattern.Pattern, changes)
	for i := range more {
		more[i] = compile(n + i)
	}
	var matched atomic.Int64
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		var ids []int
		event := buildEvent(7)
		facts, err := pattern.Check(event)
		for err == nil {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			ids, err = set.MatchKnown(event, facts, ids[:0])
			matched.Add(1)
		}
		stopped <- err
	}()
	pace := func(from time.Time, before int64) float64 {
		return float64(matched.Load()-before) / time.Since(from).Seconds() / 1e6
	}
	runtime.LockOSThread() // for its time to be ours
	defer runtime.UnlockOSThread()
	start, before := time.Now(), matched.Load()
	time.Sleep(200 * time.Millisecond)
	fmt.Printf("| %s | none | | | | | | | | %.2f M |\n", name, pace(start, before))

	report := func(change string, do func(i int)) {
		clock, processor := make([]time.Duration, changes), make([]time.Duration, changes)
		start, before := time.Now(), matched.Load()
		for i := range clock {
			start, used := time.Now(), threadTime()
			do(i)
			processor[i], clock[i] = threadTime()-used, time.Since(start)
			if pause > 0 {
				time.Sleep(pause)
			}
		}
		speed := pace(start, before)
		slices.Sort(clock)
		slices.Sort(processor)
		at := func(times []time.Duration, p float64) time.Duration {
			return times[int(p*float64(changes-1))].Round(100 * time.Nanosecond)
		}
		fmt.Printf("| %s | %s | %v | %v | %v | %v | %v | %v | %v | %.2f M |\n", name, change,
			at(clock, 0.5), at(clock, 0.99), at(clock, 0.999), at(clock, 1), at(processor, 0.5), at(processor, 0.999), at(processor, 1), speed)
	}
	report("add", func(i int) { set.Put(n+i, more[i]) })
	report("replace", func(i int) { set.Put(n+i, more[(i+1)%changes]) })
	report("remove", func(i int) { set.Remove(n + i) })
	close(stop)
	return <-stopped
}
