package outbound_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
)

const (
	// within is what the calls to hostile servers are given.
	within = 100 * time.Millisecond
	// slow is how long a test waits for what should have happened by then.
	slow = 10 * time.Second
)

// serve answers each connection by fn, after the head of a request has come. It
// returns its URL, and a function that waits until the caller has closed each
// connection on which it has asked for something.
func serve(t *testing.T, fn func(net.Conn)) (address string, wantClosed func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	open, changed := 0, make(chan struct{}, 1)
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		open += by
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for line := ""; line != "\r\n" && err == nil; {
					line, err = r.ReadString('\n')
				}
				if err != nil {
					return
				}
				count(1)
				defer count(-1)
				fn(c)
				_, _ = io.Copy(io.Discard, r)
			}()
		}
	}()
	return "http://" + l.Addr().String(), func() {
		t.Helper()
		for deadline := time.After(slow); ; {
			mu.Lock()
			n := open
			mu.Unlock()
			if n == 0 {
				return
			}
			select {
			case <-changed:
			case <-deadline:
				t.Fatal("a connection is still open")
			}
		}
	}
}

// say writes text and then what more gives, again and again, until the other
// side has had enough.
func say(text, more string) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, text)
		for more != "" && err == nil {
			_, err = io.WriteString(c, more)
		}
	}
}

// drip is say for servers that are slow: a piece of more every few milliseconds.
func drip(text, more string) func(net.Conn) {
	return func(c net.Conn) {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		_, err := io.WriteString(c, text)
		for err == nil {
			<-tick.C
			_, err = io.WriteString(c, more)
		}
	}
}

func bomb() string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, 8<<20))
	w.Close()
	return b.String()
}

// attack F1: a call ends at its deadline and lets go of the connection, whatever
// the other side has made of it.
func TestHostileServersHoldNoCall(t *testing.T) {
	const ok, chunked = "HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct {
		name   string
		server func(net.Conn)
		want   string // what the error says if it is there before the deadline; "" may be no error
	}{
		{"101 and silence", say("HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ""), "answered 101 Switching Protocols"},
		{"101 and a flood", say("HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", strings.Repeat("x", 1000)), "answered 101 Switching Protocols"},
		{"101 without an upgrade", say("HTTP/1.1 101 X\r\n\r\n", ""), "answered 101 Switching Protocols"},
		{"1xx without end", say("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 10)), "server response headers exceeded"},
		{"slow 1xx without end", drip("", "HTTP/1.1 102 Processing\r\n\r\n"), "no answer within"},
		{"silence", say("", ""), "no answer within"},
		{"half a status line", say("HTTP/1.", ""), "no answer within"},
		{"a status line without end", say("HTTP/1.1 200 ", strings.Repeat("x", 1000)), "exceeded"},
		{"headers without end", say(ok, "X-A: "+strings.Repeat("x", 1000)+"\r\n"), "exceeded"},
		{"slow headers without end", drip(ok, "X-A: b\r\n"), "no answer within"},
		{"a body without end", say(ok+"\r\n", strings.Repeat("x", 1000)), ""},
		{"a slow body without end", drip(ok+"\r\n", "x"), "no answer within"},
		{"a body that stalls", say(ok+"Content-Length: 10\r\n\r\nx", ""), "no answer within"},
		{"chunks without end", say(ok+chunked, strings.Repeat("1\r\nx\r\n", 100)), ""},
		{"a chunk extension without end", say(ok+chunked+"1;", strings.Repeat("x", 1000)), "POST to"},
		{"trailers without end", say(ok+"Trailer: X-A\r\n"+chunked+"0\r\n", strings.Repeat("X-A: b\r\n", 100)), "POST to"},
		{"slow trailers without end", drip(ok+"Trailer: X-A\r\n"+chunked+"0\r\n", "X-A: b\r\n"), "POST to"},
		{"a refusal without end", say("HTTP/1.1 400 No\r\n\r\nno no no ", strings.Repeat("no ", 100)), "answered 400 Bad Request: no no no"},
		{"a slow refusal without end", drip("HTTP/1.1 503 No\r\n\r\nno no no ", "no "), "answered 503 Service Unavailable: no no no"},
		{"a bomb", say(ok+"Content-Encoding: gzip\r\n\r\n"+bomb(), ""), "no answer within"},
		{"no HTTP", say("", "SSH-2.0\r\n"), "malformed HTTP"},
	} {
		for _, keep := range []int64{0, 1 << 20} {
			t.Run(fmt.Sprintf("%s/keep=%d", c.name, keep), func(t *testing.T) {
				t.Parallel()
				address, wantClosed := serve(t, c.server)
				client := outbound.New(outbound.Options{})
				started := time.Now()
				a, err := client.Call(post(t, address), outbound.Terms{For: "d", Within: within, Keep: keep})
				if took := time.Since(started); took > slow {
					t.Errorf("it took %v", took)
				}
				if int64(len(a.Body)) > keep {
					t.Errorf("%d bytes of an answer", len(a.Body))
				}
				if err == nil && keep > 0 && c.want != "" || err != nil && !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "no answer within") {
					t.Errorf("error %v", err)
				}
				wantClosed()
			})
		}
	}
}

func post(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// attack F1: a server that does not even read.
func TestServerThatReadsNothingHoldsNoCall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+l.Addr().String(), strings.NewReader(strings.Repeat("x", 32<<20)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = outbound.New(outbound.Options{}).Call(req, outbound.Terms{For: "d", Within: within})
	if e := outbound.AsError(err); e == nil || e.Code != outbound.CodeTimeout || e.Permanent {
		t.Errorf("%+v", e)
	}
}

// attack F1: 1xx is an answer that is final, and no call to repeat.
func TestSwitchingProtocolsIsPermanent(t *testing.T) {
	address, _ := serve(t, say("HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ""))
	a, err := outbound.New(outbound.Options{}).Call(post(t, address), outbound.Terms{For: "d", Within: slow})
	if e := outbound.AsError(err); a.Status != 101 || e == nil || e.Code != outbound.CodeFromTarget || !e.Permanent {
		t.Errorf("%+v, %+v", a, e)
	}
}
