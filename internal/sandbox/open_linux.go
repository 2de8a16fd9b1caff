package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Sandbox starts programs.
type Sandbox struct {
	level   Level
	scratch string
	hide    []string
	show    []string
	users   *users // nil: programs have the server's user

	mu      sync.Mutex
	running map[*Process]struct{} // nil: closed
}

// probeTime is how long a machine may take to show that it can do something.
const probeTime = 30 * time.Second

var errSlow = fmt.Errorf("a process in a sandbox did not start within %s", probeTime)

// Open finds out what this machine can do, by doing it.
func Open(ctx context.Context, opt Options) (*Sandbox, error) {
	s := &Sandbox{running: map[*Process]struct{}{}}
	var err error
	if s.scratch, err = filepath.Abs(opt.Scratch); err != nil {
		return nil, fmt.Errorf("scratch folder of the sandbox: %w", err)
	}
	if s.hide, err = resolve(opt.Hide); err != nil {
		return nil, fmt.Errorf("what to hide from functions and builds: %w", err)
	}
	if slices.Contains(opt.Show, "/") {
		return nil, errors.New("what to show to functions and builds: / is everything; name the folders that they need")
	}
	if s.show, err = resolve(append(toolFolders(os.Getenv("PATH")), opt.Show...)); err != nil {
		return nil, fmt.Errorf("what to show to functions and builds: %w", err)
	}
	if os.Geteuid() == 0 {
		s.users = newUsers()
	}
	if err := s.makeScratch(); err != nil {
		return nil, err
	}
	if err := s.find(ctx, opt); err != nil {
		return nil, err
	}
	return s, nil
}

// find tries the levels, the best one first.
func (s *Sandbox) find(ctx context.Context, opt Options) error {
	var lacks []string
	for s.level = opt.Most; ; s.level-- {
		why := s.try(ctx)
		switch {
		case why == nil && lacks != nil:
			opt.Log.Warn("functions and builds are kept apart less well than they could be: docs/sandbox.md", "level", s.level.String(), "why", strings.Join(lacks, "; "))
			return nil
		case why == nil:
			return nil
		case ctx.Err() != nil, errors.Is(why, errSlow): // which says nothing of the machine
			return errors.Join(why, s.Close())
		case opt.Require:
			return errors.Join(fmt.Errorf("this machine has no %s for functions and builds: %w", s.level, why), s.Close())
		case s.level == LevelProcess:
			return errors.Join(fmt.Errorf("start a process in a sandbox: %w", why), s.Close())
		}
		lacks = append(lacks, fmt.Sprintf("no %s: %v", s.level, why))
	}
}

// try finds out whether there is a level.
func (s *Sandbox) try(ctx context.Context) error {
	if s.level == LevelNamespaces || s.users == nil {
		return s.probe(ctx)
	}
	if !reachable(s.scratch) {
		_ = remove(s.scratch) // it is empty
		name := sha256.Sum256([]byte(s.scratch))
		s.scratch = filepath.Join(os.TempDir(), fmt.Sprintf("dari-%x", name[:8]))
		if err := s.makeScratch(); err != nil {
			return err
		}
	}
	why := s.probe(ctx)
	if why == nil {
		return nil
	}
	users := s.users // root of a container may have no other users
	s.users = nil
	if s.probe(ctx) != nil {
		s.users = users
		return why
	}
	return nil
}

// Close kills what still runs and removes the scratch folder.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	running := s.running
	s.running = nil
	s.mu.Unlock()
	for p := range running {
		p.Kill()
	}
	for p := range running {
		<-p.done
	}
	return remove(s.scratch)
}

// makeScratch makes the folder anew, so that every user can get there but not
// look around.
func (s *Sandbox) makeScratch() error {
	if err := remove(s.scratch); err != nil {
		return fmt.Errorf("empty the scratch folder of the sandbox: %w", err)
	}
	err := os.MkdirAll(filepath.Dir(s.scratch), 0o755)
	if err == nil {
		err = os.Mkdir(s.scratch, 0o711) // by us, not through a link that somebody laid there
	}
	if err == nil {
		err = os.Mkdir(s.root(), 0o755)
	}
	if err != nil {
		return fmt.Errorf("make the scratch folder of the sandbox: %w", err)
	}
	return os.Chmod(s.scratch, 0o711) // whatever the umask is
}

// root is where the file systems of programs are put together, each in a mount
// namespace of its own: here it stays empty.
func (s *Sandbox) root() string { return filepath.Join(s.scratch, ".root") }

// ourselves is our own binary, wherever it is, and whether its path can be followed.
const ourselves = "/proc/self/exe"

// probe starts our own binary in a sandbox, which looks around there.
func (s *Sandbox) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTime, errSlow)
	defer cancel()
	var out bytes.Buffer
	c := Command{Path: ourselves, Args: append([]string{InitCommand, s.level.String()}, s.hide...), Stdout: &out, TmpBytes: 1 << 20}
	exit, err := s.Run(ctx, c)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case exit.Code != 0:
		return fmt.Errorf("%s", strings.TrimSpace(out.String()))
	}
	return nil
}

// resolve returns absolute paths without links, of what exists and is not kept
// from us, and so from programs.
func resolve(paths []string) ([]string, error) {
	var all []string
	for _, p := range paths {
		p, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		p, err = filepath.EvalSymlinks(p)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
			continue
		case err != nil:
			return nil, err
		case !slices.Contains(all, p):
			all = append(all, p)
		}
	}
	return all, nil
}

// toolFolders are the folders that commands on a PATH need: the one above their
// bin, unless that holds more than tools.
func toolFolders(path string) []string {
	var all []string
	for _, bin := range filepath.SplitList(path) {
		if !filepath.IsAbs(bin) || filepath.Clean(bin) == "/" {
			continue
		}
		above := filepath.Dir(bin)
		if home := filepath.Dir(above); above == "/" || slices.Contains([]string{".local", ".cargo"}, filepath.Base(above)) || home == "/" || home == "/home" {
			above = bin
		}
		all = append(all, above)
	}
	return all
}

// reachable reports whether other users can get to a folder.
func reachable(dir string) bool {
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
	}
	return true
}

// Remove removes a folder of [Sandbox.Scratch], also from under programs that locked
// parts of it.
func (s *Sandbox) Remove(dir string) error { return remove(dir) }

// remove removes a folder, also from under programs that locked parts of it.
func remove(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // what fails here fails once more below
		}
		return nil
	})
	return os.RemoveAll(dir)
}
