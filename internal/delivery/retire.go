package delivery

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// retireAfter is how long an empty lane of a replaced target stays, for events
// that were matched just before the replacement.
const retireAfter = time.Minute

// A spot is where a plan stands: what its versions have in common.
type spot struct{ owner, id string }

func (l *lane) spot() spot { return spot{l.plan.Owner, l.plan.ID} }

// RetirePlan says in tx that the target of a lane was replaced: what waits in
// it is still delivered, as the target was when it came in.
func (o *Outbox) RetirePlan(tx store.Tx, id Lane) error {
	l := o.lane(id)
	if l == nil {
		return nil
	}
	if err := putPlan(tx, l, laneRetired); err != nil {
		return err
	}
	o.addOlder(l)
	l.setState(laneRetired)
	return nil
}

// AbandonPlan says in tx that the target of a lane, or its rule, was deleted:
// what waits in it, and in the lanes that it replaced, is abandoned. It must
// only be called in a transaction that will commit.
func (o *Outbox) AbandonPlan(tx store.Tx, id Lane) error {
	l := o.lane(id)
	if l == nil {
		return nil
	}
	o.mu.RLock()
	all := append([]*lane{l}, o.older[l.spot()]...)
	o.mu.RUnlock()
	for _, l := range all {
		if err := putPlan(tx, l, laneAbandoned); err != nil {
			return err
		}
	}
	for _, l := range all {
		l.setState(laneAbandoned)
	}
	return nil
}

func (o *Outbox) addOlder(l *lane) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.older[l.spot()] = append(o.older[l.spot()], l)
}

func (o *Outbox) removeOlder(l *lane) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.older[l.spot()] = slices.DeleteFunc(o.older[l.spot()], func(x *lane) bool { return x == l })
	if len(o.older[l.spot()]) == 0 {
		delete(o.older, l.spot())
	}
}

func putPlan(tx store.Tx, l *lane, state laneState) error {
	b, err := json.Marshal(planRecord{planVersion, l.plan.Plan, state})
	if err != nil {
		return err
	}
	return tx.Put(key1(prefixPlan, uint64(l.id)), b)
}

// empty reports whether nothing of the lane is in memory or known to wait.
func (l *lane) empty() bool {
	return l.bytes == 0 && l.running == 0 && len(l.ready) == 0 && !l.loading && l.due == never && len(l.inMemory) == 0
}

// retireWhenEmpty asks for the end of a lane that will get nothing more.
func (l *lane) retireWhenEmpty(now time.Time) {
	if l.state == laneLive || l.leaving || !l.empty() || !l.out.recovered.Load() {
		l.retired = time.Time{}
		return
	}
	if l.retired.IsZero() {
		l.retired = now
	}
	if now.Sub(l.retired) < retireAfter {
		l.wakeIn(l.retired.Add(retireAfter).Sub(now))
		return
	}
	l.leaving = true
	l.out.settler.send(op{kind: opForgetPlan, lane: l})
}

// forgetPlan removes a lane, unless it turns out to be needed: something may
// have come in since, or only just have been written down. The store says
// whether it was retired at all: the transaction that did so may have failed.
func (o *Outbox) forgetPlan(tx store.Tx, l *lane) error {
	key := key1(prefixPlan, uint64(l.id))
	b, err := tx.Get(key)
	if err != nil {
		return err
	}
	var p planRecord
	if b != nil {
		if p, err = decodePlan(b); err != nil {
			return err
		}
	}
	needed := b != nil && p.State == laneLive
	if needed {
		o.removeOlder(l)
		l.setState(laneLive)
	}
	for range tx.Scan(l.firstLeft(), store.End(key1(prefixWait, uint64(l.id)))) {
		needed = true
		break
	}
	if l.stays(needed) {
		return nil
	}
	o.removeOlder(l)
	o.mu.Lock()
	delete(o.lanes, l.id)
	o.countLanes()
	o.mu.Unlock()
	return tx.Delete(key)
}

// firstLeft returns the first key that may still wait. Of those before it, the
// store may have to go through a great many that are deleted.
func (l *lane) firstLeft() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cursor.encode(l.id)
}

// stays reports whether the lane is still there. If it is, it will ask again
// when it is empty.
func (l *lane) stays(needed bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if needed || !l.empty() {
		l.leaving, l.retired = false, time.Time{}
		l.pump()
		return true
	}
	return false
}
