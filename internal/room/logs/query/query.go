// Package query runs queries of Logs Insights over log groups, and keeps what came of
// them for a while.
//
// A [Desk] takes queries in and runs a few at a time, those first whose account has
// none that runs. Each has an amount of memory and a time; its results are kept for
// an hour, or until later ones need their room, which those make first whose account
// has most. All of it is in memory: queries do not outlive the process. A [Service] is
// the desk as callers may use it, with the queries that they have written down, and
// these are in the store.
package query

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// The bounds of queries.
const (
	// MaxActive is how many queries of an account may wait or run in a region.
	MaxActive = 30
	// maxWaiting is how many may wait in all, and maxKept how many are remembered. An
	// account may have a part of them, in all regions.
	maxWaiting = 300
	maxKept    = 1000
	maxOwned   = 150
	maxPatient = 100 // of an account that wait
	// workers is how many run at a time, and within how long each may.
	workers = 2
	within  = time.Minute
	// keptFor is how long results are.
	keptFor = time.Hour
	// most is what one run keeps at most, in bytes, where memory has no bound.
	most = 32 << 20
)

// A Status is what became of a query, in AWS's words.
type Status string

// The statuses.
const (
	Scheduled Status = "Scheduled"
	Running   Status = "Running"
	Complete  Status = "Complete"
	Failed    Status = "Failed"
	Cancelled Status = "Cancelled"
	Timeout   Status = "Timeout"
)

// A Group is a log group that a query is about.
type Group struct {
	// Place and Name are the group's; Number and From, the time before which all has
	// expired, say where its events are.
	Place  access.Place
	Name   string
	Number uint64
	From   int64
}

// A Spec is what a query is about.
type Spec struct {
	Place access.Place
	// By is the ARN of who asks.
	By     string
	Text   string
	Query  *insights.Query
	Groups []Group
	// From and To are Unix milliseconds, both inclusive.
	From, To int64
	Limit    int
}

// A Job is a query that was taken in.
type Job struct {
	Spec
	ID      string
	Created time.Time
	// What was looked at so far.
	scanned, bytes, matched atomic.Int64

	desk   *Desk
	cancel context.CancelFunc // of one that runs
	// Guarded by Desk.mu.
	status Status
	ended  time.Time
	rows   [][]insights.Field
	size   int64
}

// A State is how a query stands.
type State struct {
	Status                  Status
	Rows                    [][]insights.Field
	Scanned, Bytes, Matched int64
	Took                    time.Duration
}

// Options configure a Desk.
type Options struct {
	Events *blocks.Log
	// Streams returns what finds the names of a group's streams by their numbers; ok is
	// false for one that is not there any more. Beside the names themselves it holds
	// StreamsCost bytes at most.
	Streams     func(g *Group) func(number uint64) (name string, ok bool)
	StreamsCost int64
	// Memory bounds what runs keep and what is kept of them. Nil is without a bound.
	Memory *budget.Share
	// Pointer makes the value of @ptr.
	Pointer func(g *Group, source uint64, e *blocks.Entry) string
	// Failed hears why a query failed.
	Failed func(j *Job, err error)
}

// A Desk is where queries are taken in.
type Desk struct {
	opt  Options
	most int64 // what one run may keep

	mu      sync.Mutex
	jobs    map[string]*Job
	order   []*Job // the oldest first
	waiting []*Job
	running map[access.Place]int // how many, of each place that has some
	stored  int64                // the bytes of all results
	came    chan struct{}
}

// New returns a desk. Nothing runs before [Desk.Run] does.
func New(opt Options) *Desk {
	d := &Desk{opt: opt, most: most, jobs: map[string]*Job{}, running: map[access.Place]int{}, came: make(chan struct{}, workers)}
	if opt.Memory != nil {
		// Runs hold a quarter of the share in all, and results another one, so that
		// reading always has enough.
		d.most = min(most, max(opt.Memory.Size()/(4*workers), 64<<10))
	}
	return d
}

// Start takes a query in.
func (d *Desk) Start(s Spec) (*Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget()
	active := d.running[s.Place]
	patient := 0
	for _, j := range d.waiting {
		if j.Place == s.Place {
			active++
		}
		if j.Place.Account == s.Place.Account {
			patient++
		}
	}
	if active >= MaxActive {
		return nil, fault.Limit("LimitExceededException: %d queries of the account wait or run in this region, which is as many as may. Wait for one of them, or stop it.", active)
	}
	if patient >= maxPatient {
		return nil, fault.Limit("LimitExceededException: %d queries of the account wait in all regions, which is as many as may. Wait for one of them, or stop it.", patient)
	}
	if len(d.waiting) >= maxWaiting {
		return nil, fault.Unavailable("Too many queries wait. Try again later.")
	}
	j := &Job{Spec: s, ID: uuid.NewString(), Created: time.Now(), desk: d, status: Scheduled}
	d.jobs[j.ID] = j
	d.order = append(d.order, j)
	d.waiting = append(d.waiting, j)
	d.wake()
	return j, nil
}

func (d *Desk) wake() {
	select {
	case d.came <- struct{}{}:
	default:
	}
}

// Find returns a query of a place.
func (d *Desk) Find(at access.Place, id string) (*Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget()
	if j := d.jobs[id]; j != nil && j.Place == at {
		return j, nil
	}
	return nil, fault.NotFound("The specified query does not exist: %s. Queries are kept for an hour.", id)
}

// List returns the queries of a place, the latest first.
func (d *Desk) List(at access.Place) (all []*Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget()
	for _, j := range slices.Backward(d.order) {
		if j.Place == at {
			all = append(all, j)
		}
	}
	return all
}

// State returns how a query stands.
func (j *Job) State() State {
	j.desk.mu.Lock()
	defer j.desk.mu.Unlock()
	s := State{Status: j.status, Rows: j.rows, Scanned: j.scanned.Load(), Bytes: j.bytes.Load(), Matched: j.matched.Load()}
	if !j.ended.IsZero() {
		s.Took = j.ended.Sub(j.Created)
	} else {
		s.Took = time.Since(j.Created)
	}
	return s
}

// Stop ends a query that waits or runs, and says whether it did.
func (j *Job) Stop() bool {
	d := j.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	switch j.status {
	case Scheduled:
		d.waiting = slices.DeleteFunc(d.waiting, func(o *Job) bool { return o == j })
		j.status, j.ended, j.Query = Cancelled, time.Now(), nil
	case Running:
		j.status = Cancelled // and it ends as soon as it looks
		j.cancel()
	default:
		return false
	}
	return true
}

// forget drops what was kept for long enough, and what is too much of an account or in
// all. The caller holds mu.
func (d *Desk) forget() {
	old := time.Now().Add(-keptFor)
	owned := map[string]int{}
	for i := len(d.order) - 1; i >= 0; i-- {
		j := d.order[i]
		if owned[j.Place.Account]++; !j.ended.IsZero() && (j.ended.Before(old) || owned[j.Place.Account] > maxOwned) {
			d.drop(i)
			owned[j.Place.Account]--
		}
	}
	for len(d.order) > maxKept && d.makeRoom(func(*Job) int64 { return 1 }) {
	}
}

// makeRoom drops the oldest query that has ended of the account that holds most, by a
// measure, and says whether there was one. The caller holds mu.
func (d *Desk) makeRoom(of func(*Job) int64) bool {
	held := map[string]int64{}
	for _, j := range d.order {
		if !j.ended.IsZero() {
			held[j.Place.Account] += of(j)
		}
	}
	victim := -1
	for i, j := range d.order {
		if !j.ended.IsZero() && of(j) > 0 && (victim < 0 || held[j.Place.Account] > held[d.order[victim].Place.Account]) {
			victim = i
		}
	}
	if victim >= 0 {
		d.drop(victim)
	}
	return victim >= 0
}

// drop forgets the query at a place of the order. The caller holds mu.
func (d *Desk) drop(i int) {
	j := d.order[i]
	d.order = slices.Delete(d.order, i, i+1)
	delete(d.jobs, j.ID)
	d.stored -= j.size
	d.opt.Memory.Give(j.size)
}

// keep keeps the result of a query that has ended, in the place of older ones if need
// be, and says whether it fits. What it takes is of the memory that the run has had. The
// caller holds mu.
func (d *Desk) keep(j *Job, rows [][]insights.Field) bool {
	size := int64(0)
	for _, row := range rows {
		size += 64
		for _, f := range row {
			size += int64(len(f.Value)) + 48
		}
	}
	if size > d.most {
		return false
	}
	// There is room for two: the largest that there can be pushes not all others out.
	for d.stored+size > 2*d.most && d.makeRoom(func(j *Job) int64 { return j.size }) {
	}
	d.stored += size
	j.rows, j.size = rows, size
	return true
}

var errLate = errors.New("the query takes longer than a minute")
