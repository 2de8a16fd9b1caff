package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/dari-bus/dari/pattern"
)

// churn measures single changes in large sets, while somebody matches.
func churn() error {
	fmt.Printf("\n### Changes: one rule among many, while another goroutine matches\n\n")
	fmt.Println("| rules | change | median | 99 % | worst |")
	fmt.Println("|--:|---|--:|--:|--:|")
	for _, n := range []int{1000, 10_000, 100_000} {
		for _, shape := range []struct {
			name string
			rule func(int) string
		}{{"CodeBuild", buildRule}, {"mixed", mixedRule}} {
			if err := churnOf(n, shape.name, shape.rule); err != nil {
				return err
			}
		}
	}
	return nil
}

func churnOf(n int, name string, rule func(int) string) error {
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
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		var ids []int
		event := buildEvent(7)
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			var err error
			if ids, err = set.Match(event, ids[:0]); err != nil {
				stopped <- err
				return
			}
		}
	}()
	report := func(change string, do func(i int)) {
		times := make([]time.Duration, changes)
		for i := range times {
			start := time.Now()
			do(i)
			times[i] = time.Since(start)
		}
		slices.Sort(times)
		at := func(p float64) time.Duration { return times[int(p*float64(changes-1))].Round(100 * time.Nanosecond) }
		fmt.Printf("| %d %s | %s | %v | %v | %v |\n", n, name, change, at(0.5), at(0.99), at(1))
	}
	report("add", func(i int) { set.Put(n+i, more[i]) })
	report("replace", func(i int) { set.Put(n+i, more[(i+1)%changes]) })
	report("remove", func(i int) { set.Remove(n + i) })
	close(stop)
	return <-stopped
}
