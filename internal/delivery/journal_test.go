package delivery

import (
	"context"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A journal is a store in memory that knows what was written in which order,
// and so what a crash may leave of it: a beginning that holds all that was
// synced. It takes its time, so that much can happen meanwhile.
type journal struct {
	store.Store
	delay func(what string) time.Duration

	mu      sync.Mutex
	updates [][]change
	synced  int  // how many updates are on disk for certain
	left    int  // updates until the process dies; negative when it lives on
	lastOne bool // the last of them is applied, and nobody learns of it
	dead    bool
}

// A change is one key written, or deleted when the value is nil.
type change struct{ key, value []byte }

func newJournal(delay func(string) time.Duration) *journal {
	return &journal{Store: mem.New(), delay: delay, left: -1}
}

// cutAfter has the process die n updates from now, before or after the last
// of them is applied.
func (j *journal) cutAfter(n int, applied bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return
	}
	j.left, j.lastOne, j.dead = n, applied, n == 0
}

func (j *journal) gone() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead
}

func (j *journal) View(ctx context.Context, fn func(store.Tx) error) error {
	if j.gone() {
		return errCut
	}
	return j.Store.View(ctx, func(tx store.Tx) error { return fn(slowly{tx, j}) })
}

// slowly is a transaction that only reads.
type slowly struct {
	store.Tx
	*journal
}

func (s slowly) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range s.Tx.Scan(from, to) {
			time.Sleep(s.delay("read"))
			if !yield(k, v) {
				return
			}
		}
	}
}

func (j *journal) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	died := false
	time.Sleep(j.delay("write"))
	err := j.Store.Update(ctx, func(tx store.Tx) error {
		if j.gone() {
			return errCut
		}
		rec := &recording{Tx: tx}
		if err := fn(rec); err != nil {
			return err
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.left > 0 {
			j.left--
		}
		if j.left == 0 {
			j.dead, died = true, true
			if !j.lastOne {
				return errCut
			}
		}
		j.updates = append(j.updates, rec.changes)
		if len(opts) == 0 {
			j.synced = len(j.updates)
		}
		return nil
	})
	if died {
		return errCut
	}
	return err
}

// after returns what is found after the crash.
func (j *journal) after(powerCut bool, rnd *rand.Rand) *journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := len(j.updates)
	if powerCut {
		n = j.synced + rnd.IntN(n-j.synced+1)
	}
	next := newJournal(j.delay)
	next.updates, next.synced = j.updates[:n:n], n
	err := next.Store.Update(context.Background(), func(tx store.Tx) error {
		for _, u := range next.updates {
			for _, c := range u {
				var err error
				if c.value == nil {
					err = tx.Delete(c.key)
				} else {
					err = tx.Put(c.key, c.value)
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return next
}

type recording struct {
	store.Tx
	changes []change
}

func (r *recording) Put(key, value []byte) error {
	r.changes = append(r.changes, change{append([]byte(nil), key...), append([]byte{}, value...)})
	return r.Tx.Put(key, value)
}

func (r *recording) Delete(key []byte) error {
	r.changes = append(r.changes, change{append([]byte(nil), key...), nil})
	return r.Tx.Delete(key)
}

func (r *recording) DeleteRange(_, _ []byte) error { panic("the outbox deletes no ranges") }
