package serve

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// An Event is a line of a log.
type Event struct {
	// Millis is when it happened, in Unix milliseconds.
	Millis int64
	Text   []byte
}

// A Portion is what there is of a request for a log, on its way to the group.
type Portion struct {
	access.Place
	// Source is the ARN of the stage, Group that of the log group.
	Source, Group string
	// Makes says that the group is made if it is not there.
	Makes  bool
	Events []Event
}

// Logs take what is logged of requests to the log groups, while Run runs.
type Logs struct {
	write   func(context.Context, Portion) error
	log     *slog.Logger
	bell    chan struct{}
	dropped atomic.Int64
	warned  time.Time // is Run's alone

	mu      sync.Mutex
	pending []Portion
	bytes   int
	of      map[string]int // of each account
}

const (
	// mostPending bounds the portions that wait, in bytes. An account has half of it at most.
	mostPending = 8 << 20
	extra       = 256 // of a portion
	// patience is how long a portion may take to be written.
	patience = 2 * time.Second
)

// NewLogs returns Logs that write one portion after the other.
func NewLogs(write func(context.Context, Portion) error, log *slog.Logger) *Logs {
	return &Logs{write: write, log: log, bell: make(chan struct{}, 1), of: map[string]int{}}
}

// Dropped is how many events were not written since the start.
func (l *Logs) Dropped() int64 { return l.dropped.Load() }

func (p *Portion) size() int {
	n := extra
	for _, e := range p.Events {
		n += len(e.Text)
	}
	return n
}

// add has a portion written, if there is room.
func (l *Logs) add(p Portion) {
	n := p.size()
	l.mu.Lock()
	full := l.bytes+n > mostPending || l.of[p.Account]+n > mostPending/2
	if !full {
		l.pending = append(l.pending, p)
		l.bytes, l.of[p.Account] = l.bytes+n, l.of[p.Account]+n
	}
	l.mu.Unlock()
	if full {
		l.dropped.Add(int64(len(p.Events)))
		return
	}
	select {
	case l.bell <- struct{}{}:
	default:
	}
}

// Run writes until its context ends, and then those that are left.
func (l *Logs) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			l.flush(last)
			return nil
		case <-l.bell:
			l.flush(context.WithoutCancel(ctx))
		}
	}
}

var errSlow = errors.New("the log group took too long")

// flush writes what waits. A group that takes too long is not waited for again.
func (l *Logs) flush(ctx context.Context) {
	l.mu.Lock()
	pending := l.pending
	l.pending = nil
	l.mu.Unlock()
	slow := map[string]bool{}
	for i := range pending {
		p := &pending[i]
		err := errSlow
		if !slow[p.Group] {
			within, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
			err = l.write(within, *p)
			slow[p.Group] = within.Err() != nil
			cancel()
		}
		l.written(p, err)
	}
}

// written lets a portion go. What could not be written is said once a minute at most,
// however often that is: the flood of a stage's log is none of the server's.
func (l *Logs) written(p *Portion, err error) {
	l.mu.Lock()
	n := p.size()
	if l.bytes, l.of[p.Account] = l.bytes-n, l.of[p.Account]-n; l.of[p.Account] == 0 {
		delete(l.of, p.Account)
	}
	l.mu.Unlock()
	if err == nil {
		return
	}
	l.dropped.Add(int64(len(p.Events)))
	if now := time.Now(); l.warned.IsZero() || now.Sub(l.warned) >= time.Minute {
		l.warned = now
		l.log.Warn("what a stage logs was dropped; there may be more of it, which is counted", "stage", p.Source, "group", p.Group, "err", err)
	}
}

// log has the stage's logs have what there is to say of the request.
func (c *call) log() {
	p := Portion{Place: c.serving.Place, Source: "arn:aws:apigateway:" + c.serving.Region + "::/restapis/" + c.serving.API + "/stages/" + c.serving.Stage.Name}
	for _, l := range c.trace.Lines() {
		p.Events = append(p.Events, Event{l.Time.UnixMilli(), []byte(clean(l.Text))})
	}
	if p.Events != nil {
		p.Makes = true
		p.Group = "arn:aws:logs:" + c.serving.Region + ":" + c.serving.Account + ":log-group:API-Gateway-Execution-Logs_" + c.serving.API + "/" + c.serving.Stage.Name
		c.opt.Logs.add(p)
	}
	st := c.serving.Stage
	if st.LogDestination == "" || st.LogFormat == "" {
		return
	}
	f := c.formatOf(st)
	if f == nil {
		return
	}
	now := time.Now()
	c.x.Context["status"], c.x.Context["responseLength"], c.x.Context["responseLatency"] = c.status, c.sent, now.Sub(c.began).Milliseconds()
	p.Makes, p.Group, p.Events = false, st.LogDestination, []Event{{now.UnixMilli(), f.Append(nil, c.said)}}
	c.opt.Logs.add(p)
}

// maxValue is how long a value in a line may be, so that a format that has one many times
// still makes a line of a log.
const maxValue = 1 << 10

// said is what the log says of a variable.
func (c *call) said(name string) string {
	v := c.x.Lookup(name)
	if len(v) > maxValue {
		v = strings.ToValidUTF8(v[:maxValue], "")
	}
	return v
}
