package queue

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/room/queue/ledger"
)

// recordVersion is the first byte of every binary record.
const recordVersion = 1

var errRecord = errors.New("queue: a stored record cannot be read")

// A record is a message as it is stored: what the sender gave and what the
// queue added. It does not change while the message is in the queue.
type record struct {
	Draft
	id     uuid.UUID
	origin string
	// sent, first and count are as in an entry, at the time when the message came
	// into this queue; a dead letter brings them along.
	sent, first int64
	count       uint32
}

func (r *record) tag() uint64 { return binary.BigEndian.Uint64(r.id[:8]) }

// append appends the record: fixed fields, short texts with their lengths, and
// the body, which takes what is left.
func (r *record) append(b []byte) []byte {
	b = append(b, recordVersion)
	b = append(b, r.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.sent))
	b = binary.BigEndian.AppendUint64(b, uint64(r.first))
	b = binary.BigEndian.AppendUint32(b, r.count)
	for _, s := range [...]string{r.Sender, r.Group, r.DedupID, r.Trace, r.origin} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Attributes)))
	for _, a := range r.Attributes {
		b = appendText(appendText(appendText(b, a.Name), a.Type), a.Value)
	}
	return append(b, r.Body...)
}

// size is about how long the record will be.
func (r *record) size() int {
	return 64 + len(r.Sender) + len(r.Group) + len(r.DedupID) + len(r.Trace) + len(r.origin) + r.Draft.Size() + 8*len(r.Attributes)
}

// decodeRecord reads a record; its texts are copies.
func decodeRecord(b []byte) (*record, error) {
	d := decoder{b: b}
	r := &record{}
	d.version()
	copy(r.id[:], d.take(16))
	r.sent, r.first, r.count = int64(d.uint64()), int64(d.uint64()), d.uint32()
	for _, s := range [...]*string{&r.Sender, &r.Group, &r.DedupID, &r.Trace, &r.origin} {
		*s = d.text()
	}
	n := d.uvarint()
	for range n {
		if d.bad {
			break
		}
		r.Attributes = append(r.Attributes, Attribute{d.text(), d.text(), d.text()})
	}
	r.Body = string(d.b)
	return r, d.err()
}

// sentIn returns when the message of a stored record was sent, without reading
// the rest of it.
func sentIn(b []byte) (int64, error) {
	d := decoder{b: b}
	d.version()
	d.take(16)
	sent := int64(d.uint64())
	return sent, d.err()
}

// appendEntry appends what is stored of an entry in a group.
func appendEntry(b []byte, e *ledger.Entry, group string) []byte {
	b = append(b, recordVersion, byte(e.Phase))
	b = binary.BigEndian.AppendUint64(b, e.Tag)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Sent))
	b = binary.BigEndian.AppendUint64(b, uint64(e.First))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Due))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Taken))
	b = binary.BigEndian.AppendUint32(b, e.Count)
	return append(b, group...)
}

// decodeEntry reads an entry and the name of its group.
func decodeEntry(seq uint64, b []byte) (*ledger.Entry, string, error) {
	d := decoder{b: b}
	d.version()
	e := &ledger.Entry{Seq: seq}
	e.Phase = ledger.Phase(d.byte())
	e.Tag = d.uint64()
	for _, t := range [...]*int64{&e.Sent, &e.First, &e.Due, &e.Taken} {
		*t = int64(d.uint64())
	}
	e.Count = d.uint32()
	if e.Phase > ledger.Hidden {
		d.bad = true
	}
	return e, string(d.b), d.err()
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// A decoder reads from the front of b. After the first mistake it is bad and
// returns zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) err() error {
	if d.bad {
		return errRecord
	}
	return nil
}

func (d *decoder) version() {
	if v := d.byte(); v != recordVersion {
		d.bad = true
	}
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return make([]byte, min(n, 16))
	}
	t := d.b[:n]
	d.b = d.b[n:]
	return t
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) uint64() uint64 { return binary.BigEndian.Uint64(d.take(8)) }
func (d *decoder) uint32() uint32 { return binary.BigEndian.Uint32(d.take(4)) }

func (d *decoder) uvarint() uint64 {
	n, width := binary.Uvarint(d.b)
	if width <= 0 || n > uint64(len(d.b)) { // every counted thing takes a byte
		d.bad = true
		return 0
	}
	d.b = d.b[width:]
	return n
}

func (d *decoder) text() string {
	n := d.uvarint()
	if d.bad {
		return ""
	}
	return string(d.take(int(n)))
}

// recordError says where a record is that cannot be read.
func recordError(a Address, seq uint64, err error) error {
	return fmt.Errorf("message %d of queue %s: %w", seq, a.ARN(), err)
}
