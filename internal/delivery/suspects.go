package delivery

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

// Some deliveries may end the process: by a fault of ours that nothing catches,
// or because the memory of the machine does not do. Such a one is still there
// at the next start, and would end that one as well, and everybody's queues
// with it. So the starts that find a backlog and do not come to an orderly end
// are counted. From the third in a row on, what was there at the start is
// watched for a while: each attempt is written down before it begins, and those
// that were under way when the process ended are suspects.
//
// Most of them were there by chance, and all of them when somebody kills the
// process at will. So a suspect is kept apart: it is tried again when the server
// has been up for a while, longer with each time, and one after the other. What
// the process ended with three times is given up.
const (
	trusted  = 2 // starts without an orderly end, before what is there is watched
	forgiven = 3 // ends of the process with a delivery, before it is given up
	// atATime is how many attempts are watched at a time, and so how many become
	// suspects at most. An attempt that takes longer than spotlight is one no more: a
	// target that is slow to answer is not what ends a process.
	atATime   = 64
	spotlight = 100 * time.Millisecond
	// keptApart is how long after the start a suspect is tried; it doubles with each time.
	keptApart = 10 * time.Second
	// watchFor is how long is watched from the first such start on; it doubles with
	// each, up to an hour, so that what is poison is found at last, however late it
	// is tried.
	watchFor = 4 * time.Minute
	// mostSpotted bounds how many suspects are remembered; the oldest are forgotten
	// first.
	mostSpotted = 4 * atATime
)

// A spotted delivery is one that the process ended with, and how often.
type spotted struct {
	Lane Lane
	Seq  uint64
	Ends int
}

// suspects know which deliveries may have ended the process.
type suspects struct {
	out *Outbox
	// stage holds a token for each attempt that is watched, alone one for the
	// suspect that is tried.
	stage, alone chan struct{}
	until        time.Time // nothing is watched after it; set before Run

	// mu is taken inside of transactions.
	mu     sync.Mutex
	record startRecord
	trying []spotted
}

// startRecord is what a start leaves for the next one, beside what it was trying.
type startRecord struct {
	// Starts counts those in a row that have had a backlog and no orderly end.
	Starts  int
	Spotted []spotted
}

func newSuspects(o *Outbox) *suspects {
	return &suspects{out: o, stage: make(chan struct{}, atATime), alone: make(chan struct{}, 1)}
}

// load reads what the last start has left.
func (s *suspects) load(tx store.Tx) error {
	if err := get(tx, keyStart, &s.record); err != nil {
		return err
	}
	return get(tx, keyTrying, &s.trying)
}

// get reads a record of JSON, if it is there.
func get(tx store.Tx, key string, record any) error {
	b, err := tx.Get([]byte(key))
	if err != nil || b == nil {
		return err
	}
	return json.Unmarshal(b, record)
}

// begin counts this start, if there is a backlog. A full disk takes that, as it
// takes all that is written here: to deliver is what makes room on it.
func (s *suspects) begin(ctx context.Context) error {
	return s.out.Store.Update(ctx, func(tx store.Tx) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		backlog := false
		for range tx.Scan([]byte(prefixEvent), key1(prefixEvent, s.out.firstSeq)) {
			backlog = true
			break
		}
		if !backlog {
			return s.forget(tx)
		}
		for _, t := range s.trying {
			s.record.Spotted = append(s.record.Spotted, t)
			s.out.Log.Debug("dari ended while it tried a delivery", "seq", t.Seq, "times", t.Ends)
		}
		if over := len(s.record.Spotted) - mostSpotted; over > 0 {
			s.record.Spotted = s.record.Spotted[over:]
		}
		s.trying = nil
		if s.record.Starts++; s.record.Starts > trusted {
			s.until = time.Now().Add(watchFor << min(s.record.Starts-trusted-1, 4))
			s.out.Log.Warn("dari did not come to an orderly end several times in a row; what it was delivering then is tried a little later",
				"starts", s.record.Starts, "deliveries", len(s.record.Spotted), "watched_until", s.until)
		}
		return s.put(tx)
	}, store.Draining)
}

// end says that this start has come to an orderly end.
func (s *suspects) end(ctx context.Context) error {
	s.mu.Lock()
	none := s.record.Starts == 0
	s.mu.Unlock()
	if none {
		return nil
	}
	return s.out.Store.Update(ctx, func(tx store.Tx) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.forget(tx)
	}, store.Draining)
}

func (s *suspects) forget(tx store.Tx) error {
	if s.record.Starts == 0 {
		return nil
	}
	s.record, s.trying = startRecord{}, nil
	if err := tx.Delete([]byte(keyTrying)); err != nil {
		return err
	}
	return tx.Delete([]byte(keyStart))
}

// put writes down everything.
func (s *suspects) put(tx store.Tx) error {
	b, err := json.Marshal(&s.record)
	if err != nil {
		return err
	}
	if err := tx.Put([]byte(keyStart), b); err != nil {
		return err
	}
	return s.putTrying(tx)
}

// putTrying writes down what is being tried.
func (s *suspects) putTrying(tx store.Tx) error {
	b, err := json.Marshal(s.trying)
	if err != nil {
		return err
	}
	return tx.Put([]byte(keyTrying), b)
}

// watch writes down that an attempt begins which is watched. The caller calls
// leave when it has ended; leave is nil for those that are not watched. A
// delivery that is kept apart is not to be tried before later, and one that is
// poison never.
func (s *suspects) watch(l *lane, t *task) (leave func(), later time.Time, poison *target.Error) {
	if t.seq >= s.out.firstSeq || !time.Now().Before(s.until) {
		return nil, later, nil
	}
	me := s.known(l.id, t.seq)
	switch at := s.out.opened.Add(s.out.keptApart << max(me.Ends-1, 0)); {
	case me.Ends >= forgiven:
		return func() {}, later, target.Permanent(target.CodeInternal,
			"dari ended %d times while it tried this delivery to %s, and does not try it again", me.Ends, l.plan.Target)
	case me.Ends > 0 && time.Now().Before(at):
		return func() {}, at, nil
	}
	stage := s.stage
	if me.Ends > 0 {
		stage = s.alone
	}
	select {
	case stage <- struct{}{}:
	case <-s.out.attempts.Done():
		return func() {}, later, nil // there will be no attempt
	}
	s.write(func() { s.enter(me) })
	left := make(chan struct{})
	leaves := func() {
		defer close(left)
		s.write(func() { s.leave(me) }, store.Unsynced)
		<-stage
	}
	timer := time.AfterFunc(spotlight, leaves)
	return func() {
		if timer.Stop() {
			leaves()
		}
		<-left
	}, later, nil
}

// known returns what is known of a delivery.
func (s *suspects) known(l Lane, seq uint64) spotted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.record.Spotted, spotted{Lane: l, Seq: seq}.same); i >= 0 {
		return s.record.Spotted[i]
	}
	return spotted{Lane: l, Seq: seq}
}

func (s spotted) same(o spotted) bool { return o.Lane == s.Lane && o.Seq == s.Seq }

// enter begins an attempt: if the process ends now, it has ended with it once more.
func (s *suspects) enter(me spotted) {
	s.record.Spotted = slices.DeleteFunc(s.record.Spotted, me.same)
	me.Ends++
	s.trying = append(s.trying, me)
}

// leave ends an attempt: whatever has ended the process, it was not that.
func (s *suspects) leave(me spotted) { s.trying = slices.DeleteFunc(s.trying, me.same) }

// write changes what is being tried and writes it down; those who do so at the
// same time share the sync. It does without when the store does not take it: that
// ends Run by itself.
func (s *suspects) write(change func(), opts ...store.Option) {
	s.mu.Lock()
	before := len(s.record.Spotted)
	change()
	cleared := len(s.record.Spotted) != before
	s.mu.Unlock()
	err := s.out.Store.Update(context.Background(), func(tx store.Tx) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if cleared {
			return s.put(tx)
		}
		return s.putTrying(tx)
	}, append(opts, store.Draining)...)
	if err != nil {
		s.out.Log.Error("which delivery is tried cannot be written down", "err", err)
	}
}
