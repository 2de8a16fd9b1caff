package query

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/mem"
)

func desk(t *testing.T) *Desk {
	t.Helper()
	events, err := blocks.Open(blocks.Options{Store: mem.New(), Prefix: "logs/"})
	if err != nil {
		t.Fatal(err)
	}
	d := New(Options{
		Events:  events,
		Failed:  func(j *Job, err error) { t.Log(j.ID, err) },
		Streams: func(*Group) func(uint64) (string, bool) { return func(uint64) (string, bool) { return "s", true } },
		Pointer: func(*Group, uint64, *blocks.Entry) string { return "p" },
	})
	d.most = 10_000
	return d
}

func in(account, region string) access.Place { return access.Place{Account: account, Region: region} }

func (d *Desk) ask(t *testing.T, at access.Place) *Job {
	t.Helper()
	q, err := insights.Compile("limit 1")
	if err != nil {
		t.Fatal(err)
	}
	j, err := d.Start(Spec{Place: at, Query: q, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// finish takes the next query in turn and ends it with rows of some bytes.
func (d *Desk) finish(t *testing.T, size int) *Job {
	t.Helper()
	j, _ := d.next(t.Context())
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, j.Place)
	j.ended, j.status = time.Now(), Complete
	if !d.keep(j, [][]insights.Field{{{Name: "a", Value: strings.Repeat("x", size)}}}) {
		t.Fatalf("a result of %d bytes does not fit", size)
	}
	return j
}

// One account does not fill the line for all, in however many regions it is.
func TestAnAccountHasAPartOfTheLine(t *testing.T) {
	d := desk(t)
	var err error
	n := 0
	for region := 0; err == nil; region++ {
		for i := 0; i < MaxActive && err == nil; i++ {
			if _, err = d.Start(Spec{Place: in("a", fmt.Sprint(region))}); err == nil {
				n++
			}
		}
	}
	if n != maxPatient || fault.KindOf(err) != fault.KindLimit {
		t.Errorf("%d wait: %v", n, err)
	}
	j := d.ask(t, in("b", "r"))
	if first, _ := d.next(t.Context()); first.Place.Account != "a" {
		t.Error("the oldest is not the first")
	}
	if second, _ := d.next(t.Context()); second != j {
		t.Error("an account of which one runs, in another region, goes before one of which none does")
	}
}

// One account does not push out what others have, with many queries or large results.
func TestAnAccountPushesOutItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desk(t)
		at := in("quiet", "r")
		d.ask(t, at)
		quiet := d.finish(t, 100)
		for i := range 3 * maxKept {
			d.ask(t, in("loud", fmt.Sprint(i%20)))
			d.finish(t, 9000)
		}
		if _, err := d.Find(at, quiet.ID); err != nil {
			t.Error(err)
		}
		if len(d.order) > maxOwned+1 || d.stored > 2*d.most {
			t.Errorf("%d queries, %d bytes", len(d.order), d.stored)
		}
		for i := range 20 {
			for range maxOwned {
				d.ask(t, in(fmt.Sprint(i), "r"))
				d.finish(t, 1)
			}
		}
		if _, err := d.Find(at, quiet.ID); err != nil || len(d.order) > maxKept+1 {
			t.Errorf("%v, %d queries", err, len(d.order))
		}
	})
}

// A query that was answered is remembered without what it was compiled to.
func TestWhatIsRememberedIsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desk(t)
		waits := d.ask(t, in("a", "r"))
		waits.Stop()
		j := d.ask(t, in("a", "r"))
		go d.Run(t.Context())
		synctest.Wait()
		if s := j.State(); s.Status != Complete || j.Query != nil || waits.Query != nil {
			t.Errorf("%s, %v, %v", s.Status, j.Query, waits.Query)
		}
	})
}
