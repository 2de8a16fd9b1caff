package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A lean client calls operations with bodies that are made beforehand, and
// costs as little as an HTTP client can. It does not sign.
type lean struct {
	url  string
	http *http.Client
}

func newLean(s *server, connections int) *lean {
	return &lean{s.URL, &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: connections, DisableCompression: true,
		},
	}}
}

var (
	jsonEvents = http.Header{"Content-Type": {"application/x-amz-json-1.1"}}
	jsonSQS    = http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
)

// do calls target ("AWSEvents.PutEvents") and returns the answer's body, which
// replaces what buf holds.
func (l *lean) do(ctx context.Context, target string, body []byte, buf *bytes.Buffer) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := jsonEvents
	if strings.HasPrefix(target, "AmazonSQS.") {
		h = jsonSQS
	}
	r.Header = h.Clone()
	r.Header["X-Amz-Target"] = []string{target}
	resp, err := l.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	buf.Reset()
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", target, resp.Status, clip(buf.Bytes()))
	}
	return buf.Bytes(), nil
}

// call is do with values.
func (l *lean) call(ctx context.Context, target string, in, out any) error {
	var buf bytes.Buffer
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := l.do(ctx, target, body, &buf)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// A putAnswer is what PutEvents answers.
type putAnswer struct {
	FailedEntryCount int
	Entries          []struct{ EventId, ErrorCode string }
}

// A leanMessage is a message as ReceiveMessage hands it out.
type leanMessage struct {
	MessageId, ReceiptHandle, Body string
	Attributes                     map[string]string
}

// receive takes up to ten messages.
func (l *lean) receive(ctx context.Context, queueURL string, wait int) ([]leanMessage, error) {
	var out struct{ Messages []leanMessage }
	err := l.call(ctx, "AmazonSQS.ReceiveMessage", map[string]any{
		"QueueUrl": queueURL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait, "MessageSystemAttributeNames": []string{"All"},
	}, &out)
	return out.Messages, err
}

// remove deletes messages and returns the ids of those that are gone.
func (l *lean) remove(ctx context.Context, queueURL string, ms []leanMessage) ([]string, error) {
	type entry struct{ Id, ReceiptHandle string }
	var entries []entry
	for i, m := range ms {
		entries = append(entries, entry{strconv.Itoa(i), m.ReceiptHandle})
	}
	var out struct{ Successful []struct{ Id string } }
	err := l.call(ctx, "AmazonSQS.DeleteMessageBatch", map[string]any{"QueueUrl": queueURL, "Entries": entries}, &out)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range out.Successful {
		i, err := strconv.Atoi(e.Id)
		if err != nil {
			return nil, err
		}
		ids = append(ids, ms[i].MessageId)
	}
	return ids, nil
}

// held returns how many messages a queue holds, waiting or handed out.
func (l *lean) held(ctx context.Context, queueURL string) (int, error) {
	var out struct{ Attributes map[string]string }
	err := l.call(ctx, "AmazonSQS.GetQueueAttributes", map[string]any{"QueueUrl": queueURL, "AttributeNames": []string{"All"}}, &out)
	if err != nil {
		return 0, err
	}
	a, err1 := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
	b, err2 := strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return a + b, errors.Join(err1, err2)
}

// quantile returns the q-quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func sorted(ds []time.Duration) []time.Duration {
	ds = slices.Clone(ds)
	slices.Sort(ds)
	return ds
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// rss returns the resident memory of the server in bytes.
func (s *server) rss(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	t.Fatalf("no VmRSS in %s", text)
	return 0
}

// cpu returns the processor time that the server has used.
func (s *server) cpu(t testing.TB) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// The fields after the name, which is in parentheses, are plain.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, i := range []int{11, 12} { // utime, stime
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 everywhere
}

// ownCPU returns the processor time that this process has used.
func ownCPU(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// needLinux ends a test that reads /proc.
func needLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
}
