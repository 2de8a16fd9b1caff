package delivery

import "time"

// A pager knows which of the waiting deliveries of a lane are on disk only. It
// reads them in pages; the lane's mu guards it.
type pager struct {
	loading  bool
	due      int64   // the earliest waiting delivery on disk that is not in memory; never when there is none
	rest     int64   // no page is read before it, because the last could not be
	cursor   waitKey // what waits before it is in memory
	inMemory map[waitKey]bool
	gone     []waitKey // to leave inMemory when the page has been read
	tooBig   int64     // cost of the waiting delivery for which there was no room
}

func newPager() pager { return pager{due: never, inMemory: map[waitKey]bool{}} }

// note says that something waits on disk, and from when it may be tried.
func (l *lane) note(due int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteDue(due)
	l.pump()
}

func (p *pager) noteDue(due int64) {
	p.due = min(p.due, due)
	if due <= p.cursor.due {
		p.cursor = waitKey{due: due}
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

func (p *pager) drop(keys []waitKey) {
	for _, k := range keys {
		delete(p.inMemory, k)
	}
}

func (l *lane) has(k waitKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inMemory[k]
}

// advance says that a page was read to the end of last.
func (p *pager) advance(last waitKey) {
	if last.after(p.cursor) && p.due > last.due {
		p.cursor = last
	}
}

func (k waitKey) after(other waitKey) bool {
	return k.due > other.due || k.due == other.due && k.seq > other.seq
}

// readOn starts the reading of a page when it is time.
func (l *lane) readOn() {
	read := max(l.due, l.rest)
	if l.state == laneAbandoned { // what waits in it is due, whatever its key says
		read = l.rest
	}
	switch now := l.out.wall(); {
	case l.due == never || l.loading:
	case read > now:
		l.wakeIn(time.Duration(min(read-now, lookAgain.Milliseconds())) * time.Millisecond)
	case l.hungry():
		l.loading = true
		l.out.workers.Go(l.load)
	}
}
