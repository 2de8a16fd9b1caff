package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leastLandlock is the first version of Landlock (Linux 6.2) that keeps files from
// being truncated by those who may not write to them. Newer ones keep more.
const leastLandlock = 3

// The rights that programs have on files and folders, by what these are for them.
// Sockets count from version 9 on: before, everybody may connect to them.
const (
	toRead  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	toShow  = toRead | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	toWrite = toRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK
	toDevice = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV

	// ofFiles are those that what is no folder can have.
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
)

// A grant lets programs do something with a file, or with a folder and everything
// below it. What no grant is about is forbidden.
type grant struct {
	path   string
	rights uint64
	must   bool // it is an error when there is no such file
}

// forbidden is what a version of Landlock forbids where nothing grants it.
func forbidden(version int) unix.LandlockRulesetAttr {
	fs := uint64(unix.LANDLOCK_ACCESS_FS_TRUNCATE<<1 - 1)
	if version >= 5 {
		fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 9 {
		fs |= unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
	}
	a := unix.LandlockRulesetAttr{Handled_access_fs: fs}
	if version >= 6 {
		a.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	return a
}

// grants are what a program may do: read the system and what is shown, but nothing
// that is hidden, use its devices, and have its own folders. /tmp is the machine's,
// since programs count on it: what must be hidden and lies there takes it from them.
func (p *place) grants() ([]grant, error) {
	var all []grant
	read := []string{"/proc"}
	for _, name := range system {
		read = append(read, "/"+name)
	}
	for _, path := range append(append(read, systemState...), p.Show...) {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue // where a link leads is granted, or not
		}
		paths, err := around(path, p.Hide)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			all = append(all, grant{path: path, rights: toShow})
		}
	}
	for _, name := range devices {
		all = append(all, grant{path: "/dev/" + name, rights: toDevice})
	}
	for _, path := range []string{"/tmp", "/dev/shm"} {
		path, err := filepath.EvalSymlinks(path)
		if err == nil && !within(path, p.Hide) && !has(path, p.Hide) {
			all = append(all, grant{path: path, rights: toWrite})
		}
	}
	if p.Path == ourselves { // which nobody else runs
		all = append(all, grant{ourselves, toRead, true})
	}
	for _, b := range p.Binds {
		from, err := filepath.EvalSymlinks(b.From)
		if err != nil {
			return nil, err
		}
		if b.Writable {
			all = append(all, grant{from, toWrite | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX, true})
			continue
		}
		paths := []string{from}
		if !within(from, p.Hide) { // as the folders are that we make for programs
			if paths, err = around(from, p.Hide); err != nil {
				return nil, err
			}
		}
		for _, path := range paths {
			all = append(all, grant{path, toShow, true})
		}
	}
	return all, nil
}

// within reports whether a path is one of others, or below one.
func within(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// has reports whether one of others is below a path.
func has(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return within(o, []string{path}) })
}

// around are the paths that together have everything that is at a path, but for
// what is hidden: of a folder with something hidden below it, what is in it now.
func around(path string, hidden []string) ([]string, error) {
	if within(path, hidden) {
		return nil, nil
	}
	if !has(path, hidden) {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	if len(entries) > most {
		return nil, fmt.Errorf("%s has more than %d entries, which is too many to hide one of them", path, most)
	}
	var all []string
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 {
			continue // as above
		}
		more, err := around(filepath.Join(path, e.Name()), hidden)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// landlock is the version of Landlock that this kernel has.
func landlock() (int, error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch {
	case errno == unix.ENOSYS:
		return 0, errors.New("this kernel has no Landlock")
	case errno == unix.EOPNOTSUPP:
		return 0, errors.New("this machine was started without Landlock (lsm= of the command line of its kernel)")
	case errno != 0:
		return 0, fmt.Errorf("ask the kernel for its Landlock: %w", errno)
	case version < leastLandlock:
		return 0, fmt.Errorf("this kernel has version %d of Landlock, and %d is the least that keeps files from being truncated (Linux 6.2)", version, leastLandlock)
	}
	return int(version), nil
}

// restrict takes from this thread, and from what it starts, all that is not granted,
// for good.
func (p *place) restrict() error {
	version, err := landlock()
	if err != nil {
		return err
	}
	grants, err := p.grants()
	if err != nil {
		return err
	}
	no := forbidden(version)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&no)), unsafe.Sizeof(no), 0)
	if errno != 0 {
		return fmt.Errorf("make the rules of Landlock: %w", errno)
	}
	defer unix.Close(int(fd))
	for _, g := range grants {
		err := g.add(fd, no.Handled_access_fs)
		if err != nil && (g.must || !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EACCES)) {
			return fmt.Errorf("grant %s: %w", g.path, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("hold to the rules of Landlock: %w", errno)
	}
	return nil
}

// add adds the grant to the rules of fd, as far as these are about it.
func (g grant) add(fd uintptr, known uint64) error {
	at, err := unix.Open(g.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	var s unix.Stat_t
	if err := unix.Fstat(at, &s); err != nil {
		return err
	}
	rights := g.rights & known
	if s.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFiles
	}
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(at)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, fd, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// aside calls f on a thread that ends with it and that is not the first of this
// process. Where a thread is held to rules, those held to the same may send it
// signals, which are for the whole process: so none may stay behind.
func aside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock it: so it ends
		if unix.Gettid() == unix.Getpid() {
			aside(f) // on another, since this one is held
			return
		}
		f()
	}()
	<-done
}
