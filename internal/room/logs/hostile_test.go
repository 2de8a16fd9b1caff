package logs

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Whatever the start is, the tokens of the answer are tokens.
func TestTokensHoldAtTheEndsOfTime(t *testing.T) {
	c := withStream(t)
	for _, start := range []int64{0, 1, math.MaxInt64 / 2, math.MaxInt64/2 + 1, math.MaxInt64/2 + 2, math.MaxInt64 - 1, math.MaxInt64} {
		out := c.must("GetLogEvents", fmt.Sprintf(`{"logGroupName":"g","logStreamName":"s","startTime":%d}`, start))
		for range 3 {
			for _, name := range []string{"nextBackwardToken", "nextForwardToken"} {
				token := out[name].(string)
				if strings.Contains(token, "-") {
					t.Errorf("start %d: the token %s", start, token)
				}
				out = c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","nextToken":"`+token+`"}`)
			}
		}
	}
	c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","nextToken":"b/`+strings.Repeat("0", 56)+`/s"}`)
}

// A page of streams costs what a page costs, and not what the group has.
func TestPagesOfManyStreamsAreMadeOfFew(t *testing.T) {
	c := withStream(t)
	list := func(extra string) (names []string) {
		for token := ""; ; {
			out := c.must("DescribeLogStreams", `{"logGroupName":"g","limit":7`+extra+token+`}`)
			for _, st := range out["logStreams"].([]any) {
				names = append(names, st.(map[string]any)["logStreamName"].(string))
			}
			next, more := out["nextToken"].(string)
			if !more {
				return names
			}
			token = `,"nextToken":"` + next + `"`
		}
	}
	page := func() int {
		const n = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			c.must("DescribeLogStreams", `{"logGroupName":"g","limit":1,"descending":true}`)
		}
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc-before.TotalAlloc) / n
	}
	want := []string{"s"}
	few := page()
	for i := range 3000 {
		name := fmt.Sprintf("s%04d", (i*7919)%3000)
		c.must("CreateLogStream", `{"logGroupName":"g","logStreamName":"`+name+`"}`)
		if want = append(want, name); i == 29 {
			slices.Sort(want)
			for _, extra := range []string{"", `,"orderBy":"LastEventTime"`, `,"descending":true`} {
				got := list(extra)
				if strings.Contains(extra, "descending") {
					slices.Reverse(got)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q", extra, got)
				}
			}
		}
	}
	if many := page(); many > few+20_000 {
		t.Errorf("a page takes %d bytes with one stream and %d with 3,000", few, many)
	}
}
