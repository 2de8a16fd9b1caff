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
	seen map[string]repeat
	line []expiry // oldest first
}

// A repeat is a message that another one may repeat.
type repeat struct {
	id  uuid.UUID
	seq uint64
	at  int64
}

type expiry struct {
	key string
	at  int64
}

func newDedup() dedup { return dedup{seen: map[string]repeat{}} }

// contentID is the deduplication id of a message that comes without one.
func contentID(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// repeatKey returns what a repetition of d is recognised by.
func repeatKey(s *Settings, d *Draft) string {
	if s.GroupDedup {
		return d.Group + "\x00" + d.DedupID
	}
	return d.DedupID
}

// find returns the message that key repeats.
func (d *dedup) find(key string, now int64) (repeat, bool) {
	d.forget(now)
	r, ok := d.seen[key]
	return r, ok
}

// forget drops what is too old.
func (d *dedup) forget(now int64) {
	n := 0
	for n < len(d.line) && d.line[n].at <= now-int64(dedupFor) {
		if d.seen[d.line[n].key].at == d.line[n].at {
			delete(d.seen, d.line[n].key)
		}
		n++
	}
	if n == len(d.line) {
		d.line = nil
	} else {
		d.line = d.line[n:]
	}
}

// remember takes in a message.
func (d *dedup) remember(tx store.Tx, queue uint64, k string, r repeat) error {
	if err := tx.Put(key(keyDedup, queue, uint64(r.at), r.seq), append(r.id[:], k...)); err != nil {
		return err
	}
	d.seen[k] = r
	d.line = append(d.line, expiry{k, r.at})
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
		if len(v) < 16 {
			return recordError(q.address, lastNumber(k), errRecord)
		}
		r := repeat{seq: lastNumber(k), at: int64(binary.BigEndian.Uint64(k[len(k)-16:]))}
		copy(r.id[:], v)
		name := string(v[16:])
		d.seen[name] = r
		d.line = append(d.line, expiry{name, r.at})
	}
	return nil
}

// clear removes from the disk what is too old.
func (d *dedup) clear(tx store.Tx, queue uint64, now time.Time) error {
	return tx.DeleteRange(key(keyDedup, queue), key(keyDedup, queue, uint64(now.Add(-dedupFor).UnixNano())))
}
