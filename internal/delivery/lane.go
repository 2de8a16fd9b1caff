package delivery

import (
	"math"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/watch"
)

// A lane that fails this often in a row is narrowed to one attempt at a time,
// and what comes in for it goes straight to disk.
const breakAfter = 8

const (
	// quick is the longest that a failure may take to count towards narrowing
	// a lane. A target that swallows connections costs little but time, and
	// trying it in parallel is what gets its deliveries to their end.
	quick = time.Second
	// maxPace is the longest pause between two attempts of a narrowed lane.
	maxPace = 10 * time.Millisecond
	never   = math.MaxInt64
)

// A lane is the queue of one target. What is ready stands in memory, up to a
// bound; what waits, or is over the bound, stands on disk under a key that
// begins with its due time, and is read in pages when its time has come and
// there is room. No lane ever waits for another.
type lane struct {
	id   Lane
	plan *plan
	out  *Outbox

	mu       sync.Mutex
	state    laneState
	ready    []*task
	coming   int       // room set aside for deliveries whose transaction is not on disk yet
	bytes    int64     // charged for all that is in memory
	running  int       // attempts in flight
	failures int       // in a row
	resume   time.Time // no attempt before it
	loading  bool
	due      int64   // the earliest waiting delivery on disk that is not in memory; never when there is none
	rest     int64   // no page is read before it, because the last could not be
	cursor   waitKey // what waits before it is in memory
	inMemory map[waitKey]bool
	gone     []waitKey // to leave inMemory when the page has been read
	tooBig   int64     // cost of the waiting delivery for which there was no room
	timer    *time.Timer
	timerAt  time.Time
	retired  time.Time // since when it is empty and retired
	leaving  bool      // it is about to be forgotten, or has been
}

func (o *Outbox) newLane(id Lane, p Plan) (*lane, error) {
	c, err := compile(p)
	if err != nil {
		return nil, err
	}
	return &lane{id: id, plan: c, out: o, due: never, inMemory: map[waitKey]bool{}}, nil
}

func (l *lane) route(it *Item) watch.Route {
	return watch.Route{
		EventID: it.Event.ID, Bus: l.plan.Bus, Rule: l.plan.Rule,
		TargetID: l.plan.Target.ID, Target: l.plan.Target.ARN,
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
		l.resume = time.Time{}
	}
	l.pump()
}

// reserve sets aside room in memory for a new delivery, which is to be pushed
// or given back, and reports whether there was any.
//
// While others wait on disk with their time come, half of the room is theirs.
// If they all went first, a rush would be hard to recover from: what goes by way
// of the disk costs several times as much, so that a lane could be too slow for
// ever for a stream that it keeps up with easily in memory.
func (l *lane) reserve(cost int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	count, bytes := len(l.ready)+l.coming+1, l.bytes+cost
	if l.due <= time.Now().UnixMilli() {
		count, bytes = 2*count, 2*bytes+l.tooBig
	}
	if l.broken() || count > l.out.Ready || l.bytes > 0 && bytes > l.share() {
		return false
	}
	l.coming++
	l.charge(cost)
	return true
}

// fits reports whether the lane may hold more. It may always hold one delivery,
// so that it goes on whatever others do.
func (l *lane) fits(cost int64) bool { return l.bytes == 0 || l.bytes+cost <= l.share() }

// share is how many bytes the lane may hold. Half of the memory of all is for
// whoever needs it: a lane may hold as much of it as is still free, so that those
// that hoard leave room for others. The other half belongs to all in equal parts.
func (l *lane) share() int64 {
	half := l.out.TotalBytes / 2
	return min(l.out.ReadyBytes, max(half/l.out.laneCount.Load(), half-l.out.bytes.Load()))
}

// hungry reports whether it is time to read a page. What has been tried and is
// still to be written down counts, so that a store that stalls also stops the reading.
func (l *lane) hungry() bool {
	return len(l.ready) <= l.out.Ready/2 && len(l.inMemory) <= l.out.Ready &&
		(l.bytes == 0 || 2*l.bytes <= l.share()) && l.fits(l.tooBig)
}

func (l *lane) broken() bool { return l.failures >= breakAfter }

func (l *lane) width() int {
	if l.broken() {
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
func (l *lane) giveBack(t *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.coming--
	l.charge(-t.cost())
}

func (l *lane) charge(bytes int64) {
	l.bytes += bytes
	l.out.bytes.Add(bytes)
}

// note says that something waits on disk, and from when it may be tried.
func (l *lane) note(due int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(due)
	l.pump()
}

func (l *lane) noteLocked(due int64) {
	l.due = min(l.due, due)
	if due <= l.cursor.due {
		l.cursor = waitKey{due: due}
	}
}

// forget says that the records under keys are gone from disk, or have moved.
func (l *lane) forget(keys ...waitKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loading {
		// The page being read may come from a moment before the records went, and
		// must still recognise them.
		l.gone = append(l.gone, keys...)
		return
	}
	l.drop(keys)
	l.pump()
}

func (l *lane) drop(keys []waitKey) {
	for _, k := range keys {
		delete(l.inMemory, k)
	}
}

func (l *lane) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pump()
}

// pump starts what can be started: attempts, the reading of a page, or a timer
// for the next of either. It is called with mu held, after every change.
func (l *lane) pump() {
	if l.out.halted.Load() {
		return
	}
	now := time.Now()
	if wait := l.resume.Sub(now); wait > 0 && l.state != laneAbandoned {
		if len(l.ready) > 0 {
			l.wakeAt(l.resume)
		}
	} else {
		for n := min(len(l.ready), l.width()-l.running); n > 0; n-- {
			l.running++
			l.out.workers.Go(l.work)
		}
	}
	read := max(l.due, l.rest)
	if l.state == laneAbandoned { // what waits in it is due, whatever its key says
		read = l.rest
	}
	switch {
	case l.due == never || l.loading:
	case read > now.UnixMilli():
		l.wakeAt(time.UnixMilli(read))
	case l.hungry():
		l.loading = true
		l.out.workers.Go(l.load)
	}
	l.retireWhenEmpty(now)
}

func (l *lane) wakeAt(at time.Time) {
	if l.timer != nil && !l.timerAt.After(at) && l.timerAt.After(time.Now()) {
		return
	}
	l.timerAt = at
	if l.timer == nil {
		l.timer = time.AfterFunc(time.Until(at), l.wake)
		return
	}
	l.timer.Reset(time.Until(at))
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
	now := time.Now().UnixMilli()
	for _, t := range ready {
		if t.firstPass() {
			l.wait(t, now)
		}
	}
}
