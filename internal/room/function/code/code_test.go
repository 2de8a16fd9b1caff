package code

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/store/mem"
)

// A part is what a zip has in it.
type part struct {
	name, text string
	mode       fs.FileMode
}

func zipOf(t *testing.T, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		h := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
		h.SetMode(p.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(p.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openKeeper(t *testing.T) (*Keeper, string) {
	t.Helper()
	dir := t.TempDir()
	k, err := Open(Options{Store: mem.New(), Dir: func(context.Context) (string, error) { return dir, nil }, MaxFolders: 10})
	if err != nil {
		t.Fatal(err)
	}
	return k, dir
}

func TestAZipUnpacksToItsFolder(t *testing.T) {
	k, _ := openKeeper(t)
	r, release, err := k.Add(t.Context(), zipOf(t, part{"bootstrap", "#!", 0o755}, part{"lib/a.py", strings.Repeat("x", 100_000), 0o600}, part{"lib/b", "a.py", fs.ModeSymlink | 0o777}))
	if err != nil {
		t.Fatal(err)
	}
	release()
	dir, done, err := k.Folder(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(filepath.Join(dir, "bootstrap")); err != nil || i.Mode().Perm() != 0o755 {
		t.Errorf("bootstrap: %v, %v", i, err)
	}
	if i, err := os.Stat(filepath.Join(dir, "lib/b")); err != nil || i.Mode().Perm() != 0o644 || i.Size() != 100_000 {
		t.Errorf("lib/b: %v, %v; everybody should be able to read what it leads to", i, err)
	}
	if r.Unzipped != 100_002 {
		t.Errorf("unzipped %d", r.Unzipped)
	}
	done() // and there is room for ten bytes only
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder that nobody uses is there still: %v", err)
	}
}

func TestWhatNobodyHasIsDeleted(t *testing.T) {
	k, _ := openKeeper(t)
	r, release, err := k.Add(t.Context(), zipOf(t, part{"a", "a", 0o644}))
	if err != nil {
		t.Fatal(err)
	}
	nobody := func(string) bool { return false }
	if err := k.Sweep(t.Context(), nobody); err != nil {
		t.Fatal(err)
	}
	if _, err := k.zip(t.Context(), r); err != nil {
		t.Errorf("what is being added was swept: %v", err)
	}
	release()
	if err := k.Sweep(t.Context(), nobody); err != nil {
		t.Fatal(err)
	}
	if _, err := k.zip(t.Context(), r); err == nil {
		t.Error("what nobody has is there still")
	}
}

func TestZipsThatLeadOutOrAreTooLargeAreRefused(t *testing.T) {
	k, dir := openKeeper(t)
	zeros := strings.Repeat("\x00", 1<<20)
	var bomb []part
	for i := range 251 {
		bomb = append(bomb, part{"f" + strings.Repeat("x", i), zeros, 0o644})
	}
	for name, parts := range map[string][]part{
		"leads out of the folder":      {{"../a", "", 0o644}},
		"or is no plain path":          {{"/a", "", 0o644}},
		"the link":                     {{"l", "../../etc/passwd", fs.ModeSymlink | 0o777}},
		`the link "m"`:                 {{"m", "/etc/passwd", fs.ModeSymlink | 0o777}},
		"is no folder":                 {{"d", "..", fs.ModeSymlink | 0o777}, {"d/a", "", 0o644}},
		"stands twice":                 {{"a", "", 0o644}, {"a", "", 0o644}},
		"neither a file":               {{"p", "", fs.ModeNamedPipe | 0o644}},
		"smaller than 262144000 bytes": bomb,
	} {
		if name == "is no folder" {
			parts[0].text = "." // which stays in, and yet nothing is written through it
		}
		_, release, err := k.Add(t.Context(), zipOf(t, parts...))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			release()
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
