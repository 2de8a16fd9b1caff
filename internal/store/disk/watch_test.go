package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/journal/journaltest"
)

// attack, undecided: a removed data directory is noticed, with no traffic, and
// before anything is acknowledged into files that are gone.
func TestADirectoryThatVanishesStopsTheStore(t *testing.T) {
	says := func(err error) bool {
		return errors.Is(err, ErrFailed) && errors.Is(err, errVanished)
	}
	for name, vanish := range map[string]func(dir string) error{
		"removed":    os.RemoveAll,
		"moved away": func(dir string) error { return os.Rename(dir, dir+"2") },
		"replaced": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+"2"), os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "LOCK"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			s := openTest(t, Options{Dir: dir})
			if err := put(t, s, 1, 10); err != nil {
				t.Fatal(err)
			}
			if err := vanish(dir); err != nil {
				t.Fatal(err)
			}
			if err := put(t, s, 2, 10); !says(err) || !strings.Contains(err.Error(), dir) {
				t.Errorf("an update: %v", err)
			}
			if err := s.Run(t.Context()); !says(err) {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

func TestADirectoryThatVanishesUnderAnIdleStoreIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		if err := mem.MkdirAll("data", 0o700); err != nil {
			t.Fatal(err)
		}
		journaltest.WriteFile(t, mem, "data/LOCK", nil)
		// No engine: that of a store that has failed rests for ever, in a bubble too.
		s := &Store{dir: "data", fs: mem, failed: make(chan struct{}), ballast: &ballast{}}
		ended := make(chan error, 1)
		go func() { ended <- s.Run(t.Context()) }()
		if err := mem.RemoveAll("data"); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, errVanished) {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestSpareDescriptorsAreGivenAndTaken(t *testing.T) {
	s := spares{on: true}
	s.take()
	for i := range spareFiles {
		if !s.give() {
			t.Errorf("%d of %d descriptors were there", i, spareFiles)
		}
	}
	if s.give() {
		t.Error("one more was there")
	}
	s.take()
	s.close()
	if s.take(); len(s.files) > 0 {
		t.Errorf("%d descriptors after the end", len(s.files))
	}
}
