package mapping

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/store/table"
)

// grace is how long functions may go on with their batches when the server stops.
const grace = 5 * time.Second

// Run receives for all mappings that are enabled, until ctx ends.
func (m *Mappings) Run(ctx context.Context) error {
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var all sync.WaitGroup
	running := map[table.Key]*poller{}
	for ctx.Err() == nil {
		wanted := map[table.Key]*Mapping{}
		for k, row := range m.rows.Keyed() {
			if row.Enabled {
				wanted[k] = row
			}
		}
		for k, p := range running {
			if wanted[k] != p.row {
				p.stop()
				delete(running, k)
				m.problem(p.row.UUID, "")
			}
		}
		for k, row := range wanted {
			if running[k] == nil {
				running[k] = m.start(ctx, work, &all, k, row)
			}
		}
		select {
		case <-m.news:
		case <-ctx.Done():
		}
	}
	for _, p := range running {
		p.stop()
	}
	time.AfterFunc(grace, end)
	all.Wait()
	return nil
}

// usual is how many batches of a mapping there are at a time that does not say.
const usual = 10

// A poller receives for one mapping.
type poller struct {
	*Mappings
	row  *Mapping
	of   catalog.Address
	stop context.CancelFunc
	// slots has a token for each batch. work is the context of what is done with them.
	slots chan struct{}
	work  context.Context
	all   *sync.WaitGroup
	// most is how many messages are received at a time: fewer when they are so large that
	// some had to be put back.
	most int
}

func (m *Mappings) start(ctx, work context.Context, all *sync.WaitGroup, k table.Key, row *Mapping) *poller {
	most := usual
	if row.Concurrency > 0 {
		most = row.Concurrency
	}
	p := &poller{Mappings: m, row: row, of: row.of(k.Place), slots: make(chan struct{}, most), work: work, all: all, most: 10}
	ctx, p.stop = context.WithCancel(ctx)
	all.Go(func() { p.run(ctx) })
	return p
}

// The pauses after something went wrong: the queue or the function is gone, say.
const (
	leastPause = time.Second
	mostPause  = time.Minute
)

// run receives batch after batch.
func (p *poller) run(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		b, err := p.gather(ctx)
		if b != nil {
			p.all.Go(func() {
				defer func() { <-p.slots }()
				p.carryOut(b)
			})
		} else {
			<-p.slots
		}
		if pause = p.judge(ctx, err, pause); pause > 0 {
			sleep(ctx, pause)
		}
	}
}

// judge takes note of how it went, and says how long to wait.
func (p *poller) judge(ctx context.Context, err error, last time.Duration) time.Duration {
	if err == nil || ctx.Err() != nil {
		return 0
	}
	text := "PROBLEM: " + refused(err).Error()
	if fault.KindOf(err) == fault.KindInternal {
		text = "PROBLEM: internal Lambda error. Please contact Lambda customer support."
	}
	if p.problem(p.row.UUID, text) {
		p.opt.Log.Warn("an event source mapping receives nothing", "function", p.of.ARN(), "queue", p.row.Queue, "err", err)
	}
	return min(max(2*last, leastPause), mostPause)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A batch is what a function is run with at a time.
type batch struct {
	found    catalog.Found
	messages []Message
	records  [][]byte
	bytes    int
	// taken is what of the memory is its own.
	taken []int64
	// visibility is for how long the queue hides its messages, which were hidden at that
	// time, or later.
	visibility time.Duration
	hidden     time.Time
}

// until is when there is no use in trying again: the messages come back.
func (b *batch) until() time.Time { return b.hidden.Add(b.visibility / 2) }

// mostHidden is how long a queue hides a message at most, however often it is asked to.
const mostHidden = 12 * time.Hour

// maxPayload bounds what the records of a batch have in all, in bytes: AWS's 6 MB. A
// single message always fits.
const maxPayload = 6<<20 - 1024

// scant is the memory that is set aside before a message is received: it suffices for
// the largest one, in the queue's words and in the function's.
const scant = 9 << 20 / 4

// gather returns the next batch, nil when there is none: messages that are wanted, as
// many as fit and come within the window.
func (p *poller) gather(ctx context.Context) (*batch, error) {
	f, err := p.opt.Functions.Find(p.of)
	if err != nil {
		return nil, fault.Invalid("Function does not exist")
	}
	visibility, err := p.opt.Queues.Look(f.At, f.Role, p.row.queue)
	if err != nil {
		return nil, err
	}
	p.problem(p.row.UUID, "")
	if err := p.opt.Queues.Await(ctx, f.At, f.Role, p.row.queue); err != nil {
		return nil, err
	}
	if err := p.memory.Take(ctx, p.of.Account, scant); err != nil {
		return nil, err
	}
	b := &batch{found: f, visibility: visibility, hidden: time.Now()}
	if err := p.receive(ctx, b); err != nil || len(b.messages) == 0 {
		return nil, err
	}
	window, cancel := context.WithTimeout(ctx, time.Duration(p.row.Window)*time.Second)
	defer cancel()
	for p.more(window, b) {
	}
	if time.Since(b.hidden) >= time.Second { // the function has as long as without a window
		p.hide(b)
	}
	return b, nil
}

// more waits within the window of a batch for messages, and adds them. It says whether
// there may be more: if not, the batch goes with what there is, and what is wrong shows
// with the next one.
func (p *poller) more(window context.Context, b *batch) bool {
	if window.Err() != nil || len(b.messages) >= p.row.BatchSize || b.bytes >= maxPayload {
		return false
	}
	// A batch that waited for longer would hold messages that others see already.
	wait, cancel := context.WithDeadline(window, b.until())
	defer cancel()
	err := p.opt.Queues.Await(wait, b.found.At, b.found.Role, p.row.queue)
	switch {
	case wait.Err() != nil:
		return window.Err() == nil && p.hide(b)
	case err != nil || !p.memory.Try(p.of.Account, scant):
		return false
	}
	n := len(b.messages)
	err = p.receive(window, b)
	return err == nil && (len(b.messages) > n || b.bytes < maxPayload)
}

// hide hides the messages of a batch anew, for as long as their queue does if that is not
// next to nothing, and says whether it did.
func (p *poller) hide(b *batch) bool {
	if b.visibility/2 < leastPause { // it would be all that there is time for
		return false
	}
	receipts := make([]string, len(b.messages))
	for i := range b.messages {
		receipts[i] = b.messages[i].Receipt
	}
	now := time.Now()
	long := min(b.visibility, mostHidden-time.Duration(p.row.Window+1)*time.Second)
	if err := p.opt.Queues.Hide(p.work, b.found.At, b.found.Role, p.row.queue, receipts, long); err != nil {
		p.opt.Log.Warn("messages of a batch could not be hidden for longer, and may come back while a function works on them", "function", p.of.ARN(), "queue", p.row.Queue, "err", err)
		return false
	}
	b.hidden = now
	return true
}

// receive adds to a batch what there is now, in the memory that was set aside for that
// and in what is free beside it.
func (p *poller) receive(ctx context.Context, b *batch) error {
	p.receiving <- struct{}{}
	defer func() { <-p.receiving }()
	all, err := p.opt.Queues.Receive(ctx, b.found.At, b.found.Role, p.row.queue, min(p.most, p.row.BatchSize-len(b.messages)))
	if err != nil {
		p.memory.Give(p.of.Account, scant)
		return err
	}
	var unwanted, later []string
	aside := int64(scant)
	for i := range all {
		msg := &all[i]
		if !p.row.wants(msg) {
			unwanted = append(unwanted, msg.Receipt)
		} else if later != nil || !p.add(b, msg, &aside) {
			later = append(later, msg.Receipt)
		}
	}
	if len(later) > 0 {
		p.most = max(1, len(all)-len(later))
		b.bytes = maxPayload // it is full, or would be asked for these over and over
	} else if aside >= scant/2 {
		p.most = min(10, 2*p.most)
	}
	p.settle(b, scant-aside)
	// These are no errors of the batch: what is not deleted or returned comes back.
	if len(unwanted) > 0 {
		err = p.opt.Queues.Delete(p.work, b.found.At, b.found.Role, p.row.queue, unwanted)
	}
	if len(later) > 0 {
		err = errors.Join(err, p.opt.Queues.Return(p.work, b.found.At, b.found.Role, p.row.queue, later))
	}
	if err != nil && len(b.messages) > 0 {
		p.opt.Log.Warn("messages that are not for a function could not be taken from its batch", "function", p.of.ARN(), "queue", p.row.Queue, "err", err)
		return nil
	}
	return err
}

// add adds a message to a batch, if that has room for it, and what is left of the memory
// that was set aside, or else the rest. The first one is added in any case.
func (p *poller) add(b *batch, msg *Message, aside *int64) bool {
	record := p.row.record(msg, msg.Body)
	if len(b.messages) > 0 && b.bytes+len(record) > maxPayload {
		b.bytes = maxPayload // it is full
		return false
	}
	// The message itself, its record, and that in the payload.
	switch size := int64(len(msg.Body) + 2*len(record) + 1024); {
	case size <= *aside:
		*aside -= size
	case p.memory.Try(p.of.Account, size):
		b.taken = append(b.taken, size)
	case len(b.messages) == 0:
		*aside = 0
	default:
		return false
	}
	b.messages, b.records, b.bytes = append(b.messages, *msg), append(b.records, record), b.bytes+len(record)+1
	return true
}

// settle leaves to a batch what it needs of the memory that was set aside for it. Where
// others wait for memory it keeps all: to give it back first might leave it with none.
func (p *poller) settle(b *batch, needs int64) {
	switch {
	case needs > 0 && p.memory.Try(p.of.Account, needs):
		b.taken = append(b.taken, needs)
	case needs > 0:
		b.taken = append(b.taken, scant)
		return
	}
	p.memory.Give(p.of.Account, scant)
}
