package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/batchrepr"
	engine "github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
)

// killed returns what kill -9 leaves of a store to which n records of a size
// were written one after the other, each acknowledged before the next.
func killed(t *testing.T, n, size int) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := openTest(t, Options{Dir: "data", FS: fs})
	for i := range n {
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			return tx.Put(record(uint64(i)), make([]byte, size))
		}); err != nil {
			t.Fatal(err)
		}
	}
	return fs.CrashClone(vfs.CrashCloneCfg{})
}

// newestLog returns the name and the contents of the newest log.
func newestLog(t *testing.T, fs vfs.FS) (string, []byte) {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, name := range names {
		if isLog(name) {
			newest = max(newest, filepath.Join("data", name))
		}
	}
	return newest, readFile(t, fs, newest)
}

func readFile(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// count returns how many of the first n records are in the store that fs
// holds, or the error of opening it.
func count(t *testing.T, fs vfs.FS, n int) (there int, err error) {
	t.Helper()
	s, err := Open(Options{Dir: "data", FS: fs, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	err = s.View(t.Context(), func(tx store.Tx) error {
		for i := range n {
			v, err := tx.Get(record(uint64(i)))
			if err != nil {
				return err
			}
			if v != nil {
				there++
			}
		}
		return nil
	})
	return there, err
}

// attack F12: one damaged byte in the middle of a log that had been on disk.
func TestADamagedByteInTheLogIsNeverSilent(t *testing.T) {
	counted := regexp.MustCompile(`\d+ updates behind that place would be lost`)
	for _, c := range []struct{ n, size int }{{1000, 1000}, {300, 1000}, {40, 30_000}, {60, 120_000}} {
		base := killed(t, c.n, c.size)
		name, log := newestLog(t, base)
		for _, percent := range []int{5, 20, 40, 60, 80, 95} {
			t.Run(fmt.Sprintf("%d of %d bytes at %d percent", c.n, c.size, percent), func(t *testing.T) {
				fs := base.CrashClone(vfs.CrashCloneCfg{})
				b := bytes.Clone(log)
				b[len(b)*percent/100] ^= 0x10
				writeFile(t, fs, name, b)
				there, err := count(t, fs, c.n)
				switch {
				case err == nil && there < c.n:
					t.Errorf("the store opened with %d of %d acknowledged records", there, c.n)
				case err != nil && (!errors.Is(err, ErrDamaged) || !counted.MatchString(err.Error())):
					t.Errorf("refused with %v, want ErrDamaged and a count", err)
				}
			})
		}
	}
}

// The kind behind attack F12: whatever byte it is, down to the last record that
// another one follows.
func TestNoByteOfALogIsReadAsItsEnd(t *testing.T) {
	const n = 12
	for _, size := range []int{10, 700, 9000} {
		base := killed(t, n, size)
		name, log := newestLog(t, base)
		w, err := walkLog(bytes.NewReader(log), logNumber(name), nil)
		if err != nil || w.bad >= 0 || w.records != n {
			t.Fatalf("an undamaged log: %+v, %v", w, err)
		}
		// Damage to the last record is damage that nothing testifies to.
		last := len(log) - size - 64
		step := 1 + last/400
		for at := 0; at < last; at += step {
			b := bytes.Clone(log)
			b[at] ^= 1 << (at % 8)
			w, err := walkLog(bytes.NewReader(b), logNumber(name), nil)
			if err != nil {
				t.Fatal(err)
			}
			if w.records < n && !w.hole() {
				t.Errorf("records of %d bytes, byte %d of %d damaged: %+v, want a hole", size, at, len(log), w)
			}
		}
	}
}

func TestWhatABodyHoldsIsNoTestimony(t *testing.T) {
	// Somebody sends a message that looks like a chunk of our log with a large
	// promise, and the power is cut while the message is being written.
	_, log := newestLog(t, killed(t, 3, 100))
	for num := range uint64(20) {
		forged := promise{[4]byte{1, 2, 3, 4}, num, 1 << 30}.append(nil)
		batch := append(make([]byte, batchrepr.HeaderLen), kindLogData, byte(len(forged)))
		chunk := chunkOf(uint32(num), chunkFull, append(batch, forged...))
		name, _ := newestLog(t, killed(t, 1, 1))
		torn := append(bytes.Clone(log), make([]byte, chunkHeader)...)
		torn = append(torn, chunk...)
		w, err := walkLog(bytes.NewReader(torn), logNumber(name), nil)
		if err != nil || w.hole() {
			t.Errorf("a forged chunk of log %d: %+v, %v", num, w, err)
		}
	}
}

// chunkOf returns a chunk as the engine writes it.
func chunkOf(num uint32, kind byte, payload []byte) []byte {
	c := make([]byte, chunkHeader, chunkHeader+len(payload))
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
		if _, err := walkLog(bytes.NewReader(tail), num, nil); err != nil {
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
			w, err := walkLog(bytes.NewReader(b), num, nil)
			if err != nil {
				t.Fatal(err)
			}
			if w.hole() {
				t.Errorf("cut at byte %d of %d and followed by %s: %+v, want no hole", at, len(log), name, w)
			}
			if got := engineReads(b); w.records != got {
				t.Errorf("cut at byte %d of %d and followed by %s: the walk reads %d records, the engine %d", at, len(log), name, w.records, got)
			}
		}
	})
}

// writeLog writes a log of some random records with the engine's own writer: log
// 7, or the older log 5.
func writeLog(older bool, seed uint64, closed bool) []byte {
	var out bytes.Buffer
	c := engine.LogWriterConfig{WriteWALSyncOffsets: func() bool { return true }}
	newWriter := func() *engine.LogWriter { return engine.NewLogWriter(&out, 7, c) }
	if older {
		newWriter = func() *engine.LogWriter { return engine.NewLogWriter(&out, 5, c) }
	}
	w := newWriter()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 1 + rng.IntN(12) {
		size := rng.IntN([]int{50, 1000, 8000}[rng.IntN(3)])
		batch := make([]byte, batchrepr.HeaderLen, batchrepr.HeaderLen+size+100)
		p := promise{[4]byte{byte(seed)}, 7, int64(out.Len())}.append(nil)
		batch = append(append(batch, kindLogData, byte(len(p))), p...)
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
