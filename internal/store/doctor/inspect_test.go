package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/journal"
	"github.com/dari-bus/dari/internal/store/journal/journaltest"
)

func inspect(t *testing.T, fs vfs.FS) *Inspection {
	t.Helper()
	i, err := Inspect(disk.Options{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// contents returns all that is in files, by path.
func contents(t *testing.T, fs vfs.FS, dir string, all map[string]string) map[string]string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := fs.Stat(path); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			contents(t, fs, path, all)
		} else {
			all[path] = string(journaltest.ReadFile(t, fs, path))
		}
	}
	return all
}

func TestAHealthyStoreIsFoundToBe(t *testing.T) {
	fs := stocked(t, 90)
	before := contents(t, fs, "data", map[string]string{})
	i := inspect(t, fs)
	if len(i.Findings) > 0 || i.Records != 90 || i.Tables == 0 || i.Logs == 0 {
		t.Errorf("%d records in %d tables and %d logs; %v", i.Records, i.Tables, i.Logs, i.Findings)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if after := contents(t, fs, "data", map[string]string{}); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("looking has changed something")
	}
}

// Whatever is damaged: a look says in which file, changes nothing, and a
// journal.Rebuilding goes on with the rest and deletes nothing.
func TestWhatIsLeftOfADamagedStoreGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	const n = 300
	flip := func(suffix string, percent int) func(t *testing.T, fs *vfs.MemFS) {
		return func(t *testing.T, fs *vfs.MemFS) {
			for _, name := range list(t, fs) {
				path := filepath.Join("data", name)
				b := journaltest.ReadFile(t, fs, path)
				if strings.Contains(name, suffix) && len(b) > 1000 {
					b[len(b)*percent/100] ^= 1
					journaltest.WriteFile(t, fs, path, b)
				}
			}
		}
	}
	remove := func(pattern string) func(t *testing.T, fs *vfs.MemFS) {
		return func(t *testing.T, fs *vfs.MemFS) {
			for _, name := range list(t, fs) {
				if ok, _ := filepath.Match(pattern, name); ok {
					if err := errors.Join(fs.Remove(filepath.Join("data", name)), syncDir(fs, "data")); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, fs *vfs.MemFS)
		file   string
		least  int // records that must be left
		most   int // that may be
	}{
		{"a log with a hole", flip(".log", 50), ".log", 240, n - 1},
		{"a table with a damaged block", flip(".sst", 30), ".sst", n - 40, n - 1},
		{"a table with a damaged end", flip(".sst", 99), ".sst", n - 200, n - 1},
		{"a lost table", remove("*.sst"), ".sst", n - 200, n - 200},
		{"a lost log", remove("*.log"), ".log", 200, 200},
		{"a lost marker", remove("marker.manifest*"), "marker.manifest", n, n},
		{"a lost format", remove("marker.format*"), "marker.format", n, n},
		{"lost markers", remove("marker.*"), "marker.manifest", n, n},
		{"lost manifests", remove("MANIFEST*"), "MANIFEST", 0, 0},
		{"a lost marker and lost manifests", func(t *testing.T, fs *vfs.MemFS) { remove("MANIFEST*")(t, fs); remove("marker.*")(t, fs) }, "MANIFEST", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := stocked(t, n)
			c.damage(t, fs)
			before := contents(t, fs, "data", map[string]string{})
			if there, err := count(t, fs.CrashClone(vfs.CrashCloneCfg{}), n); err == nil && there < n {
				t.Errorf("a server starts with %d of %d records", there, n)
			}
			i := inspect(t, fs)
			if !slices.ContainsFunc(i.Findings, func(f Finding) bool { return strings.Contains(f.File, c.file) }) {
				t.Errorf("the findings are %v, want one about %s", i.Findings, c.file)
			}
			if i.Records < c.least || i.Records > c.most {
				t.Errorf("%d records can be read, want %d to %d; %v", i.Records, c.least, c.most, i.Findings)
			}
			if after := contents(t, fs, "data", map[string]string{}); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Error("looking has changed something")
			}
			aside, err := i.Rebuild()
			if err != nil {
				t.Fatal(err)
			}
			if err := i.Close(); err != nil {
				t.Fatal(err)
			}
			if there, err := count(t, fs, n); err != nil || there != i.Records {
				t.Errorf("afterwards %d records are there, and %d could be read; %v", there, i.Records, err)
			}
			for path, b := range before {
				base := filepath.Base(path)
				if now, err := fs.Open(filepath.Join(aside, base)); base != "LOCK" && base != journal.Ballast && (err != nil || string(journaltest.ReadFile(t, fs, filepath.Join(aside, base))) != b) {
					t.Errorf("%s is not in %s as it was: %v", base, aside, err)
				} else if err == nil {
					now.Close()
				}
			}
			if again := inspect(t, fs); len(again.Findings) > 0 || again.Records != i.Records {
				t.Errorf("a second look finds %d records and %v", again.Records, again.Findings)
			}
		})
	}
}

// What is given up of a log is named: these are the changes behind the hole.
func TestWhatIsGivenUpIsCounted(t *testing.T) {
	const n = 300
	fs := stocked(t, n)
	name, log := journaltest.NewestLog(t, fs)
	log[len(log)/2] ^= 1
	journaltest.WriteFile(t, fs, name, log)
	i := inspect(t, fs)
	if i.Updates != i.Changes || i.Updates != len(i.GivenUp) || i.Records+i.Updates != n-1 {
		t.Errorf("%d records are left, and %d changes in %d updates given up, %d by name; there were %d, and one was in the damaged place", i.Records, i.Changes, i.Updates, len(i.GivenUp), n)
	}
	if last := i.GivenUp[len(i.GivenUp)-1]; !bytes.Equal(last.Key, record(n-1)) || len(last.Value) != 1000 {
		t.Errorf("the last one is %q with %d bytes", last.Key, len(last.Value))
	}
}

// Rebuilding is cut off by a power cut at any moment: a server does not start in
// between, and repeating it ends with all that could be read.
func TestARebuildingThatWasCutOffIsRepeated(t *testing.T) {
	const n = 60
	rng := rand.New(rand.NewPCG(1, 2))
	base := stocked(t, n)
	name, log := journaltest.NewestLog(t, base)
	log[len(log)/2] ^= 1
	journaltest.WriteFile(t, base, name, log)
	want := inspect(t, base.CrashClone(vfs.CrashCloneCfg{})).Records
	for cut := 0; ; cut++ {
		mem := base.CrashClone(vfs.CrashCloneCfg{})
		ops := 0
		i, err := Inspect(disk.Options{Dir: "data", FS: &cutting{FS: mem, left: &ops, after: cut}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = i.Rebuild()
		_ = i.Close()
		left := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		if err == nil {
			if cut < 10 {
				t.Errorf("it was done after %d operations: this test shows little", cut)
			}
			return
		}
		if there, err := count(t, left, n); err == nil && there != want {
			t.Errorf("cut off after %d operations, a server starts with %d records", cut, there)
		} else if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("cut off after %d operations, a server says %v", cut, err)
		}
		again := inspect(t, left)
		if len(again.Findings) > 0 {
			if _, err := again.Rebuild(); err != nil {
				t.Fatal(err)
			}
		}
		_ = again.Close()
		if there, err := count(t, left, n); err != nil || there != want {
			t.Errorf("cut off after %d operations and repeated: %d records, want %d; %v", cut, there, want, err)
		}
	}
}

// cutting fails all renames and removals after some of them.
type cutting struct {
	vfs.FS
	left  *int
	after int
}

var errCut = errors.New("cut off")

func (c *cutting) Rename(old, name string) error {
	if !strings.HasPrefix(filepath.Base(old), "temporary.0") { // Those are the engine's.
		if *c.left++; *c.left > c.after {
			return errCut
		}
	}
	return c.FS.Rename(old, name)
}

func (c *cutting) RemoveAll(name string) error {
	if *c.left++; *c.left > c.after {
		return errCut
	}
	return c.FS.RemoveAll(name)
}

// Two damaged blocks in one table: what is between them is found.
func TestWhatIsBetweenTwoDamagedBlocksIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	fs := stocked(t, 150) // 100 of them in a table
	for _, name := range list(t, fs) {
		if journal.IsTable(name) {
			path := filepath.Join("data", name)
			b := journaltest.ReadFile(t, fs, path)
			b[len(b)/10] ^= 1
			b[len(b)*8/10] ^= 1
			journaltest.WriteFile(t, fs, path, b)
		}
	}
	i := inspect(t, fs)
	if len(i.Lost) != 2 || i.Records < 110 {
		t.Errorf("%d of 150 records can be read, and not in %q", i.Records, i.Lost)
	}
}
