package door

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/budget"
)

// A pipes is a listener whose connections are pipes, so that time is virtual.
type pipes struct {
	come   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the client's side of a connection that the listener is given.
func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		select {
		case p.come <- ours:
		case <-p.closed:
			ours.Close()
		}
	}()
	synctest.Wait()
	return theirs
}

// A house is a server behind a listener of a few connections.
type house struct {
	*pipes
	door  *Listener
	ended sync.WaitGroup
}

func newHouse(limit int, h http.Handler) *house {
	p := newPipes()
	s := &house{pipes: p, door: Listen(p, limit)}
	server := &http.Server{Handler: h, ConnState: s.door.State, ConnContext: s.door.Context, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	s.ended.Go(func() { _ = server.Serve(s.door) }) // it ends with the listener
	synctest.Wait()
	return s
}

func (s *house) close(t *testing.T, clients ...net.Conn) {
	t.Helper()
	if err := s.door.Close(); err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		c.Close()
	}
	if err := s.door.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	s.ended.Wait()
}

// send sends a request without waiting for anything.
func send(c net.Conn, text string) {
	go io.WriteString(c, text)
	synctest.Wait()
}

// alive says whether the other side still holds the connection.
func alive(t *testing.T, c net.Conn) bool {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := io.Copy(io.Discard, c)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

var knownCall = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { Known(r.Context()) })

// attack F9: idle strangers make room, the one that is idle longest first, and
// before those who have been known.
func TestStrangersMakeRoomBeforeThoseWhoAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHouse(3, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/known" {
				Known(r.Context())
			}
		}))
		known, first, second := s.dial(), s.dial(), s.dial()
		send(known, "GET /known HTTP/1.1\r\nHost: x\r\n\r\n")
		if !alive(t, known) || !alive(t, first) || !alive(t, second) {
			t.Fatal("somebody had to go although there was room")
		}
		third := s.dial()
		if !alive(t, known) || alive(t, first) || !alive(t, second) || !alive(t, third) {
			t.Error("the stranger who came first had to go")
		}
		send(second, get) // has it last after third
		fourth := s.dial()
		if !alive(t, known) || !alive(t, second) || alive(t, third) || !alive(t, fourth) {
			t.Error("the stranger who did nothing for longest had to go")
		}
		s.close(t, known, first, second, third, fourth)
	})
}

// newBusyHouse returns a server with one connection, which holds a known call
// that is under way until it is given end, and somebody who waits for it.
func newBusyHouse() (s *house, end chan struct{}, poll, next net.Conn) {
	end = make(chan struct{})
	s = newHouse(1, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		Known(r.Context())
		<-end
	}))
	poll = s.dial()
	send(poll, get)
	return s, end, poll, s.dial()
}

// attack F8: where all that there is are known calls under way, nobody is cut
// off; new ones wait for the first of them to end.
func TestKnownCallsAreNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, end, poll, next := newBusyHouse()
		if !alive(t, poll) || !alive(t, next) {
			t.Error("somebody was cut off")
		}
		send(next, get)
		end <- struct{}{}
		synctest.Wait()
		if alive(t, poll) { // it waits between two calls now, and that is no reason to stay
			t.Error("the one that is done did not make room")
		}
		end <- struct{}{}
		if !alive(t, next) {
			t.Error("the next was not served")
		}
		s.close(t, poll, next)
	})
}

func TestAnAcceptThatWaitsForRoomEndsWithTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, end, poll, next := newBusyHouse()
		if err := s.door.Close(); err != nil {
			t.Error(err)
		}
		if alive(t, next) {
			t.Error("the one that waited was not closed")
		}
		close(end)
		s.close(t, poll)
	})
}

// attack F21: who does not read is gone after a while, and who reads slowly but
// reads is not.
func TestAReaderThatReadsNothingIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Duration, 2)
		s := newHouse(2, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			began := time.Now()
			for range 3 {
				_, _ = w.Write(make([]byte, 256<<10)) // the next one fails as well
			}
			ended <- time.Since(began)
		}))
		deaf := s.dial()
		send(deaf, get)
		if took := <-ended; took > writeWithin+10*time.Second {
			t.Errorf("an answer that nobody reads took %v", took)
		}
		slow := s.dial()
		send(slow, get)
		n := 0
		for b := make([]byte, 128<<10); n < 3*256<<10; time.Sleep(5 * time.Second) {
			m, err := slow.Read(b)
			if err != nil {
				t.Fatalf("after %d bytes: %v", n, err)
			}
			n += m
		}
		s.close(t, deaf, slow)
	})
}

func TestAStopLeavesAMomentToCallsOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHouse(3, knownCall)
		idle, fresh := s.dial(), s.dial()
		send(idle, get)
		if !alive(t, idle) || !alive(t, fresh) {
			t.Error("somebody was cut off")
		}
		began := time.Now()
		s.close(t)
		if took := time.Since(began); took < newFor || took > newFor+2*idleFor {
			t.Errorf("a stop with a new connection took %v", took)
		}
		if alive(t, idle) || alive(t, fresh) {
			t.Error("a connection is left")
		}
	})
}

func TestAStopWaitsForCallsAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		s := newHouse(2, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				Known(r.Context())
				<-end
			}
		}))
		c, slow := s.dial(), s.dial()
		send(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
		send(c, get)
		if err := s.door.Close(); err != nil {
			t.Error(err)
		}
		late := errors.New("late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, late)
		defer cancel()
		if err := s.door.Drain(ctx); !errors.Is(err, late) {
			t.Errorf("drained with %v", err)
		}
		if alive(t, slow) || !alive(t, c) {
			t.Error("one who is slow to say what is wanted was waited for, or one who is known was not")
		}
		close(end)
		s.close(t, c)
	})
}

// attack F8: a stranger who is slow with a body makes room for one who is not,
// and what is read in all stays within the share.
func TestSlowBodiesMakeRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(1000, []budget.Part{{Name: "a", Percent: 100}}).Share("a")
		var bodies *Bodies
		s := newHouse(10, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := bodies.Take(r.Context(), r.ContentLength); err != nil {
				t.Error(err)
				return
			}
			defer bodies.Give(r.Context(), r.ContentLength)
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				Known(r.Context())
			}
		}))
		bodies = s.door.Bodies(share)
		const quarter = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 250\r\n\r\n"
		slow, slower := s.dial(), s.dial()
		send(slower, quarter)
		send(slow, quarter)
		if share.Used() != 500 {
			t.Fatalf("%d bytes are in use", share.Used())
		}
		quick := s.dial()
		send(quick, quarter+string(make([]byte, 250)))
		time.Sleep(slowAfter)
		synctest.Wait()
		if alive(t, slower) || !alive(t, slow) || !alive(t, quick) {
			t.Error("the slowest should have made room, and nobody else")
		}
		if share.Used() != 250 {
			t.Errorf("%d bytes are in use", share.Used())
		}
		send(quick, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"+string(make([]byte, 500)))
		if !alive(t, quick) || !alive(t, slow) {
			t.Error("there was no room for one who is known")
		}
		s.close(t, slow, slower, quick)
		if share.Used() != 0 || bodies.strangers.Used() != 0 {
			t.Errorf("%d bytes are in use at the end", share.Used())
		}
	})
}

func TestABodyDoesNotWaitForMemoryForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(1000, []budget.Part{{Name: "a", Percent: 100}}).Share("a")
		b := Listen(newPipes(), 1).Bodies(share)
		if err := b.Take(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := b.Take(t.Context(), 1); !errors.Is(err, errNoRoom) || time.Since(began) != waitForRoom {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		b.Give(t.Context(), 1000)
		if err := b.Take(t.Context(), 1); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLimitOfConnectionsFollowsMemoryAndFiles(t *testing.T) {
	for memory, want := range map[int64]int{0: 1, 128 << 20: 409, 1 << 50: maxConns} {
		if files := descriptors(); files > 0 {
			want = min(want, int(min(files/2, maxConns)))
		}
		if got := Limit(memory); got != want {
			t.Errorf("%d bytes: %d connections, want %d", memory, got, want)
		}
	}
}

func BenchmarkConnState(b *testing.B) {
	l := Listen(newPipes(), 10)
	nc, _ := net.Pipe()
	c := &conn{Conn: nc, door: l}
	l.admit(c)
	ctx := l.Context(b.Context(), c)
	for b.Loop() {
		l.State(c, http.StateActive)
		Known(ctx)
		l.State(c, http.StateIdle)
	}
}

// What somebody holds who is known is no stranger's: the function that it is for may run
// for minutes.
func TestTheMemoryOfTheKnownIsNotThatOfStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(1000, []budget.Part{{Name: "a", Percent: 100}}).Share("a")
		var bodies *Bodies
		known, end := make(chan struct{}), make(chan struct{})
		s := newHouse(10, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := bodies.Take(r.Context(), 250); err != nil {
				t.Error(err)
				return
			}
			<-known
			bodies.Known(r.Context())
			<-end
			bodies.Give(r.Context(), 250)
		}))
		bodies = s.door.Bodies(share)
		c := s.dial()
		send(c, get)
		synctest.Wait()
		if bodies.strangers.Used() != 250 || share.Used() != 250 {
			t.Errorf("of a stranger %d bytes, %d in all", bodies.strangers.Used(), share.Used())
		}
		close(known)
		synctest.Wait()
		if bodies.strangers.Used() != 0 || share.Used() != 250 {
			t.Errorf("of one who is known %d bytes, %d in all", bodies.strangers.Used(), share.Used())
		}
		close(end)
		s.close(t, c)
		if share.Used() != 0 || bodies.strangers.Used() != 0 {
			t.Errorf("%d and %d bytes are left", share.Used(), bodies.strangers.Used())
		}
	})
}
