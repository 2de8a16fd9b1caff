package journal

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/batchrepr"
	engine "github.com/cockroachdb/pebble/v2/record"
)

func TestWhatABodyHoldsIsNoTestimony(t *testing.T) {
	// Somebody sends a message that looks like a chunk of our log with a large
	// promise, and the power is cut while the message is being written.
	log := writeLog(false, 1, false)
	forged := Promise{Nonce: [4]byte{99}, Log: 7, Offset: 1 << 30}.Append(nil)
	batch := append(make([]byte, batchrepr.HeaderLen), KindLogData, byte(len(forged)))
	torn := append(bytes.Clone(log), make([]byte, logHeader)...)
	torn = append(torn, chunkOf(7, chunkFull, append(batch, forged...))...)
	w, err := ReadLog(bytes.NewReader(torn), 7, nil)
	if err != nil || w.Hole() || w.Bad != int64(len(log)) {
		t.Errorf("a forged chunk: %+v, %v", w, err)
	}
}

// chunkOf returns a chunk as the engine writes it.
func chunkOf(num uint32, kind byte, payload []byte) []byte {
	c := make([]byte, logHeader, logHeader+len(payload))
	c[4], c[5], c[6] = byte(len(payload)), byte(len(payload)>>8), kind
	c[7], c[8], c[9], c[10] = byte(num), byte(num>>8), byte(num>>16), byte(num>>24)
	c = append(c, payload...)
	sum := checksum(c[6:])
	c[0], c[1], c[2], c[3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return c
}

// FuzzLogWalk: the walk never panics; it never takes a log that was cut off, over
// whatever an older log left behind it, for one with a hole; and it reads all
// that the engine reads.
func FuzzLogWalk(f *testing.F) {
	f.Add(uint64(1), uint(100), []byte(nil))
	f.Add(uint64(2), uint(70_000), []byte("behind the end"))
	f.Add(uint64(3), uint(32_768), bytes.Repeat([]byte{0}, 40_000))
	f.Fuzz(func(t *testing.T, seed uint64, cut uint, tail []byte) {
		const num = 7
		if _, err := ReadLog(bytes.NewReader(tail), num, nil); err != nil {
			t.Fatal(err)
		}
		used := writeLog(true, seed+1, true)
		log := writeLog(false, seed, seed%3 == 0)
		at := int(cut % uint(len(log)+1))
		for name, behind := range map[string][]byte{
			"the end of the file": nil,
			"zeros":               make([]byte, 40_000),
			"an older log":        used[min(at, len(used)):],
			"anything":            tail,
		} {
			b := append(bytes.Clone(log[:at]), behind...)
			w, err := ReadLog(bytes.NewReader(b), num, nil)
			if err != nil {
				t.Fatal(err)
			}
			if w.Hole() {
				t.Errorf("cut at byte %d of %d and followed by %s: %+v, want no hole", at, len(log), name, w)
			}
			if got := engineReads(b); w.Records != got {
				t.Errorf("cut at byte %d of %d and followed by %s: the walk reads %d records, the engine %d", at, len(log), name, w.Records, got)
			}
		}
	})
}

// writeLog writes a log of some random records with the engine's own writer: log
// 7, or the older log 5. They are short, since the engine tries out every bit of a
// chunk that it cannot read.
func writeLog(older bool, seed uint64, closed bool) []byte {
	var out bytes.Buffer
	c := engine.LogWriterConfig{WriteWALSyncOffsets: func() bool { return true }}
	newWriter := func() *engine.LogWriter { return engine.NewLogWriter(&out, 7, c) }
	if older {
		newWriter = func() *engine.LogWriter { return engine.NewLogWriter(&out, 5, c) }
	}
	w := newWriter()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 1 + rng.IntN(250) {
		size := rng.IntN([]int{20, 300}[rng.IntN(2)])
		batch := make([]byte, batchrepr.HeaderLen, batchrepr.HeaderLen+size+100)
		p := Promise{Nonce: [4]byte{byte(seed)}, Log: 7, Offset: int64(out.Len())}.Append(nil)
		batch = append(append(batch, KindLogData, byte(len(p))), p...)
		for range size {
			batch = append(batch, byte(rng.Uint32()))
		}
		var wg sync.WaitGroup
		var err error
		wg.Add(1)
		if _, e := w.SyncRecord(batch, &wg, &err); e != nil {
			panic(e)
		}
		wg.Wait()
	}
	if !closed {
		b := bytes.Clone(out.Bytes()) // Close writes the end.
		_ = w.Close()
		return b
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// engineReads returns how many records the engine reads.
func engineReads(b []byte) (n int) {
	for r := engine.NewReader(bytes.NewReader(b), 7); ; n++ {
		one, err := r.Next()
		if err != nil {
			return n
		}
		if _, err := io.Copy(io.Discard, one); err != nil {
			return n
		}
	}
}
