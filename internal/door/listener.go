package door

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Listener accepts connections up to a limit. Beyond it each new one takes
// the place of another: of a stranger's first, whose call is not known to be
// anybody's yet or who never made one, then of one that waits between two
// calls; the one that has been so longest. A known call is never cut off. When
// there is nothing else, new connections wait.
//
// Its server must tell it what becomes of the connections by [Listener.State]
// and [Listener.Context].
type Listener struct {
	net.Listener
	limit  int
	closed chan struct{} // when the listener is
	shut   sync.Once

	mu    sync.Mutex
	conns int
	// strangers and guests are the connections that may have to make room, in the
	// order in which they last did something. In guests are those with a known
	// call behind them.
	strangers, guests list.List
	// changed is closed when a connection can make room or is gone; nil while
	// nobody waits for that.
	changed chan struct{}
}

// Listen returns a listener that has at most limit connections of l at once.
func Listen(l net.Listener, limit int) *Listener {
	return &Listener{Listener: l, limit: limit, closed: make(chan struct{})}
}

// A conn is a connection and what is known of it.
type conn struct {
	net.Conn
	door *Listener
	once sync.Once

	// Guarded by door.mu.
	state http.ConnState
	since time.Time
	known bool          // a call on it was
	gone  bool          // it is closed
	in    *list.List    // strangers or guests, or nil when it may not be closed
	place *list.Element // in that
	// held is what it has of the memory for bodies, strange how much of that is of
	// the strangers' half.
	held, strange int64
	heldSince     time.Time
}

// Accept waits for a connection, and for the room that it needs.
func (l *Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, door: l, state: http.StateNew, since: time.Now()}
	for {
		old, changed := l.admit(c)
		if old == nil && changed == nil {
			return c, nil
		}
		if old != nil {
			_ = old.Close() // it has to go, and nobody waits for its end
			continue
		}
		select {
		case <-changed:
		case <-l.closed:
			return nil, errClosed(nc)
		}
	}
}

func errClosed(nc net.Conn) error {
	_ = nc.Close() // it was never served
	return net.ErrClosed
}

// admit takes c in when there is room. Otherwise it returns the connection that
// has to go first, or what to wait for if there is none.
func (l *Listener) admit(c *conn) (old *conn, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns < l.limit {
		l.conns++
		c.enter(&l.strangers)
		return nil, nil
	}
	for _, who := range []*list.List{&l.strangers, &l.guests} {
		if e := who.Front(); e != nil {
			return e.Value.(*conn), nil
		}
	}
	return nil, l.change()
}

// Close ends the accepting. Connections go on.
func (l *Listener) Close() (err error) {
	l.shut.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// change returns what tell closes. The caller of either holds l.mu.
func (l *Listener) change() <-chan struct{} {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

func (l *Listener) tell() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// enter puts c at the end of those who may have to make room, or nowhere. The
// caller holds door.mu.
func (c *conn) enter(who *list.List) {
	if c.in != nil && c.in == who {
		who.MoveToBack(c.place)
		return
	}
	if c.in != nil {
		c.in.Remove(c.place)
	}
	if c.in, c.place = who, nil; who != nil {
		c.place = who.PushBack(c)
	}
}

// Close closes the connection, once.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = c.Conn.Close()
		l := c.door
		l.mu.Lock()
		defer l.mu.Unlock()
		c.enter(nil)
		c.gone = true
		l.conns--
		l.tell()
	})
	return err
}

// CloseWrite tells the other side that nothing more will come.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// writeWithin and writeRate say how long a reader may take for what it is sent:
// so long, and a second more for each so many bytes.
const (
	writeWithin = 20 * time.Second
	writeRate   = 64 << 10
)

// Write writes, but does not wait for ever for a reader who does not read.
func (c *conn) Write(b []byte) (int, error) {
	within := writeWithin + time.Duration(len(b)/writeRate)*time.Second
	if err := c.Conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// State is for [http.Server.ConnState].
func (l *Listener) State(nc net.Conn, s http.ConnState) {
	c, ok := nc.(*conn)
	if !ok || s == http.StateClosed || s == http.StateHijacked {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.state, c.since = s, time.Now()
	switch {
	case c.gone || s == http.StateNew: // which Accept has seen to
	case c.known:
		c.enter(&l.guests)
		l.tell()
	default:
		c.enter(&l.strangers)
	}
}

// connKey is the key of a context's connection.
type connKey struct{}

// Context is for [http.Server.ConnContext].
func (l *Listener) Context(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// Known says that the call with this context is known to be somebody's, who
// will not have to make room before it has been answered.
func Known(ctx context.Context) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return
	}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if !c.gone {
		c.known = true
		c.enter(nil)
	}
}
