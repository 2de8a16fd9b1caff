// Package journaltest reads and writes the files of a store for tests that damage
// them.
package journaltest

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/journal"
)

// NewestLog returns the name and the contents of the newest log in the directory data.
func NewestLog(t *testing.T, fs vfs.FS) (string, []byte) {
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
	return newest, ReadFile(t, fs, newest)
}

// ReadFile returns the contents of a file.
func ReadFile(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// WriteFile makes a file of contents that a crash does not take.
func WriteFile(t *testing.T, fs vfs.FS, name string, contents []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(append([]byte(nil), contents...)) // which the file may keep
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := fs.OpenDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		t.Fatal(err)
	}
}
