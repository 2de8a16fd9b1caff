package pattern_test

import (
	"fmt"
	"testing"

	"github.com/dari-bus/dari/pattern"
)

const buildEvent = `{"version":"0","id":"c030038d-8c4d-6141-9545-00ff7b7153EX","detail-type":"CodeBuild Build State Change",` +
	`"source":"aws.codebuild","account":"123456789012","time":"2017-09-01T16:14:28Z","region":"us-west-2",` +
	`"resources":["arn:aws:codebuild:us-west-2:123456789012:build/p777:8745a7a9-c340-456a-9166-edf953571bEX"],` +
	`"detail":{"build-status":"SUCCEEDED","project-name":"p777","build-id":"arn:aws:codebuild:us-west-2:123456789012:build/p777:8745",` +
	`"additional-information":{"cache":{"type":"NONE"},"timeout-in-minutes":60,"build-complete":true,"initiator":"MyCodeBuildDemoUser",` +
	`"logs":{"group-name":null,"deep-link":"https://console.example.com/x"},"phases":[{"phase-type":"SUBMITTED","duration-in-seconds":0},` +
	`{"phase-type":"BUILD","duration-in-seconds":36}]},"current-phase":"COMPLETED","version":"1"}}`

func buildRules(tb testing.TB, n int) *pattern.Set[int] {
	tb.Helper()
	s := pattern.NewSet[int]()
	for i := range n {
		p, err := pattern.Compile(fmt.Sprintf(`{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change"],`+
			`"detail":{"build-status":["FAILED","SUCCEEDED"],"project-name":["p%d"]}}`, i))
		if err != nil {
			tb.Fatal(err)
		}
		s.Put(i, p)
	}
	return s
}

func BenchmarkSetMatch(b *testing.B) {
	for _, n := range []int{1, 1000, 10000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			s := buildRules(b, n)
			event := []byte(buildEvent)
			var dst []int
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if dst, err = s.Match(event, dst[:0]); err != nil || len(dst) != min(1, n/778) {
					b.Fatal(dst, err)
				}
			}
		})
	}
}
