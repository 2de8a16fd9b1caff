// Package journal reads what the engine of store/disk writes to be sure: its
// logs and manifests. It does so without the engine, to tell damage from an end:
// the engine goes on without what it cannot read, and a log may well end in
// something that cannot be read, when the power was cut.
//
// It also knows the names of the files that are a store.
package journal

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
// A manifest is the same without the log number and the offset, and with kinds
// of its own.
//
// A log may be a used file: behind its end stand the chunks of an older log, or
// zeros. So a chunk that cannot be read is the end of the log, unless something
// behind it testifies that it had once been on disk.
const (
	blockSize      = 32 << 10
	logHeader      = 19
	manifestHeader = 7
	// A log that was closed ends with the header of an empty chunk of the old
	// format, with the number of the log after it.
	trailerSize = 11
	trailerKind = 5
)

// The kinds of chunks in a log: the whole record, its first, a middle and its
// last part. In a manifest they are less by manifestKind.
const (
	chunkFull byte = 9 + iota
	chunkFirst
	chunkMiddle
	chunkLast
	manifestKind = chunkFull - 1
)

// A Walk is what a walk through a log or a manifest found.
type Walk struct {
	// Records can be read in order; they end at byte Good. Their changes have the
	// sequence numbers from First up to before Next, or none.
	Records     int
	Good        int64
	First, Next uint64
	// Bad is where a chunk should begin and does not; -1 if the log ends in a way
	// that leaves nothing to ask.
	Bad int64
	// Closed means that the log ends as the engine ends one.
	Closed bool
	// Behind the bad place, so many whole updates can be read, and the beginning of
	// the log had been on disk up to byte Synced when the last of them was written.
	Behind int
	Synced int64
	// Said is the last promise that was read.
	Said Promise
}

// Hole reports whether something that had been on disk is not there any more.
// Otherwise the log ends at its bad place: there the power was cut.
func (w *Walk) Hole() bool { return w.Bad >= 0 && w.Synced > w.Bad }

// A walker walks through the log with a number, or through a manifest.
type walker struct {
	Walk
	header int
	num    uint32
	each   func(batch []byte, lost bool)

	nonce  []byte // of the promises in this log, once one was read
	record []byte
	open   bool // record lacks its last chunk
}

// ReadLog reads a log to its end. It calls each, unless that is nil, for every
// whole record, with whether it lies behind the bad place; the record must not
// be kept.
func ReadLog(r io.Reader, num uint64, each func(batch []byte, lost bool)) (Walk, error) {
	return (&walker{Walk: Walk{Bad: -1}, header: logHeader, num: uint32(num), each: each}).walk(r)
}

// ReadManifest reads a manifest to its end.
func ReadManifest(r io.Reader) (Walk, error) {
	return (&walker{Walk: Walk{Bad: -1}, header: manifestHeader}).walk(r)
}

func (w *walker) walk(r io.Reader) (Walk, error) {
	block := make([]byte, blockSize)
	for base := int64(0); ; base += blockSize {
		n, err := io.ReadFull(r, block)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return w.Walk, err
		}
		w.block(block[:n], base)
		if n < blockSize || w.Closed {
			w.end(base + int64(n))
			return w.Walk, nil
		}
	}
}

// block walks through one block, which begins at byte base of the log.
func (w *walker) block(b []byte, base int64) {
	for at := 0; at < len(b); {
		if len(b) == blockSize && w.isPadding(b[at:]) {
			return
		}
		if w.isTrailer(b[at:]) && w.Bad < 0 && !w.open {
			w.Closed = true
			return
		}
		if n := w.chunkAt(b[at:]); n > 0 {
			w.take(b[at:at+n], base+int64(at))
			at += n
			continue
		}
		if w.Bad >= 0 && w.Bad < base {
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
	if len(b) < w.header || kindOf(b, w.header) < chunkFull || kindOf(b, w.header) > chunkLast {
		return 0
	}
	if w.header == logHeader && binary.LittleEndian.Uint32(b[7:]) != w.num {
		return 0
	}
	n := w.header + int(binary.LittleEndian.Uint16(b[4:]))
	if n > len(b) || binary.LittleEndian.Uint32(b) != checksum(b[6:n]) {
		return 0
	}
	return n
}

// kindOf returns the kind of a chunk, as logs have it.
func kindOf(c []byte, header int) byte {
	if header == manifestHeader {
		return c[6] + manifestKind
	}
	return c[6]
}

func (w *walker) isTrailer(b []byte) bool {
	if len(b) < trailerSize || w.header != logHeader {
		return false
	}
	var t [trailerSize]byte
	t[6] = trailerKind
	binary.LittleEndian.PutUint32(t[7:], w.num+1)
	return bytes.Equal(t[:], b[:trailerSize])
}

// take adds the chunk that begins at byte at of the log.
func (w *walker) take(c []byte, at int64) {
	kind, payload := kindOf(c, w.header), c[w.header:]
	starts := kind == chunkFull || kind == chunkFirst
	if starts == w.open {
		w.lose(at)
	}
	if starts {
		w.record, w.open = w.record[:0], true
		if w.header == manifestHeader && w.Bad >= 0 {
			w.Synced = at // Each record of a manifest is on disk before the next one is written.
		}
	} else if !w.open {
		return // Its beginning is lost.
	}
	promised := len(w.record) >= PromiseEnd || w.header == manifestHeader
	w.record = append(w.record, payload...)
	if !promised {
		w.promise(w.record)
	}
	if kind == chunkFirst || kind == chunkMiddle {
		return
	}
	w.open = false
	if w.Bad < 0 {
		w.Records++
		w.Good = at + int64(len(c))
	}
	w.count()
	if w.each != nil {
		w.each(w.record, w.Bad >= 0)
	}
}

// count notes the sequence numbers of a record of a log. One with a promise and
// nothing else is no update.
func (w *walker) count() {
	h, ok := batchrepr.ReadHeader(w.record)
	if w.header != logHeader || !ok || h.Count == 0 {
		return
	}
	if w.Bad >= 0 {
		w.Behind++
		return
	}
	if w.Next == 0 {
		w.First = uint64(h.SeqNum)
	}
	w.Next = uint64(h.SeqNum) + uint64(h.Count)
}

// promise reads the promise that a record begins with. Behind the bad place it
// counts only if it is of the same hand as those before: what looks like a chunk
// there might be the contents of one, which somebody has sent us.
func (w *walker) promise(batch []byte) {
	p, ok := readPromise(batch)
	if !ok {
		return
	}
	if w.Bad < 0 {
		w.nonce = append(w.nonce[:0], p.Nonce[:]...)
	}
	if w.nonce != nil && !bytes.Equal(w.nonce, p.Nonce[:]) {
		return
	}
	w.Said = p
	if w.Bad >= 0 && uint32(p.Log) == w.num {
		w.Synced = max(w.Synced, p.Offset)
	}
}

// lose notes the first place where a chunk should be.
func (w *walker) lose(at int64) {
	if w.Bad < 0 {
		w.Bad = at
	}
	w.open = false
}

// end notes a record that has no end.
func (w *walker) end(at int64) {
	if w.open && w.Bad < 0 {
		w.Bad = at
	}
}

// isPadding reports whether the rest of a block is what is left when there is no
// room for another chunk. It reads as little of it as the engine does.
func (w *walker) isPadding(b []byte) bool {
	if len(b) < manifestHeader || w.header == manifestHeader {
		return len(b) < manifestHeader
	}
	return len(b) < trailerSize && allZero(b[:manifestHeader]) || len(b) < logHeader && allZero(b)
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

// A promise is what every batch says first: so much of that log, and of that
// manifest, was on disk when the batch was written. The engine's chunks have such an offset as well, but in
// version 2.1.7 it falls behind by 32 KiB for each block that was full
// (record/log_writer.go, flushLoop), so that most damage passed for an end.
type Promise struct {
	Nonce    [4]byte
	Log      uint64
	Offset   int64
	Manifest uint64
	Length   int64
}

// PromiseEnd is where in a record its promise has ended for sure: the batch's
// header, kind, length, nonce and four numbers.
const PromiseEnd = batchrepr.HeaderLen + 2 + 4 + 4*binary.MaxVarintLen64

// KindLogData is the engine's: a record for the log alone.
const KindLogData = 3

func (p Promise) Append(b []byte) []byte {
	b = append(b, p.Nonce[:]...)
	for _, n := range [...]uint64{p.Log, uint64(p.Offset), p.Manifest, uint64(p.Length)} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// readPromise reads the promise of a batch, or of the beginning of one.
func readPromise(batch []byte) (p Promise, ok bool) {
	if len(batch) < batchrepr.HeaderLen+2 || batch[batchrepr.HeaderLen] != KindLogData {
		return p, false
	}
	n := int(batch[batchrepr.HeaderLen+1]) // Never two bytes: it is short.
	b := batch[batchrepr.HeaderLen+2:]
	if n < len(p.Nonce) || n > len(b) {
		return p, false
	}
	b = b[copy(p.Nonce[:], b):n]
	var numbers [4]uint64
	for i := range numbers {
		v, used := binary.Uvarint(b)
		if used <= 0 {
			return p, false
		}
		numbers[i], b = v, b[used:]
	}
	p.Log, p.Offset, p.Manifest, p.Length = numbers[0], int64(numbers[1]), numbers[2], int64(numbers[3])
	return p, len(b) == 0
}
