package queue

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/store"
)

// dedupFor is how long a FIFO queue recognises a repetition, counted from the
// first message.
const dedupFor = 5 * time.Minute

// dedup remembers what a FIFO queue took in lately. It is on disk as well, since
// it has to outlive the messages and a restart.
type dedup struct {
	seen map[fingerprint]repeat
	line []fading // oldest first
}

// A fingerprint is what a repetition is recognised by: a part of a SHA-256, so
// that long ids cost no more memory than short ones.
type fingerprint [16]byte

// A repeat is a message that another one may repeat.
type repeat struct {
	id  uuid.UUID
	seq uint64
	at  int64
}

type fading struct {
	print fingerprint
	at    int64
}

func newDedup() dedup { return dedup{seen: map[fingerprint]repeat{}} }

// contentID is the deduplication id of a message that comes without one.
func contentID(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// printOf returns what a repetition of d is recognised by.
func printOf(s *Settings, d *Draft) (p fingerprint) {
	what := d.DedupID
	if s.GroupDedup {
		what = d.Group + "\x00" + what
	}
	sum := sha256.Sum256([]byte(what))
	copy(p[:], sum[:])
	return p
}

// find returns the message that one with this fingerprint repeats.
func (d *dedup) find(p fingerprint, now int64) (repeat, bool) {
	d.forget(now)
	r, ok := d.seen[p]
	return r, ok
}

// forget drops what is too old.
func (d *dedup) forget(now int64) {
	n := 0
	for n < len(d.line) && d.line[n].at <= now-int64(dedupFor) {
		if d.seen[d.line[n].print].at == d.line[n].at {
			delete(d.seen, d.line[n].print)
		}
		n++
	}
	if d.line = d.line[n:]; n > 0 && len(d.line) == 0 {
		*d = newDedup() // a map does not shrink
	}
}

// remember takes in a message.
func (d *dedup) remember(tx store.Tx, queue uint64, p fingerprint, r repeat) error {
	if err := tx.Put(key(keyDedup, queue, uint64(r.at), r.seq), append(r.id[:], p[:]...)); err != nil {
		return err
	}
	d.seen[p] = r
	d.line = append(d.line, fading{p, r.at})
	return nil
}

// load reads back what is still of interest.
func (d *dedup) load(tx store.Tx, q *queue) error {
	*d = newDedup()
	if !q.address.FIFO() {
		return nil
	}
	_, to := keyRange(keyDedup, q.number)
	since := time.Now().Add(-dedupFor).UnixNano()
	for k, v := range tx.Scan(key(keyDedup, q.number, uint64(since)), to) {
		if len(v) != 32 {
			return recordError(q.address, lastNumber(k), errRecord)
		}
		r := repeat{seq: lastNumber(k), at: int64(binary.BigEndian.Uint64(k[len(k)-16:]))}
		copy(r.id[:], v)
		p := fingerprint(v[16:])
		d.seen[p] = r
		d.line = append(d.line, fading{p, r.at})
	}
	return nil
}

// clear removes from the disk what is too old.
func (d *dedup) clear(tx store.Tx, queue uint64, now time.Time) error {
	return tx.DeleteRange(key(keyDedup, queue), key(keyDedup, queue, uint64(now.Add(-dedupFor).UnixNano())))
}
