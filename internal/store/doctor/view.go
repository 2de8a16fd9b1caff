package doctor

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/journal"
)

// A view shows the engine a damaged directory as one that is whole, but holds
// less: a log and a manifest end where they can be read no further, a table that
// is missing or hopeless is an empty one, and a marker that is lost is there. It
// changes nothing.
type view struct {
	vfs.FS
	dir string
	// found is told what is wrong with a file, and givenUp which batches of a log are
	// lost; it reports whether one is an update.
	found   func(file, format string, args ...any)
	givenUp func(batch []byte) bool

	added    []string         // names that are shown though they are not there
	ends     map[string]int64 // where manifests end
	hopeless *vfs.MemFS       // the tables that are shown as empty ones
	newest   string           // log
	next     uint64           // the sequence number that comes next in the logs
	over     string           // the log after which nothing is shown
}

func newView(fs vfs.FS, dir string) *view {
	return &view{FS: fs, dir: dir, ends: map[string]int64{}, hopeless: vfs.NewMem()}
}

// Unwrap returns the file system below.
func (v *view) Unwrap() vfs.FS { return v.FS }

// List lists a directory. The options of an earlier start are nothing to go by.
func (v *view) List(dir string) ([]string, error) {
	names, err := v.FS.List(dir)
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "OPTIONS-") })
	return append(names, v.added...), err
}

// Stat describes a file.
func (v *view) Stat(name string) (vfs.FileInfo, error) {
	if info, err := v.hopeless.Stat(filepath.Base(name)); err == nil {
		return info, nil
	}
	return v.FS.Stat(name)
}

// Open opens a file to read.
func (v *view) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	base := filepath.Base(name)
	if f, err := v.hopeless.Open(base); err == nil {
		return f, nil
	}
	end, ends := v.ends[base]
	if !ends && journal.IsLog(name) {
		n, err := v.log(name)
		if err != nil {
			return nil, err
		}
		end, ends = n, true
	}
	f, err := v.FS.Open(name, opts...)
	if err != nil || !ends {
		return f, err
	}
	return &beginning{f, io.LimitReader(f, end)}, nil
}

// A beginning is a file that ends early.
type beginning struct {
	vfs.File
	r io.Reader
}

func (b *beginning) Read(p []byte) (int, error) { return b.r.Read(p) }

// log returns where a log ends that the engine is about to read back.
func (v *view) log(name string) (end int64, err error) {
	base := filepath.Base(name)
	w, err := journal.ReadFile(v.FS, name, nil)
	if err != nil {
		return 0, err
	}
	end = w.Good
	missing := v.next != 0 && w.First > v.next
	switch {
	case v.over != "" || missing:
		lost, err := v.lose(name, true)
		if err != nil {
			return 0, err
		}
		end = 0
		if v.over != "" {
			v.found(base, "comes after what is lost in %s: its %d updates are given up with it, since each may build on those before", v.over, lost)
			break
		}
		v.over = base
		v.found(base, "follows a log that is missing, in which %d changes were: its %d updates are given up with it, since each may build on those before", w.First-v.next, lost)
	case w.Hole():
		lost, err := v.lose(name, false)
		if err != nil {
			return 0, err
		}
		v.over = base
		v.found(base, "was on disk up to byte %d, but cannot be read at byte %d: %d updates behind that place are given up, and what stood in it", w.Synced, w.Bad, lost)
	case !w.Closed && base != v.newest:
		v.over = base
		v.found(base, "has no end, though there is another log after it: nobody can tell what stood behind byte %d", w.Good)
	}
	if w.Next != 0 {
		v.next = w.Next
	}
	v.ends[base] = end
	return end, nil
}

// lose gives up the updates of a log: all, or those behind its bad place.
func (v *view) lose(name string, all bool) (n int, err error) {
	_, err = journal.ReadFile(v.FS, name, func(batch []byte, behind bool) {
		if (all || behind) && v.givenUp(batch) {
			n++
		}
	})
	return n, err
}

// empty shows a table as an empty one.
func (v *view) empty(name string) error {
	f, err := v.hopeless.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	var o pebble.Options
	o.EnsureDefaults()
	return sstable.NewWriter(objstorageprovider.NewFileWritable(f), o.MakeWriterOptions(0, sstable.TableFormatPebblev5)).Close()
}

// manifest makes the markers whole, and reports which manifest counts; "" if
// there is none.
func (v *view) manifest(names []string) (string, error) {
	is, err := pebble.Peek(v.dir, v.FS)
	if err != nil {
		return "", err
	}
	count := filepath.Base(is.ManifestFilename)
	if !is.Exists {
		count = ""
		for _, name := range names {
			if journal.IsManifest(name) && journal.ManifestNumber(name) > journal.ManifestNumber(count) {
				count = name
			}
		}
		if count == "" {
			return "", nil
		}
		v.found("marker.manifest.…", "is missing; the newest manifest is %s", count)
		v.added = append(v.added, "marker.manifest.000001."+count)
	}
	if is.FormatMajorVersion == pebble.FormatDefault {
		v.found("marker.format-version.…", "is missing")
		v.added = append(v.added, fmt.Sprintf("marker.format-version.000001.%03d", disk.Format))
	}
	return count, nil
}
