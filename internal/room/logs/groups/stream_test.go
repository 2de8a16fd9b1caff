package groups

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/store/blocks"
)

func TestPagesOfStreamsAreInEachOrder(t *testing.T) {
	s := withStream(t, Options{})
	now := time.Now().UnixMilli()
	var all []Stream
	for i := range 30 {
		st := Stream{Name: fmt.Sprintf("%c-%d", 'a'+i%2, i*7%30), Last: now - int64(i*11%10)}
		s.mustCreate(t, "g"+st.Name) // other groups, before and behind this one
		if err := s.CreateStream(t.Context(), root, root.Place, "g", st.Name); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), root, root.Place, "g", st.Name, []blocks.Entry{{Time: st.Last, Text: []byte("x")}}); err != nil {
			t.Fatal(err)
		}
		all = append(all, st)
	}
	for _, c := range []struct {
		prefix             string
		byTime, descending bool
	}{{"", false, false}, {"b", false, false}, {"b", false, true}, {"a-", true, false}, {"a-", true, true}} {
		var want, got []string
		slices.SortFunc(all, func(a, b Stream) int {
			order := strings.Compare(a.Name, b.Name)
			if c.byTime {
				order = cmp.Or(cmp.Compare(a.Last, b.Last), order)
			}
			if c.descending {
				order = -order
			}
			return order
		})
		for _, st := range all {
			if strings.HasPrefix(st.Name, c.prefix) {
				want = append(want, st.Name)
			}
		}
		for token, more := "", true; more; more = token != "" {
			rows, next, err := s.Streams(root, root.Place, "g", c.prefix, c.byTime, c.descending, token, 4)
			if err != nil || len(rows) > 4 {
				t.Fatal(len(rows), err)
			}
			for _, st := range rows {
				if st.Name != "s" { // which withStream made
					got = append(got, st.Name)
				}
			}
			token = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %v, want %v", c, got, want)
		}
	}
	if _, _, err := s.Streams(root, root.Place, "g", "", false, false, "made up", 4); err == nil {
		t.Error("a token that is none is taken")
	}
}

// BenchmarkStreams has a page of the 100,000 streams of a group, from the middle of them.
func BenchmarkStreams(b *testing.B) {
	s := withStream(b, Options{})
	for i := range MaxStreams - 1 {
		if err := s.CreateStream(b.Context(), root, root.Place, "g", fmt.Sprintf("stream-%06d", i*7919%MaxStreams)); err != nil {
			b.Fatal(err)
		}
	}
	for _, byTime := range []bool{false, true} {
		b.Run(fmt.Sprint("byTime=", byTime), func(b *testing.B) {
			_, token, err := s.Streams(root, root.Place, "g", "", byTime, false, "", MaxStreams/2)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, _, err := s.Streams(root, root.Place, "g", "", byTime, false, token, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
