package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes are connections within the process, whose time is that of the test.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error { close(p); return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// drip sends a byte now and then, until c is closed.
func drip(c net.Conn, every time.Duration) {
	for {
		time.Sleep(every)
		if _, err := c.Write([]byte("x")); err != nil {
			return
		}
	}
}

// Who sends a part of a stream and then nothing, or hardly anything, is left after
// a while, whatever the operation makes of what came.
func TestWhoDoesNotSendHisStreamIsLeftAfterAWhile(t *testing.T) {
	service := pipe()
	service.Operations = append(service.Operations,
		Op("Keep", func(_ context.Context, in *pour) (*echoed, error) {
			kept, err := io.ReadAll(in.Body)
			return &echoed{Word: fmt.Sprint(len(kept))}, err
		}).At("PUT /kept", 200).Takes(6<<20),
		Op("Glance", func(_ context.Context, in *pour) (*echoed, error) {
			_, err := in.Body.Read(make([]byte, 1))
			return &echoed{}, err
		}).At("PUT /glance", 200),
		Op("Ignore", func(context.Context, *pour) (*poured, error) {
			return &poured{Body: func(_ context.Context, w io.Writer) error {
				_, err := w.Write([]byte("enough"))
				return err
			}}, nil
		}).At("PUT /ignored", 200))
	for _, path := range []string{"PUT /kept", "PUT /glance", "PUT /ignored", "POST /pour"} {
		for name, every := range map[string]time.Duration{"nothing": 0, "a byte now and then": 20 * time.Second} {
			t.Run(path+" and "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					listener := make(pipes, 1)
					server := &http.Server{Handler: newHandler(t, Options{Services: []*Service{service}}), ReadTimeout: time.Minute}
					done := make(chan error, 1)
					go func() { done <- server.Serve(listener) }()
					client, served := net.Pipe()
					listener <- served
					over := make(chan struct{})
					go func() {
						defer close(over)
						_, _ = io.Copy(io.Discard, client) // until the server leaves
					}()
					_, _ = io.WriteString(client, path+" HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 10))
					var drips sync.WaitGroup
					if every > 0 {
						drips.Go(func() { drip(client, every) })
					}
					select {
					case <-over:
					case <-time.After(2 * time.Minute):
						t.Error("it is still waited for")
					}
					_ = client.Close()
					drips.Wait()
					_ = server.Close()
					<-done
				})
			})
		}
	}
}
