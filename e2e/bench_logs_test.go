package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmarks of logs. One operation of BenchmarkPutLogEvents is one call with 1,000
// lines of a kilobyte; MB/s counts their bytes as JSON. Beside it, one client puts an
// event a time onto the bus: put-p99-ms is how long that takes.
//
// One operation of BenchmarkColdFilter is the search of a group of a gigabyte for a term
// that one line has, by a server that was just started. The pages of the system are warm.

// mark is where a line carries its time, in milliseconds.
const mark = "0000000000000"

// vocabulary is what lines are made of: application logs repeat themselves.
var vocabulary = []string{
	"request", "completed", "status=200", "status=404", "user", "GET", "POST", "/api/v1/orders", "/api/v1/users", "duration", "ms",
	"INFO", "WARN", "DEBUG", "cache", "hit", "miss", "connection", "pool", "retry", "upstream", "timeout", "db", "query", "rows",
}

// logBody is a call of PutLogEvents with 1,000 lines of about a kilobyte.
func logBody(group, stream string, random *rand.Rand) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"logGroupName":%q,"logStreamName":%q,"logEvents":[`, group, stream)
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		begin := b.Len()
		fmt.Fprintf(&b, `{"timestamp":%s,"message":"`, mark)
		for n := 0; b.Len()-begin < 1000; n++ {
			b.WriteString(vocabulary[random.IntN(len(vocabulary))])
			if b.WriteByte(' '); n%5 == 0 {
				fmt.Fprintf(&b, "%x ", random.Uint32N(1<<16))
			}
		}
		b.WriteString(`"}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// A logPutter puts the same lines again and again, as of now.
type logPutter struct {
	client *lean
	body   []byte
	at     []int
	buf    bytes.Buffer
}

func newLogPutter(b *testing.B, client *lean, group string, number int) *logPutter {
	b.Helper()
	stream := fmt.Sprint("s", number)
	if err := client.call(b.Context(), "Logs_20140328.CreateLogStream", map[string]any{"logGroupName": group, "logStreamName": stream}, nil); err != nil {
		b.Fatal(err)
	}
	p := &logPutter{client: client, body: logBody(group, stream, rand.New(rand.NewPCG(uint64(number), 1)))}
	for from := 0; ; {
		i := bytes.Index(p.body[from:], []byte(mark))
		if i < 0 {
			return p
		}
		p.at = append(p.at, from+i)
		from += i + len(mark)
	}
}

func (p *logPutter) put(b *testing.B) error {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for _, i := range p.at {
		copy(p.body[i:], now)
	}
	_, err := p.client.do(b.Context(), "Logs_20140328.PutLogEvents", p.body, &p.buf)
	return err
}

// fill puts n batches by some clients.
func fill(b *testing.B, putters []*logPutter, n int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, len(putters))
	var putting sync.WaitGroup
	for _, p := range putters {
		putting.Go(func() {
			for left.Add(-1) >= 0 {
				if err := p.put(b); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	putting.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
}

func logGroup(b *testing.B, s *server, clients int) []*logPutter {
	b.Helper()
	client := newLean(s, clients+1)
	if err := client.call(b.Context(), "Logs_20140328.CreateLogGroup", map[string]any{"logGroupName": "/bench"}, nil); err != nil {
		b.Fatal(err)
	}
	putters := make([]*logPutter, clients)
	for i := range putters {
		putters[i] = newLogPutter(b, client, "/bench", i)
	}
	return putters
}

func BenchmarkPutLogEvents(b *testing.B) {
	needLinux(b)
	for _, clients := range []int{1, 4} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := serve(b, "--limits", "none")
			putters := logGroup(b, s, clients)
			beside := newLean(s, 1)
			stop, stopped := make(chan struct{}), make(chan error, 1)
			var took []time.Duration
			go func() {
				stopped <- putBeside(b, beside, stop, &took)
			}()
			b.SetBytes(int64(len(putters[0].body)))
			serverCPU, clientCPU := s.cpu(b), ownCPU(b)
			b.ResetTimer()
			fill(b, putters, b.N)
			b.StopTimer()
			serverCPU, clientCPU = s.cpu(b)-serverCPU, ownCPU(b)-clientCPU
			close(stop)
			if err := <-stopped; err != nil {
				b.Fatal(err)
			}
			took = sorted(took)
			b.ReportMetric(milliseconds(quantile(took, 0.5)), "put-p50-ms")
			b.ReportMetric(milliseconds(quantile(took, 0.99)), "put-p99-ms")
			b.ReportMetric(float64(serverCPU.Milliseconds())/float64(b.N), "server-ms/op")
			b.ReportMetric(float64(clientCPU.Milliseconds())/float64(b.N), "client-ms/op")
			b.ReportMetric(float64(s.rss(b))/(1<<20), "server-MiB")
			s.stop(b)
			b.ReportMetric(float64(size(b, s.Dir))/float64(b.N*len(putters[0].body)), "disk-bytes/byte")
		})
	}
}

// putBeside puts an event at a time until stop is closed, and notes how long each took.
func putBeside(b *testing.B, client *lean, stop <-chan struct{}, took *[]time.Duration) error {
	var buf bytes.Buffer
	body := []byte(`{"Entries":[{"Source":"beside","DetailType":"t","Detail":"{}"}]}`)
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
		began := time.Now()
		if _, err := client.do(b.Context(), "AWSEvents.PutEvents", body, &buf); err != nil {
			return err
		}
		*took = append(*took, time.Since(began))
	}
}

// size returns how many bytes the files of a directory have.
func size(b *testing.B, dir string) (n int64) {
	b.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		// The log is written anew, and the ballast is for a full disk.
		if info, err := f.Info(); err == nil && strings.HasSuffix(f.Name(), ".sst") {
			n += info.Size()
		}
	}
	return n
}

func BenchmarkColdFilter(b *testing.B) {
	needLinux(b)
	const gigabyte = 1 << 30
	s := serve(b, "--limits", "none")
	putters := logGroup(b, s, 4)
	batches := gigabyte / len(putters[0].body)
	fill(b, putters, batches/2)
	in := map[string]any{"logGroupName": "/bench", "logStreamName": "s0", "logEvents": []any{map[string]any{"timestamp": time.Now().UnixMilli(), "message": "a needle-7f3a9c in it"}}}
	if err := putters[0].client.call(b.Context(), "Logs_20140328.PutLogEvents", in, nil); err != nil {
		b.Fatal(err)
	}
	fill(b, putters, batches-batches/2)
	for b.Loop() {
		b.StopTimer()
		s.stop(b)
		s.start(b)
		client := newLean(s, 1)
		b.StartTimer()
		found := 0
		for token := ""; ; {
			ask := map[string]any{"logGroupName": "/bench", "filterPattern": `"needle-7f3a9c"`}
			if token != "" {
				ask["nextToken"] = token
			}
			var out struct {
				Events    []struct{ Message string }
				NextToken string
			}
			if err := client.call(b.Context(), "Logs_20140328.FilterLogEvents", ask, &out); err != nil {
				b.Fatal(err)
			}
			found += len(out.Events)
			if token = out.NextToken; token == "" {
				break
			}
		}
		if found != 1 {
			b.Fatalf("%d lines have it", found)
		}
	}
}
