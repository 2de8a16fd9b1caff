package history

import (
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// A Pace lets each place do something twice a second. It remembers the places of the
// last two seconds at most.
type Pace struct {
	mu sync.Mutex
	// now are the places since began, and before those of the second before: the times
	// of the last two calls of each, the older one first.
	began       time.Time
	now, before map[access.Place][2]time.Time
}

// Take says whether a place may call now, and counts it if so.
func (p *Pace) Take(at access.Place, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.began) >= time.Second {
		p.before = p.now
		if now.Sub(p.began) >= 2*time.Second {
			p.before = nil
		}
		p.began, p.now = now, map[access.Place][2]time.Time{}
	}
	last, ok := p.now[at]
	if !ok {
		last = p.before[at]
	}
	if !last[0].IsZero() && now.Sub(last[0]) < time.Second {
		return false
	}
	p.now[at] = [2]time.Time{last[1], now}
	return true
}
