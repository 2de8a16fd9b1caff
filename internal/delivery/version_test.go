package delivery

import (
	"encoding/binary"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// firstPlan is a plan as the first version wrote it.
const firstPlan = `{"Bus":"` + testBus + `","Rule":"` + testRule + `","RuleName":"builds",` +
	`"Target":{"ID":"t","ARN":"` + testQueue + `","InputPath":"$.detail","DeadLetter":"` + deadQueue + `","HasDeadLetter":true,"Retry":{"MaxAttempts":1}}`

// firstItem is an event as the first version wrote it, for the first pass of lanes.
func firstItem(id string, lanes ...Lane) []byte {
	b := []byte{1, flagForwarded}
	b = binary.AppendVarint(b, time.Now().UnixNano())
	b = appendString(appendString(b, testBus), "Root=1")
	b = appendLanes(b, lanes)
	return append(b, `{"version":"0","id":"`+id+`","detail":{"n":1}}`...)
}

func TestWhatTheFirstVersionLeftIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mem.New()
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			for k, v := range map[string][]byte{
				string(key1(prefixPlan, 5)):     []byte(firstPlan + "}"),
				string(key1(prefixPlan, 6)):     []byte(firstPlan + `,"State":1}`), // retired
				string(key1(prefixEvent, 7)):    firstItem("first", 5),
				string(key1(prefixEvent, 8)):    firstItem("second"),
				string(key1(prefixRefs, 8)):     refs{lanes: []Lane{6}}.encode(),
				string(waitKey{1, 8}.encode(6)): waiting{attempts: 1, code: "X", message: "y"}.encode(),
				string(key1(prefixEvent, 9)):    firstItem("third", 5),
			} {
				if err := tx.Put([]byte(k), v); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex // several are tried at once
		got := map[string]*target.Delivery{}
		b := newBench(t, options{Store: s, Sink: sinkFunc(func(d *target.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			got[d.ID] = d
			if d.ID == "third" {
				return target.Temporary(target.CodeConnection, "down")
			}
			return nil
		})})
		pass(time.Hour)
		for id, attempt := range map[string]int{"first": 1, "second": 2, "third": 2} {
			d := got[id]
			if d == nil || string(d.Input) != `{"n":1}` || !d.Forwarded || d.Trace != "Root=1" || d.Owner != testRule || d.ARN.String() != testQueue || d.Attempt != attempt {
				t.Errorf("%s: %+v", id, d)
			}
		}
		if out := b.log.outcomes(); out[watch.Delivered] != 2 || out[watch.DeadLettered] != 1 {
			t.Errorf("outcomes %v, want two delivered and one dead-lettered", out)
		}
		for _, s := range b.log.settlements() {
			if s.Source != testBus || s.Owner != testRule || s.TargetID != "t" || s.Target != testQueue {
				t.Errorf("the route is %+v", s.Route)
			}
		}
		b.wantRecords(map[string]int{"p": 1}) // the retired one is gone
		b.stop()
	})
}

func TestAPlanOfAnUnknownKindDoesNotOpen(t *testing.T) {
	s := mem.New()
	for plan, want := range map[string]string{
		`{"Version":2,"Kind":"river","Owner":"arn:o","ID":"i"}`: `open the outbox: the plan i of arn:o is of the kind "river", which this dari does not know`,
		`{"Version":3}`: `open the outbox: plan "delivery/p/\x00\x00\x00\x00\x00\x00\x00\x01": plan of version 3: this dari knows version 2`,
	} {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key1(prefixPlan, 1), []byte(plan)) }); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), options{Store: s}.real()); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
