package disk

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
)

// taken is what the tables take on disk, in bytes.
func (s *Store) taken(t *testing.T) uint64 {
	t.Helper()
	n, err := s.db.EstimateDiskUsage([]byte{0}, []byte{0xff})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADeletedRangeLeavesTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Options{Dir: "data", FS: vfs.NewMem(), MemTableBytes: 512 << 10, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		go s.Run(t.Context())
		rng := rand.New(rand.NewPCG(1, 2))
		value := make([]byte, 4<<10)
		for n := range 1000 {
			for i := range value {
				value[i] = byte(rng.Uint32())
			}
			if err := s.Update(t.Context(), func(tx store.Tx) error {
				// The neighbours stay, so that no table is gone as a whole.
				for _, kind := range "abc" {
					if err := tx.Put(fmt.Appendf(nil, "%c%04d", kind, n), value[:1<<10]); err != nil {
						return err
					}
				}
				return tx.Put(fmt.Appendf(nil, "b%04d", n), value)
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		before := s.taken(t)
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteRange([]byte("b"), []byte("c")) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(reclaimAfter + 2*watchEvery)
		synctest.Wait()
		left := s.taken(t)
		t.Logf("%d bytes, %d without the range", before, left)
		if before < 5<<20 || left > before/2 {
			t.Errorf("%d bytes are left of %d: those of the deleted range take two thirds", left, before)
		}
	})
}

func TestDeletedRangesAreRememberedWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deleted
		for n := range 3 * maxDeleted {
			d.add(ranges{fmt.Sprint("key", n): "kez", "first": fmt.Sprintf("first%06d", n)})
		}
		if due := d.due(reclaimAfter); due != nil {
			t.Errorf("%d ranges are due at once", len(due))
		}
		time.Sleep(reclaimAfter)
		due := d.due(reclaimAfter)
		if last := fmt.Sprintf("first%06d", 3*maxDeleted-1); len(due) != maxDeleted || due["first"] != last {
			t.Errorf("%d ranges are due, the first up to %q", len(due), due["first"])
		}
		d.add(ranges{"a": "b"})
		time.Sleep(reclaimAfter)
		if due := d.due(reclaimAfter); due != nil {
			t.Errorf("%d ranges are due while others are merged", len(due))
		}
		if d.done(); len(d.due(reclaimAfter)) != 1 {
			t.Error("what was deleted meanwhile is forgotten")
		}
	})
}
