//go:build unix

package door

import "syscall"

// descriptors returns how many files this process may have open, 0 when that is
// not known. The Go runtime has raised the soft limit to the hard one at the
// start.
func descriptors() uint64 {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0 // then only memory counts
	}
	return uint64(r.Cur)
}
