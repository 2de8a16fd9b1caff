package disk

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/dari-bus/dari/internal/store"
)

// BenchmarkUpdate writes records of 1 KiB under ever new keys, as the outbox
// does. The figure that counts is records/s.
func BenchmarkUpdate(b *testing.B) {
	for _, workers := range []int{1, 16, 64} {
		for _, puts := range []int{1, 10} {
			b.Run(fmt.Sprintf("workers=%d/puts=%d", workers, puts), func(b *testing.B) {
				benchUpdate(b, workers, puts)
			})
		}
	}
	b.Run("unsynced", func(b *testing.B) { benchUpdate(b, 16, 1, store.Unsynced) })
}

func benchUpdate(b *testing.B, workers, puts int, opts ...store.Option) {
	s := openTest(b, Options{Dir: b.TempDir()})
	value := make([]byte, 1024)
	var next atomic.Uint64
	b.ReportAllocs()
	b.SetParallelism(max(1, workers/2))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Update(context.Background(), func(tx store.Tx) error {
				for range puts {
					if err := tx.Put(binary.BigEndian.AppendUint64(nil, next.Add(1)), value); err != nil {
						return err
					}
				}
				return nil
			}, opts...); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(puts*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkQueue is a record's whole life: written and synced, then removed
// without a sync of its own.
func BenchmarkQueue(b *testing.B) {
	s := openTest(b, Options{Dir: b.TempDir()})
	value := make([]byte, 1024)
	var next atomic.Uint64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			key := binary.BigEndian.AppendUint64(nil, next.Add(1))
			err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key, value) })
			if err == nil {
				err = s.Update(context.Background(), func(tx store.Tx) error { return tx.Delete(key) }, store.Unsynced)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.StopTimer()
	m := s.db.Metrics()
	b.ReportMetric(float64(m.DiskSpaceUsage())/(1<<20), "MiB-on-disk")
}

func BenchmarkScan(b *testing.B) {
	s := openTest(b, Options{Dir: b.TempDir()})
	const records = 100_000
	for i := range records / 1000 {
		if err := s.Update(context.Background(), func(tx store.Tx) error {
			for j := range 1000 {
				if err := tx.Put(binary.BigEndian.AppendUint64(nil, uint64(i*1000+j)), make([]byte, 1024)); err != nil {
					return err
				}
			}
			return nil
		}, store.Unsynced); err != nil {
			b.Fatal(err)
		}
	}
	for _, page := range []int{1, 100, records} {
		b.Run(fmt.Sprintf("page=%d", page), func(b *testing.B) {
			b.ReportAllocs()
			n, from := 0, uint64(0)
			for b.Loop() {
				from = (from + 7919) % records
				if page == records {
					from = 0
				}
				if err := s.View(context.Background(), func(tx store.Tx) error {
					left := page
					for range tx.Scan(binary.BigEndian.AppendUint64(nil, from), nil) {
						n++
						if left--; left == 0 {
							break
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := openTest(b, Options{Dir: b.TempDir()})
	key := []byte("key")
	if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key, make([]byte, 1024)) }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.View(context.Background(), func(tx store.Tx) error {
			_, err := tx.Get(key)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is from nothing to the first update on disk, and back.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(Options{Dir: b.TempDir(), Log: quiet})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("a"), nil) }); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
