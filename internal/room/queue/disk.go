package queue

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// The keys. Queues have numbers, so that the keys of messages are short and a
// queue that is made anew shares nothing with the one before it. All numbers
// are eight bytes, big-endian.
const (
	keyQueue  = "queue/q/" // account / region / name: a definition, JSON
	keyNumber = "queue/n"  // the number of the last queue made
	keyCursor = "queue/c/" // queue: head, tail and number of the fresh messages
	keyBody   = "queue/m/" // queue, message: a record
	keyEntry  = "queue/s/" // queue, message: what the ledger holds of it
	keyDedup  = "queue/d/" // queue, time, message: a deduplication id
	keyMove   = "queue/t/" // queue, task: a task that moves dead letters, JSON
)

// perQueue are the kinds of keys that go with a queue when it is deleted.
var perQueue = []string{keyCursor, keyBody, keyEntry, keyDedup, keyMove}

func key(kind string, numbers ...uint64) []byte {
	k := make([]byte, len(kind), len(kind)+8*len(numbers))
	copy(k, kind)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

// keyRange returns the ends of the keys of one kind in one queue.
func keyRange(kind string, queue uint64) (from, to []byte) {
	from = key(kind, queue)
	return from, store.End(from)
}

// lastNumber returns the number that a key ends with.
func lastNumber(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }

// A definition is what is stored of a queue itself.
type definition struct {
	Number            uint64
	Settings          Settings
	Tags              map[string]string `json:",omitempty"`
	Created, Modified time.Time
}

func definitionKey(a Address) []byte {
	return []byte(keyQueue + a.Account + "/" + a.Region + "/" + a.Name)
}

func putDefinition(tx store.Tx, a Address, d definition) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Put(definitionKey(a), b)
}

// saveCursor puts on disk where the messages without an entry are.
func (q *queue) saveCursor(tx store.Tx) error {
	var v [24]byte
	binary.BigEndian.PutUint64(v[:8], q.head)
	binary.BigEndian.PutUint64(v[8:16], q.tail)
	binary.BigEndian.PutUint64(v[16:], uint64(q.fresh))
	return tx.Put(key(keyCursor, q.number), v[:])
}

// loadCursor is the way back. A queue that never had a message has none.
func (q *queue) loadCursor(tx store.Tx) error {
	q.head, q.tail, q.floor, q.fresh = 1, 1, 1, 0
	b, err := tx.Get(key(keyCursor, q.number))
	if b == nil || err != nil {
		return err
	}
	if len(b) != 24 {
		return recordError(q.address, 0, errRecord)
	}
	q.head, q.tail = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:16])
	q.fresh = int(binary.BigEndian.Uint64(b[16:]))
	return nil
}
