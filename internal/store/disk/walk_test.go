package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
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

// newestLog returns the name and the contents of the newest log.
func newestLog(t *testing.T, fs vfs.FS) (string, []byte) {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, name := range names {
		if journal.IsLog(name) {
			newest = max(newest, filepath.Join("data", name))
		}
	}
	return newest, readFile(t, fs, newest)
}

func readFile(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close(), syncDir(t, fs, filepath.Dir(name))); err != nil {
		t.Fatal(err)
	}
}

// count returns how many of the first n records are in the store that fs
// holds, or the error of opening it.
func count(t *testing.T, fs vfs.FS, n int) (there int, err error) {
	t.Helper()
	s, err := Open(Options{Dir: "data", FS: fs, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	err = s.View(t.Context(), func(tx store.Tx) error {
		for i := range n {
			v, err := tx.Get(record(uint64(i)))
			if err != nil {
				return err
			}
			if v != nil {
				there++
			}
		}
		return nil
	})
	return there, err
}

// attack F12: one damaged byte in the middle of a log that had been on disk.
func TestADamagedByteInTheLogIsNeverSilent(t *testing.T) {
	counted := regexp.MustCompile(`\d+ updates behind that place would be lost`)
	for _, c := range []struct{ n, size int }{{1000, 1000}, {300, 1000}, {40, 30_000}, {60, 120_000}} {
		base := killed(t, c.n, c.size)
		name, log := newestLog(t, base)
		for _, percent := range []int{5, 20, 40, 60, 80, 95} {
			t.Run(fmt.Sprintf("%d of %d bytes at %d percent", c.n, c.size, percent), func(t *testing.T) {
				fs := base.CrashClone(vfs.CrashCloneCfg{})
				b := bytes.Clone(log)
				b[len(b)*percent/100] ^= 0x10
				writeFile(t, fs, name, b)
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
		name, log := newestLog(t, base)
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
		file, log := newestLog(t, disk)
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
		writeFile(t, disk, file, log)
		if there, err := count(t, disk, 2); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("after %s: %d of 2 records, %v", name, there, err)
		}
	}
}

func syncDir(t *testing.T, fs vfs.FS, dir string) error {
	t.Helper()
	d, err := fs.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return errors.Join(d.Sync(), d.Close())
}
