package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// hostile are the callers who mean no good, each in a number of its own.
func (k *soak) hostile() (parts []func(context.Context)) {
	many := func(n int, every time.Duration, do func(context.Context)) {
		for range n {
			parts = append(parts, func(ctx context.Context) {
				pace := time.NewTicker(every)
				defer pace.Stop()
				for {
					do(ctx)
					select {
					case <-ctx.Done():
						return
					case <-pace.C:
					}
				}
			})
		}
	}
	const stay = 5 * time.Second
	for _, unread := range []func() (*http.Request, error){
		func() (*http.Request, error) { return http.NewRequest(http.MethodGet, k.s.URL+"/_dari/tail", nil) },
		func() (*http.Request, error) {
			return http.NewRequest(http.MethodGet, k.s.URL+"/_dari/dead?limit=10000", nil)
		},
		func() (*http.Request, error) {
			return leanRequest(k.s.URL, "AmazonSQS.ReceiveMessage", fmt.Sprintf(`{"QueueUrl":"%s/%s/large","MaxNumberOfMessages":10}`, k.s.URL, account))
		},
	} {
		many(10, stay, func(ctx context.Context) { k.neverRead(ctx, unread, stay) })
	}
	head := "POST / HTTP/1.1\r\nHost: " + k.s.Addr + "\r\nContent-Length: 4000000\r\nX-Amz-Target: AWSEvents.PutEvents\r\n" +
		"Content-Type: application/x-amz-json-1.1\r\n"
	half := "\r\n" + strings.Repeat(" ", 1_000_000)
	many(100, stay, func(ctx context.Context) { k.sendAndStay(ctx, head+half, stay) })
	many(100, stay, func(ctx context.Context) { // with a key that is known, and no more
		now := time.Now().UTC()
		claim := fmt.Sprintf("X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=%064d\r\n",
			now.Format("20060102T150405Z"), soakKeyA, now.Format("20060102"), region, 0)
		k.sendAndStay(ctx, head+claim+half, stay)
	})
	many(200, stay, func(ctx context.Context) { k.sendAndStay(ctx, "", stay) })
	many(50, stay, func(ctx context.Context) { k.sendAndStay(ctx, "POST / HTTP/1.1\r\nHost:", stay) })

	forger := newSigned(k.s, soakKeyA, "not the secret", 2)
	many(2, 50*time.Millisecond, func(ctx context.Context) {
		k.refuse(ctx, forger, "AWSEvents.PutEvents", `{"Entries":[{"Source":"soak","DetailType":"none","Detail":"{\"soak\":\"forged\"}"}]}`)
	})
	known := k.first(2)
	for op, body := range nonsense() {
		many(1, time.Second, func(ctx context.Context) { k.refuse(ctx, known, op, body) })
	}
	return parts
}

// nonsense is what is too large, too deep or nothing at all, by operation.
func nonsense() map[string]string {
	long := strings.Repeat("n", 3<<20)
	return map[string]string{
		"AWSEvents.PutRule":          `{"Name":"` + long + `","EventPattern":"{}"}`,
		"AWSEvents.PutEvents":        `{"Entries":[{"Source":"soak","DetailType":"none","Detail":"` + strings.Repeat("[", 3<<20) + `"}]}`,
		"AWSEvents.TestEventPattern": `{"Event":"{}","EventPattern":` + strings.Repeat(`{"a":`, 600_000) + `}`,
		"AWSEvents.PutTargets":       `{"Rule":"r","Targets":[` + strings.Repeat(`{"Id":"","Arn":""},`, 150_000) + `{}]}`,
		"AmazonSQS.SendMessage":      `{"QueueUrl":"` + long + `","MessageBody":"x"}`,
		"AmazonSQS.ReceiveMessage":   strings.Repeat("x", 6<<20),
	}
}

// refuse makes a call that must not succeed.
func (k *soak) refuse(ctx context.Context, client *lean, op, body string) {
	var buf bytes.Buffer
	answer, err := client.do(ctx, op, []byte(body), &buf)
	switch {
	case err == nil && !bytes.Contains(answer, []byte(`"ErrorCode"`)):
		k.wrong.Add(1)
	case err == nil || strings.Contains(err.Error(), " answers 4"):
		k.refused.Add(1)
	}
}

// neverRead signs and sends a request, and reads nothing of the answer.
func (k *soak) neverRead(ctx context.Context, request func() (*http.Request, error), stay time.Duration) {
	r, err := request()
	if err != nil {
		return // the operation is fixed: there is no such error
	}
	if r, err = soakSigner.sign(r); err != nil {
		return
	}
	var text bytes.Buffer
	if r.Write(&text) != nil {
		return
	}
	k.sendAndStay(ctx, text.String(), stay)
}

// sendAndStay connects, sends what the server takes of a text, and stays.
func (k *soak) sendAndStay(ctx context.Context, text string, stay time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, stay)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", k.s.Addr)
	if err != nil {
		return
	}
	defer c.Close()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10) // so that little is read without anybody
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	defer c.Close()
	sending.Go(func() { _, _ = io.WriteString(c, text) })
	<-ctx.Done()
}
