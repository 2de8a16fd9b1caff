package budget

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

func TestAShareNeverGrantsMoreThanItHas(t *testing.T) {
	s := New(1000, []Part{{"a", 40, ""}, {"b", 60, ""}}).Share("a")
	if s.Size() != 400 || !s.Try(300) || s.Try(101) || !s.Try(100) || s.Used() != 400 {
		t.Fatalf("size %d, used %d", s.Size(), s.Used())
	}
	s.Give(300)
	if s.Used() != 100 || !s.Try(300) {
		t.Fatalf("used %d after giving back", s.Used())
	}
}

func TestMoreThanTheShareIsGrantedAlone(t *testing.T) {
	s := New(100, []Part{{"a", 100, ""}}).Share("a")
	if !s.Try(1<<40) || s.Used() != 100 || s.Try(1) {
		t.Fatalf("used %d", s.Used())
	}
	s.Give(1 << 40)
	if s.Used() != 0 {
		t.Fatalf("used %d at the end", s.Used())
	}
}

func TestALargeOneThatWaitsIsNotPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(100, []Part{{"a", 100, ""}}).Share("a")
		if !s.Try(50) {
			t.Fatal("the share is not empty")
		}
		got := make(chan error, 1)
		go func() { got <- s.Take(t.Context(), 80) }()
		synctest.Wait()
		if s.Try(10) {
			t.Error("a small one passed the large one that waits")
		}
		s.Give(50)
		if err := <-got; err != nil || s.Used() != 80 {
			t.Errorf("%v, used %d", err, s.Used())
		}
	})
}

func TestWhoGivesUpWaitingHasTakenNothing(t *testing.T) {
	s := New(100, []Part{{"a", 100, ""}}).Share("a")
	s.Try(100)
	why := errors.New("the caller has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := s.Take(ctx, 1); !errors.Is(err, why) || s.Used() != 100 {
		t.Errorf("%v, used %d", err, s.Used())
	}
}

func TestNoShareHasNoBound(t *testing.T) {
	var s *Share
	if !s.Try(1<<60) || s.Take(t.Context(), 1<<60) != nil {
		t.Error("a nil share refused")
	}
	s.Give(1 << 60)
}

func TestPartsThatDoNotFitAreAMistakeInTheProgram(t *testing.T) {
	for name, parts := range map[string][]Part{
		"more than the whole": {{"a", 60, ""}, {"b", 41, ""}},
		"twice":               {{"a", 1, ""}, {"a", 1, ""}},
		"nothing":             {{"a", 0, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			New(100, parts)
		})
	}
}

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "800000000": 800000000, "512MiB": 512 << 20, "2GiB": 2 << 30, "1.5g": 3 << 29, "64 kb": 64 << 10, "1T": 1 << 40,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "b", "0", "-1g", "much", "1x", "NaN", "Inf", "9999999T", "1e400"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
	for n, want := range map[int64]string{512: "512 B", 512 << 20: "512 MiB", 3 << 29: "1.5 GiB"} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestTheSmallestLimitOfTheMachineAndItsControlGroupsCounts(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"the machine", map[string]string{"proc/meminfo": "MemFree: 1 kB\nMemTotal:  2048 kB\n"}, 2 << 20},
		{"its group", map[string]string{"proc/meminfo": "MemTotal: 2048 kB\n", "proc/self/cgroup": "0::/a/b\n", "cg/a/b/memory.max": "4096\n"}, 4096},
		{"a group above", map[string]string{"proc/meminfo": "MemTotal: 2048 kB\n", "proc/self/cgroup": "0::/a/b\n", "cg/a/b/memory.max": "max\n", "cg/a/memory.max": "5000"}, 5000},
		{"version 1", map[string]string{"proc/meminfo": "MemTotal: 2048 kB\n", "proc/self/cgroup": "3:cpu:/x\n4:memory:/d\n", "cg/memory/d/memory.limit_in_bytes": "7000"}, 7000},
		{"nothing", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				file := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, ok := machine(filepath.Join(root, "proc"), filepath.Join(root, "cg"))
			if ok != (c.want != 0) || ok && got != c.want {
				t.Errorf("%d, %v; want %d", got, ok, c.want)
			}
		})
	}
}

func TestNobodyHoldsMoreThanHalfOfWhatIsDivided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(100, []Part{{"a", 100, ""}}).Share("a")
		d := s.Divided()
		if err := d.Take(t.Context(), "a", 40); err != nil || d.Try("a", 11) {
			t.Fatalf("%v, %d are taken", err, s.Used())
		}
		got := make(chan error, 1)
		go func() { got <- d.Take(t.Context(), "a", 1000) }()
		synctest.Wait()
		late, cancel := context.WithCancelCause(t.Context())
		why := errors.New("it has waited long enough")
		cancel(why)
		if err := d.Take(late, "a", 1); !errors.Is(err, why) {
			t.Error(err)
		}
		if err := d.Take(t.Context(), "b", 50); err != nil || s.Used() != 90 {
			t.Errorf("another one: %v, %d are taken", err, s.Used())
		}
		if d.Try("c", 11) {
			t.Error("a third one was given what is not there")
		}
		d.Give("a", 40)
		if err := <-got; err != nil || s.Used() != 100 {
			t.Errorf("more than half: %v, %d are taken", err, s.Used())
		}
		d.Give("a", 1000)
		d.Give("b", 50)
		if s.Used() != 0 || len(d.owners) != 0 {
			t.Errorf("%d bytes are left, of %v", s.Used(), d.owners)
		}
	})
	var none *Share
	if d := none.Divided(); d.Take(t.Context(), "a", 1<<60) != nil || !d.Try("a", 1<<60) {
		t.Error("no share has a bound")
	} else {
		d.Give("a", 1<<60)
	}
}
