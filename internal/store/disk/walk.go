package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/cockroachdb/pebble/v2/batchrepr"
)

// The engine's log is a row of blocks, and each block a row of chunks. A record,
// which is one update, is one chunk or several:
//
//	checksum 4 | length 2 | kind 1 | log number 4 | synced offset 8 | payload
//
// A log may be a used file: behind its end stand the chunks of an older log, or
// zeros. So a chunk that cannot be read is the end of the log, unless something
// behind it testifies that it had once been on disk.
const (
	blockSize   = 32 << 10
	chunkHeader = 19
	// A log that was closed ends with the header of an empty chunk of the old
	// format, with the number of the log after it.
	trailerSize = 11
	trailerKind = 5
)

// The kinds of chunks.
const (
	chunkFull byte = 9 + iota
	chunkFirst
	chunkMiddle
	chunkLast
)

// A logWalk is what a walk through a log found.
type logWalk struct {
	// records can be read in order; they end at byte good.
	records int
	good    int64
	// bad is where a chunk should begin and does not; -1 if the log ends in a way
	// that leaves nothing to ask.
	bad int64
	// closed means that the log ends as the engine ends one.
	closed bool
	// Behind the bad place, so many whole records can be read, and the beginning of
	// the log had been on disk up to byte synced when the last of them was written.
	behind int
	synced int64
}

// hole reports whether something that had been on disk is not there any more.
// Otherwise the log ends at its bad place: there the power was cut.
func (w *logWalk) hole() bool { return w.bad >= 0 && w.synced > w.bad }

// A walker walks through the log with a number.
type walker struct {
	logWalk
	num  uint32
	each func(batch []byte, lost bool)

	nonce  []byte // of the promises in this log, once one was read
	record []byte
	open   bool // record lacks its last chunk
}

// walkLog reads a log to its end. It calls each, unless that is nil, for every
// whole record, with whether it lies behind the bad place; the record must not
// be kept.
func walkLog(r io.Reader, num uint64, each func(batch []byte, lost bool)) (logWalk, error) {
	w := walker{logWalk: logWalk{bad: -1}, num: uint32(num), each: each}
	block := make([]byte, blockSize)
	for base := int64(0); ; base += blockSize {
		n, err := io.ReadFull(r, block)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return w.logWalk, err
		}
		w.block(block[:n], base)
		if n < blockSize || w.closed {
			w.end(base + int64(n))
			return w.logWalk, nil
		}
	}
}

// block walks through one block, which begins at byte base of the log.
func (w *walker) block(b []byte, base int64) {
	for at := 0; at < len(b); {
		if len(b) == blockSize && isPadding(b[at:]) {
			return
		}
		if w.isTrailer(b[at:]) && w.bad < 0 && !w.open {
			w.closed = true
			return
		}
		if n := w.chunkAt(b[at:]); n > 0 {
			w.take(b[at:at+n], base+int64(at))
			at += n
			continue
		}
		if w.bad >= 0 && w.bad < base {
			return // Behind the block of the bad place, blocks are either whole or not ours.
		}
		w.lose(base + int64(at))
		// The chunk's length may be wrong as well: what is next must be found.
		at++
		for at < len(b) && w.chunkAt(b[at:]) == 0 {
			at++
		}
	}
}

// chunkAt returns the length of the chunk that b begins with, and 0 if it does
// not begin with one of this log.
func (w *walker) chunkAt(b []byte) int {
	if len(b) < chunkHeader || b[6] < chunkFull || b[6] > chunkLast || binary.LittleEndian.Uint32(b[7:]) != w.num {
		return 0
	}
	n := chunkHeader + int(binary.LittleEndian.Uint16(b[4:]))
	if n > len(b) || binary.LittleEndian.Uint32(b) != checksum(b[6:n]) {
		return 0
	}
	return n
}

func (w *walker) isTrailer(b []byte) bool {
	if len(b) < trailerSize {
		return false
	}
	var t [trailerSize]byte
	t[6] = trailerKind
	binary.LittleEndian.PutUint32(t[7:], w.num+1)
	return bytes.Equal(t[:], b[:trailerSize])
}

// take adds the chunk that begins at byte at of the log.
func (w *walker) take(c []byte, at int64) {
	kind, payload := c[6], c[chunkHeader:]
	starts := kind == chunkFull || kind == chunkFirst
	if starts == w.open {
		w.lose(at)
	}
	if starts {
		w.record, w.open = w.record[:0], true
	} else if !w.open {
		return // Its beginning is lost.
	}
	promised := len(w.record) >= promiseEnd
	w.record = append(w.record, payload...)
	if !promised {
		w.promise(w.record)
	}
	if kind == chunkFirst || kind == chunkMiddle {
		return
	}
	w.open = false
	if w.bad >= 0 {
		w.behind++
	} else {
		w.records++
		w.good = at + int64(len(c))
	}
	if w.each != nil {
		w.each(w.record, w.bad >= 0)
	}
}

// promise reads the promise that a record begins with. Behind the bad place it
// counts only if it is of the same hand as those before: what looks like a chunk
// there might be the contents of one, which somebody has sent us.
func (w *walker) promise(batch []byte) {
	p, ok := readPromise(batch)
	if !ok {
		return
	}
	if w.bad < 0 {
		w.nonce = append(w.nonce[:0], p.nonce[:]...)
		return
	}
	if p.log == uint64(w.num) && (w.nonce == nil || bytes.Equal(w.nonce, p.nonce[:])) {
		w.synced = max(w.synced, p.offset)
	}
}

// lose notes the first place where a chunk should be.
func (w *walker) lose(at int64) {
	if w.bad < 0 {
		w.bad = at
	}
	w.open = false
}

// end notes a record that has no end.
func (w *walker) end(at int64) {
	if w.open && w.bad < 0 {
		w.bad = at
	}
}

// isPadding reports whether the rest of a block is what is left when there is no
// room for another chunk. It reads as little of it as the engine does.
func isPadding(b []byte) bool {
	return len(b) < 7 || len(b) < trailerSize && allZero(b[:7]) || len(b) < chunkHeader && allZero(b)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of the engine's files.
func checksum(b []byte) uint32 {
	return bits.RotateLeft32(crc32.Checksum(b, castagnoli), 17) + 0xa282ead8
}

// A promise is what every batch says first: so much of that log was on disk when
// the batch was written. The engine's chunks have such an offset as well, but in
// version 2.1.7 it falls behind by 32 KiB for each block that was full
// (record/log_writer.go, flushLoop), so that most damage passed for an end.
type promise struct {
	nonce  [4]byte
	log    uint64
	offset int64
}

// promiseEnd is where in a record its promise has ended for sure: the batch's
// header, kind, length, nonce and two numbers.
const promiseEnd = batchrepr.HeaderLen + 2 + 4 + 2*binary.MaxVarintLen64

// kindLogData is the engine's: a record for the log alone.
const kindLogData = 3

func (p promise) append(b []byte) []byte {
	b = append(b, p.nonce[:]...)
	b = binary.AppendUvarint(b, p.log)
	return binary.AppendUvarint(b, uint64(p.offset))
}

// readPromise reads the promise of a batch, or of the beginning of one.
func readPromise(batch []byte) (p promise, ok bool) {
	if len(batch) < batchrepr.HeaderLen+2 || batch[batchrepr.HeaderLen] != kindLogData {
		return p, false
	}
	n := int(batch[batchrepr.HeaderLen+1]) // Never two bytes: it is short.
	b := batch[batchrepr.HeaderLen+2:]
	if n < 4 || n > len(b) {
		return p, false
	}
	b = b[copy(p.nonce[:], b):n]
	log, used := binary.Uvarint(b)
	if used <= 0 {
		return p, false
	}
	offset, last := binary.Uvarint(b[used:])
	p.log, p.offset = log, int64(offset)
	return p, last > 0 && used+last == len(b)
}
