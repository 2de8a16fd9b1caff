package trail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A slow store writes when it is told to, with the outcome that it is told.
type slow struct {
	store.Store
	updates int
	write   chan error
}

func (s *slow) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	s.updates++
	if err := <-s.write; err != nil {
		return err
	}
	return s.Store.Update(ctx, fn, opts...)
}

// sends is a record of a message sent by the caller, with more bytes in it.
func sends(by access.Caller, n, more int) *Record {
	return call(by, fmt.Sprint("Send", n), func(r *Record) {
		r.ManagementEvent, r.EventCategory = false, "Data"
		r.Touched = []Touched{{by.Account, "AWS::SQS::Queue", "arn:aws:sqs:eu-central-1:111111111111:q"}}
		r.ResponseElements = fmt.Appendf(nil, "%q", strings.Repeat("x", more))
	})
}

// asking is a room with a trail that asks for messages that are sent, on a store that is
// slow from now on.
func asking(t *testing.T) (*house, *slow) {
	t.Helper()
	st := &slow{Store: mem.New(), write: make(chan error)}
	close(st.write)
	d := doorOf(t, open(t, st, nil))
	d.must("CreateTrail", withGroup)
	d.must("PutEventSelectors", `{"TrailName":"abc","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
		{"Field":"resources.type","Equals":["AWS::SQS::Queue"]}]}]}`)
	d.must("StartLogging", `{"Name":"abc"}`)
	d.groups.lines, d.events, d.owed = nil, nil, 0
	st.updates, st.write = 0, make(chan error)
	return d.house, st
}

// keeping keeps records of messages at once. What becomes of each comes by a channel.
func (h *house) keeping(t *testing.T, from, to, more int) []chan error {
	ended := make([]chan error, to-from)
	for i := range ended {
		ended[i] = make(chan error, 1)
		go func() { ended[i] <- h.Keep(t.Context(), sends(anna, from+i, more)) }()
		synctest.Wait() // so that they come in this order
	}
	return ended
}

func TestRecordsOfDataThatComeTogetherAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, st := asking(t)
		ended := h.keeping(t, 0, 20, 0)
		st.write <- nil
		synctest.Wait()
		if len(ended[0]) != 1 || len(h.groups.lines) != 1 {
			t.Errorf("the first did not go alone: %q", h.groups.lines)
		}
		for i, e := range ended[1:] {
			if len(e) != 0 {
				t.Errorf("%d was told that it is written, before it was", i+1)
			}
		}
		failed := errors.New("it breaks")
		later := h.keeping(t, 20, 22, 0)
		st.write <- failed
		for _, e := range ended[1:] {
			if err := <-e; !errors.Is(err, failed) {
				t.Error(err)
			}
		}
		st.write <- nil
		for _, e := range append(later, ended[0]) {
			if err := <-e; err != nil {
				t.Error(err)
			}
		}
		var names []string
		for _, line := range h.groups.lines {
			names = append(names, line[strings.LastIndexByte(line, ' ')+1:])
		}
		if st.updates != 3 || !slices.Equal(names, []string{"Send0", "Send20", "Send21"}) || h.owed != 3 {
			t.Errorf("%d transactions; the log group has %v, the bus %d events", st.updates, names, h.owed)
		}
	})
}

func TestWhatIsGatheredIsWrittenInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, st := asking(t)
		ended := h.keeping(t, 0, 9, 30<<10)
		close(st.write)
		for _, e := range ended {
			if err := <-e; err != nil {
				t.Error(err)
			}
		}
		if st.updates != 4 || len(h.groups.lines) != 9 { // one, and three times three
			t.Errorf("%d records in %d transactions", len(h.groups.lines), st.updates)
		}
	})
}

func TestARecordOfDataWaitsNoLongerThanAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, st := asking(t)
		begun := time.Now()
		ended := h.keeping(t, 0, 3, 0)
		for _, e := range ended[1:] {
			if err := <-e; !errors.Is(err, errNoTime) || time.Since(begun) != keepWithin {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		}
		close(st.write)
		<-ended[0]
		if err := h.Keep(t.Context(), sends(anna, 3, 0)); err != nil {
			t.Error(err)
		}
		if n := len(h.gathering.waiting); n != 0 || st.updates != 2 {
			t.Errorf("%d wait still, %d transactions", n, st.updates)
		}
	})
}

func TestAPanicInOnesTurnHoldsNobodyUp(t *testing.T) {
	h, st := asking(t)
	close(st.write)
	emit := h.opt.Emit
	h.opt.Emit = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing happened")
			}
		}()
		_ = h.Keep(t.Context(), sends(anna, 0, 0))
	}()
	if h.opt.Emit = emit; h.groups.lines != nil {
		t.Errorf("%q is said to be written", h.groups.lines)
	}
	if err := h.Keep(t.Context(), sends(anna, 1, 0)); err != nil {
		t.Error(err)
	}
}
