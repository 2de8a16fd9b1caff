package groups

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/disk"
)

// line is a line of an application's log, of about 1 KB.
func line(rng *rand.Rand) []byte {
	return fmt.Appendf(nil, `{"time":"2026-01-02T03:04:05.%06dZ","level":"INFO","logger":"com.example.shop.OrderController","thread":"http-nio-8080-exec-%d","message":"order accepted and handed to the warehouse for packing","request_id":"%016x-%016x","user":"user-%d","path":"/api/v2/shops/%d/orders/%d/items","status":%d,"ms":%d,"bytes":%d,"agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","context":{"region":"eu-central-1","host":"ip-10-0-%d-%d.internal","version":"4.17.%d","feature":["checkout","express","gift-wrap"],"cart":{"items":%d,"total":%d.%02d,"currency":"EUR","coupon":null},"retry":false,"trace":"Root=1-%08x-%012x;Parent=%08x;Sampled=1"},"stack":"at com.example.shop.OrderController.accept(OrderController.java:%d) at com.example.shop.Dispatcher.dispatch(Dispatcher.java:88) at com.example.shop.Server.run(Server.java:412)"}`,
		rng.IntN(1e6), rng.IntN(32), rng.Uint64(), rng.Uint64(), rng.IntN(1e5), rng.IntN(50), rng.IntN(1e6), 200+rng.IntN(4), rng.IntN(900), rng.IntN(1e5), rng.IntN(4), rng.IntN(200), rng.IntN(9), rng.IntN(9), rng.IntN(400), rng.IntN(100), rng.Uint32(), rng.Uint64()>>16, rng.Uint32(), 100+rng.IntN(80))
}

// BenchmarkPut puts batches of 1,000 lines into a store on disk, and says what a
// byte of them takes there before Pebble compresses it once more. BenchmarkPut/search
// looks for a text that is nowhere in what was put.
func BenchmarkPut(b *testing.B) {
	st, err := disk.Open(disk.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	s := withStream(b, Options{Store: st})
	rng := rand.New(rand.NewPCG(1, 2))
	batch := make([]blocks.Entry, 1000)
	size := 0
	for i := range batch {
		batch[i] = blocks.Entry{Time: time.Now().UnixMilli(), Text: line(rng)}
		size += len(batch[i].Text)
	}
	b.Run("ingest", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.RunParallel(func(pb *testing.PB) {
			mine := make([]blocks.Entry, len(batch))
			for pb.Next() {
				copy(mine, batch)
				if _, err := s.Put(b.Context(), root, root.Place, "g", "s", mine); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			hits, _, err := s.Filter(b.Context(), root, root.Place, "g", Filter{Pattern: `"a text that is nowhere"`}, "", false, MaxEvents)
			if err != nil || len(hits) != 0 {
				b.Fatal(len(hits), err)
			}
		}
		groups, _, _ := s.Groups(root, "DescribeLogGroups", Search{}, "", 50)
		sizes, err := s.Sizes(b.Context(), groups)
		if err != nil {
			b.Fatal(err)
		}
		texts, taken := sizes[0], stored(b, s)
		b.ReportMetric(float64(texts), "bytes")
		b.ReportMetric(float64(taken)/float64(texts), "stored/byte")
	})
}
