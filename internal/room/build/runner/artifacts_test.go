package runner

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A command that goes on behind its build puts a pipe in the place of a file, or of a
// folder, just before that is opened. The end of the build does not wait for it.
func TestNamedPipesKeepNoBuildFromItsEnd(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	opened := make(chan error)
	go func() {
		f, err := tree{root}.open("pipe")
		if err == nil {
			err = f.Close()
		}
		opened <- err
		_, _ = fs.ReadDir(tree{root}, "pipe")
		opened <- nil
	}()
	for range 2 {
		select {
		case err := <-opened:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it is waited for")
		}
	}
}
