package blocks

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/store/mem"
)

// appLine is a line of an application's log, of about 800 bytes.
func appLine(rng *rand.Rand) []byte {
	return fmt.Appendf(nil, `{"time":"2026-01-02T03:04:05.%06dZ","level":"INFO","logger":"com.example.shop.OrderController","thread":"http-nio-8080-exec-%d","message":"order accepted and handed to the warehouse for packing","request_id":"%016x-%016x","user":"user-%d","path":"/api/v2/shops/%d/orders/%d/items","status":%d,"ms":%d,"bytes":%d,"agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","context":{"region":"eu-central-1","host":"ip-10-0-%d-%d.internal","cart":{"items":%d,"total":%d.%02d,"currency":"EUR"},"trace":"Root=1-%08x-%012x;Parent=%08x;Sampled=1"},"stack":"at com.example.shop.OrderController.accept(OrderController.java:%d) at com.example.shop.Dispatcher.dispatch(Dispatcher.java:88)"}`,
		rng.IntN(1e6), rng.IntN(32), rng.Uint64(), rng.Uint64(), rng.IntN(1e5), rng.IntN(50), rng.IntN(1e6), 200+rng.IntN(4), rng.IntN(900), rng.IntN(1e5), rng.IntN(200), rng.IntN(9), rng.IntN(9), rng.IntN(400), rng.IntN(100), rng.Uint32(), rng.Uint64()>>16, rng.Uint32(), 100+rng.IntN(80))
}

// wordLine is a line as the benchmark over the wire has them: few words, many numbers.
func wordLine(rng *rand.Rand) (line []byte) {
	words := []string{"request", "completed", "status=200", "status=404", "user", "GET", "POST", "/api/v1/orders", "duration", "ms", "INFO", "WARN", "cache", "hit", "connection", "pool", "upstream", "timeout", "query", "rows"}
	for n := 0; len(line) < 1000; n++ {
		line = append(append(line, words[rng.IntN(len(words))]...), ' ')
		if n%5 == 0 {
			line = fmt.Appendf(line, "%x ", rng.Uint32N(1<<16))
		}
	}
	return line
}

// BenchmarkPack packs a batch of 1,000 lines, and says what a byte of them takes.
func BenchmarkPack(b *testing.B) {
	for _, c := range []struct {
		name string
		line func(*rand.Rand) []byte
	}{{"app", appLine}, {"words", wordLine}} {
		b.Run(c.name, func(b *testing.B) {
			l, err := Open(Options{Store: mem.New(), Prefix: "t/"})
			if err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			batch, size := make([]Entry, 1000), 0
			for i := range batch {
				batch[i] = Entry{Time: 1_700_000_000_000, Text: c.line(rng)}
				size += len(batch[i].Text)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			heads, bodies := 0, 0
			began := processorTime(b)
			for b.Loop() {
				p, err := l.PackCounted(b.Context(), batch)
				if err != nil {
					b.Fatal(err)
				}
				heads, bodies = 0, 0
				for i := range p.blocks {
					heads, bodies = heads+len(p.blocks[i].head), bodies+len(p.blocks[i].body)
				}
			}
			b.ReportMetric(float64((processorTime(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(bodies)/float64(size), "body/byte")
			b.ReportMetric(float64(heads)/float64(size), "head/byte")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
