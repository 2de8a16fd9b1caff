package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// soakFiles is how many files the process may have open: the connections that
// its memory allows (see internal/door), a quarter as many to targets, and
// those of the store.
const soakFiles = 819 + 819/4 + 300

// A gauge looks at the process and asks for its health all the time.
type gauge struct {
	url      string
	stranger *http.Client // on a connection of its own each time
	signed   *lean

	mu         sync.Mutex
	pid        int // 0 while it is down on purpose
	rss        int64
	files      int
	goroutines int
	health     []time.Duration
	refused    int      // health checks of this process that were not answered
	wrong      []string // and of all processes
}

func (g *gauge) up(pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pid, g.refused = pid, 0
}

func (g *gauge) down() { g.up(0) }

func (g *gauge) current() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pid
}

func (g *gauge) run(ctx context.Context) {
	pace := time.NewTicker(200 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		if pid := g.current(); pid != 0 {
			g.look(pid)
			g.ask(pid)
			if n%5 == 0 {
				g.count()
			}
		}
	}
}

// look reads what the system knows of the process, its peak memory included.
func (g *gauge) look(pid int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return // it has just ended
	}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files = max(g.files, len(files))
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			g.rss = max(g.rss, kb<<10)
		}
	}
}

// ask asks for the health on a connection of its own, as a load balancer does.
func (g *gauge) ask(pid int) {
	began := time.Now()
	resp, err := g.stranger.Get(g.url + "/_dari/health")
	if err == nil {
		resp.Body.Close()
	}
	took := time.Since(began)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pid != pid {
		return // it was brought down meanwhile
	}
	g.health = append(g.health, took)
	if err != nil {
		g.refused++
		g.wrong = append(g.wrong, fmt.Sprintf("the health check failed after %v: %v", took, err))
	}
}

// unanswered says whether the process does not answer any more.
func (g *gauge) unanswered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused > 0
}

// excuse forgets what a process did not answer that had no room to go on.
func (g *gauge) excuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong = g.wrong[:len(g.wrong)-g.refused]
	g.pid, g.refused = 0, 0
}

// count reads the number of goroutines from the metrics.
func (g *gauge) count() {
	for line := range strings.Lines(string(g.page("/_dari/metrics"))) {
		var n float64
		if _, err := fmt.Sscanf(line, "go_goroutines %g", &n); err == nil {
			g.mu.Lock()
			g.goroutines = max(g.goroutines, int(n))
			g.mu.Unlock()
		}
	}
}

// page reads one of dari's own pages, or nothing when there is no answer.
func (g *gauge) page(path string) []byte {
	resp, err := g.signed.http.Get(g.url + path)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil
	}
	return body
}
