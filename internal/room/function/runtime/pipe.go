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
	to  splitter
}

// A splitter makes events of bytes. flush ends the last.
type splitter interface {
	take([]byte)
	flush()
}

func newPipe(to splitter) (*pipe, error) {
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

// plain makes events of what a function prints: one a line, with its end. A
// carriage return stands for a line break within an event.
type plain struct {
	rest []byte
	emit func([]Line)
}

func (s *plain) take(b []byte) {
	now := time.Now()
	var lines []Line
	for len(b) > 0 {
		n := len(b)
		if end := bytes.IndexByte(b, '\n'); end >= 0 {
			n = end + 1
		}
		n = min(n, maxLine-len(s.rest))
		s.rest = append(s.rest, b[:n]...)
		b = b[n:]
		if s.rest[len(s.rest)-1] == '\n' || len(s.rest) == maxLine {
			lines = append(lines, s.line(now))
		}
	}
	if len(lines) > 0 {
		s.emit(lines)
	}
}

func (s *plain) flush() {
	if len(s.rest) > 0 {
		s.emit([]Line{s.line(time.Now())})
	}
}

func (s *plain) line(at time.Time) Line {
	text := strings.ReplaceAll(string(s.rest), "\r\n", "\n")
	s.rest = s.rest[:0]
	return Line{at, strings.ReplaceAll(text, "\r", "\n")}
}

// framed makes events of what a function writes to its log descriptor: each is a
// header of 16 bytes (what it is, its length, its time in microseconds) and a text.
type framed struct {
	head  []byte
	text  []byte
	left  int // how much of the text is still to come
	at    time.Time
	plain *plain // for what is no frame
	emit  func([]Line)
}

const (
	frameHead  = 16
	frameMagic = 0xa55a0000 // in the upper half; the lower has the level
)

func (s *framed) take(b []byte) {
	var lines []Line
	for len(b) > 0 {
		if s.left == 0 {
			n := min(len(b), frameHead-len(s.head))
			s.head = append(s.head, b[:n]...)
			b = b[n:]
			if len(s.head) < frameHead {
				break
			}
			if binary.BigEndian.Uint32(s.head)&0xffff0000 != frameMagic {
				s.plain.take(append(s.head, b...))
				s.head = s.head[:0]
				break
			}
			s.left = int(binary.BigEndian.Uint32(s.head[4:]))
			s.at = time.UnixMicro(int64(binary.BigEndian.Uint64(s.head[8:])))
			s.head, s.text = s.head[:0], s.text[:0]
			continue
		}
		n := min(len(b), s.left)
		s.text = append(s.text, b[:min(n, maxLine-len(s.text))]...) // what is longer is cut
		s.left -= n
		b = b[n:]
		if s.left == 0 && len(s.text) > 0 {
			lines = append(lines, Line{s.at, string(s.text)})
		}
	}
	if len(lines) > 0 {
		s.emit(lines)
	}
}

func (s *framed) flush() { s.plain.flush() }
