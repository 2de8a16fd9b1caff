package history

import (
	"context"
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// A Draft is a record on its way into a transaction of the caller's own. Whoever has
// one calls Owe in the transaction and End after it.
type Draft struct {
	book   *Book
	of     *account
	to     address
	size   int64
	packed *blocks.Packed
}

// Draft makes a record of now ready for the history of a place, where there is room
// for it then.
func (b *Book) Draft(ctx context.Context, at access.Place, k Kind, text []byte) (*Draft, error) {
	now := time.Now().UnixMilli()
	d := &Draft{book: b, of: b.hold(&at), size: int64(len(text))}
	var err error
	if d.to, err = b.room(ctx, d.of, at.Region, k, now, d.size); err != nil {
		b.release(d.of)
		return nil, err
	}
	if d.packed, err = b.in.Pack(ctx, []blocks.Entry{{Time: now, Arrived: now, Text: text}}); err != nil {
		d.unused()
		b.release(d.of)
		return nil, err
	}
	return d, nil
}

// Owe writes the record.
func (d *Draft) Owe(tx store.Tx) error {
	h := d.book.histories.In(tx).Find(key(d.to.in))
	if h == nil || h.Number != d.to.number || !has(h.Segments, d.to.source) {
		return errors.New("the account's history was cut where the record belongs")
	}
	return d.book.in.Add(tx, d.to.number, d.to.source, d.packed)
}

// End is called once, when the transaction is over; kept says that it is on disk.
func (d *Draft) End(kept bool) {
	d.packed.Free()
	if kept {
		d.pileUp()
	} else {
		d.unused()
	}
	d.book.release(d.of)
}

// pileUp counts a block that was written.
func (d *Draft) pileUp() {
	d.book.mu.Lock()
	defer d.book.mu.Unlock()
	l, g := d.of.find(d.to)
	if l == nil || g != l.last(g.Kind) {
		return
	}
	if l.small[g.Kind]++; l.small[g.Kind] == blocks.SmallestPile {
		l.small[g.Kind] = 0
		d.book.piles.Add(d.of.name, pile{l.Number, g.Source, g.Begun})
	}
}

// unused gives back what was counted of a record that was not written.
func (d *Draft) unused() {
	d.book.mu.Lock()
	defer d.book.mu.Unlock()
	if l, g := d.of.find(d.to); l != nil {
		g.Bytes -= d.size
		d.of.sizes[g.Kind] -= d.size
	}
}
