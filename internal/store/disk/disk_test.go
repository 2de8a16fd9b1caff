package disk

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/storetest"
)

// quiet drops what the engine has to say.
var quiet = slog.New(slog.DiscardHandler)

// openTest opens the store in dir and closes it with the test, if the test has not.
func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Log == nil {
		o.Log = quiet
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestDiskIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		o := Options{Dir: "data", FS: vfs.NewMem(), MemTableBytes: 64 << 10}
		return openTest(t, o), func() store.Store { return openTest(t, o) }
	})
}

func TestDiskIsAStoreInRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		o := Options{Dir: t.TempDir()}
		return openTest(t, o), func() store.Store { return openTest(t, o) }
	})
}
