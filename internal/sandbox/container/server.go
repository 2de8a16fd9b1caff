package container

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// A server is a process, whenever and wherever it ran: a number is given again, but not
// with the same beginning.
type server struct {
	space string // of process numbers
	uid   int    // of others the processes may be hidden
	pid   int
	begun string // in ticks since the machine was started
}

func (s server) String() string { return fmt.Sprintf("%s.%d.%d.%s", s.space, s.uid, s.pid, s.begun) }

func parseServer(text string) (server, bool) {
	var s server
	_, err := fmt.Sscanf(strings.ReplaceAll(text, ".", " "), "%s %d %d %s", &s.space, &s.uid, &s.pid, &s.begun)
	return s, err == nil
}

func thisServer() (server, error) {
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return server{}, err
	}
	s := server{space: strings.Trim(strings.TrimPrefix(space, "pid:"), "[]"), uid: os.Getuid(), pid: os.Getpid()}
	s.begun, err = begin(s.pid)
	return s, err
}

// begin is when a process began, "" of one that is not there
// (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
func begin(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	const behindName = 22 - 3 // the third field is the first one behind the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= behindName {
		return "", fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return string(fields[behindName]), nil
}

// knowsGone reports whether another server has ended, as far as it can be seen from
// where this one is.
func (s server) knowsGone(other server) bool {
	if other.space != s.space || other.uid != s.uid {
		return false
	}
	begun, err := begin(other.pid)
	return os.IsNotExist(err) || err == nil && begun != other.begun
}
