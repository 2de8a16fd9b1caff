package query

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// Run runs queries until its context ends, and then stops those that run.
func (d *Desk) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { d.work(ctx) })
	}
	all.Wait()
}

func (d *Desk) work(ctx context.Context) {
	for {
		if j, running := d.next(ctx); j != nil {
			d.carryOut(running, j)
			continue
		}
		select {
		case <-d.came:
		case <-ctx.Done():
			return
		}
	}
}

// next takes the query that is to run: the oldest of an account that has none that
// runs in any region, or the oldest.
func (d *Desk) next(ctx context.Context) (*Job, context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 || ctx.Err() != nil {
		return nil, nil
	}
	at := 0
	busy := map[string]bool{}
	for place := range d.running {
		busy[place.Account] = true
	}
	for i, j := range d.waiting {
		if !busy[j.Place.Account] {
			at = i
			break
		}
	}
	j := d.waiting[at]
	d.waiting = append(d.waiting[:at:at], d.waiting[at+1:]...)
	if len(d.waiting) > 0 {
		d.wake()
	}
	d.running[j.Place]++
	j.status = Running
	late, cancel := context.WithTimeoutCause(ctx, within, errLate)
	j.cancel = cancel
	return j, late
}

// carryOut runs a query to its end.
func (d *Desk) carryOut(ctx context.Context, j *Job) {
	held := d.most + d.opt.StreamsCost
	err := d.opt.Memory.Take(ctx, held)
	var rows [][]insights.Field
	if err == nil {
		defer func() { d.opt.Memory.Give(held) }()
		rows, err = d.run(ctx, j)
	}
	late := errors.Is(context.Cause(ctx), errLate)
	stopped := ctx.Err() != nil
	j.cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running[j.Place]--; d.running[j.Place] == 0 {
		delete(d.running, j.Place)
	}
	j.ended = time.Now()
	j.Query = nil // which may be large, and is not needed any more
	switch {
	case j.status == Cancelled:
	case err == nil:
		if !d.keep(j, rows) {
			j.status = Failed
			d.opt.Failed(j, insights.ErrMemory)
			return
		}
		held -= j.size
		j.status = Complete
	case late:
		j.status = Timeout
	case stopped:
		j.status = Cancelled
	default:
		j.status = Failed
		d.opt.Failed(j, err)
	}
}

func (d *Desk) run(ctx context.Context, j *Job) ([][]insights.Field, error) {
	r := j.Query.Start(insights.Limits{Rows: j.Limit, Memory: d.most, Now: j.Created, Over: func() error { return context.Cause(ctx) }})
	for i := range j.Groups {
		if err := d.read(ctx, j, &j.Groups[i], r); err != nil {
			return nil, err
		}
	}
	rows, err := r.End()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return rows, err
}

// read gives a run the events of a group.
func (d *Desk) read(ctx context.Context, j *Job, g *Group, r *insights.Run) error {
	q := &blocks.Query{Log: g.Number, From: max(j.From, g.From), To: min(j.To, math.MaxInt64/2), Holds: j.Query.Holds(), Loose: true}
	if q.From > q.To {
		return nil
	}
	group := g.Place.Account + ":" + g.Name
	var record insights.Record
	var source uint64
	var entry *blocks.Entry
	record.Group = group
	record.Ptr = func() string { return d.opt.Pointer(g, source, entry) }
	stream := d.opt.Streams(g)
	return d.opt.Events.Each(ctx, q, func(from uint64, e *blocks.Entry) error {
		name, ok := stream(from)
		if !ok {
			return nil // its stream was deleted just now
		}
		j.scanned.Add(1)
		j.bytes.Add(int64(len(e.Text)))
		source, entry = from, e
		record.Time, record.Arrived, record.Text, record.Stream = e.Time, e.Arrived, e.Text, name
		err := r.Add(&record)
		j.matched.Store(r.Matched())
		return err
	})
}
