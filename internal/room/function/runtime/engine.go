package runtime

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// An Engine starts environments.
type Engine struct {
	opt Options
	dir string // what becomes /var/runtime
	// host has the processes.
	host host
	// maxStreamed is as the constant says, but in tests, for which 200 MB are much.
	maxStreamed int

	mu    sync.Mutex
	found map[string]*finding // by runtime
	// layers are the folders that were put together of several, and how many
	// environments have them.
	layers map[string]int
}

//go:embed bootstrap
var bootstraps embed.FS

// Open makes an Engine ready, in the scratch folder of the sandbox, with which it
// ends. Interpreters are looked for when they are wanted.
func Open(opt Options) (*Engine, error) {
	e := &Engine{opt: opt, dir: filepath.Join(opt.Sandbox.Scratch(), "runtime"), maxStreamed: maxStreamed, found: map[string]*finding{}, layers: map[string]int{}}
	e.host = machine{e}
	if opt.Containers != nil {
		e.host = containers{e, opt.Containers}
	}
	if err := e.unpack(); err != nil {
		return nil, fmt.Errorf("write the bootstraps of the runtimes: %w", err)
	}
	return e, nil
}

// unpack writes the bootstraps where functions read them.
func (e *Engine) unpack() error {
	files, err := fs.Sub(bootstraps, "bootstrap")
	if err != nil {
		return err
	}
	if err := os.Mkdir(e.dir, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(e.dir, files); err != nil {
		return err
	}
	return readable(e.dir)
}

// readable lets every user read a folder, whatever the umask is.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				err = os.Chmod(path, info.Mode().Perm()|0o444|map[bool]os.FileMode{true: 0o111}[d.IsDir()])
			}
		}
		return err
	})
}

// mergeLayers returns one folder that has what is in all of them, of the same
// name from the last. Each call is answered by one of dropLayers.
func (e *Engine) mergeLayers(dirs []string) (string, error) {
	if len(dirs) == 0 {
		return "", nil
	}
	if len(dirs) == 1 {
		return dirs[0], nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	name := sha256.Sum256([]byte(strings.Join(dirs, "\x00")))
	to := filepath.Join(e.opt.Sandbox.Scratch(), fmt.Sprintf("layers-%x", name[:12]))
	if e.layers[to] == 0 {
		err := os.Mkdir(to, 0o755)
		for _, dir := range dirs {
			if err == nil {
				err = lay(dir, to)
			}
		}
		if err == nil {
			err = readable(to)
		}
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(to))
		}
	}
	e.layers[to]++
	return to, nil
}

// dropLayers removes a folder once nobody has it any more.
func (e *Engine) dropLayers(dir string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n, ours := e.layers[dir]; ours {
		if e.layers[dir] = n - 1; n == 1 {
			delete(e.layers, dir)
			_ = os.RemoveAll(dir) // what is left goes with the scratch folder
		}
	}
}

// lay puts the files of a folder into another, over what is there, by links to
// them where that can be.
func lay(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || rel == "." {
			return err
		}
		at := filepath.Join(to, rel)
		before, missing := os.Lstat(at)
		if d.IsDir() && missing == nil && before.IsDir() {
			return nil
		}
		if err := os.RemoveAll(at); err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.Mkdir(at, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			where, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(where, at)
		case os.Link(path, at) == nil:
			return nil
		}
		return copyFile(path, at)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
