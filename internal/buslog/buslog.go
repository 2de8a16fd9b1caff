package buslog

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Level says how much a bus logs.
type Level uint8

// The levels; each has what those before it have.
const (
	Off   Level = iota
	Error       // what failed for good
	Info        // what came in, which rules matched, what arrived
	Trace       // every attempt
)

// LevelOf reads a level as it is in a LogConfig. What is none is Off.
func LevelOf(text string) Level {
	for l := Error; l <= Trace; l++ {
		if l.String() == text {
			return l
		}
	}
	return Off
}

func (l Level) String() string { return [...]string{"OFF", "ERROR", "INFO", "TRACE"}[l] }

// A Line is a record, ready to be written.
type Line struct {
	// Millis is when it happened, in Unix milliseconds.
	Millis int64
	Text   []byte
}

// Options configure a Log.
type Options struct {
	// Wants says what the bus of an ARN logs, and whether with all the detail. It is
	// asked for each step of each event.
	Wants func(bus string) (level Level, detail bool)
	// Write appends lines to the log of a bus: at most 10,000, in the order of their
	// times, and at most 1 MiB, with 26 bytes counted beside each.
	Write func(ctx context.Context, bus string, lines []Line) error
	Log   *slog.Logger
}

// A Log takes down what buses have to say.
type Log struct {
	opt     Options
	bell    chan struct{} // rung when there is something to write
	full    chan struct{} // and when it should be soon
	dropped atomic.Int64
	warned  time.Time // is Run's alone

	mu      sync.Mutex
	pending []entry
	bytes   int
	// of is what is pending of each account, in bytes.
	of map[string]int
	// unsaid counts what was dropped, by the ARN of the bus, until a record says so.
	unsaid map[string]int
}

// mostPending bounds what waits to be written, in bytes. An account has half of it at
// most, so that its flood leaves others some.
const mostPending = 8 << 20

// linger is how long records gather before they are written, and patience how long a
// portion waits to be.
const (
	linger   = 100 * time.Millisecond
	patience = 2 * time.Second
)

// New returns a Log. What its hooks are told is written while Run runs.
func New(opt Options) *Log {
	return &Log{opt: opt, bell: make(chan struct{}, 1), full: make(chan struct{}, 1), of: map[string]int{}, unsaid: map[string]int{}}
}

// Dropped is how many records were dropped since the start.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

// An entry is a record that waits.
type entry struct {
	bus    string
	record record
	size   int
}

// add has a record written, if there is room.
func (l *Log) add(bus string, r record) {
	e := entry{bus, r, r.size()}
	if soon := l.hasAdded(&e); soon {
		ring(l.full)
	}
	ring(l.bell)
}

// hasAdded adds an entry, or drops it, and says whether there is much to write.
func (l *Log) hasAdded(e *entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	account := accountOf(e.bus)
	if l.bytes+e.size > mostPending || l.of[account]+e.size > mostPending/2 {
		l.drop(e.bus, 1)
		return true
	}
	e.record.Millis = time.Now().UnixMilli() // with the lock held, so that they are in order
	l.pending = append(l.pending, *e)
	l.bytes, l.of[account] = l.bytes+e.size, l.of[account]+e.size
	return l.of[account] > mostPending/4
}

// drop counts records that are not written. The lock is held.
func (l *Log) drop(bus string, records int) {
	l.unsaid[bus] += records
	l.dropped.Add(int64(records))
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// accountOf is the account in an ARN.
func accountOf(bus string) string {
	if parts := strings.SplitN(bus, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// Run writes records until its context ends, and then those that are left.
func (l *Log) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), 5*time.Second, context.DeadlineExceeded)
			defer cancel()
			l.flush(last)
			return nil
		case <-l.bell:
		}
		select {
		case <-ctx.Done():
		case <-time.After(linger):
			l.flush(ctx)
		case <-l.full:
			l.flush(ctx)
		}
	}
}

// flush writes what waits. It is still counted until it is written, so that the
// bound holds for both.
func (l *Log) flush(ctx context.Context) {
	l.mu.Lock()
	pending, unsaid := l.pending, l.unsaid
	l.pending, l.unsaid = nil, map[string]int{}
	l.mu.Unlock()
	of := map[string][]entry{}
	for i := range pending {
		of[pending[i].bus] = append(of[pending[i].bus], pending[i])
	}
	for bus, n := range unsaid {
		if level, _ := l.opt.Wants(bus); level == Off {
			continue // it may be gone, and would be told for ever
		}
		of[bus] = append(of[bus], entry{bus: bus, record: *lost(bus, n)})
		l.warn(bus, n, errDropped)
	}
	for bus, all := range of {
		for len(all) > 0 {
			n, err := l.writeSome(ctx, bus, all)
			if err != nil {
				l.warn(bus, len(all), err)
				n = len(all)
			}
			l.written(bus, all[:n], err == nil)
			all = all[n:]
		}
	}
}

// The reasons that are ours.
var (
	errDropped = errors.New("they came faster than they are written, or could not be")
	errBusy    = errors.New("the log group took too long")
)

// warn says that records are dropped, once a minute however often that is: a flood of a
// bus's log is none of the server's.
func (l *Log) warn(bus string, records int, why error) {
	if now := time.Now(); l.warned.IsZero() || now.Sub(l.warned) >= time.Minute {
		l.warned = now
		l.opt.Log.Warn("records of a bus's log were dropped; there may be more of them, which are counted", "bus", bus, "records", records, "err", why)
	}
}

// written lets entries of a bus go, which were written or not.
func (l *Log) written(bus string, all []entry, kept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account := accountOf(bus)
	for i := range all {
		e := &all[i]
		l.bytes, l.of[account] = l.bytes-e.size, l.of[account]-e.size
		switch {
		case kept:
		case e.record.Details.Lost > 0: // which were counted as dropped, and nobody has heard of it
			l.unsaid[bus] += e.record.Details.Lost
		default:
			l.drop(bus, 1)
		}
	}
	if l.of[account] == 0 {
		delete(l.of, account)
	}
}

// The most that is written at a time, as [Options] has it.
const (
	mostLines = 10_000
	mostBytes = 1 << 20
	lineExtra = 26
)

// writeSome writes the first of some entries of a bus, and says how many. Their texts are
// made as late as here, since they take as much again.
func (l *Log) writeSome(ctx context.Context, bus string, all []entry) (int, error) {
	var lines []Line
	for size := 0; len(lines) < min(len(all), mostLines); {
		line := all[len(lines)].record.line()
		if size += len(line.Text) + lineExtra; len(lines) > 0 && size > mostBytes {
			break
		}
		lines = append(lines, line)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	return len(lines), l.opt.Write(ctx, bus, lines)
}
