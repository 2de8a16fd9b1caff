package history

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
)

// room returns where a record of some bytes is put, and makes room for it: a segment
// of its own if there is none that may take it, and less of the account's oldest.
func (b *Book) room(ctx context.Context, a *account, region string, k Kind, now, size int64) (address, error) {
	most := max(b.opt.MaxBytes/int64(kinds), size)
	take := func() (address, bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		region = a.home(region, b.count >= b.most)
		return a.take(region, k, now, size, most)
	}
	if to, ok := take(); ok {
		return to, nil
	}
	if err := a.waitTurn(ctx); err != nil {
		return address{}, err
	}
	defer a.endTurn()
	for {
		if err := b.shrink(ctx, a, k, most-size); err != nil {
			return address{}, err
		}
		if to, ok := take(); ok {
			return to, nil
		}
		if err := b.begin(ctx, a, region, k, now); err != nil {
			return address{}, err
		}
	}
}

// begin begins a segment in the history of a region, which is made if there is none.
// It is the account's turn, as it is in what follows.
func (b *Book) begin(ctx context.Context, a *account, region string, k Kind, now int64) error {
	b.mu.Lock()
	var next history
	if l := a.regions[region]; l != nil {
		next = history{l.Number, slices.Clone(l.Segments)}
	}
	b.mu.Unlock()
	made := segment{Source: 1, Begun: now, Kind: k}
	if n := len(next.Segments); n > 0 {
		made.Source = next.Segments[n-1].Source + 1
	}
	next.Segments = append(next.Segments, made)
	err := b.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		if next.Number == 0 {
			if next.Number, err = nextNumber(tx); err != nil {
				return err
			}
		}
		return b.histories.In(tx).Put(key(access.Place{Account: a.name, Region: region}), &next)
	}, store.Unsynced)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := a.regions[region]
	if l == nil {
		l = &live{history: history{Number: next.Number}}
		a.regions[region] = l
		b.count++
	}
	if g := l.last(k); g != nil && l.small[k] > 1 {
		b.piles.Add(a.name, pile{l.Number, g.Source, g.Begun})
	}
	l.small[k] = 0
	l.Segments = append(l.Segments, made)
	return nil
}

// shrink lets the oldest segments of an account go until it has no more than most of a
// kind.
func (b *Book) shrink(ctx context.Context, a *account, k Kind, most int64) error {
	for {
		b.mu.Lock()
		over := a.sizes[k] > most
		region, oldest, ok := a.oldest(k)
		b.mu.Unlock()
		if !over || !ok {
			return nil
		}
		if err := b.drop(ctx, a, region, []segment{oldest}); err != nil {
			return err
		}
		b.pushedOut.Add(oldest.Bytes)
	}
}

// drop deletes segments of a history, and the history with the last.
func (b *Book) drop(ctx context.Context, a *account, region string, gone []segment) error {
	b.mu.Lock()
	l := a.regions[region]
	l.going = gone // so that nothing is put there any more
	left := l.without(gone)
	b.mu.Unlock()
	k := key(access.Place{Account: a.name, Region: region})
	err := b.opt.Store.Update(ctx, func(tx store.Tx) error {
		if len(left.Segments) == 0 {
			if _, err := b.histories.In(tx).Delete(k); err != nil {
				return err
			}
			return b.records.Drop(tx, l.Number)
		}
		for _, g := range gone {
			if err := b.records.DropSource(tx, l.Number, g.Source, g.Begun, g.Bytes); err != nil {
				return err
			}
		}
		return b.histories.In(tx).Put(k, &left)
	}, store.Draining)
	b.mu.Lock()
	defer b.mu.Unlock()
	l.going = nil
	if err != nil {
		return err
	}
	a.remove(region, gone)
	if a.regions[region] == nil {
		b.count--
	}
	return nil
}

func nextNumber(tx store.Tx) (uint64, error) {
	n := uint64(1)
	b, err := tx.Get([]byte(keyNumber))
	if err != nil {
		return 0, err
	}
	if len(b) == 8 {
		n += binary.BigEndian.Uint64(b)
	}
	return n, tx.Put([]byte(keyNumber), binary.BigEndian.AppendUint64(nil, n))
}
