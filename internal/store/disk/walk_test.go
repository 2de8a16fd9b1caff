package disk

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
	"github.com/dari-bus/dari/internal/store/journal/journaltest"
	"github.com/dari-bus/dari/internal/store/storetest"
)

// killed returns what kill -9 leaves of a store to which n records of a size
// were written one after the other, each acknowledged before the next.
func killed(t *testing.T, n, size int) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := openTest(t, Options{Dir: "data", FS: fs})
	for i := range n {
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			return tx.Put(record(uint64(i)), make([]byte, size))
		}); err != nil {
			t.Fatal(err)
		}
	}
	return fs.CrashClone(vfs.CrashCloneCfg{})
}

// count returns how many of the first n records are in the store that fs
// holds, or the error of opening it.
func count(t *testing.T, fs vfs.FS, n int) (there int, err error) {
	t.Helper()
	s, err := Open(Options{Dir: "data", FS: fs, Log: quiet})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return storetest.Count(t, s, func(i int) []byte { return record(uint64(i)) }, n)
}

// attack F12: one damaged byte in the middle of a log that had been on disk.
func TestADamagedByteInTheLogIsNeverSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	counted := regexp.MustCompile(`\d+ updates behind that place would be lost`)
	for _, c := range []struct{ n, size int }{{1000, 1000}, {300, 1000}, {40, 30_000}, {60, 120_000}} {
		base := killed(t, c.n, c.size)
		name, log := journaltest.NewestLog(t, base)
		for _, percent := range []int{5, 20, 40, 60, 80, 95} {
			t.Run(fmt.Sprintf("%d of %d bytes at %d percent", c.n, c.size, percent), func(t *testing.T) {
				fs := base.CrashClone(vfs.CrashCloneCfg{})
				b := bytes.Clone(log)
				b[len(b)*percent/100] ^= 0x10
				journaltest.WriteFile(t, fs, name, b)
				there, err := count(t, fs, c.n)
				switch {
				case err == nil && there < c.n:
					t.Errorf("the store opened with %d of %d acknowledged records", there, c.n)
				case err != nil && (!errors.Is(err, journal.ErrDamaged) || !counted.MatchString(err.Error())):
					t.Errorf("refused with %v, want journal.ErrDamaged and a count", err)
				}
			})
		}
	}
}

// The kind behind attack F12: whatever byte it is, down to the last record that
// another one follows.
func TestNoByteOfALogIsReadAsItsEnd(t *testing.T) {
	const n = 12
	for _, size := range []int{10, 700, 9000} {
		base := killed(t, n, size)
		name, log := journaltest.NewestLog(t, base)
		w, err := journal.ReadLog(bytes.NewReader(log), journal.LogNumber(name), nil)
		if err != nil || w.Bad >= 0 || w.Records != n {
			t.Fatalf("an undamaged log: %+v, %v", w, err)
		}
		// Damage to the last record is damage that nothing testifies to.
		last := len(log) - size - 64
		step := 1 + last/400
		for at := 0; at < last; at += step {
			b := bytes.Clone(log)
			b[at] ^= 1 << (at % 8)
			w, err := journal.ReadLog(bytes.NewReader(b), journal.LogNumber(name), nil)
			if err != nil {
				t.Fatal(err)
			}
			if w.Records < n && !w.Hole() {
				t.Errorf("records of %d bytes, byte %d of %d damaged: %+v, want a hole", size, at, len(log), w)
			}
		}
	}
}

// After a quiet moment, or an orderly end, even the last update has something
// behind it that says it was on disk.
func TestTheLastUpdateIsVouchedForSoon(t *testing.T) {
	for name, quietly := range map[string]func(s *Store) error{
		"a quiet moment":  func(s *Store) error { return s.syncAll() },
		"an orderly stop": (*Store).Close,
	} {
		mem := vfs.NewCrashableMem()
		s := openTest(t, Options{Dir: "data", FS: mem})
		if err := errors.Join(put(t, s, 0, 100), put(t, s, 1, 100), quietly(s)); err != nil {
			t.Fatal(err)
		}
		disk := mem.CrashClone(vfs.CrashCloneCfg{})
		file, log := journaltest.NewestLog(t, disk)
		// The record of the last update, by its contents.
		var last []byte
		if _, err := journal.ReadLog(bytes.NewReader(log), journal.LogNumber(file), func(batch []byte, _ bool) {
			if h, _ := batchrepr.ReadHeader(batch); h.Count > 0 {
				last = bytes.Clone(batch)
			}
		}); err != nil {
			t.Fatal(err)
		}
		log[bytes.Index(log, last)] ^= 1
		journaltest.WriteFile(t, disk, file, log)
		if there, err := count(t, disk, 2); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("after %s: %d of 2 records, %v", name, there, err)
		}
	}
}
