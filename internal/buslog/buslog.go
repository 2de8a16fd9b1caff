package buslog

import (
	"context"
	"log/slog"
	"sync"
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
	opt  Options
	bell chan struct{}

	mu      sync.Mutex
	pending []entry
	bytes   int
	// dropped counts what found no room, by the ARN of the bus.
	dropped map[string]int
}

// mostPending bounds what waits to be written, in bytes.
const mostPending = 8 << 20

// linger is how long records gather before they are written.
const linger = 100 * time.Millisecond

// New returns a Log. What its hooks are told is written while Run runs.
func New(opt Options) *Log {
	return &Log{opt: opt, bell: make(chan struct{}, 1), dropped: map[string]int{}}
}

// An entry is a record that waits.
type entry struct {
	bus    string
	record record
	size   int
}

// add has a record written, if there is room.
func (l *Log) add(bus string, r record) {
	size := r.size()
	l.mu.Lock()
	if l.bytes+size > mostPending {
		l.dropped[bus]++
	} else {
		r.Millis = time.Now().UnixMilli() // with the lock held, so that they are in order
		l.pending = append(l.pending, entry{bus, r, size})
		l.bytes += size
	}
	l.mu.Unlock()
	select {
	case l.bell <- struct{}{}:
	default:
	}
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
		}
	}
}

// flush writes what waits. It is still counted until it is written, so that the
// bound holds for both.
func (l *Log) flush(ctx context.Context) {
	l.mu.Lock()
	pending, dropped := l.pending, l.dropped
	l.pending, l.dropped = nil, map[string]int{}
	l.mu.Unlock()
	written := 0
	lines := map[string][]Line{}
	for i := range pending {
		lines[pending[i].bus] = append(lines[pending[i].bus], pending[i].record.line())
		written += pending[i].size
	}
	for bus, n := range dropped {
		lines[bus] = append(lines[bus], lost(bus, n).line())
		l.opt.Log.Warn("records of a bus's log were dropped", "bus", bus, "records", n)
	}
	for bus, all := range lines {
		if err := l.write(ctx, bus, all); err != nil {
			l.opt.Log.Warn("records of a bus's log could not be written", "bus", bus, "records", len(all), "err", err)
		}
	}
	l.mu.Lock()
	l.bytes -= written
	l.mu.Unlock()
}

// The most that is written at a time, as [Options] has it.
const (
	mostLines = 10_000
	mostBytes = 1 << 20
	lineExtra = 26
)

// write writes lines in portions.
func (l *Log) write(ctx context.Context, bus string, lines []Line) error {
	for len(lines) > 0 {
		n, size := 0, 0
		for n < min(len(lines), mostLines) {
			if size += len(lines[n].Text) + lineExtra; n > 0 && size > mostBytes {
				break
			}
			n++
		}
		if err := l.opt.Write(ctx, bus, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}
