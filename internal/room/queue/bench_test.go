package queue

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store/disk"
)

var kilobyte = strings.Repeat("x", 1024)

func BenchmarkDeliver(b *testing.B) {
	s, a := benchService(b)
	m := Mail{Body: []byte(kilobyte), From: sentBy(b, rule)}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Deliver(context.Background(), to(a), m); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSend(b *testing.B) {
	s, a := benchService(b)
	draft := []Draft{{Body: kilobyte}}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Send(context.Background(), a, draft); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSendReceiveDelete(b *testing.B) {
	s, a := benchService(b)
	draft := []Draft{{Body: kilobyte}}
	zero := time.Duration(0)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Send(context.Background(), a, draft); err != nil {
				b.Error(err)
			}
			found, err := s.Receive(context.Background(), a, Request{Max: 1, Wait: &zero})
			if err != nil {
				b.Error(err)
			}
			for _, m := range found {
				if _, err := s.Remove(context.Background(), a, []string{m.Receipt}); err != nil {
					b.Error(err)
				}
			}
		}
	})
}

func benchService(b *testing.B) (*Service, Address) {
	st, err := disk.Open(disk.Options{Dir: b.TempDir(), Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	s, err := Open(context.Background(), Options{Store: st, Guard: access.Boundary{}, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Create(b.Context(), at("q"), DefaultSettings(), nil, nil); err != nil {
		b.Fatal(err)
	}
	return s, at("q")
}
