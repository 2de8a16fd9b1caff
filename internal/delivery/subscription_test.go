package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/target"
)

const (
	testTopic        = "arn:aws:sns:eu-central-1:210987654321:news"
	testSubscription = testTopic + ":5be8"
)

// An outbox as a room asks for it, in words of its own: the room knows nothing
// of this package.
type debts interface {
	Subscribe(tx store.Tx, subscription, endpoint string) (lane uint64, err error)
	Owe(tx store.Tx, lane uint64, id, text string) (start func(), err error)
}

// A topic is such a room: it publishes what it keeps.
type topic struct {
	store store.Store
	debts debts
	lane  uint64
}

func (r *topic) publish(t *testing.T, id, text string) {
	t.Helper()
	var start func()
	err := r.store.Update(t.Context(), func(tx store.Tx) (err error) {
		if err := tx.Put([]byte("topic/"+id), []byte(text)); err != nil {
			return err
		}
		start, err = r.debts.Owe(tx, r.lane, id, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	start()
}

// joined is what the roof puts between the two.
type joined struct{ *Outbox }

func (j joined) Subscribe(tx store.Tx, subscription, endpoint string) (uint64, error) {
	l, err := j.AddPlan(tx, Plan{Kind: "subscription", Owner: subscription, ID: "s", Source: testTopic, Target: endpoint, Spec: []byte(`"raw"`)})
	return uint64(l), err
}

func (j joined) Owe(tx store.Tx, lane uint64, id, text string) (func(), error) {
	return j.Outbox.Owe(tx, []Item{{ID: id, Body: []byte(text), Source: testTopic, Ingested: time.Now(), Lanes: []Lane{Lane(lane)}}})
}

// An endpoint takes what subscriptions send, and what they dead-letter.
type endpoint struct {
	mu    sync.Mutex
	down  bool
	tried map[string]int
	got   []string
	dead  []string
	// news gets a token after each attempt and each dead letter.
	news chan struct{}
}

func (e *endpoint) owner(p *Plan) (Course, error) {
	return Course{
		Payload: e, Sink: e, DeadLetters: e,
		Retry: Retry{Phases: []Phase{{Retries: 1}, {Retries: 2, First: time.Millisecond, Last: time.Millisecond}}},
	}, nil
}

func (e *endpoint) Effort(int) int                   { return 0 }
func (e *endpoint) Cost(body int) (needs, keeps int) { return body, body }
func (e *endpoint) Render(d *target.Delivery) ([]byte, error) {
	return fmt.Appendf(nil, "Notification %s: %s", d.ID, d.Body), nil
}

func (e *endpoint) Send(_ context.Context, d *target.Delivery) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.news <- struct{}{} }()
	if e.tried[d.ID]++; e.down {
		return target.Temporary("Down", "the endpoint is down")
	}
	e.got = append(e.got, string(d.Input))
	return nil
}

func (e *endpoint) SendDeadLetter(_ context.Context, d *target.Delivery, f *target.Failure) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.news <- struct{}{} }()
	e.dead = append(e.dead, fmt.Sprintf("%s of %s: %s after %d attempts, %s", d.Body, d.Owner, f.Code, f.Attempts, f.Exhausted))
	return nil
}

// runOn opens an outbox on a store and lets it deliver until stop.
func runOn(t *testing.T, s store.Store, e *endpoint) (out *Outbox, stop func()) {
	t.Helper()
	out, err := Open(t.Context(), options{Store: s, otherOwners: map[string]Owner{"subscription": e.owner}}.real())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx) }()
	return out, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func openDisk(t *testing.T, fs vfs.FS) *disk.Store {
	t.Helper()
	s, err := disk.Open(disk.Options{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// What a topic owes its subscription is delivered as rules' is: it has a table, a
// payload and a dead-letter writer of its own, and outlives a power cut.
func TestARoomThatIsNoRuleOwesDeliveries(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openDisk(t, fs)
	e := &endpoint{down: true, tried: map[string]int{}, news: make(chan struct{}, 100)}
	out, stop := runOn(t, s, e)
	r := &topic{store: s, debts: joined{out}}
	if err := s.Update(t.Context(), func(tx store.Tx) (err error) {
		r.lane, err = r.debts.Subscribe(tx, testSubscription, "https://example.com/")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r.publish(t, "m1", "not JSON, <&>")
	for range 5 { // four attempts by its table, and the dead letter
		<-e.news
	}
	want := []string{"not JSON, <&> of " + testSubscription + ": Down after 4 attempts, MaximumRetryAttempts"}
	if e.tried["m1"] != 4 || !slices.Equal(e.dead, want) {
		t.Fatalf("%d attempts, dead letters %q", e.tried["m1"], e.dead)
	}
	stop()

	halted, err := Open(t.Context(), options{Store: s, otherOwners: map[string]Owner{"subscription": e.owner}}.real())
	if err != nil {
		t.Fatal(err)
	}
	r.debts = joined{halted} // which accepts and never delivers
	r.publish(t, "m2", "after the cut")
	clone := openDisk(t, fs.CrashClone(vfs.CrashCloneCfg{}))
	e.down = false
	_, stop = runOn(t, clone, e)
	<-e.news
	stop()
	if !slices.Equal(e.got, []string{"Notification m2: after the cut"}) || e.tried["m1"] != 4 {
		t.Errorf("%q came after the cut, m1 was tried %d times", e.got, e.tried["m1"])
	}
	left := map[string]int{}
	if err := clone.View(t.Context(), func(tx store.Tx) error {
		for k := range tx.Scan(nil, nil) {
			left[string(k[:min(len(k), 11)])]++
		}
		return nil
	}); err != nil || len(left) != 3 || left["topic/m1"] != 1 || left["topic/m2"] != 1 || left[prefixPlan] != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestADeadBodyThatIsNoJSONIsShownAsText(t *testing.T) {
	s := openDisk(t, vfs.NewCrashableMem())
	e := &endpoint{down: true, tried: map[string]int{}, news: make(chan struct{}, 100)}
	owner := func(*Plan) (Course, error) { return Course{Sink: e, Retry: Retry{Phases: []Phase{}}}, nil }
	out, err := Open(t.Context(), options{Store: s, otherOwners: map[string]Owner{"subscription": owner}}.real())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx) }()
	r := &topic{store: s, debts: joined{out}}
	if err := s.Update(t.Context(), func(tx store.Tx) (err error) {
		r.lane, err = r.debts.Subscribe(tx, testSubscription, "https://example.com/")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r.publish(t, "m1", `say "hi"`)
	<-e.news
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	kept := deadOf(t, out, "")
	if len(kept) != 1 || string(kept[0].Event) != `"say \"hi\""` || kept[0].Owner != testSubscription || kept[0].Source != testTopic || kept[0].Attempts != 1 {
		t.Errorf("kept %+v", kept)
	}
}
