package delivery

import (
	"slices"
	"time"
)

// A flight is a delivery in the hands of foreign code: of a sink, or of the
// dead-letter queue. Both are asked to come back when their context ends. Who
// does not is left behind: the lane goes on without it, as if the time had been
// over for the delivery in an orderly way, and so does the end of the server.
type flight struct {
	task *task
	late time.Time
}

// slack is how long foreign code has to come back after its context has ended.
const slack = time.Second

// depart says that a delivery is about to be handed to foreign code, for the
// time of one attempt.
func (l *lane) depart(t *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.plan.Timeout + slack
	l.flights = append(l.flights, flight{t, time.Now().Add(late)})
	l.wakeIn(late)
}

// landed says that foreign code has come back, and reports whether that was in
// time. If it was not, the delivery is no longer the caller's, who must end.
func (l *lane) landed(t *task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.flights {
		if l.flights[i].task == t {
			l.flights = slices.Delete(l.flights, i, i+1)
			return true
		}
	}
	l.lost--
	l.out.memory.free(t.room)
	return false
}

// takeOver takes the deliveries of all who are late away from them. A copy of
// each is made ready, for a worker who finds that it came too late. Its memory
// stays charged, to no lane, for as long as the foreign code holds it.
func (l *lane) takeOver(now time.Time) {
	for len(l.flights) > 0 && !l.flights[0].late.After(now) {
		t := *l.flights[0].task
		l.flights = slices.Delete(l.flights, 0, 1)
		l.bytes -= t.room.bytes
		t.room, t.late = room{}, true
		l.again(&t)
		l.lost++
		l.running--
		l.out.workers.Done()
		l.out.Log.Warn("an attempt that does not end is left behind", "owner", l.plan.Owner, "target", l.plan.Target,
			"item", t.item.ID, "left_behind", l.lost)
	}
}

// abandonFlights is takeOver for all that is still in flight when the server stops.
func (l *lane) abandonFlights() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeOver(time.Now().Add(2 * (l.plan.Timeout + slack)))
}
