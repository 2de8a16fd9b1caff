package delivery

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What the outbox keeps. Numbers in keys are big-endian, so that keys sort by them.
//
//	delivery/p/<lane>             a plan, JSON
//	delivery/e/<seq>              an item with the lanes of its first pass
//	delivery/r/<seq>              what still refers to the item, when any delivery of it waits
//	delivery/w/<lane><due><seq>   a waiting delivery; due is in Unix milliseconds
//	delivery/k/                   the dead deliveries, see package dead
//	delivery/s                    what a start leaves for the next one, JSON
//
// An item is written once, together with the list of lanes that try it at
// once: its first pass. When all of them succeed, one delete is all that
// follows. Only a delivery that must wait gets a record of its own, and then
// the r record says who still needs the item.
const (
	prefixPlan  = "delivery/p/"
	prefixEvent = "delivery/e/"
	prefixRefs  = "delivery/r/"
	prefixWait  = "delivery/w/"
	keyStart    = "delivery/s"
	keyTrying   = "delivery/t"
)

func key1(prefix string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, len(prefix)+8), prefix...), n)
}

// A waitKey names one waiting delivery within its lane.
type waitKey struct {
	due int64 // Unix milliseconds
	seq uint64
}

func (k waitKey) encode(l Lane) []byte {
	b := make([]byte, 0, len(prefixWait)+24)
	b = append(b, prefixWait...)
	b = binary.BigEndian.AppendUint64(b, uint64(l))
	b = binary.BigEndian.AppendUint64(b, uint64(k.due))
	return binary.BigEndian.AppendUint64(b, k.seq)
}

func decodeWaitKey(key []byte) (Lane, waitKey, error) {
	b := key[len(prefixWait):]
	if len(b) != 24 {
		return 0, waitKey{}, fmt.Errorf("waiting delivery has a key of %d bytes", len(key))
	}
	return Lane(binary.BigEndian.Uint64(b)), waitKey{int64(binary.BigEndian.Uint64(b[8:])), binary.BigEndian.Uint64(b[16:])}, nil
}

// waiting is the value of a waiting delivery.
type waiting struct {
	attempts      int
	code, message string // of the last failure
}

func (w waiting) encode() []byte {
	b := binary.AppendUvarint(make([]byte, 0, 16+len(w.code)+len(w.message)), uint64(w.attempts))
	return appendString(appendString(b, w.code), w.message)
}

func decodeWaiting(b []byte) (waiting, error) {
	r := reader{b: b}
	w := waiting{attempts: int(r.uvarint()), code: r.string(), message: r.string()}
	return w, r.err
}

// refs says what still needs an event.
type refs struct {
	// first means that the first pass is not over.
	first bool
	// lanes have the event waiting.
	lanes []Lane
}

func (r refs) empty() bool { return !r.first && len(r.lanes) == 0 }

func (r *refs) add(l Lane) {
	if !slices.Contains(r.lanes, l) {
		r.lanes = append(r.lanes, l)
	}
}

func (r *refs) remove(l Lane) {
	r.lanes = slices.DeleteFunc(r.lanes, func(x Lane) bool { return x == l })
}

func (r refs) encode() []byte {
	b := []byte{0}
	if r.first {
		b[0] = 1
	}
	return appendLanes(b, r.lanes)
}

func decodeRefs(b []byte) (refs, error) {
	r := reader{b: b}
	out := refs{first: r.byte() == 1, lanes: r.lanes()}
	return out, r.err
}

const (
	recordVersion = 2
	// firstVersion is that of records without an ID: their body is an event, which has it.
	firstVersion  = 1
	flagForwarded = 1
)

// appendItem encodes an item, with the lanes of its first pass.
func appendItem(b []byte, it *Item, first []Lane) []byte {
	flags := byte(0)
	if it.Forwarded {
		flags |= flagForwarded
	}
	b = append(b, recordVersion, flags)
	b = binary.AppendVarint(b, it.Ingested.UnixNano())
	b = appendString(appendString(appendString(b, it.ID), it.Source), it.Trace)
	b = appendLanes(b, first)
	return append(b, it.Body...)
}

// decodeItem reads what appendItem wrote, here or in the first version. It copies
// what it keeps.
func decodeItem(b []byte) (Item, error) {
	r := reader{b: b}
	version := r.byte()
	if version != recordVersion && version != firstVersion {
		return Item{}, fmt.Errorf("item of version %d: this dari knows version %d", version, recordVersion)
	}
	flags := r.byte()
	it := Item{Forwarded: flags&flagForwarded != 0, Ingested: time.Unix(0, r.varint()).UTC()}
	if version == recordVersion {
		it.ID = r.string()
	}
	it.Source, it.Trace, it.Lanes = r.string(), r.string(), r.lanes()
	if r.err != nil {
		return Item{}, r.err
	}
	it.Body = slices.Clone(r.b)
	if version == firstVersion {
		var event struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(it.Body, &event); err != nil {
			return Item{}, fmt.Errorf("item of version %d: %w", version, err)
		}
		it.ID = event.ID
	}
	return it, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendLanes(b []byte, lanes []Lane) []byte {
	b = binary.AppendUvarint(b, uint64(len(lanes)))
	for _, l := range lanes {
		b = binary.AppendUvarint(b, uint64(l))
	}
	return b
}

var errShort = errors.New("record of the outbox is cut short")

// A reader takes a record apart; the first failure sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.err = errShort
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.err = nil, errShort
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.b, r.err = nil, errShort
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.err = nil, errShort
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) lanes() []Lane {
	n := r.uvarint()
	if n > uint64(len(r.b)) { // each takes a byte at least
		r.b, r.err = nil, errShort
		return nil
	}
	out := make([]Lane, n)
	for i := range out {
		out[i] = Lane(r.uvarint())
	}
	return out
}
