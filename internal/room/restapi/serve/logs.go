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

// A Line is one of an access log, on its way to its group.
type Line struct {
	access.Place
	// Source is the ARN of the stage, Group that of the log group.
	Source, Group string
	// Millis is when the request was answered, in Unix milliseconds.
	Millis int64
	Text   []byte
}

// Logs take lines of access logs to their groups, while Run runs.
type Logs struct {
	write   func(context.Context, Line) error
	log     *slog.Logger
	bell    chan struct{}
	dropped atomic.Int64
	warned  time.Time // is Run's alone

	mu      sync.Mutex
	pending []Line
	bytes   int
	of      map[string]int // of each account
}

const (
	// mostPending bounds the lines that wait, in bytes. An account has half of it at most.
	mostPending = 8 << 20
	lineExtra   = 256
	// patience is how long a line may take to be written.
	patience = 2 * time.Second
)

// NewLogs returns Logs that write one line after the other.
func NewLogs(write func(context.Context, Line) error, log *slog.Logger) *Logs {
	return &Logs{write: write, log: log, bell: make(chan struct{}, 1), of: map[string]int{}}
}

// Dropped is how many lines were not written since the start.
func (l *Logs) Dropped() int64 { return l.dropped.Load() }

func (l *Line) size() int { return len(l.Text) + lineExtra }

// add has a line written, if there is room.
func (l *Logs) add(line Line) {
	n := line.size()
	l.mu.Lock()
	full := l.bytes+n > mostPending || l.of[line.Account]+n > mostPending/2
	if !full {
		l.pending = append(l.pending, line)
		l.bytes, l.of[line.Account] = l.bytes+n, l.of[line.Account]+n
	}
	l.mu.Unlock()
	if full {
		l.dropped.Add(1)
		return
	}
	select {
	case l.bell <- struct{}{}:
	default:
	}
}

// Run writes lines until its context ends, and then those that are left.
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
		line := &pending[i]
		err := error(errSlow)
		if !slow[line.Group] {
			within, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
			err = l.write(within, *line)
			slow[line.Group] = within.Err() != nil
			cancel()
		}
		l.written(line, err)
	}
}

// written lets a line go. What could not be written is said once a minute at most,
// however often that is: the flood of a stage's log is none of the server's.
func (l *Logs) written(line *Line, err error) {
	l.mu.Lock()
	n := line.size()
	if l.bytes, l.of[line.Account] = l.bytes-n, l.of[line.Account]-n; l.of[line.Account] == 0 {
		delete(l.of, line.Account)
	}
	l.mu.Unlock()
	if err == nil {
		return
	}
	l.dropped.Add(1)
	if now := time.Now(); l.warned.IsZero() || now.Sub(l.warned) >= time.Minute {
		l.warned = now
		l.log.Warn("a line of a stage's access log was dropped; there may be more of them, which are counted", "stage", line.Source, "group", line.Group, "err", err)
	}
}

// log has the stage's access log have a line of the request.
func (c *call) log() {
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
	c.opt.Logs.add(Line{
		Place:  c.serving.Place,
		Source: "arn:aws:apigateway:" + c.serving.Region + "::/restapis/" + c.serving.API + "/stages/" + st.Name,
		Group:  st.LogDestination, Millis: now.UnixMilli(), Text: f.Append(nil, c.said),
	})
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
