package runtime

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func frame(text string) string {
	head := make([]byte, frameHead)
	binary.BigEndian.PutUint32(head, 0xa55a0003)
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	binary.BigEndian.PutUint64(head[8:], uint64(time.Unix(7, 0).UnixMicro()))
	return string(head) + text
}

// However what is written comes in, the events are the same.
func TestEventsDoNotDependOnHowTheyComeIn(t *testing.T) {
	long := strings.Repeat("x", maxLine+5)
	written := "one\ntwo\rhas two\n" + frame("framed\nof two") + "begun " + frame("") + frame("next") + "\n" + long + "\ncrlf\r\n" + frame(long) + "¥ is no frame\nlast"
	want := []string{"one\n", "two\nhas two\n", "framed\nof two", "begun ", "next", "\n", long[:maxLine], long[maxLine:] + "\n", "crlf\n", long[:maxLine], "¥ is no frame\n", "last"}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range 20 {
		var got []string
		s := &splitter{emit: func(lines []Line) {
			for _, l := range lines {
				got = append(got, l.Text)
			}
		}}
		for rest := []byte(written); len(rest) > 0; {
			n := len(rest)
			if round > 0 {
				n = min(n, 1+random.IntN(1<<(1+round)))
			}
			s.take(rest[:n])
			rest = rest[n:]
			if len(s.rest) > maxLine {
				t.Fatalf("it holds %d bytes", len(s.rest))
			}
		}
		s.flush()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d: %.2000s", round, diff)
		}
	}
}
