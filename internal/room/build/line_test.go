package build

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/table"
)

// waiter is a build of an account that waits, of a compute type such as MEDIUM.
func waiter(account, name, compute string) *Build {
	minutes := 10
	b := &Build{
		Project: "p", UUID: name, Status: inProgress, Phases: []Phase{{Type: queued, Begin: time.Now().UnixMilli()}},
		place: access.Place{Account: account, Region: "eu-central-1"},
	}
	b.QueuedTimeoutInMinutes, b.Environment = &minutes, &catalog.Environment{ComputeType: "BUILD_GENERAL1_" + compute}
	return b
}

// turns gives turns while there are any: what runs then, in that order.
func turns(t *testing.T, l *line) (names []string, all []*turn) {
	t.Helper()
	for {
		got, _, _ := l.next(t.Context())
		if got == nil {
			return names, all
		}
		names, all = append(names, strings.TrimPrefix(got.build.Name, "p:")), append(all, got)
	}
}

func TestAccountsTakeTurns(t *testing.T) {
	l := newLine(2, 0)
	for i := range 4 {
		l.join(waiter("111111111111", fmt.Sprint("a", i), "SMALL"))
	}
	first, running := turns(t, l)
	if got := strings.Join(first, " "); got != "a0 a1" {
		t.Errorf("an account alone has %s, want all slots", got)
	}
	// Another one does not wait for hours: but only for one build, and up to as many more.
	for _, account := range []string{"222222222222", "333333333333", "444444444444"} {
		l.join(waiter(account, account[:1]+"x", "SMALL"))
		l.join(waiter(account, account[:1]+"y", "SMALL"))
	}
	more, others := turns(t, l)
	if got := strings.Join(more, " "); got != "2x 3x" {
		t.Errorf("others have %s", got)
	}
	l.part(running[0])
	l.part(running[1])
	if got, _ := turns(t, l); strings.Join(got, " ") != "a2 4x" {
		t.Errorf("whose turn is longest ago comes first, got %v", got)
	}
	l.part(others[0])
	l.part(others[1])
	if got, _ := turns(t, l); strings.Join(got, " ") != "2y 3y" {
		t.Errorf("those come first that have none, got %v", got)
	}
}

func TestBuildsShareMemory(t *testing.T) {
	l := newLine(4, 12<<30)
	if got := l.share(waiter("111111111111", "x", "2XLARGE")); got != 12<<30 {
		t.Errorf("one may use %d, want all that there is", got)
	}
	for _, b := range []*Build{
		waiter("111111111111", "a0", "MEDIUM"), waiter("111111111111", "a1", "SMALL"), waiter("111111111111", "a2", "SMALL"), waiter("222222222222", "b0", "LARGE"), waiter("333333333333", "c0", "SMALL"),
	} {
		l.join(b)
	}
	// b0 may use all: when its turn has come, nobody overtakes it.
	first, running := turns(t, l)
	if got := strings.Join(first, " "); got != "a0" {
		t.Fatalf("running are %s", got)
	}
	l.part(running[0])
	second, running := turns(t, l)
	if got := strings.Join(second, " "); got != "b0" {
		t.Fatalf("running are %s", got)
	}
	l.part(running[0])
	if third, _ := turns(t, l); strings.Join(third, " ") != "c0 a1 a2" {
		t.Fatalf("running are %v", third)
	}
}

func TestOneTokenIsOneBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer func() { h.stop() }()
		h.call("CreateProject", shop+"}")
		var mu sync.Mutex
		ids := map[any]bool{}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				id := at(h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t"}`), "build.id")
				mu.Lock()
				defer mu.Unlock()
				ids[id] = true
			})
		}
		all.Wait()
		if len(ids) != 1 {
			t.Errorf("%d builds: %v", len(ids), ids)
		}
		h.stop()
		h.start() // which remembers
		if id := at(h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t"}`), "build.id"); !ids[id] {
			t.Errorf("after a restart the token is of %v", id)
		}
		time.Sleep(tokenHolds)
		if id := at(h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t"}`), "build.id"); ids[id] || id == nil {
			t.Errorf("after five minutes the token is of %v", id)
		}
		time.Sleep(time.Minute)
	})
}

// A write that takes long, as a disk may, holds up nobody but its caller.
func TestNobodyWaitsForAnothersWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		h.stop()
		inner := mem.New()
		var slow atomic.Bool
		h.opt.Store = slowly{inner, func() {
			if slow.Load() {
				time.Sleep(time.Hour)
			}
		}}
		h.start()
		defer func() { h.stop() }()
		h.call("CreateProject", shop+"}")
		h.work = waitFor
		id := h.begin("")
		time.Sleep(time.Minute)
		slow.Store(true)
		var all sync.WaitGroup
		all.Go(func() { h.call("StartBuild", `{"projectName":"web-shop"}`) })
		synctest.Wait()
		began := time.Now()
		if out := h.call("StopBuild", `{"id":"`+id+`"}`); at(out, "build.buildStatus") != "STOPPED" || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), out)
		}
		slow.Store(false)
		all.Wait()
		time.Sleep(time.Hour)
	})
}

// slowly is a store whose updates take their time before they are kept.
type slowly struct {
	store.Store
	wait func()
}

func (s slowly) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	err := s.Store.Update(ctx, fn, opts...)
	s.wait()
	return err
}

func TestABuildThatWasNotKeptLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		h.stop()
		var broken atomic.Bool
		h.opt.Store = faulty.New(mem.New(), func(op faulty.Op) error {
			if broken.Load() && op.Kind == faulty.Commit {
				return errors.New("broken on purpose")
			}
			return nil
		})
		h.start()
		defer func() { h.stop() }()
		h.call("CreateProject", shop+`,"concurrentBuildLimit":1}`)
		broken.Store(true)
		if out := h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t"}`); out["__type"] == nil {
			t.Errorf("%v", out)
		}
		broken.Store(false)
		id := h.begin(`,"idempotencyToken":"t"`)
		time.Sleep(time.Minute)
		h.s.line.mu.Lock()
		defer h.s.line.mu.Unlock()
		if got := h.status(id); got != "COMPLETED "+runner.Succeeded || h.s.line.all != 0 || len(h.s.line.active) != 0 {
			t.Errorf("%s; %d are counted", got, h.s.line.all)
		}
	})
}

// What is kept has a bound in number and in size.
func TestOldBuildsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.call("CreateProject", shop+"}")
		huge := `,"buildspecOverride":"version: 0.2\n#` + strings.Repeat("x", 200<<10) + `"`
		first := h.begin(huge)
		time.Sleep(time.Minute)
		like := h.s.builds.Find(table.Key{Place: root.Place, Name: first})
		for i := range maxKept/like.Bytes - 1 { // others that say to be as large
			old := *like
			old.UUID, old.Settings, old.Started = fmt.Sprint(i), catalog.Settings{}, like.Started+1
			if err := h.s.write(t.Context(), &old, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		h.begin(huge)
		time.Sleep(time.Minute)
		if got := h.call("BatchGetBuilds", `{"ids":["`+first+`"]}`); at(got, "buildsNotFound.0") != first {
			t.Errorf("the first is kept")
		}
		if n := len(at(h.call("ListBuilds", `{}`), "ids").([]any)); n < 100 {
			t.Errorf("%d are kept", n)
		}
		if out := h.call("StartBuild", `{"projectName":"web-shop","buildspecOverride":"version: 0.2\n#`+strings.Repeat("x", 300<<10)+`"}`); !strings.Contains(fmt.Sprint(out["message"]), "Invalid input: the settings have ") {
			t.Errorf("%.300v", out)
		}
		if out := h.call("UpdateProject", `{"name":"web-shop","tags":[{"key":"k","value":"`+strings.Repeat("x", 256)+`"}]}`); !strings.Contains(fmt.Sprint(out["message"]), "the key of a tag has 1 to 127 characters, and its value at most 255") {
			t.Errorf("%.300v", out)
		}
	})
}

// Whoever is taken at their word can be as many accounts as they like.
func TestAccountsThatAreMadeUpHaveABoundOfBuildsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		h.stop()
		h.opt.Configured = func(string) bool { return false }
		h.start()
		defer h.stop()
		h.call("CreateProject", shop+"}")
		first := h.begin("")
		time.Sleep(time.Minute)
		like := h.s.builds.Find(table.Key{Place: root.Place, Name: first})
		for i := range 4 {
			old := *like
			old.place.Account, old.Settings, old.Bytes = fmt.Sprintf("%012d", i), catalog.Settings{}, maxKept/4-256-(like.Bytes+300)/4
			if err := h.s.write(t.Context(), &old, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		second := h.begin("")
		time.Sleep(time.Minute)
		if got := h.call("BatchGetBuilds", `{"ids":["`+first+`"]}`); at(got, "buildsNotFound.0") != first || h.status(second) != "COMPLETED SUCCEEDED" {
			t.Errorf("the account's own first build did not make room: %v, %s", got, h.status(second))
		}
		out := h.call("StartBuild", `{"projectName":"web-shop","buildspecOverride":"version: 0.2\n#`+strings.Repeat("x", 8<<10)+`"}`)
		if out["__type"] != "AccountLimitExceededException" || !strings.Contains(fmt.Sprint(out["message"]), "-keys") || h.status(second) != "COMPLETED SUCCEEDED" {
			t.Errorf("%v", out)
		}
	})
}
