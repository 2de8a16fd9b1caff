package budget

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Machine returns how many bytes of memory this process may hope for: what its
// control group allows, else what the machine has, and ok is false where
// neither can be read.
func Machine() (bytes int64, ok bool) {
	return machine("/proc", "/sys/fs/cgroup")
}

// machine is Machine with the places that it reads.
func machine(proc, cgroup string) (int64, bool) {
	least := int64(math.MaxInt64)
	if n, ok := memTotal(filepath.Join(proc, "meminfo")); ok {
		least = n
	}
	for _, file := range limits(proc, cgroup) {
		if n, ok := number(file); ok {
			least = min(least, n)
		}
	}
	return least, least != math.MaxInt64
}

// limits lists the files that may hold a limit of the control group this
// process is in, or of one above it: each of them holds.
func limits(proc, cgroup string) []string {
	text, err := os.ReadFile(filepath.Join(proc, "self", "cgroup"))
	if err != nil {
		return nil
	}
	var files []string
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		root, name := cgroup, "memory.max"
		if part[0] != "0" { // version 1: a hierarchy for each controller
			if part[1] != "memory" {
				continue
			}
			root, name = filepath.Join(cgroup, "memory"), "memory.limit_in_bytes"
		}
		for dir := filepath.Clean("/" + part[2]); ; dir = filepath.Dir(dir) {
			files = append(files, filepath.Join(root, dir, name))
			if dir == "/" {
				break
			}
		}
	}
	return files
}

// number reads a file that holds a number of bytes, and not "max".
func number(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0
}

// memTotal reads the size of the machine's memory from /proc/meminfo.
func memTotal(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		word := strings.Fields(line)
		if len(word) == 3 && word[0] == "MemTotal:" && word[2] == "kB" {
			n, err := strconv.ParseInt(word[1], 10, 64)
			return n << 10, err == nil && n > 0
		}
	}
	return 0, false
}
