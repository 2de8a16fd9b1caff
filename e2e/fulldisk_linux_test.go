package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// attack F17: a full disk can be drained, also by a server that is started on
// it, and takes messages again when there is room.
func TestAFullDiskIsDrained(t *testing.T) {
	s := newServer(t)
	s.Dir = filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	small := s.Dir
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		s.kill(t)
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s.Dir = filepath.Join(small, "data")
	s.start(t)
	c := s.sdk(t)
	q := c.queue("orders", nil)
	client := newLean(s, 1)
	send := func(body string) error {
		return client.call(t.Context(), "AmazonSQS.SendMessage", map[string]any{"QueueUrl": q.url, "MessageBody": body}, nil)
	}
	n := 0
	for ; n < 10_000; n++ {
		err := send(noise(n, 10_000))
		if err != nil && strings.Contains(err.Error(), "503") && strings.Contains(err.Error(), "disk is full") {
			break
		}
		if err != nil {
			t.Fatalf("message %d: %v", n, err)
		}
	}
	hog := filepath.Join(small, "hog")
	if err := os.WriteFile(hog, make([]byte, 40<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	s.kill(t)
	s.start(t)
	if got := c.drain(q); got != n {
		t.Errorf("%d of %d acknowledged messages", got, n)
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, func() string {
		if err := send("again"); err != nil {
			return "when there is room: " + err.Error()
		}
		return ""
	})
}
