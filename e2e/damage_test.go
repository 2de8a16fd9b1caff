package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// doctor runs dari doctor and returns its exit status and what it said.
func (s *server) doctor(t testing.TB, flags ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"doctor", "-data", s.Dir}, flags...)...)
	cmd.Env = plainEnv()
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// refuses checks that the server does not start and says all of want.
func (s *server) refuses(t testing.TB, want ...string) {
	t.Helper()
	s.launch(t)
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		t.Fatal("the server has started, or hangs")
	}
	log := s.log(t, 8<<10)
	for _, text := range append(want, "dari doctor -data "+s.Dir) {
		if !strings.Contains(log, text) {
			t.Errorf("it does not say %q:\n%s", text, log)
		}
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status %d", code)
	}
}

// flip damages a byte of the newest file with a suffix.
func (s *server) flip(t testing.TB, suffix string, percent int) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.Dir, "*"+suffix))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	name := names[len(names)-1]
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)*percent/100] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(name)
}

// fill sends n messages with a number and some more each, one after the other.
func (c *sdk) fill(q queueRef, n, size int) {
	c.t.Helper()
	for i := range n {
		body := fmt.Sprintf("%d ", i) + noise(i, size)
		must(c.sq.SendMessage(c.t.Context(), &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}))(c.t)
	}
}

// noise returns letters that do not become smaller on the disk.
func noise(seed, size int) string {
	b := make([]byte, size)
	x := uint64(seed)*2862933555777941757 + 3037000493
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = 'a' + byte(x>>59)%26
	}
	return string(b)
}

// drain receives and deletes what is in a queue, and returns how many there were.
func (c *sdk) drain(q queueRef) (n int) {
	c.t.Helper()
	for {
		out := must(c.sq.ReceiveMessage(c.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 10}))(c.t)
		if len(out.Messages) == 0 {
			return n
		}
		for _, m := range out.Messages {
			must(c.sq.DeleteMessage(c.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle}))(c.t)
			n++
		}
	}
}

// attack F12: a log with a hole. The server does not start as if all were well,
// the doctor says whose messages are hit, and the rest goes on when asked to.
func TestAHoleInTheLogIsSaid(t *testing.T) {
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("orders", nil)
	const n = 40
	c.fill(q, n, 30_000)
	if code, out := s.doctor(t); code != 1 || !strings.Contains(out, "another dari server has") {
		t.Errorf("the doctor of a running server: %d %s", code, out)
	}
	s.kill(t)
	log := s.flip(t, ".log", 60)
	s.refuses(t, log, "updates behind that place would be lost")
	code, out := s.doctor(t)
	if code != 1 || !strings.Contains(out, log) || !strings.Contains(out, "queue "+account+"/"+region+"/orders: ") || !strings.Contains(out, "-accept-loss") {
		t.Errorf("the doctor: %d %s", code, out)
	}
	if code, out := s.doctor(t, "-accept-loss"); code != 0 || !strings.Contains(out, "nothing was deleted") {
		t.Fatalf("-accept-loss: %d %s", code, out)
	}
	if code, out := s.doctor(t); code != 0 || !strings.Contains(out, "All is well") || !strings.Contains(out, "Functions and builds run in a sandbox at level ") {
		t.Errorf("the doctor afterwards: %d %s", code, out)
	}
	s.start(t)
	if got := c.drain(q); got < n/4 || got >= n {
		t.Errorf("%d of %d messages are left", got, n)
	}
	if names, _ := filepath.Glob(filepath.Join(s.Dir, "damaged-*", log)); len(names) != 1 {
		t.Errorf("the damaged log is in %q", names)
	}
}

// attack F15: the marker is lost, and nothing else.
func TestALostMarkerIsSaidAndMended(t *testing.T) {
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("orders", nil)
	c.fill(q, 20, 1000)
	s.stop(t)
	names, err := filepath.Glob(filepath.Join(s.Dir, "marker.manifest*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s.refuses(t, "marker.manifest")
	if code, out := s.doctor(t, "-accept-loss"); code != 0 {
		t.Fatalf("-accept-loss: %d %s", code, out)
	}
	s.start(t)
	if got := c.drain(q); got != 20 {
		t.Errorf("%d of 20 messages are there", got)
	}
}

// attack, undecided: a damaged block blocks the queue that is in it. The doctor
// says which, and the rest of it goes on.
func TestADamagedBlockBlocksNoQueueForEver(t *testing.T) {
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("orders", nil)
	const n = 300
	c.fill(q, n, 1000)
	s.stop(t)
	s.start(t) // What is in the log is put into a table.
	s.stop(t)
	table := s.flip(t, ".sst", 50)
	code, out := s.doctor(t)
	if code != 1 || !strings.Contains(out, table) || !strings.Contains(out, "queue "+account+"/"+region+"/orders") {
		t.Errorf("the doctor: %d %s", code, out)
	}
	if code, out := s.doctor(t, "-accept-loss"); code != 0 {
		t.Fatalf("-accept-loss: %d %s", code, out)
	}
	s.start(t)
	if got := c.drain(q); got < n-50 || got >= n {
		t.Errorf("%d of %d messages are left", got, n)
	}
}
