package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/dari-bus/dari/pattern"
)

// buildEvent is an event in the shape of CodeBuild's, about one project.
func buildEvent(project int) []byte {
	return fmt.Appendf(nil, `{"version":"0","id":"c030038d-8c4d-6141-9545-00ff7b7153%02d","detail-type":"CodeBuild Build State Change",`+
		`"source":"aws.codebuild","account":"123456789012","time":"2026-09-01T16:14:28Z","region":"us-west-2",`+
		`"resources":["arn:aws:codebuild:us-west-2:123456789012:build/project-%d:8745a7a9-c340-456a-9166-edf953571b11"],`+
		`"detail":{"build-status":"SUCCEEDED","project-name":"project-%d","build-id":"arn:aws:codebuild:us-west-2:123456789012:build/project-%d:8745",`+
		`"additional-information":{"cache":{"type":"NONE"},"timeout-in-minutes":60,"build-complete":true,"initiator":"somebody",`+
		`"logs":{"group-name":null,"deep-link":"https://console.example.com/logs"},"phases":[{"phase-type":"SUBMITTED","duration-in-seconds":0},`+
		`{"phase-type":"BUILD","duration-in-seconds":%d}]},"current-phase":"COMPLETED","version":"1"}}`, project%100, project, project, project, project%60)
}

func buildEvents(n, projects int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	events := make([][]byte, n)
	for i := range events {
		events[i] = buildEvent(r.IntN(projects))
	}
	return events
}

func buildRule(project int) string {
	return fmt.Sprintf(`{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change"],"detail":{"build-status":["SUCCEEDED","FAILED"],"project-name":["project-%d"]}}`, project)
}

func repeat(n int, rule func(int) string) []string {
	rules := make([]string, n)
	for i := range rules {
		rules[i] = rule(i)
	}
	return rules
}

// growth is one rule for each of so many projects. The events are the same for
// all sizes, about the first hundred projects; at the end each is about another
// project, so that what is known of its rule lies in memory, not in the cache.
func growth() error {
	header("Growth: rules in the shape of CodeBuild's, events about the first hundred projects")
	events := buildEvents(10_000, 100)
	for _, n := range []int{1, 100, 1000, 10_000, 100_000} {
		if _, err := (workload{fmt.Sprint(n), repeat(n, buildRule), events, n <= 100}).run(); err != nil {
			return err
		}
	}
	all := workload{"100000, events about all projects", repeat(100_000, buildRule), buildEvents(100_000, 100_000), false}
	defer func(d time.Duration) { *limit = d }(*limit)
	*limit = 0 // quamina takes a second for every few events
	if _, err := all.run(); err != nil {
		return err
	}
	fmt.Printf("\nMemory of a set with 100,000 of them: %.0f bytes a rule.\n", bytesPerRule(100_000, buildRule))
	return nil
}

// bytesPerRule returns how much the heap grows for each rule.
func bytesPerRule(n int, rule func(int) string) float64 {
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	set := pattern.NewSet[int]()
	for i := range n {
		p, err := pattern.Compile(rule(i))
		if err != nil {
			panic(err) // the rules are ours
		}
		set.Put(i, p)
	}
	used := heap() - before
	runtime.KeepAlive(set)
	return used / float64(n)
}

// mixedRule is one of many different rules about builds.
func mixedRule(i int) string {
	detail := func(members string) string {
		return fmt.Sprintf(`{"source":["aws.codebuild"],"detail":{%s}}`, members)
	}
	switch i % 10 {
	case 0, 1:
		return buildRule(i)
	case 2:
		return detail(fmt.Sprintf(`"project-name":[{"prefix":"project-%d"}]`, 1000+i))
	case 3:
		return fmt.Sprintf(`{"resources":[{"wildcard":"arn:aws:codebuild:*:build/project-%d:*"}]}`, i)
	case 4:
		return fmt.Sprintf(`{"resources":[{"suffix":"%06x"}]}`, i*7919)
	case 5:
		return detail(fmt.Sprintf(`"project-name":[{"equals-ignore-case":"PROJECT-%d"}]`, i))
	case 6:
		return detail(fmt.Sprintf(`"additional-information":{"timeout-in-minutes":[{"numeric":[">=",%d,"<",%d]}]}`, 100+i, 200+i))
	case 7:
		return fmt.Sprintf(`{"account":["%012d"],"detail":{"build-status":[{"anything-but":["SUCCEEDED"]}]}}`, i)
	case 8:
		return detail(fmt.Sprintf(`"additional-information":{"initiator":["user-%d"],"cache":{"type":[{"exists":true}]}}`, i))
	}
	return detail(fmt.Sprintf(`"$or":[{"project-name":["project-%d"]},{"current-phase":["phase-%d"]}]`, i, i))
}

func mixed() error {
	header("Mixed: texts, prefixes, wildcards, suffixes, ignoring case, ranges, anything-but, exists, $or")
	for _, n := range []int{100, 1000, 10_000} {
		if _, err := (workload{fmt.Sprintf("%d", n), repeat(n, mixedRule), buildEvents(2000, n), true}).run(); err != nil {
			return err
		}
	}
	return nil
}

// wildcards are patterns of three stars or more on one field: words of a
// vocabulary with two letters between them, ending with a word or with a star.
func wildcards() error {
	r := rand.New(rand.NewPCG(3, 4))
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
		}
		return string(b)
	}
	words := repeat(2000, func(int) string { return letters(4 + r.IntN(4)) })
	word := func() string { return words[r.IntN(len(words))] }
	names := repeat(5000, func(int) string { return strings.Join([]string{word(), word(), word(), word(), word()}, "/") })
	events := make([][]byte, len(names))
	for i, name := range names {
		events[i] = fmt.Appendf(nil, `{"source":"files","id":"%d","detail":{"name":"%s","size":%d,"tags":["x","y"]}}`, i, name, i)
	}
	for _, shape := range []struct{ title, end string }{
		{"Wildcards of three stars on one field", ""},
		{"Wildcards of four stars on one field, without fixed ends", "*"},
	} {
		header(shape.title)
		rules := repeat(10_000, func(i int) string {
			if i%100 == 0 { // one that is found
				words := strings.Split(names[i/3], "/")
				return fmt.Sprintf(`{"detail":{"name":[{"wildcard":"*%s*%s*%s*"}]}}`, words[1], words[2][:2], words[3])
			}
			return fmt.Sprintf(`{"detail":{"name":[{"wildcard":"*%s*%s*%s%s"}]}}`, word(), letters(2), word(), shape.end)
		})
		for _, n := range []int{10, 100, 1000, 10_000} {
			if _, err := (workload{fmt.Sprintf("%d", n), rules[:n], events, n <= 1000}).run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// arrays are three arrays beside each other, with two elements in each that
// satisfy one field.
func arrays() error {
	header("Arrays: one rule on a field of each of three arrays with so many elements")
	rule := `{"a":{"x":[1],"y":[2]},"b":{"x":[1],"y":[2]},"c":{"x":[1],"y":[2]}}`
	for _, n := range []int{10, 30, 300, 1000} {
		list := func() string {
			var elements []string
			for i := range n {
				x, y := 0, 0
				if i == n/3 || i == n-1 {
					x = 1
				}
				if i == n/2 || i == n-1 {
					y = 2
				}
				elements = append(elements, fmt.Sprintf(`{"x":%d,"y":%d}`, x, y))
			}
			return "[" + strings.Join(elements, ",") + "]"
		}
		event := fmt.Appendf(nil, `{"a":%s,"b":%s,"c":%s}`, list(), list(), list())
		w := workload{fmt.Sprintf("%d elements, %d bytes", n, len(event)), []string{rule}, [][]byte{event}, true}
		ns, err := w.run()
		if err != nil {
			return err
		}
		fmt.Printf("|  (%.2f ns/byte) | | | | | | | |\n", ns/float64(len(event)))
	}
	return nil
}

// fanOut is many rules that all match.
func fanOut() error {
	header("Fan-out: rules that all match")
	for _, n := range []int{10, 100, 1000} {
		same := repeat(n, func(int) string { return buildRule(7) })
		if _, err := (workload{fmt.Sprintf("%d alike", n), same, [][]byte{buildEvent(7)}, true}).run(); err != nil {
			return err
		}
		different := repeat(n, func(i int) string {
			return fmt.Sprintf(`{"source":["aws.codebuild","other-%d"],"detail":{"project-name":["project-7","other-%d"]}}`, i, i)
		})
		if _, err := (workload{fmt.Sprintf("%d different", n), different, [][]byte{buildEvent(7)}, true}).run(); err != nil {
			return err
		}
	}
	return nil
}
