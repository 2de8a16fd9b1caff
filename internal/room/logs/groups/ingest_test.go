package groups

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
)

func TestWhoSearchesKeepsNobodyFromWriting(t *testing.T) {
	b := budget.New(100<<20, []budget.Part{{Name: "logs", Percent: 50}, {Name: "ingest", Percent: 50}})
	s := withStream(t, Options{Memory: b.Share("logs"), Ingest: b.Share("ingest")})
	if !b.Share("logs").Try(50 << 20) {
		t.Fatal("the share is not empty")
	}
	s.mustPut(t, "s", "m")
	if n := b.Share("ingest").Used(); n != 0 {
		t.Errorf("%d bytes are held when all is written", n)
	}
}

func TestAnAccountThatWritesTooMuchIsThrottledAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(10<<20, []budget.Part{{Name: "ingest", Percent: 100}}).Share("ingest")
		s := withStream(t, Options{Ingest: share})
		s.mustPut(t, "s", "m") // which takes the first numbers
		if err := s.ingest.Take(t.Context(), account, 5<<20); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, err := s.Put(t.Context(), root, root.Place, "g", "s", entries("m"))
		f, ok := err.(*fault.Error)
		if !ok || f.Code != "ThrottlingException" || f.Message != "Rate exceeded" || time.Since(begun) != patience {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		other := root
		other.Account = "222222222222"
		if err := s.CreateGroup(t.Context(), other, Group{Name: "g", Class: Standard}); err != nil {
			t.Fatal(err)
		}
		if err := s.CreateStream(t.Context(), other, other.Place, "g", "s"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), other, other.Place, "g", "s", entries("m")); err != nil {
			t.Errorf("another account: %v", err)
		}
		s.ingest.Give(account, 5<<20)
		s.mustPut(t, "s", "m")
		if share.Used() != 0 {
			t.Errorf("%d bytes are held when all is written", share.Used())
		}
	})
}
