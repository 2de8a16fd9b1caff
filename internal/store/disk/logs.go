package disk

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"
)

// ErrDamaged means that the directory does not hold what had been written to it.
// Nothing was changed.
var ErrDamaged = errors.New("the store is damaged")

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// logNumber returns the number in the name of a log.
func logNumber(name string) uint64 {
	n, _, _ := wal.ParseLogFilename(filepath.Base(name))
	return uint64(n)
}

// walkFile walks through the log in a file.
func walkFile(fs vfs.FS, name string, each func(batch []byte, lost bool)) (w logWalk, err error) {
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return walkLog(f, logNumber(name), each)
}

// checkLog looks at a log before the engine reads it back, since the engine
// takes most damage for the end of the log.
func checkLog(fs vfs.FS, name string) error {
	w, err := walkFile(fs, name, nil)
	if err != nil || !w.hole() {
		return err
	}
	return fmt.Errorf("%w: %s was on disk up to byte %d, but cannot be read at byte %d; %d updates behind that place would be lost, and what stood in it",
		ErrDamaged, filepath.Base(name), w.synced, w.bad, w.behind)
}
