package journal

import (
	"errors"
	"io"
	iofs "io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Ballast is the file that holds room on the disk for bad days.
const Ballast = "BALLAST"

// The folder in which a store is made of what can be read of a damaged one.
const (
	Rebuilding = "rebuilding"
	// Plan is the file in it that says that the new store is whole, where the damaged
	// files go, and which those are; it is renamed to Moved once they are there.
	Plan  = "PLAN"
	Moved = "MOVED"
)

// ReadPlan returns the plan of a rebuilding that was cut off when its store was
// whole, and nil if there is none.
func ReadPlan(fs vfs.FS, dir string) ([]string, error) {
	for _, name := range []string{Moved, Plan} {
		f, err := fs.Open(filepath.Join(dir, Rebuilding, name))
		if errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(f)
		return strings.Fields(string(b)), errors.Join(err, f.Close())
	}
	return nil, nil
}

// The files of a directory that are a store. Those of the engine:
//
//	LOCK                        held by the process that has the directory
//	marker.manifest.…           says by its name which manifest counts
//	marker.format-version.…     says by its name what the files look like
//	MANIFEST-000001             which tables there are
//	000002.log                  updates that are not in a table yet
//	000003.sst                  a table
//	OPTIONS-000004              how the engine was set up; nothing needs it
//	temporary.000005.dbtmp      a file in the making
//
// And of our own:
//
//	marker.log.…                says by its name which log is the newest
//	BALLAST                     room that is kept back for when the disk is full
var ours = []string{
	"LOCK", "CURRENT", "marker.*", "MANIFEST-*", "OPTIONS-*", "*.log", "*.sst", "*.blob", "*.dbtmp", "temporary.*", Ballast,
}

// IsOurs reports whether a name in the directory is that of a file of the store.
func IsOurs(name string) bool {
	for _, pattern := range ours {
		if ok, _ := path.Match(pattern, name); ok { // The patterns are well formed.
			return true
		}
	}
	return false
}

// IsTable reports whether a name is that of a table.
func IsTable(name string) bool { return strings.HasSuffix(name, ".sst") }

// CheckFiles looks at the directory before the engine does. It refuses a store
// whose marker is lost: the engine would take it for an empty one, make a store
// of its own in it, and remove the files that it does not know.
func CheckFiles(fs vfs.FS, dir, newestLog string) (isNew bool, err error) {
	if plan, err := ReadPlan(fs, dir); err != nil {
		return false, err
	} else if plan != nil {
		return false, damaged("the loss of what was damaged was accepted, and that was cut off; it has to be repeated")
	}
	is, err := pebble.Peek(dir, fs)
	if err != nil {
		return false, err
	}
	names, err := fs.List(dir)
	if err != nil {
		return false, err
	}
	if is.Exists {
		var all []string
		for _, name := range names {
			if IsLog(name) {
				all = append(all, filepath.Join(dir, name))
			}
		}
		if err := CheckLogs(newestLog, all); err != nil {
			return false, err
		}
		return false, CheckManifest(fs, is.ManifestFilename, all)
	}
	var tables, logs, manifests, others int
	for _, name := range names {
		switch {
		case IsTable(name):
			tables++
		case IsLog(name):
			logs++
		case IsManifest(name):
			// The very first start makes the manifest before its marker.
			if w, err := ReadFile(fs, filepath.Join(dir, name), nil); err != nil {
				return false, err
			} else if w.Records > 1 || w.Hole() {
				manifests++
			}
		case IsOurs(name) && name != "LOCK" && name != Ballast:
			others++
		}
	}
	if tables+logs+manifests+others == 0 {
		return true, nil
	}
	return false, damaged("marker.manifest.…, the empty file that says by its name which manifest counts, is missing beside %d tables, %d logs and %d manifests; a copy that leaves out empty files loses it",
		tables, logs, manifests)
}
