package disk

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/journal"
)

const (
	ownerFile = 0o600
	ownerDir  = 0o700
)

// private is the file system of the operating system on which every file is for
// its owner only, from its first moment on and whatever the umask says: the
// files hold everybody's events, and the secrets of connections.
type private struct{ vfs.FS }

// Unwrap returns the file system below.
func (p private) Unwrap() vfs.FS { return p.FS }

// Create makes a new file in place of the one that may be there.
func (p private) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := os.Remove(name); err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, err
	}
	return p.OpenReadWrite(name, c)
}

// OpenReadWrite opens a file, and makes it if it is missing.
func (p private) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := touch(name); err != nil {
		return nil, err
	}
	return p.FS.OpenReadWrite(name, c, opts...)
}

// Lock makes and locks a file.
func (p private) Lock(name string) (io.Closer, error) {
	if err := touch(name); err != nil {
		return nil, err
	}
	return p.FS.Lock(name)
}

// MkdirAll makes a directory and its parents.
func (p private) MkdirAll(dir string, _ os.FileMode) error { return p.FS.MkdirAll(dir, ownerDir) }

// touch makes an empty file if there is none.
func touch(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, ownerFile)
	if errors.Is(err, iofs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// close takes from everybody but the owner the files that a store has left in a
// directory. The directory itself stays as its maker wants it.
func (p private) close(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !journal.IsOurs(e.Name()) || info.Mode().Perm()&^ownerDir == 0 {
			continue // One that is gone again is no longer there to be read.
		}
		if err := os.Chmod(filepath.Join(dir, e.Name()), info.Mode().Perm()&ownerDir); err != nil {
			return fmt.Errorf("others may read %s, which holds events and secrets, and it cannot be closed to them: %w", e.Name(), err)
		}
	}
	return nil
}
