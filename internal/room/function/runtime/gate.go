package runtime

import (
	"net"
	"sync"

	"github.com/dari-bus/dari/internal/sandbox"
)

// maxConnections is how many connections a function may have to its Runtime API.
// Runtimes have one or two.
const maxConnections = 64

// A gate is the way to the Runtime API of a run. It is for the function alone: other
// code on the machine could take its events and answer for it.
type gate struct {
	net.Listener
	user   *sandbox.User
	places chan struct{}
}

func newGate(l net.Listener, user *sandbox.User) *gate {
	return &gate{l, user, make(chan struct{}, maxConnections)}
}

// Accept returns the next connection of the function, and closes others.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !g.user.Opened(c) {
			_ = c.Close() // whoever it is, there is nothing to say
			continue
		}
		select {
		case g.places <- struct{}{}:
			return &guest{Conn: c, leave: sync.OnceFunc(func() { <-g.places })}, nil
		default:
			_ = c.Close() // as above
		}
	}
}

// A guest is a connection that has a place.
type guest struct {
	net.Conn
	leave func()
}

func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}
