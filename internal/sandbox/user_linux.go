package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// A User is an account of the machine that nobody else has until it is released.
type User struct {
	id  uint32 // of the user, and of its group
	all *users
}

// users are the accounts that a server which is root gives to programs.
type users struct {
	first, count uint32

	mu    sync.Mutex
	next  uint32
	taken map[uint32]bool
}

// newUsers takes a range that no system hands out
// (https://systemd.io/UIDS-GIDS/), for each server another if there is room for
// it: a container may have no more than 65,536.
func newUsers() *users {
	const first, count = 0x78000000, 1024
	u := &users{first: first + uint32(os.Getpid()%0x8000)*count, count: count, taken: map[uint32]bool{}}
	if !isMapped(u.first + u.count) {
		u.first, u.count = 60578, 600
	}
	return u
}

// isMapped reports whether there is such a user here.
func isMapped(id uint32) bool {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var inside, outside, n uint64
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &n); err == nil && uint64(id) >= inside && uint64(id)-inside < n {
			return true
		}
	}
	return false
}

// NewUser takes a user for the commands that belong together, which the caller
// gives back by Release once none of them runs. Where the server is not root, all
// programs have the server's user, and it is nil.
func (s *Sandbox) NewUser() (*User, error) {
	if s.users == nil {
		return nil, nil
	}
	u := s.users
	u.mu.Lock()
	defer u.mu.Unlock()
	for range u.count {
		id := u.first + u.next
		u.next = (u.next + 1) % u.count
		if !u.taken[id] {
			u.taken[id] = true
			return &User{id, u}, nil
		}
	}
	return nil, errors.New("too many functions and builds run: there is no user left for another")
}

// ID is its number on this machine, and that of its group. There is none where all
// programs have the server's user, and u is nil.
func (u *User) ID() (uint32, bool) {
	if u == nil {
		return 0, false
	}
	return u.id, true
}

// Release gives the user back.
func (u *User) Release() {
	if u == nil {
		return
	}
	u.all.mu.Lock()
	defer u.all.mu.Unlock()
	delete(u.all.taken, u.id)
}

// own gives a folder and what is in it to a user.
func (u *User) own(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(u.id), int(u.id))
	})
}
