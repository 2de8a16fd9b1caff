package app

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
)

// How long PutEvents takes when 200 calls a second bring 10 events each for a rule
// with a queue, beside somebody who writes log lines all the while: into the same
// store, or into one of their own on the same disk. Calls begin when they are due,
// whether those before have ended or not. The figures are in docs/performance.md.
func BenchmarkPutEventsBesideLogs(b *testing.B) {
	for _, c := range []struct {
		name      string
		perSecond int
		portion   int
		own       bool
	}{
		{"alone", 0, 0, false},
		{"same-store/1MBps", 1 << 20, 64 << 10, false},
		{"same-store/20MBps", 20 << 20, 64 << 10, false},
		{"same-store/20MBps-in-1MB", 20 << 20, 1 << 20, false},
		{"own-store/1MBps", 1 << 20, 64 << 10, true},
		{"own-store/20MBps", 20 << 20, 64 << 10, true},
		{"own-store/20MBps-in-1MB", 20 << 20, 1 << 20, true},
	} {
		b.Run(c.name, func(b *testing.B) { putBesideLogs(b, c.perSecond, c.portion, c.own) })
	}
}

func putBesideLogs(b *testing.B, perSecond, portion int, own bool) {
	opt := Defaults()
	opt.Listen, opt.Data, opt.Log = "127.0.0.1:0", b.TempDir(), slog.New(slog.DiscardHandler)
	a, err := Open(b.Context(), opt)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	for _, c := range [][2]string{
		{"AmazonSQS.CreateQueue", `{"QueueName":"q"}`},
		{"AWSEvents.PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}"}`},
		{"AWSEvents.PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:000000000000:q"}]}`},
	} {
		put(b, a, c[0], c[1])
	}

	logs := a.store
	if own {
		s, err := disk.Open(disk.Options{Dir: b.TempDir(), Log: opt.Log})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		logs = s
	}
	var written atomic.Int64
	var writers sync.WaitGroup
	for range logWriters {
		writers.Go(func() { writeLogs(ctx, logs, perSecond, portion, &written) })
	}

	entry := `{"Source":"a","DetailType":"d","Detail":"{\"text\":\"` + strings.Repeat("x", 200) + `\"}"}`
	body := `{"Entries":[` + strings.Repeat(entry+",", 9) + entry + `]}`
	took := make([]time.Duration, b.N)
	var calls sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for i := range took {
		due := began.Add(time.Duration(i) * 5 * time.Millisecond)
		time.Sleep(time.Until(due))
		calls.Go(func() {
			put(b, a, "AWSEvents.PutEvents", body)
			took[i] = time.Since(due)
		})
	}
	calls.Wait()
	b.StopTimer()
	perSec := float64(written.Load()) / time.Since(began).Seconds()
	stop()
	writers.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(perSec/(1<<20), "log-MB/s")
	b.ReportMetric(0, "ns/op")
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

func put(b *testing.B, a *App, operation, body string) {
	r := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", operation)
	w := httptest.NewRecorder()
	a.front.aws.ServeHTTP(w, r)
	if w.Code != 200 || strings.Contains(w.Body.String(), "ErrorCode") {
		b.Errorf("%s: %d %s", operation, w.Code, w.Body)
	}
}

// logWriters write log lines at a time.
const logWriters = 8

// writeLogs writes portions of log lines, each one update that is on disk when it
// returns, until ctx ends: its part of what is written in a second.
func writeLogs(ctx context.Context, s store.Store, perSecond, portion int, written *atomic.Int64) {
	if perSecond == 0 {
		return
	}
	rng := rand.New(rand.NewPCG(rand.Uint64(), 2))
	lines := make([]byte, 0, portion)
	for len(lines) < portion-100 {
		lines = fmt.Appendf(lines, "2026-09-14T10:11:12Z INFO request %016x took %d ms, status %d\n", rng.Uint64(), rng.IntN(1000), rng.IntN(600))
	}
	due := time.NewTicker(time.Second * time.Duration(portion*logWriters) / time.Duration(perSecond))
	defer due.Stop()
	stream := binary.BigEndian.AppendUint64([]byte("logs/"), rng.Uint64())
	for n := uint64(0); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		err := s.Update(ctx, func(tx store.Tx) error {
			return tx.Put(binary.BigEndian.AppendUint64(slices.Clone(stream), n), lines)
		})
		if err != nil {
			return
		}
		written.Add(int64(len(lines)))
	}
}
