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
// watched for a while: the attempts begin one after the other, and each is
// written down before it does.
//
// Whoever kills the process at will finds it with some delivery, too. So what it
// ended with is first kept apart: it is tried again when the server has been up
// for a while, longer with each time. Something that is tried then, and ends the
// process then, three times in a row, is given up.
const (
	trusted   = 2 // starts without an orderly end, before what is there is watched
	forgiven  = 3 // ends of the process with a delivery, before it is given up
	spotlight = 100 * time.Millisecond
	// keptApart is how long after the start a delivery is tried that the process
	// ended with once; it doubles with each time.
	keptApart = 10 * time.Second
	// watchFor is how long is watched from the first such start on; it doubles with
	// each, up to an hour, so that what is poison is found at last, however late it
	// is tried.
	watchFor = 4 * time.Minute
	// mostSpotted bounds how many are remembered; the oldest are forgotten first.
	mostSpotted = 64
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
	// stage holds a token while an attempt that is watched begins.
	stage chan struct{}
	until time.Time // nothing is watched after it; set before Run

	mu     sync.Mutex
	record startRecord
}

// startRecord is what a start leaves for the next one.
type startRecord struct {
	// Starts counts those in a row that have had a backlog and no orderly end.
	Starts int
	// Trying is the delivery whose attempt began last.
	Trying  *spotted `json:",omitempty"`
	Spotted []spotted
}

func newSuspects(o *Outbox) *suspects { return &suspects{out: o, stage: make(chan struct{}, 1)} }

// load reads what the last start has left.
func (s *suspects) load(tx store.Tx) error {
	b, err := tx.Get([]byte(keyStart))
	if err != nil || b == nil {
		return err
	}
	return json.Unmarshal(b, &s.record)
}

// begin counts this start, if there is a backlog.
func (s *suspects) begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Store.Update(ctx, func(tx store.Tx) error {
		backlog := false
		for range tx.Scan([]byte(prefixEvent), key1(prefixEvent, s.out.firstSeq)) {
			backlog = true
			break
		}
		if !backlog {
			return s.forget(tx)
		}
		if t := s.record.Trying; t != nil {
			s.record.Spotted = append(s.record.Spotted, *t)
			if over := len(s.record.Spotted) - mostSpotted; over > 0 {
				s.record.Spotted = s.record.Spotted[over:]
			}
			s.record.Trying = nil
			s.out.Log.Warn("dari ended while it tried a delivery", "seq", t.Seq, "times", t.Ends)
		}
		if s.record.Starts++; s.record.Starts > trusted {
			s.until = time.Now().Add(watchFor << min(s.record.Starts-trusted-1, 4))
			s.out.Log.Warn("dari did not come to an orderly end several times in a row; deliveries are watched one by one for a while",
				"starts", s.record.Starts, "until", s.until)
		}
		return s.put(tx)
	})
}

// end says that this start has come to an orderly end.
func (s *suspects) end(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record.Starts == 0 {
		return nil
	}
	return s.out.Store.Update(ctx, s.forget)
}

func (s *suspects) forget(tx store.Tx) error {
	if s.record.Starts == 0 {
		return nil
	}
	s.record = startRecord{}
	return tx.Delete([]byte(keyStart))
}

func (s *suspects) put(tx store.Tx) error {
	b, err := json.Marshal(&s.record)
	if err != nil {
		return err
	}
	return tx.Put([]byte(keyStart), b)
}

// watch waits for its turn to begin an attempt that is watched, and writes it
// down. The caller calls leave when the attempt has ended; it is nil for those
// that are not watched. A delivery that is kept apart is not to be tried before
// later, and one that is poison never.
func (s *suspects) watch(l *lane, t *task) (leave func(), later time.Time, poison *target.Error) {
	if t.seq >= s.out.firstSeq || !time.Now().Before(s.until) {
		return nil, later, nil
	}
	select {
	case s.stage <- struct{}{}:
	case <-s.out.attempts.Done():
		return func() {}, later, nil // there will be no attempt
	}
	free := sync.OnceFunc(func() { <-s.stage })
	me := s.known(l.id, t.seq)
	switch {
	case me.Ends >= forgiven:
		s.clear(me)
		return free, later, target.Permanent(target.CodeInternal,
			"dari ended %d times while it tried this delivery to %s, and does not try it again", me.Ends, l.plan.Target.ARN)
	case me.Ends > 0:
		if at := s.out.opened.Add(s.out.keptApart << (me.Ends - 1)); time.Now().Before(at) {
			return free, at, nil
		}
	}
	s.clear(me)
	me.Ends++
	s.write(&me)
	left := sync.OnceFunc(func() {
		s.write(nil, store.Unsynced)
		free()
	})
	// A target that is slow to answer is not what ends a process.
	timer := time.AfterFunc(spotlight, left)
	return func() {
		timer.Stop()
		left()
	}, later, nil
}

// known returns what is known of a delivery.
func (s *suspects) known(l Lane, seq uint64) spotted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.record.Spotted, func(x spotted) bool { return x.Lane == l && x.Seq == seq }); i >= 0 {
		return s.record.Spotted[i]
	}
	return spotted{Lane: l, Seq: seq}
}

// clear forgets what is known of a delivery, with the next that is written.
func (s *suspects) clear(me spotted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Spotted = slices.DeleteFunc(s.record.Spotted, func(x spotted) bool { return x == me })
}

// write writes down which delivery is being tried. It does without when the
// store does not take it: that ends Run by itself.
func (s *suspects) write(trying *spotted, opts ...store.Option) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Trying = trying
	err := s.out.Store.Update(context.Background(), s.put, opts...)
	if err != nil {
		s.out.Log.Error("which delivery is tried cannot be written down", "err", err)
	}
}
