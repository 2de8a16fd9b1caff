//go:build linux

package runtime

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
)

// Its address is no secret on the machine: what counts is who calls.
func TestTheRuntimeAPIIsForItsFunctionAlone(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("programs have users of their own where the server is root")
	}
	each(t, func(t *testing.T, e *Engine) {
		f := python(t, e, `
import http.client, os
def handler(event, context):
    api = os.environ["AWS_LAMBDA_RUNTIME_API"]
    c = http.client.HTTPConnection(api); c.request("GET", "/2018-06-01/ping")
    return api + " " + c.getresponse().read().decode()
`, Config{})
		r := f.invoke(t, `{}`)
		var api, said string
		if n, err := fmt.Sscanf(string(r.Payload), `"%s %4s"`, &api, &said); n != 2 || said != "pong" {
			t.Fatalf("the function got %s: %v", r.Payload, err)
		}
		if res, err := http.Get("http://" + api + "/2018-06-01/runtime/invocation/next"); err == nil {
			t.Errorf("somebody else got the status %d", res.StatusCode)
			_ = res.Body.Close()
		}
		if r := f.invoke(t, `{}`); r.FunctionError != "" {
			t.Errorf("afterwards: %s", r.Payload)
		}
	})
}

func TestAFunctionHasFewConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(l, nil)
	defer g.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var in []net.Conn
	for range maxConnections {
		defer dial().Close()
		c, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, c)
	}
	refused := dial()
	defer refused.Close()
	accepted := make(chan net.Conn)
	go func() {
		c, err := g.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	if _, err := refused.Read(make([]byte, 1)); err == nil {
		t.Error("one too many is served")
	}
	if err := in[0].Close(); err != nil {
		t.Fatal(err)
	}
	defer dial().Close()
	if c := <-accepted; c != nil {
		_ = c.Close()
	}
}
