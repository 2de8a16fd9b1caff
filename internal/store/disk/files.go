package disk

import (
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	engine "github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

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
// And one of our own:
//
//	BALLAST                     room that is kept back for when the disk is full
var ours = []string{
	"LOCK", "CURRENT", "marker.*", "MANIFEST-*", "OPTIONS-*", "*.log", "*.sst", "*.blob", "*.dbtmp", "temporary.*", ballastName,
}

// isOurs reports whether a name in the directory is that of a file of the store.
func isOurs(name string) bool {
	for _, pattern := range ours {
		if ok, _ := path.Match(pattern, name); ok { // The patterns are well formed.
			return true
		}
	}
	return false
}

func isTable(name string) bool    { return strings.HasSuffix(name, ".sst") }
func isManifest(name string) bool { return strings.HasPrefix(name, "MANIFEST-") }

// checkFiles refuses a directory that holds a store whose marker is lost: the
// engine would take it for an empty one, make a store of its own in it, and
// remove the files that it does not know.
func checkFiles(fs vfs.FS, dir string) (isNew bool, err error) {
	is, err := pebble.Peek(dir, fs)
	if err != nil || is.Exists {
		return false, err
	}
	names, err := fs.List(dir)
	if err != nil {
		return false, err
	}
	var tables, logs, manifests, others int
	for _, name := range names {
		switch {
		case isTable(name):
			tables++
		case isLog(name):
			logs++
		case isManifest(name):
			// The very first start makes the manifest before its marker.
			if n, err := updatesIn(fs, filepath.Join(dir, name)); err != nil {
				return false, err
			} else if n > 1 {
				manifests++
			}
		case isOurs(name) && name != "LOCK" && name != ballastName:
			others++
		}
	}
	if tables+logs+manifests+others == 0 {
		return true, nil
	}
	return false, fmt.Errorf("%w: marker.manifest.…, the empty file that says by its name which manifest counts, is missing beside %d tables, %d logs and %d manifests; a copy that leaves out empty files loses it",
		ErrDamaged, tables, logs, manifests)
}

// updatesIn counts the whole updates in a manifest.
func updatesIn(fs vfs.FS, name string) (n int, err error) {
	f, err := fs.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r := engine.NewReader(f, 0); ; n++ {
		one, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, one)
		}
		if err != nil {
			return n, nil // It ends here, for one reason or another.
		}
	}
}
