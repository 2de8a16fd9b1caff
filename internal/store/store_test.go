package store

import (
	"errors"
	"testing"
	"testing/synctest"
)

func TestEndIsTheFirstKeyAfterAPrefix(t *testing.T) {
	for _, tt := range []struct{ prefix, want string }{
		{"a/", "a0"},
		{"a", "b"},
		{"a\xff", "b"},
		{"a\xff\xff", "b"},
		{"a\xfe\xff", "a\xff"},
	} {
		prefix := []byte(tt.prefix)
		if got := End(prefix); string(got) != tt.want {
			t.Errorf("End(%q) = %q, want %q", tt.prefix, got, tt.want)
		}
		if string(prefix) != tt.prefix {
			t.Errorf("End changed its argument to %q", prefix)
		}
	}
	for _, prefix := range []string{"", "\xff", "\xff\xff"} {
		if got := End([]byte(prefix)); got != nil {
			t.Errorf("End(%q) = %q, want nil", prefix, got)
		}
	}
}

func TestAGateLetsThoseInsideFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		for range 2 {
			if err := g.Enter(); err != nil {
				t.Fatal(err)
			}
		}
		left, err := g.Shut()
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Enter(); !errors.Is(err, ErrClosed) {
			t.Errorf("Enter after Shut = %v", err)
		}
		if _, err := g.Shut(); !errors.Is(err, ErrClosed) {
			t.Errorf("the second Shut = %v", err)
		}
		done := false
		go func() {
			<-left
			done = true
		}()
		g.Leave()
		synctest.Wait()
		if done {
			t.Error("empty while one is inside")
		}
		g.Leave()
		synctest.Wait()
		if !done {
			t.Error("not empty when everybody has left")
		}
	})
}
