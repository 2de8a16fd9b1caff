package queue

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
)

// A receipt names one handing out of one message: the queue and the message by
// number, a part of the message's id, and how often it had been received.
const receiptLen = 1 + 8 + 8 + 8 + 4

// receiptText takes one spelling of a receipt only.
var receiptText = base64.RawURLEncoding.Strict()

func (q *queue) receipt(e *ledger.Entry) string {
	b := make([]byte, 0, receiptLen)
	b = append(b, recordVersion)
	b = binary.BigEndian.AppendUint64(b, q.number)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, e.Tag)
	b = binary.BigEndian.AppendUint32(b, e.Count)
	return receiptText.EncodeToString(b)
}

// A claim is what a receipt says.
type claim struct {
	seq, tag uint64
	count    uint32
}

// claim reads a receipt.
func (q *queue) claim(receipt string) (claim, error) {
	b, err := receiptText.DecodeString(receipt)
	if err != nil || len(receipt) != receiptText.EncodedLen(receiptLen) || b[0] != recordVersion || binary.BigEndian.Uint64(b[1:]) != q.number {
		return claim{}, fault.NotFound("The input receipt handle \"%s\" is not a valid receipt handle.", receipt).WithCode(CodeReceipt)
	}
	return claim{
		seq: binary.BigEndian.Uint64(b[9:]), tag: binary.BigEndian.Uint64(b[17:]), count: binary.BigEndian.Uint32(b[25:]),
	}, nil
}

// honour returns the entry that a claim is about: nil when the message is gone.
// held is false when it has been handed out again since.
func (q *queue) honour(c claim) (e *ledger.Entry, held bool) {
	e = q.Find(c.seq)
	if e == nil || e.Tag != c.tag {
		return nil, false
	}
	return e, e.Count == c.count
}

// attempts are the requests that a FIFO queue was sent with a name.
type attempts struct {
	known map[string]attempt
	line  []named // oldest first
}

type named struct {
	name string
	at   int64
}

type attempt struct {
	at     int64
	claims []claim
}

// attemptFor is how long a request can be repeated, and maxAttempts how many of
// a queue are remembered: a later one pushes the oldest out.
const (
	attemptFor  = 5 * time.Minute
	maxAttempts = 10_000
)

func (a *attempts) remember(name string, now int64, claims []claim) {
	n := 0
	for n < len(a.line) && (a.line[n].at <= now-int64(attemptFor) || len(a.line)-n >= maxAttempts) {
		if old := a.line[n]; a.known[old.name].at == old.at {
			delete(a.known, old.name)
		}
		n++
	}
	a.line = append(a.line[n:], named{name, now})
	if a.known == nil {
		a.known = map[string]attempt{}
	}
	a.known[name] = attempt{now, claims}
}

// handed returns claims on what has been handed out.
func (t *taking) handed() []claim {
	claims := make([]claim, 0, len(t.out))
	for _, m := range t.out {
		if c, err := t.queue.claim(m.Receipt); err == nil { // it is our own
			claims = append(claims, c)
		}
	}
	return claims
}

// again hands out the messages of an earlier attempt of the same name, with the
// same receipts, if it was recent and nothing has happened to any of them.
func (t *taking) again(hide time.Duration) (bool, error) {
	q := t.queue
	before, ok := q.attempts.known[t.request.Attempt]
	if !ok || before.at <= t.now-int64(attemptFor) {
		return false, nil
	}
	for _, c := range before.claims {
		if e, held := q.honour(c); !held || e.Phase != ledger.Hidden {
			return false, nil
		}
	}
	for _, c := range before.claims {
		e, _ := q.honour(c)
		r, err := t.read(e.Seq)
		if r == nil || err != nil {
			return false, err
		}
		if err := t.give(e, r, hide); err != nil {
			return false, err
		}
	}
	return true, nil
}
