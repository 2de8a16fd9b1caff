package runner

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The bounds of the log on its way.
const (
	// maxLine is how long a line may be before it is cut in two.
	maxLine = 32 << 10
	// portion is how much is written at a time at most, and maxWaiting how much may
	// wait to be written before the commands wait.
	portion    = 48 << 10
	maxWaiting = 256 << 10
	// writeEach is how long a line waits for others at most, and writeIn how long the
	// writing of a portion may take.
	writeEach = 200 * time.Millisecond
	writeIn   = time.Minute
)

// A transcript is the log of a build on its way out. What commands print comes in by
// Write, what the runner says by say. It cuts lines, blots out secrets, and finds the
// marks at which a command has ended.
type transcript struct {
	write func(context.Context, []Line) error
	// secrets are not to be seen.
	secrets [][]byte
	// ended is told the status of a command whose mark came by.
	ended chan string
	// wake says that there is something to write.
	wake chan struct{}
	// flushing is held by who writes, so that lines are written in their order. It is
	// taken before mu.
	flushing sync.Mutex

	mu sync.Mutex
	// room is told when there is room again.
	room *sync.Cond
	// open is what has no end of line yet; printed says that a command has printed
	// something since the last line of ours.
	open    []byte
	printed bool
	mark    []byte
	lines   []Line
	waiting int
	last    int64
	closed  bool
	err     error
}

func newTranscript(write func(context.Context, []Line) error) *transcript {
	t := &transcript{write: write, ended: make(chan string, 1), wake: make(chan struct{}, 1)}
	t.room = sync.NewCond(&t.mu)
	return t
}

// expect has the next command's end found by a mark.
func (t *transcript) expect(mark string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mark = []byte("\x01" + mark + " ")
}

// say writes a line of ours.
func (t *transcript) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.printed || len(t.open) > 0 {
		t.open = append(t.open, '\n')
		t.printed = false
	}
	t.open = fmt.Appendf(append(t.open, "[Container] "+time.Now().UTC().Format("2006/01/02 15:04:05.000000")+" "...), format+"\n", args...)
	t.cut()
}

// print writes a line as a command would.
func (t *transcript) print(text string) {
	_, _ = t.Write([]byte(text + "\n")) // it has no errors
}

// Write takes what commands print. While too much waits to be written it waits.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.waiting > maxWaiting && !t.closed {
		t.room.Wait()
	}
	t.open = append(t.open, p...)
	if t.mark != nil {
		if at := bytes.Index(t.open, t.mark); at >= 0 {
			rest := t.open[at+len(t.mark):]
			if end := bytes.IndexByte(rest, 1); end >= 0 {
				status := string(rest[:end])
				t.open, t.mark = append(t.open[:at:at], rest[end+1:]...), nil
				t.printed = t.printed || len(t.open) > 0
				t.cut()
				t.ended <- status // there is room: there is one mark for each command
				return len(p), nil
			}
		}
	}
	t.printed = t.printed || len(p) > 0
	t.cut()
	return len(p), nil
}

// cut makes lines of what is open.
func (t *transcript) cut() {
	for {
		end := bytes.IndexByte(t.open, '\n') + 1
		if end == 0 || end > maxLine {
			// A mark may begin at the end of what is there.
			if end = maxLine; len(t.open) < maxLine+1024 {
				break
			}
		}
		t.take(t.open[:end])
		t.open = t.open[end:]
	}
	if len(t.open) == 0 {
		t.open = nil
	}
	if t.waiting > 0 {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

func (t *transcript) take(text []byte) {
	if t.err != nil {
		return
	}
	text = slices.Clone(text)
	for _, secret := range t.secrets {
		text = bytes.ReplaceAll(text, secret, []byte("***"))
	}
	t.last = max(t.last, time.Now().UnixMilli())
	t.lines = append(t.lines, Line{t.last, bytes.ToValidUTF8(text, []byte("\uFFFD"))})
	t.waiting += len(text)
}

// hide has secrets blotted out from now on.
func (t *transcript) hide(secrets ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range secrets {
		if s != "" {
			t.secrets = append(t.secrets, []byte(s))
		}
	}
}

// flush writes what waits, in portions, and returns the first error that there ever
// was: after it nothing is written any more.
func (t *transcript) flush(ctx context.Context) error {
	t.flushing.Lock()
	defer t.flushing.Unlock()
	for {
		t.mu.Lock()
		n, size := 0, 0
		for n < len(t.lines) && (n == 0 || size+len(t.lines[n].Text) <= portion) {
			size += len(t.lines[n].Text)
			n++
		}
		lines := t.lines[:n]
		t.lines = t.lines[n:]
		err := t.err
		t.mu.Unlock()
		if n == 0 || err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, writeIn)
		err = t.write(within, lines)
		cancel()
		t.mu.Lock()
		t.waiting -= size
		if err != nil {
			t.err, t.lines, t.waiting = err, nil, 0
		}
		t.mu.Unlock()
		t.room.Broadcast()
	}
}

// run writes lines while they come, until done is closed, and then what is left.
func (t *transcript) run(ctx context.Context, done <-chan struct{}) {
	for {
		select {
		case <-done:
			t.mu.Lock()
			if t.closed = true; len(t.open) > 0 {
				t.open = append(t.open, '\n')
				t.cut()
			}
			t.mu.Unlock()
			t.room.Broadcast()
			_ = t.flush(ctx) // nobody is there to hear of it
			return
		case <-t.wake:
		}
		select {
		case <-done:
		case <-time.After(writeEach):
		}
		_ = t.flush(ctx) // it is remembered
	}
}
