package queue

import (
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
)

// A Post is mail that is put on queues within a transaction of somebody else:
// when that has committed the mail is there, once, and otherwise nothing of it is.
// A Post is for one transaction and one goroutine.
type Post struct {
	service *Service
	letters []posted
	bags    []*bag
}

// A posted letter is one that was added.
type posted struct {
	letter
	sent Sent
	bag  *bag
}

// A bag is what of a Post is for one queue.
type bag struct {
	queue *queue
	// to is the queue's name, and from who was let in last.
	to   arn.ARN
	from access.Caller
	// opened means that a letter was to be taken out in the transaction, and gone
	// that there was no queue any more.
	opened, gone bool
}

// NewPost returns a Post without mail.
func (s *Service) NewPost() *Post { return &Post{service: s} }

// Add makes mail ready, which takes time and so is done before the transaction.
// An error is one of those of [Service.Deliver], and leaves the mail out.
func (p *Post) Add(to arn.ARN, m Mail) error {
	b, err := p.bag(to, m.From)
	if err != nil {
		return err
	}
	c, fifo := b.queue.config(), b.queue.address.FIFO()
	d := m.draft()
	if err := d.check(&c.Settings, fifo); err != nil {
		return err
	}
	l := posted{bag: b}
	l.letter = newLetter(&d, c, fifo, nil)
	p.letters = append(p.letters, l)
	return nil
}

// bag returns what there is for a queue, if the sender may put mail there. Who was let
// in a moment ago is not asked again: the mail of one transaction arrives at once.
func (p *Post) bag(to arn.ARN, from access.Caller) (*bag, error) {
	i := slices.IndexFunc(p.bags, func(b *bag) bool { return b.to == to })
	if i >= 0 && p.bags[i].from == from {
		return p.bags[i], nil
	}
	q, err := p.service.admit(to, from)
	if err != nil {
		return nil, err
	}
	if i >= 0 && p.bags[i].queue == q {
		p.bags[i].from = from
		return p.bags[i], nil
	}
	b := &bag{queue: q, to: to, from: from}
	p.bags = append(p.bags, b)
	return b, nil
}

// Take puts the nth mail that was added, from 0, on its queue in tx. False means
// that the queue is gone meanwhile. After an error tx must not commit.
func (p *Post) Take(tx store.Tx, n int) (bool, error) {
	l := &p.letters[n]
	q := l.bag.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if !l.bag.opened {
		if l.bag.opened, l.bag.gone = true, q.deleted; !l.bag.gone {
			if err := q.usable(tx); err != nil {
				return false, err
			}
			tx.OnEnd(q.posted)
		}
	}
	if l.bag.gone {
		return false, nil
	}
	l.letter.sent = &l.sent
	return true, q.post(tx, time.Now().UnixNano(), &l.letter)
}

// Seal ends what is taken in tx. It comes after the last Take.
func (p *Post) Seal(tx store.Tx) error {
	for _, b := range p.bags {
		if !b.opened || b.gone {
			continue
		}
		b.queue.mu.Lock()
		err := b.queue.saveCursor(tx)
		b.queue.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// posted is told how a transaction ended that has put mail on q: either there is
// something for those who wait, or memory is ahead of the disk.
func (q *queue) posted(kept bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !kept {
		q.stale = true
		return
	}
	q.stir(time.Now().UnixNano())
}
