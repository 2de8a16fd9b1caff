package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// system are the folders of a machine that are its system: what else stands at
// the root is somebody's, and shown to nobody.
var system = []string{
	"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt", "var", "sys", "nix", "gnu", "snap",
}

// systemState are folders under /run that a system does not work without: they
// lead to its name servers, and on NixOS to everything.
var systemState = []string{"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/current-system"}

// devices are those that programs may count on.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// A tree is a file system that is put together: folders of its own in memory, in
// which those of the machine are bound.
type tree struct {
	root string
	ours map[string]bool // folders in memory, where something can be made
}

// enter makes the file system of the place and goes there. Nothing of what the
// machine has mounted changes, since this mount namespace is our own.
func (p *place) enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("part the mounts from those of the machine: %w", err)
	}
	if err := unix.Mount("tmpfs", p.Root, "tmpfs", unix.MS_NOSUID, "mode=755,size=4m"); err != nil {
		return fmt.Errorf("mount a root in memory: %w", err)
	}
	if err := unix.Mount("", p.Root, "", unix.MS_UNBINDABLE, ""); err != nil { // lest it is bound in itself
		return err
	}
	t := &tree{root: p.Root, ours: map[string]bool{p.Root: true}}
	if err := t.system(p.Show); err != nil {
		return err
	}
	points := map[string]string{}
	for _, b := range p.Binds {
		info, err := os.Stat(b.From)
		if err != nil {
			return err
		}
		if points[b.To], err = t.point(b.To, info.IsDir()); err != nil {
			return err
		}
	}
	if err := protect(p.Root, true); err != nil {
		return err
	}
	if err := t.fill(p); err != nil {
		return err
	}
	for _, b := range p.Binds {
		if err := bind(b.From, points[b.To]); err != nil {
			return err
		}
		if err := protect(points[b.To], !b.Writable); err != nil {
			return err
		}
		from, err := filepath.EvalSymlinks(b.From)
		if err != nil {
			return err
		}
		if err := hide(points[b.To], from, p.Hide); err != nil {
			return err
		}
	}
	return t.move()
}

// system shows the system, and what else is to be shown.
func (t *tree) system(show []string) error {
	for _, name := range system {
		from, to := "/"+name, filepath.Join(t.root, name)
		info, err := os.Lstat(from)
		switch {
		case err != nil:
			continue // not every machine has all of them
		case info.Mode()&os.ModeSymlink != 0:
			if err := copyLink(from, to); err != nil {
				return err
			}
		default:
			if err := t.show(from); err != nil {
				return err
			}
		}
	}
	for _, path := range append(systemState, show...) {
		if top, _, _ := strings.Cut(path[1:], "/"); slices.Contains(system, top) {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			continue // it is not there, or not for us
		}
		if err := t.show(path); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/proc", "/tmp", "/dev/shm"} {
		if _, err := t.point(dir, true); err != nil {
			return err
		}
	}
	for _, name := range devices {
		if err := t.show("/dev/" + name); err != nil {
			return err
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(to, filepath.Join(t.root, "dev", name)); err != nil {
			return err
		}
	}
	return nil
}

// fill mounts what is not the machine's, and hides what nobody may see.
func (t *tree) fill(p *place) error {
	const plain = unix.MS_NOSUID | unix.MS_NODEV
	for _, m := range []struct {
		kind, at, data string
		flags          uintptr
	}{
		{"proc", "proc", "", plain | unix.MS_NOEXEC},
		{"tmpfs", "dev/shm", "mode=1777,size=64m", plain},
		{"tmpfs", "tmp", fmt.Sprintf("mode=1777,size=%d", max(p.TmpBytes, 1<<20)), plain},
	} {
		if err := unix.Mount(m.kind, filepath.Join(t.root, m.at), m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount /%s: %w", m.at, err)
		}
	}
	return hide(t.root, "/", p.Hide)
}

// hide hides those of paths that are below a folder, which is found in the tree at
// another place.
func hide(at, folder string, paths []string) error {
	for _, path := range paths {
		rest, err := filepath.Rel(folder, path)
		if err != nil || !filepath.IsLocal(rest) {
			continue
		}
		hidden := filepath.Join(at, rest)
		info, err := os.Lstat(hidden)
		switch {
		case err != nil:
			continue // it is hidden with what is above it
		case info.IsDir():
			err = unix.Mount("tmpfs", hidden, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_RDONLY, "mode=555,size=4k")
		default:
			err = unix.Mount("/dev/null", hidden, "", unix.MS_BIND, "")
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", path, err)
		}
	}
	return nil
}

// move makes the tree the root, and leaves nothing of the old one.
func (t *tree) move() error {
	if err := unix.Chdir(t.root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil { // the old root is now on top of the new one
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return unix.Chdir("/")
}

// show binds what is at a path of the machine at the same path.
func (t *tree) show(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	at, err := t.point(path, info.IsDir())
	if err != nil {
		return err
	}
	return bind(path, at)
}

// point returns where in the tree something can be mounted to be found at path,
// making it if there is nothing. Folders on the way that are the machine's become
// ours, with everything that was in them.
func (t *tree) point(path string, isDir bool) (string, error) {
	at := t.root
	parts := strings.Split(strings.Trim(filepath.Clean(path), "/"), "/")
	for i, part := range parts {
		above := at
		at = filepath.Join(above, part)
		info, err := os.Lstat(at)
		if err == nil && info.Mode()&os.ModeSymlink == 0 {
			continue
		}
		if !t.ours[above] {
			if err := t.take(above); err != nil {
				return "", err
			}
		}
		_ = os.Remove(at) // a link leads somewhere else
		if i == len(parts)-1 && !isDir {
			if err := os.WriteFile(at, nil, 0o644); err != nil {
				return "", err
			}
			continue
		}
		if err := os.Mkdir(at, 0o755); err != nil {
			return "", err
		}
		t.ours[at] = true
	}
	return at, nil
}

// most is how many entries a folder may have that becomes ours.
const most = 4096

// take replaces a folder of the machine by one of ours that has the same in it.
func (t *tree) take(dir string) error {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	before := fmt.Sprintf("/proc/self/fd/%d", fd)
	entries, err := os.ReadDir(before)
	if err != nil {
		return err
	}
	if len(entries) > most {
		return fmt.Errorf("%s has more than %d entries, which is too many to put a folder beside them", dir, most)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID, "mode=755,size=4m"); err != nil {
		return err
	}
	t.ours[dir] = true
	for _, e := range entries {
		from, to := filepath.Join(before, e.Name()), filepath.Join(dir, e.Name())
		switch {
		case e.Type()&os.ModeSymlink != 0:
			err = copyLink(from, to)
		case e.IsDir():
			if err = os.Mkdir(to, 0o755); err == nil {
				err = bind(from, to)
			}
		case e.Type().IsRegular():
			if err = os.WriteFile(to, nil, 0o644); err == nil {
				err = bind(from, to)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyLink(from, to string) error {
	where, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(where, to)
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s: %w", from, err)
	}
	return nil
}

// protect keeps a tree of mounts from raising anybody's rights, and from being
// written to.
func protect(at string, readOnly bool) error {
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID}
	if readOnly {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, at, unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("make the system read-only (mount_setattr, Linux 5.12): %w", err)
	}
	return nil
}
