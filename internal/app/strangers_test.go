package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// runSmall runs an app in little memory.
func runSmall(t *testing.T) *App {
	t.Helper()
	a := openForTest(t, func(o *Options) { o.Memory = "128MiB" })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return a
}

// strangers opens n connections on which text is sent, and no more.
func strangers(t *testing.T, a *App, n int, text string) []net.Conn {
	t.Helper()
	all := make([]net.Conn, n)
	for i := range all {
		c, err := net.Dial("tcp", a.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil && i > 100 {
			continue // it had to make room already
		}
		all[i] = c
	}
	return all
}

// attack F8: strangers who send large bodies slowly hold no more than the share
// for bodies, and make room for a caller who does not.
func TestSlowStrangersDoNotKeepOthersOut(t *testing.T) {
	a := runSmall(t)
	strangers(t, a, 100, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSEvents.PutEvents\r\nContent-Length: 4194303\r\n\r\n{")
	if status, answer := call(t, a.URL(), "CreateQueue", `{"QueueName":"q"}`); status != 200 {
		t.Errorf("a small call: %d %s", status, answer)
	}
	body := fmt.Sprintf(`{"QueueUrl":"%s/000000000000/q","MessageBody":"%s"}`, a.URL(), strings.Repeat("x", 200<<10))
	if status, answer := call(t, a.URL(), "SendMessage", body); status != 200 {
		t.Errorf("a large call: %d %s", status, answer)
	}
	share := a.opt.memory.Share(memoryRequests)
	if share.Used() > share.Size() {
		t.Errorf("%d of %d bytes are in use", share.Used(), share.Size())
	}
}

// attack F9: strangers who do nothing make room, and so does whoever sent half a
// header.
func TestIdleStrangersDoNotKeepOthersOut(t *testing.T) {
	for _, text := range []string{"", "GET / HTTP/1.1\r\nHost:", "GET /_dari/health HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		a := runSmall(t)
		strangers(t, a, 600, text)
		for i := range 3 {
			r, err := http.NewRequest(http.MethodGet, a.URL()+"/?Action=ListQueues", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Close = true
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Errorf("call %d: %s", i, resp.Status)
			}
		}
	}
}

// attack F9: a live tail is a known call, which strangers do not push out.
func TestATailIsNotCutOff(t *testing.T) {
	a := runSmall(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/_dari/tail", nil)
	if err != nil {
		t.Fatal(err)
	}
	tail, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Body.Close()
	strangers(t, a, 600, "")
	if status, answer := call(t, a.URL(), "CreateQueue", `{"QueueName":"q"}`); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	a.feed.Close()
	if _, err := bufio.NewReader(tail.Body).ReadByte(); err != io.EOF {
		t.Errorf("the tail ended with %v", err)
	}
}

// attack F7: what a reader of the dead deliveries holds is taken once, so that
// those who came together never wait for each other.
func TestReadersOfTheDeadTakeTheirMemoryOnce(t *testing.T) {
	a := runSmall(t)
	answers := a.opt.memory.Share(memoryAnswers)
	if others := answers.Size() - 6<<20; !answers.Try(others) { // which leaves enough for one
		t.Fatal("somebody holds memory for answers")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL()+"/_dari/dead", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s (%v)", resp.Status, b, err)
	}
}
