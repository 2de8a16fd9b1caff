package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
	"github.com/cockroachdb/pebble/v2/wal"
)

// ErrDamaged means that the directory does not hold what had been written to it.
// It is what each [Damage] is.
var ErrDamaged = errors.New("the store is damaged")

// A Damage is a sentence about something in the directory.
type Damage struct{ Says string }

// Error returns the sentence.
func (d *Damage) Error() string { return ErrDamaged.Error() + ": " + d.Says }

// Unwrap makes it ErrDamaged.
func (d *Damage) Unwrap() error { return ErrDamaged }

func damaged(format string, args ...any) error { return &Damage{fmt.Sprintf(format, args...)} }

// IsLog reports whether a name is that of a log.
func IsLog(name string) bool { return strings.HasSuffix(name, ".log") }

// LogNumber returns the number in the name of a log.
func LogNumber(name string) uint64 {
	n, _, _ := wal.ParseLogFilename(filepath.Base(name))
	return uint64(n)
}

// IsManifest reports whether a name is that of a manifest.
func IsManifest(name string) bool { return strings.HasPrefix(filepath.Base(name), "MANIFEST-") }

// ManifestNumber returns the number in the name of a manifest.
func ManifestNumber(name string) uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(name), "MANIFEST-"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// An Extent is how much of the log or the manifest with a number is on disk.
type Extent struct {
	Number uint64
	Length int64
}

// ReadFile walks through a log or a manifest.
func ReadFile(fs vfs.FS, name string, each func(batch []byte, lost bool)) (w Walk, err error) {
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if IsManifest(name) {
		return ReadManifest(f)
	}
	return ReadLog(f, LogNumber(name), each)
}

// CheckLog looks at a log before the engine reads it back, since the engine
// takes most damage for the end of the log. next is the sequence number that
// comes next, if that is known.
func CheckLog(fs vfs.FS, name string, next uint64) (uint64, error) {
	w, err := ReadFile(fs, name, nil)
	switch {
	case err != nil:
		return 0, err
	case w.Hole():
		return 0, damaged("%s was on disk up to byte %d, but cannot be read at byte %d; %d updates behind that place would be lost, and what stood in it",
			filepath.Base(name), w.Synced, w.Bad, w.Behind)
	case next != 0 && w.First > next:
		return 0, damaged("the log before %s is missing; it would be lost with %d changes", filepath.Base(name), w.First-next)
	case w.Next == 0:
		return next, nil
	}
	return w.Next, nil
}

// CheckManifest looks at the manifest that counts, since the engine goes on
// without what it cannot read of it, and removes the tables that it then does
// not know. The logs say how much of it was on disk.
func CheckManifest(fs vfs.FS, name string, logs []string) error {
	w, err := ReadFile(fs, name, nil)
	if err != nil {
		return err
	}
	length := w.Synced
	for _, log := range logs {
		l, err := ReadFile(fs, log, nil)
		if err != nil {
			return err
		}
		if l.Said.Manifest == ManifestNumber(name) {
			length = max(length, l.Said.Length)
		}
	}
	if length <= w.Good {
		return nil
	}
	return damaged("%s was on disk up to byte %d, but can be read up to byte %d only; nobody can tell which tables there were",
		filepath.Base(name), length, w.Good)
}

// CheckLogs reports that the newest log is not there: a marker names it.
func CheckLogs(newest string, logs []string) error {
	if newest == "" {
		return nil // It was written before there was a marker.
	}
	for _, log := range logs {
		if LogNumber(log) >= LogNumber(newest+".log") {
			return nil
		}
	}
	return damaged("%s.log, the newest log, is missing; what was written last would be lost", newest)
}

// MarkedLog returns what the marker of the newest log says, if there is one.
func MarkedLog(fs vfs.FS, dir string) (string, error) {
	return atomicfs.ReadMarker(fs, dir, "log")
}
