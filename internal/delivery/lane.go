package delivery

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/watch"
)

const never = math.MaxInt64

// lookAgain is the longest that a lane sleeps: a timer learns neither that the
// clock was set nor that the machine slept.
const lookAgain = 30 * time.Second

// A lane is the queue of one target. What is ready stands in memory, up to a
// bound; what waits, or is over the bound, stands on disk under a key that
// begins with its due time, and is read in pages when its time has come and
// there is room. No lane ever waits for another.
type lane struct {
	id   Lane
	plan *plan
	out  *Outbox

	mu      sync.Mutex
	state   laneState
	breaker breaker
	ready   []*task
	coming  int      // room set aside for deliveries whose transaction is not on disk yet
	bytes   int64    // charged for all that is in memory
	running int      // attempts in flight
	flights []flight // what of them is with foreign code, in the order in which it is late
	lost    int      // attempts that were late and have not come back
	pager
	timer   *time.Timer
	timerAt time.Time
	retired time.Time // since when it is empty and retired
	leaving bool      // it is about to be forgotten, or has been
}

func (o *Outbox) newLane(id Lane, p Plan) (*lane, error) {
	c, err := o.compile(p)
	if err != nil {
		return nil, err
	}
	return &lane{id: id, plan: c, out: o, pager: newPager()}, nil
}

func (l *lane) route(it *Item) watch.Route {
	return watch.Route{
		EventID: it.ID, Source: l.plan.Source, Owner: l.plan.Owner,
		TargetID: l.plan.ID, Target: l.plan.Target,
	}
}

func (l *lane) abandoned() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state == laneAbandoned
}

func (l *lane) setState(s laneState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	if s == laneAbandoned {
		l.breaker.resume = time.Time{}
	}
	l.pump()
}

// cost is what a delivery of an event of that length is charged for the memory
// it holds: the event, and what the target is to receive. The event is shared by
// the lanes it goes to; charging each in full errs on the safe side.
func (l *lane) cost(body int) int64 {
	_, payload := l.plan.Payload.Cost(body)
	return int64(body + payload + 512)
}

// reserve sets aside room in memory for a new delivery, which is to be pushed
// or given back, and reports whether there was any.
//
// While others wait on disk with their time come, half of the room is theirs.
// If they all went first, a rush would be hard to recover from: what goes by way
// of the disk costs several times as much, so that a lane could be too slow for
// ever for a stream that it keeps up with easily in memory.
func (l *lane) reserve(it *Item) (room, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := room{bytes: l.cost(len(it.Body))}
	count, bytes := len(l.ready)+l.coming+1, l.bytes+r.bytes
	if l.due <= l.out.wall() {
		count, bytes = 2*count, 2*bytes+l.tooBig
	}
	if l.breaker.broken() || count > l.out.Ready || !l.fits(bytes) || !l.out.memory.Try(r.bytes) {
		return room{}, false
	}
	l.coming++
	l.bytes += r.bytes
	return r, true
}

// fits reports whether the lane may hold so much. What is all that it holds
// need not fit into the lane's own bound.
func (l *lane) fits(bytes int64) bool {
	return bytes <= l.out.memory.most() && (bytes <= l.out.ReadyBytes || l.bytes == 0)
}

// hungry reports whether it is time to read a page. What has been tried and is
// still to be written down counts, so that a store that stalls also stops the
// reading. A lane that holds nothing is always hungry: see [memory].
func (l *lane) hungry() bool {
	return len(l.ready) <= l.out.Ready/2 && len(l.inMemory) <= l.out.Ready &&
		(l.bytes == 0 || l.fits(2*l.bytes) && l.fits(l.bytes+l.tooBig))
}

func (l *lane) width() int {
	if l.breaker.broken() {
		return 1
	}
	return l.out.Width
}

// push makes a delivery ready that has room.
func (l *lane) push(t *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.coming--
	l.ready = append(l.ready, t)
	l.pump()
}

// giveBack frees the room of a delivery that does not come after all.
func (l *lane) giveBack(r room) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.coming--
	l.free(r)
}

func (l *lane) free(r room) {
	l.bytes -= r.bytes
	l.out.memory.free(r)
}

func (l *lane) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeOver(time.Now())
	l.pump()
}

// pump starts what can be started: attempts, the reading of a page, or a timer
// for the next of either. It is called with mu held, after every change.
func (l *lane) pump() {
	if l.out.halted.Load() {
		return
	}
	now := time.Now()
	if pause := l.breaker.resume.Sub(now); pause > 0 && l.state != laneAbandoned {
		if len(l.ready) > 0 {
			l.wakeIn(pause)
		}
	} else {
		for n := min(len(l.ready), l.width()-l.running); n > 0; n-- {
			l.running++
			l.out.workers.Add(1)
			go l.work()
		}
	}
	if len(l.flights) > 0 {
		l.wakeIn(l.flights[0].late.Sub(now))
	}
	l.readOn()
	l.retireWhenEmpty(now)
}

// wakeIn has the lane look again after d, or sooner.
func (l *lane) wakeIn(d time.Duration) {
	now := time.Now()
	at := now.Add(min(d, lookAgain))
	if l.timer != nil && !l.timerAt.After(at) && l.timerAt.After(now) {
		return
	}
	l.timerAt = at
	if l.timer == nil {
		l.timer = time.AfterFunc(at.Sub(now), l.wake)
		return
	}
	l.timer.Reset(at.Sub(now))
}

// halt stops the timer. Attempts stop by themselves: see Outbox.halted.
func (l *lane) halt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// putBack writes down the ready deliveries of first passes, so that the next
// start repeats none of the deliveries beside them that have succeeded.
func (l *lane) putBack() {
	l.mu.Lock()
	ready := l.ready
	l.ready = nil
	l.mu.Unlock()
	now := l.out.wall()
	for _, t := range ready {
		if t.firstPass() {
			l.wait(t, now)
		}
	}
}

// unready takes the first of the ready ones.
func (l *lane) unready() *task {
	t := l.ready[0]
	l.ready[0] = nil
	if l.ready = l.ready[1:]; len(l.ready) == 0 {
		l.ready = nil // lets go of the array
	}
	return t
}

// again makes a delivery ready once more, before all others.
func (l *lane) again(t *task) { l.ready = slices.Insert(l.ready, 0, t) }
