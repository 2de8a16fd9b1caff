package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// otherProcess names the directory that this test binary opens and leaves
// again when it runs as another process.
const otherProcess = "DARI_TEST_OPEN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(otherProcess); dir != "" {
		s, err := Open(Options{Dir: dir, Log: quiet})
		if err == nil {
			err = s.Close()
		}
		fmt.Println(errors.Is(err, ErrLocked), err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func openElsewhere(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), otherProcess+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestADirectoryHasOneProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openTest(t, Options{Dir: dir})
	if got := openElsewhere(t, dir); !strings.HasPrefix(got, "true ") || !strings.Contains(got, dir) || !strings.Contains(got, "--data") {
		t.Errorf("another process opens it with %q, want ErrLocked with the directory and a way out", got)
	}
	if _, err := Open(Options{Dir: dir, Log: quiet}); !errors.Is(err, ErrLocked) {
		t.Errorf("this process opens it again with %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := openElsewhere(t, dir); got != "false <nil>" {
		t.Errorf("after Close, another process opens it with %q", got)
	}
}

func TestTheDirectoryIsForItsOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	openTest(t, Options{Dir: dir})
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode %o, want 700", got)
	}
}

func TestAnUnusableDirectoryIsNotCalledLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"a file":    {Dir: file},
		"no name":   {},
		"in a file": {Dir: filepath.Join(file, "data")},
		"denied":    {Dir: "data", FS: denied{vfs.NewMem()}},
	} {
		s, err := Open(o)
		if err == nil {
			s.Close()
		}
		if err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("%s: Open = %v, want an error, and not ErrLocked", name, err)
		}
	}
}

// denied is a file system on which no file can be made.
type denied struct{ vfs.FS }

func (d denied) Lock(name string) (io.Closer, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
