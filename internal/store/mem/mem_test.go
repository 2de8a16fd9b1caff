package mem_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
)

func TestMemIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		s := mem.New()
		t.Cleanup(func() { _ = s.Close() }) // The test may have closed it.
		return s, nil
	})
}

func BenchmarkPutAmongAMillion(b *testing.B) {
	s := mem.New()
	ctx := context.Background()
	var key [8]byte
	put := func(n uint64) {
		if err := s.Update(ctx, func(tx store.Tx) error {
			binary.BigEndian.PutUint64(key[:], n)
			return tx.Put(key[:], nil)
		}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range uint64(1_000_000) {
		put(i)
	}
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		i++
		put(i * 7919)
	}
}
