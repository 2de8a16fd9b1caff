//go:build !race

package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dari-bus/dari/pattern"
)

// The race detector empties pools at random, so this holds only without it.
func TestMatchingAllocatesNothing(t *testing.T) {
	elements := strings.TrimSuffix(strings.Repeat(`{"x":1.5,"y":2},{"x":-122.42200352825247,"y":37.80848009696725},`, 50), ",")
	event := []byte(`{"source":"s","name":"some \u0041 Name/of-things","ip":"10.1.2.3","ip6":"2001:db8::1","n":122.41600944012424,"list":[` + elements + `],"b":{"x":true}}`)
	for name, alternatives := range map[string]string{
		"exact":            `{"name":["x%d","some A Name/of-things"]}`,
		"prefix":           `{"name":[{"prefix":"some A%d"},{"prefix":"some A"}]}`,
		"ignore case":      `{"name":[{"equals-ignore-case":"Some A name/of-things"},{"suffix":{"equals-ignore-case":"X%d"}}]}`,
		"wildcard":         `{"name":[{"wildcard":"*%dx*"},{"wildcard":"*A*/of*"}]}`,
		"numeric":          `{"n":[{"numeric":[">",%d]}]}`,
		"cidr":             `{"ip":[{"cidr":"10.0.0.0/8"},"9.9.%d.9"],"ip6":[{"cidr":"2001:db8::/32"}]}`,
		"but":              `{"name":[{"anything-but":["%d"]}],"ip":[{"anything-but":{"wildcard":"11.*.*"}}],"n":[{"anything-but":[1,2]}]}`,
		"absent":           `{"other":[{"exists":false}],"b":{"x":[true,%d]}}`,
		"arrays":           `{"list":{"x":[{"numeric":["<",-100]},%d],"y":[{"numeric":[">",30]}]}}`,
		"absent in arrays": `{"list":{"x":[{"numeric":["<",-100]}],"z":[{"exists":false},%d]},"other":{"y":[{"exists":false}]}}`,
		"or":               `{"$or":[{"name":["a%d"]},{"b":{"x":[true]}},{"source":["s"]}]}`,
	} {
		set := pattern.NewSet[int]()
		for i := range 20 {
			p, err := pattern.Options{Complexity: -1}.Compile(fmt.Sprintf(alternatives, i))
			if err != nil {
				t.Fatal(err)
			}
			set.Put(i, p)
		}
		envelope := &pattern.Envelope{Source: "s", Detail: event, Facts: pattern.Valid}
		var ids []int
		match := func() {
			var err error
			if ids, err = set.Match(event, ids[:0]); err != nil || len(ids) == 0 {
				t.Fatal(name, ids, err)
			}
			if ids, err = set.MatchEnvelope(envelope, ids[:0]); err != nil {
				t.Fatal(name, err)
			}
		}
		match()
		if n := testing.AllocsPerRun(100, match); n > 0 {
			t.Errorf("%s: %v allocations per event", name, n)
		}
	}
}
