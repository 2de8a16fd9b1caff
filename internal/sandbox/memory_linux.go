package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// How often the memory of a program is looked at: the nearer it is to its limit,
// the more often.
const (
	watchSlowly = 250 * time.Millisecond
	watchFast   = 50 * time.Millisecond
)

// memory is what a program's processes take.
type memory struct {
	mu   sync.Mutex
	pids []int // those seen when the tree was last walked
	most int64
}

// watch kills the program when it takes more memory than its limit; 0 is none.
func (p *Process) watch(limit int64) {
	every := watchFast
	for {
		select {
		case <-p.done:
			return
		case <-time.After(every):
		}
		p.memory.walk(p.cmd.Process.Pid)
		now := p.memory.look()
		if limit > 0 && now > limit {
			p.outOfMemory.Store(true)
			p.Kill()
			return
		}
		every = watchSlowly
		if limit > 0 && now > limit/2 {
			every = watchFast
		}
	}
}

// walk finds the processes below the first one.
func (m *memory) walk(first int) {
	pids := descendants(first)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pids = pids
}

// known reports whether any were found yet.
func (m *memory) known() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pids) > 0
}

// add counts what a process had at most by the word of the kernel when it ended.
func (m *memory) add(peak int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most = max(m.most, peak)
}

// look returns what the processes take now.
func (m *memory) look() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var now, most int64
	for _, pid := range m.pids {
		resident, peak := residentBytes(pid)
		now += resident
		most += peak
	}
	m.most = max(m.most, most)
	return now
}

func (m *memory) max() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.most
}

// residentBytes is what a process has in memory, and what it had at most: nothing
// of one that has ended.
func residentBytes(pid int) (now, peak int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	return kilobytes(status, "\nVmRSS:"), kilobytes(status, "\nVmHWM:")
}

func kilobytes(status []byte, name string) int64 {
	_, after, ok := bytes.Cut(status, []byte(name))
	if !ok {
		return 0 // a process that is ending has none
	}
	line, _, _ := bytes.Cut(after, []byte(" kB"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64) // the kernel writes numbers
	return n << 10
}

// descendants are the processes below one, those nearest first.
func descendants(pid int) []int {
	var all []int
	for next := []int{pid}; len(next) > 0; {
		children := childrenOf(next[0])
		all = append(all, children...)
		next = append(next[1:], children...)
	}
	return all
}

func childrenOf(pid int) []int {
	tasks := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return nil // it has ended
	}
	var all []int
	for _, t := range threads {
		text, _ := os.ReadFile(tasks + "/" + t.Name() + "/children") // nothing of a thread that has ended
		for _, f := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(f)); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}
