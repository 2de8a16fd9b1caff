package pool

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// The bounds of a portion, which are those of PutLogEvents, and of an event.
const (
	maxPortion = 256 << 10
	maxLines   = 1000
	maxLine    = 256 << 10
	lineExtra  = 26
	// maxBehind is how much of a log may wait to be written, in bytes. A function that
	// writes faster than that waits.
	maxBehind = 4 << 20
	appendIn  = 10 * time.Second
)

// A logging is the log of one environment: what comes in is written in portions, while
// the function goes on.
type logging struct {
	logs          Logs
	log           *slog.Logger
	of            catalog.Address
	group, stream string
	written       chan struct{} // closed when all is

	mu     sync.Mutex
	moved  *sync.Cond // something was added or taken, or it is the end
	lines  []runtime.Line
	bytes  int
	closed bool
}

func newLogging(logs Logs, log *slog.Logger, of catalog.Address, group, stream string) *logging {
	l := &logging{logs: logs, log: log, of: of, group: group, stream: stream, written: make(chan struct{})}
	l.moved = sync.NewCond(&l.mu)
	go l.write()
	return l
}

// add takes lines, and waits while too much is still to be written.
func (l *logging) add(lines []runtime.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range lines {
		for _, part := range cut(line) {
			for l.bytes >= maxBehind && !l.closed {
				l.moved.Wait()
			}
			l.lines = append(l.lines, part)
			l.bytes += len(part.Text) + lineExtra
		}
	}
	l.moved.Broadcast()
}

// cut makes lines of one that are short enough.
func cut(line runtime.Line) (parts []runtime.Line) {
	for len(line.Text) > maxLine {
		n := maxLine
		for n > maxLine-4 && line.Text[n]&0xC0 == 0x80 { // within a character
			n--
		}
		parts = append(parts, runtime.Line{Time: line.Time, Text: line.Text[:n]})
		line.Text = line.Text[n:]
	}
	return append(parts, line)
}

// close ends the log when all that has come in is written.
func (l *logging) close() {
	l.mu.Lock()
	l.closed = true
	l.moved.Broadcast()
	l.mu.Unlock()
	<-l.written
}

// write writes portions until the end.
func (l *logging) write() {
	defer close(l.written)
	last := time.Time{}
	for {
		portion := l.take()
		if portion == nil {
			return
		}
		for i := range portion { // a clock may be set back; a log goes on
			if portion[i].Time.Before(last) {
				portion[i].Time = last
			}
			last = portion[i].Time
			portion[i].Text = strings.ToValidUTF8(portion[i].Text, "\uFFFD")
		}
		ctx, cancel := context.WithTimeout(context.Background(), appendIn)
		if err := l.logs.Append(ctx, l.of, l.group, l.stream, portion); err != nil {
			l.log.Warn("what a function wrote is not in its log", "function", l.of.ARN(), "group", l.group, "lines", len(portion), "err", err)
		}
		cancel()
	}
}

// take returns the next portion, nil when there is none and will be none.
func (l *logging) take() []runtime.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.lines) == 0 {
		if l.closed {
			return nil
		}
		l.moved.Wait()
	}
	n, size := 0, 0
	for n < len(l.lines) && n < maxLines {
		if size += len(l.lines[n].Text) + lineExtra; n > 0 && size > maxPortion {
			size -= len(l.lines[n].Text) + lineExtra
			break
		}
		n++
	}
	portion := l.lines[:n:n]
	if l.lines = l.lines[n:]; len(l.lines) == 0 {
		l.lines = nil
	}
	l.bytes -= size
	l.moved.Broadcast()
	return portion
}
