package runtime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A pipe carries what a function writes. What is taken out is passed on at once,
// so that a function that writes faster than its log is written waits.
type pipe struct {
	read, write *os.File
	raw         syscall.RawConn
	done        chan struct{} // closed when nothing more comes

	mu  sync.Mutex // held from the reading until it is passed on
	buf []byte
	to  *splitter
}

func newPipe(to *splitter) (*pipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	raw, err := r.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	return &pipe{read: r, write: w, raw: raw, done: make(chan struct{}), buf: make([]byte, 32<<10), to: to}, nil
}

// run reads until nobody can write any more, or the pipe is closed.
func (p *pipe) run() {
	defer close(p.done)
	for open := true; open; {
		err := p.raw.Read(func(fd uintptr) bool {
			n, err := p.once(fd)
			open = err == nil && n > 0
			return !errors.Is(err, syscall.EAGAIN)
		})
		if err != nil {
			return
		}
	}
}

// drain passes on what has been written until now.
func (p *pipe) drain() {
	_ = p.raw.Control(func(fd uintptr) { // of a pipe that is closed there is nothing left
		// A function that goes on writing may not keep us here.
		for range 256 {
			if n, err := p.once(fd); err != nil || n <= 0 {
				return
			}
		}
	})
}

// flush ends the line that the function has begun.
func (p *pipe) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to.flush()
}

// end waits until everything is passed on that was written by processes that have
// ended. One that escaped and holds on to the pipe is not waited for.
func (p *pipe) end() {
	select {
	case <-p.done:
	case <-time.After(time.Second):
	}
	p.flush()
	_ = p.read.Close()
	<-p.done
}

func (p *pipe) once(fd uintptr) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n, err := syscall.Read(int(fd), p.buf)
		if err == syscall.EINTR {
			continue
		}
		if n > 0 {
			p.to.take(p.buf[:n])
		}
		return n, err
	}
}

// maxLine is how long one event of the log may be.
const maxLine = 256 << 10

// A splitter makes events of what a function writes: one of each line that it
// prints, with its end, and one of each frame that it writes to its log descriptor.
// Both come by the same pipe, so that they stay in order.
//
// A frame is a header of 16 bytes (what it is, its length, its time in
// microseconds) and a text. Its first byte begins no character of UTF-8. In what is
// printed a carriage return stands for a line break within an event.
type splitter struct {
	emit func([]Line)
	rest []byte // of which no event is made yet
	left int    // how much of the text of a frame is still to come
	text []byte
	at   time.Time
}

const frameHead = 16

// frameMark begins a frame; the byte behind it has the level.
var frameMark = []byte{0xa5, 0x5a, 0x00}

func (s *splitter) take(b []byte) {
	now := time.Now()
	s.rest = append(s.rest, b...)
	var lines []Line
	b = s.rest
	for len(b) > 0 {
		if s.left > 0 {
			n := min(len(b), s.left)
			s.text = append(s.text, b[:min(n, maxLine-len(s.text))]...) // what is longer is cut
			b = b[n:]
			if s.left -= n; s.left == 0 {
				lines = append(lines, Line{s.at, string(s.text)})
			}
			continue
		}
		n := bytes.IndexByte(b, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(b)
		}
		if mark := bytes.Index(b[:n], frameMark); mark == 0 {
			if len(b) < frameHead {
				break
			}
			s.left = int(binary.BigEndian.Uint32(b[4:]))
			s.at = time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:])))
			s.text, b = s.text[:0], b[frameHead:]
			continue
		} else if mark > 0 {
			n, whole = mark, true
		}
		if !whole && n < maxLine {
			break
		}
		n = min(n, maxLine)
		lines = append(lines, printed(now, b[:n]))
		b = b[n:]
	}
	s.rest = append(s.rest[:0], b...)
	if len(lines) > 0 {
		s.emit(lines)
	}
}

// flush ends the line that the function has begun.
func (s *splitter) flush() {
	if len(s.rest) > 0 && !bytes.HasPrefix(s.rest, frameMark) {
		s.emit([]Line{printed(time.Now(), s.rest)})
		s.rest = s.rest[:0]
	}
}

func printed(at time.Time, b []byte) Line {
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	return Line{at, strings.ReplaceAll(text, "\r", "\n")}
}
