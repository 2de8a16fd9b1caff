package queue

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// MaxVisibility is how long one receiver may have a message, extensions
// included.
const MaxVisibility = 12 * time.Hour

// Remove deletes the messages that the receipts name. The errors are in the
// order of the receipts, nil for one that was deleted or had been before. In a
// standard queue, a receipt from before the message was handed out again
// deletes nothing and is no error. The deletions are on disk when Remove
// returns.
func (s *Service) Remove(ctx context.Context, a Address, receipts []string) ([]error, error) {
	return s.redeem(ctx, a, receipts, func(tx store.Tx, q *queue, i int, c claim) error {
		e, held := q.honour(c)
		switch {
		case e == nil:
			return nil
		case q.address.FIFO() && (!held || e.Phase != ledger.Hidden):
			return expired(receipts[i])
		case !held:
			return nil
		}
		return q.erase(tx, e)
	})
}

// A Timeout asks for a message to be invisible from now on for some time, which
// may be zero.
type Timeout struct {
	Receipt string
	Hide    time.Duration
	// Unseen says that nobody has looked at the message: that it was handed out does not
	// count, unless it has been again since.
	Unseen bool
}

// Extend changes how long messages are invisible. The errors are in the order
// of the timeouts. In a standard queue, a receipt from before the message was
// handed out again is as good as the latest; in a FIFO queue it has expired, and
// so has one whose time is over.
func (s *Service) Extend(ctx context.Context, a Address, timeouts []Timeout) ([]error, error) {
	receipts := make([]string, len(timeouts))
	for i, t := range timeouts {
		receipts[i] = t.Receipt
	}
	now := time.Now().UnixNano()
	return s.redeem(ctx, a, receipts, func(tx store.Tx, q *queue, i int, c claim) error {
		e, held := q.honour(c)
		if e == nil {
			return fault.Invalid("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", receipts[i])
		}
		if q.address.FIFO() && (!held || e.Phase != ledger.Hidden) {
			return expired(receipts[i])
		}
		hide := timeouts[i].Hide
		if hide < 0 || hide > MaxVisibility {
			return VisibilityFault(int(hide / time.Second))
		}
		if now+int64(hide) > e.Taken+int64(MaxVisibility) {
			return fault.Invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]", hide/time.Second)
		}
		if timeouts[i].Unseen && held && e.Count > 0 {
			if e.Count--; e.Count == 0 {
				e.First = 0
			}
			e.Taken = 0 // or one that brought its count along would be a dead letter now
		}
		if hide == 0 {
			q.Show(e, now)
		} else {
			q.Hide(e, now+int64(hide))
		}
		return q.save(tx, e)
	}, store.Unsynced)
}

// VisibilityFault is the fault of a visibility timeout out of bounds.
func VisibilityFault(seconds int) error {
	return fault.Invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.", seconds)
}

func expired(receipt string) error {
	return fault.Invalid("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", receipt)
}

// redeem calls fn for each receipt in one transaction. A fault that fn returns
// is the fate of that receipt; any other error ends the transaction.
func (s *Service) redeem(ctx context.Context, a Address, receipts []string, fn func(tx store.Tx, q *queue, i int, c claim) error, opts ...store.Option) ([]error, error) {
	q, err := s.find(a)
	if err != nil {
		return nil, err
	}
	fates := make([]error, len(receipts))
	claims := make([]claim, len(receipts))
	valid := 0
	for i, r := range receipts {
		if claims[i], fates[i] = q.claim(r); fates[i] == nil {
			valid++
		}
	}
	if valid == 0 {
		return fates, nil
	}
	err = s.update(ctx, q, func(tx store.Tx) error {
		q.Settle(time.Now().UnixNano())
		for i, c := range claims {
			if fates[i] != nil {
				continue
			}
			err := fn(tx, q, i, c)
			if err != nil && fault.KindOf(err) == fault.KindInternal {
				return err
			}
			fates[i] = err
		}
		return nil
	}, append(opts, store.Draining)...)
	return fates, err
}
