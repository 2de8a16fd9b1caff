package schedule_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/schedule"
)

// TestConformance runs the files whose format is described in
// conformance/schedule/rate.test.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../../conformance/schedule/*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := runner{}
			for n, line := range strings.Split(string(data), "\n") {
				if line != "" && !strings.HasPrefix(line, "#") {
					r.line(t, file+":"+strconv.Itoa(n+1), line)
				}
			}
		})
	}
}

type runner struct {
	schedule schedule.Expression
	anchor   time.Time
}

func (r *runner) line(t *testing.T, where, line string) {
	word, text, _ := strings.Cut(line, " ")
	text = strings.TrimLeft(text, " ")
	var err error
	switch word {
	case "schedule":
		if r.schedule, err = schedule.Parse(text); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
	case "anchor":
		r.anchor = times(t, where, text)[0]
	case "next":
		want := times(t, where, text)
		after := want[0]
		for _, w := range want[1:] {
			got := r.schedule.Next(r.anchor, after)
			if !got.Equal(w) {
				t.Errorf("%s: after %v comes %v, want %v", where, after, got, w)
			}
			if got.Location() != time.UTC {
				t.Errorf("%s: %v is not in UTC", where, got)
			}
			after = w
		}
	case "never":
		if got := r.schedule.Next(r.anchor, times(t, where, text)[0]); !got.IsZero() {
			t.Errorf("%s: it is due at %v", where, got)
		}
	case "invalid":
		if strings.HasPrefix(text, `"`) {
			if text, err = strconv.Unquote(text); err != nil {
				t.Fatalf("%s: %v", where, err)
			}
		}
		if got, err := schedule.Parse(text); err == nil || got != nil {
			t.Errorf("%s: %q was taken", where, text)
		}
	default:
		t.Fatalf("%s: unknown word %q", where, word)
	}
}

func times(t *testing.T, where, text string) (out []time.Time) {
	for f := range strings.FieldsSeq(text) {
		at, err := time.Parse(time.RFC3339, f)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		out = append(out, at)
	}
	return out
}
