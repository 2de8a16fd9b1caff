package dead

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// A Letter is a delivery that failed for good and that no dead-letter queue took.
type Letter struct {
	// ID names it among those of its account; see [Keep.Read].
	ID string `json:",omitempty"`
	// Event is what was to be delivered, and if that is not JSON, a string of it.
	Event json.RawMessage `json:",omitempty"`
	// Source and Owner are the ARNs of what it came by and of what owed it. Readers
	// and stores know them by the kinds that most of them are of.
	Source    string `json:"Bus"`
	Owner     string `json:"Rule"`
	TargetID  string
	Target    string
	Code      string
	Message   string
	Exhausted string `json:",omitempty"`
	// DeadLetterErr says why the target's dead-letter queue did not take it; ""
	// when the target has none.
	DeadLetterErr string `json:",omitempty"`
	Attempts      int
	Ingested      time.Time
	Died          time.Time
}

// Options say where the dead are kept, and how many.
type Options struct {
	Store store.Store
	Log   *slog.Logger
	// Most and MostBytes bound what is kept of all accounts.
	Most      int
	MostBytes int64
}

// A Keep is where the dead are.
type Keep struct {
	Options

	mu      sync.Mutex // taken inside of transactions
	tallies tallies
}

// Open counts what is kept. What an earlier version has kept is given to the
// accounts that it is of.
func Open(ctx context.Context, o Options) (*Keep, error) {
	k := &Keep{Options: o, tallies: newTallies()}
	if err := k.move(ctx); err != nil {
		return nil, err
	}
	return k, o.Store.View(ctx, k.count)
}

func (k *Keep) count(tx store.Tx) error {
	for at, v := range tx.Scan([]byte(prefix), store.End([]byte(prefix))) {
		n := int64(1)
		if decode(at).lane == 0 {
			n = 0
		}
		k.tallies.add(accountIn(at), n, int64(len(at)+len(v)))
	}
	return nil
}

// Put keeps one more for an account, and lets others go while there are too
// many, or too much of them: always the oldest of the account that holds most.
// One stays in any case. What is put again, because a crash came in between,
// counts once.
func (k *Keep) Put(tx store.Tx, account string, seq, lane uint64, l *Letter) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := key{seq, lane}
	record := *l
	record.Event = nil
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	again, err := tx.Get(at.of(account))
	if err != nil {
		return err
	}
	if again != nil {
		k.tallies.add(account, 0, int64(len(b)-len(again)))
		return tx.Put(at.of(account), b)
	}
	if err := k.putPayload(tx, account, at.payload(), l.Event); err != nil {
		return err
	}
	if err := tx.Put(at.of(account), b); err != nil {
		return err
	}
	mine := k.tallies.add(account, 1, int64(len(at.of(account))+len(b)))
	if at.before(mine.oldest) {
		mine.oldest = at
	}
	return k.makeRoom(tx, mine)
}

// putPayload writes the payload of a dead delivery, unless it is there for another.
func (k *Keep) putPayload(tx store.Tx, account string, at key, payload []byte) error {
	there, err := tx.Get(at.of(account))
	if err != nil || there != nil {
		return err
	}
	k.tallies.add(account, 0, int64(len(at.of(account))+len(payload)))
	return tx.Put(at.of(account), payload)
}

// makeRoom lets go what is too many or too much after something was put.
func (k *Keep) makeRoom(tx store.Tx, mine *tally) error {
	for k.tallies.held[number] > int64(k.Most) {
		if err := k.pushOut(tx, k.tallies.most(number, mine)); err != nil {
			return err
		}
	}
	for k.tallies.held[size] > k.MostBytes && k.tallies.held[number] > 1 {
		if err := k.pushOut(tx, k.tallies.most(size, mine)); err != nil {
			return err
		}
	}
	return nil
}

// pushOut lets the oldest of an account go, and its payload when no other one
// needs it.
func (k *Keep) pushOut(tx store.Tx, of *tally) error {
	var oldest key
	found, shared, bytes := false, false, int64(0)
	for at, v := range tx.Scan(of.oldest.of(of.account), store.End(ofAccount(of.account))) {
		this := decode(at)
		if found {
			shared = this.seq == oldest.seq
			break
		}
		if this.lane != 0 {
			oldest, found, bytes = this, true, int64(len(at)+len(v))
		}
	}
	of.oldest = oldest
	of.pushed++
	if !shared {
		payload, err := tx.Get(oldest.payload().of(of.account))
		if err != nil {
			return err
		}
		if payload != nil {
			bytes += int64(len(oldest.of(of.account)) + len(payload))
		}
		if err := tx.Delete(oldest.payload().of(of.account)); err != nil {
			return err
		}
	}
	if err := tx.Delete(oldest.of(of.account)); err != nil {
		return err
	}
	k.tallies.add(of.account, -1, -bytes)
	return nil
}

// Count returns how many are kept.
func (k *Keep) Count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return int(k.tallies.held[number])
}

// PushedOut returns how many of an account newer ones have pushed out, since it
// holds any and since the start.
func (k *Keep) PushedOut(account string) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.tallies.of[account]; t != nil {
		return t.pushed
	}
	return 0
}
