package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
)

// A small disk holds size bytes, of which others use some.
type small struct {
	vfs.FS // mem, with writes that fail on a full disk
	mem    *vfs.MemFS
	size   int64
	others atomic.Int64
}

func newSmall(mem *vfs.MemFS, size int64) *small {
	s := &small{mem: mem, size: size}
	s.FS = newFaulty(mem, func(op errorfs.Op) error {
		if (op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpCreate) && s.free() <= 0 {
			return syscall.ENOSPC
		}
		return nil
	})
	return s
}

func (s *small) free() int64 {
	free := s.size - s.others.Load()
	names, err := s.mem.List("data")
	if err != nil {
		return free
	}
	for _, name := range names {
		if name == journal.Ballast {
			free -= s.size * 5 / 16 // A file in memory takes nothing when it is set aside.
		} else if info, err := s.mem.Stat(filepath.Join("data", name)); err == nil {
			free -= info.Size()
		}
	}
	return free
}

func (s *small) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(max(0, s.free())), TotalBytes: uint64(s.size)}, nil
}

// put writes record i, with contents that do not become smaller on the disk.
func put(t *testing.T, s *Store, i int, size int) error {
	b := make([]byte, size)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(record(uint64(i)), b) })
}

// drain deletes record i, as a consumer does.
func drain(t *testing.T, s *Store, i int) error {
	return s.Update(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(record(uint64(i)))
		if err == nil && v == nil {
			err = fmt.Errorf("record %d is not there", i)
		}
		return errors.Join(err, tx.Delete(record(uint64(i))))
	}, store.Draining)
}

// untilFull writes records from number from on until the disk is full, and
// returns the number of the first that was refused.
func untilFull(t *testing.T, s *Store, from, size int) int {
	t.Helper()
	for i := from; i < from+100_000; i++ {
		switch err := put(t, s, i, size); {
		case errors.Is(err, store.ErrFull) && fault.KindOf(err) == fault.KindUnavailable:
			return i
		case err != nil:
			t.Fatalf("record %d: %v", i, err)
		}
	}
	t.Fatal("the disk does not become full")
	return 0
}

// roomAgain writes record n as soon as the engine has tidied up, as Run has it do.
func roomAgain(t *testing.T, s *Store, n int) {
	t.Helper()
	s.drained(0)
	for from, to := range s.deleted.ranges {
		if err := s.merge(t.Context(), []byte(from), []byte(to)); err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := put(t, s, n, 10_000)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrFull) || time.Now().After(deadline) {
			t.Fatalf("a record when there is room again: %v", err)
		}
	}
}

// attack F17: a full disk still lets go what is there, through a crash as well,
// and takes new things again when there is room.
func TestAFullDiskCanBeDrained(t *testing.T) {
	mem := vfs.NewCrashableMem()
	disk := newSmall(mem, 16<<20)
	s := openTest(t, Options{Dir: "data", FS: disk})
	n := untilFull(t, s, 0, 10_000)
	if n < 200 {
		t.Errorf("full after %d records of 10 kB on a disk of 16 MiB", n)
	}
	// Somebody else takes the last bytes.
	disk.others.Store(disk.free())
	if err := put(t, s, n, 10); !errors.Is(err, store.ErrFull) {
		t.Errorf("a record on the full disk: %v", err)
	}
	next := 0
	for ; next < n/4; next++ {
		if err := drain(t, s, next); err != nil {
			t.Fatal(err)
		}
	}
	// The server is killed, and started again while the disk is still full.
	mem = mem.CrashClone(vfs.CrashCloneCfg{})
	again := newSmall(mem, 16<<20)
	again.others.Store(again.size - (disk.size - disk.others.Load()))
	s = openTest(t, Options{Dir: "data", FS: again})
	for ; next < n; next++ {
		if err := drain(t, s, next); err != nil {
			t.Fatal(err)
		}
	}
	// The others leave.
	again.others.Store(0)
	roomAgain(t, s, n)
	if _, err := again.Stat(filepath.Join("data", journal.Ballast)); err != nil {
		t.Errorf("the ballast was not taken again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Two who find the disk full at the same time both go on with what the ballast leaves.
func TestOneBallastIsForAllWhoWrite(t *testing.T) {
	s := openTest(t, Options{Dir: "data", FS: newSmall(vfs.NewCrashableMem(), 16<<20)})
	g := guard{s: s}
	tries := 0
	err := g.patient(true, vfs.WriteCategoryUnspecified, func() error {
		if tries++; tries > 1 {
			return nil
		}
		return errors.Join(syscall.ENOSPC, g.patient(true, vfs.WriteCategoryUnspecified, func() error {
			if s.ballast.held > 0 {
				return syscall.ENOSPC
			}
			return nil
		}))
	})
	if err != nil || tries != 2 {
		t.Errorf("%v after %d tries; want the second to be let", err, tries)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What is deleted as one range on a full disk gives its room back while the store is
// open, though merging must write to do so.
func TestARangeThatIsDeletedFreesAFullDisk(t *testing.T) {
	disk := newSmall(vfs.NewCrashableMem(), 16<<20)
	s := openTest(t, Options{Dir: "data", FS: disk})
	n := untilFull(t, s, 0, 10_000)
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteRange(record(1), record(uint64(n))) }, store.Draining)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.merge(t.Context(), record(1), record(uint64(n))); err != nil { // which Run does after half a minute
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := put(t, s, n, 10_000)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d bytes are free: %v", disk.free(), disk.size, err)
		}
	}
}

// The kind behind attack F9: the system lacks something for a while. The store
// goes on when it is there again, and has lost nothing.
func TestALackThatPassesIsNoFailure(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	for name, lack := range map[string]syscall.Errno{"descriptors": syscall.EMFILE, "descriptors of the machine": syscall.ENFILE, "room for a table": syscall.ENOSPC} {
		t.Run(name, func(t *testing.T) {
			var lacking atomic.Bool
			var refused atomic.Int64
			mem := vfs.NewCrashableMem()
			fs := newFaulty(mem, func(op errorfs.Op) error {
				opens := op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpOpen || op.Kind == errorfs.OpOpenDir
				if lacking.Load() && opens && (lack != syscall.ENOSPC || strings.HasSuffix(op.Path, ".sst")) {
					if refused.Add(1) == 3 {
						lacking.Store(false)
					}
					return lack
				}
				return nil
			})
			s := openTest(t, Options{Dir: "data", FS: fs, MemTableBytes: 64 << 10})
			lacking.Store(true)
			n := 0
			for deadline := time.Now().Add(20 * time.Second); lacking.Load(); n++ {
				if err := put(t, s, n, 5_000); err != nil {
					t.Fatal(err)
				}
				if time.Now().After(deadline) {
					t.Fatal("nothing was lacking: this test shows nothing")
				}
			}
			if there, err := count(t, mem.CrashClone(vfs.CrashCloneCfg{}), n); err != nil || there != n {
				t.Errorf("%d of %d records, %v", there, n, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
