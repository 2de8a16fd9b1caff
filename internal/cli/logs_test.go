package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// Issue 9, "Done when" 5: a tail shows a line within 50 ms.
func TestLogsTailShowsWhatWasAndWhatComes(t *testing.T) {
	url := serveForTest(t, nil)
	l := &logTail{client: client{endpoint: url, region: "us-east-1", key: "dari", secret: "dari"}}
	must := func(op string, in map[string]any) {
		t.Helper()
		resp, err := l.call(t.Context(), op, in)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	group := map[string]any{"logGroupName": "/app/web", "logStreamName": "one"}
	put := func(text string) {
		t.Helper()
		must("PutLogEvents", map[string]any{"logGroupName": "/app/web", "logStreamName": "one", "logEvents": []any{map[string]any{"timestamp": time.Now().UnixMilli(), "message": text}}})
	}
	must("CreateLogGroup", map[string]any{"logGroupName": "/app/web"})
	must("CreateLogStream", group)
	put("ERROR before")
	put("INFO before")
	out, errs, status := call(t, "", "logs", "tail", "-endpoint", url, "-filter", "ERROR", "/app/web")
	if lines := strings.Split(out, "\n"); status != 0 || len(lines) != 2 || !strings.HasSuffix(lines[0], "Z one ERROR before") {
		t.Fatalf("%d %q %s", status, out, errs)
	}

	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	tailed := make(chan int, 1)
	go func() {
		tailed <- run(ctx, []string{"logs", "tail", "-endpoint", url, "-filter", "ERROR", "-follow", "/app/web"}, streams{nil, w, io.Discard})
		w.Close()
	}()
	s := bufio.NewScanner(r)
	next := func(want string) {
		t.Helper()
		if !s.Scan() || !strings.HasSuffix(s.Text(), want) {
			t.Fatalf("%q, want %q", s.Text(), want)
		}
	}
	next("ERROR before") // and the session has begun
	quickest := time.Hour
	for i := range 10 {
		began := time.Now()
		put(fmt.Sprint("ERROR ", i))
		next(fmt.Sprint("ERROR ", i))
		quickest = min(quickest, time.Since(began))
	}
	if quickest > 50*time.Millisecond {
		t.Errorf("the quickest line took %v", quickest)
	}
	stop()
	if status := <-tailed; status != 0 {
		t.Errorf("status %d", status)
	}
	if _, errs, status := call(t, "", "logs", "tail", "-endpoint", url, "-follow", "/app"); status != 1 || !strings.Contains(errs, "there is no log group /app") {
		t.Errorf("%d %s", status, errs)
	}
	if _, errs, status := call(t, "", "logs", "head", "x"); status != 2 || !strings.Contains(errs, "dari logs tail [FLAGS] GROUP") {
		t.Errorf("%d %s", status, errs)
	}
}
