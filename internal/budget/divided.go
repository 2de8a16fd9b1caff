package budget

import (
	"context"
	"sync"
)

// A Divided is a share of which nobody holds more than half, so that there is always
// some left for others. Whoever would hold more waits behind itself, and keeps nobody
// else waiting.
//
// A nil Divided has no bound.
type Divided struct {
	of *Share

	mu sync.Mutex
	// owners are those who hold something, or wait for it.
	owners map[string]*owner
}

// An owner has the bound of one that holds parts of a share, and how many use it now.
type owner struct {
	half  *Share
	users int
}

// Divided returns a share as something of which nobody holds more than half.
func (s *Share) Divided() *Divided {
	if s == nil {
		return nil
	}
	return &Divided{of: s, owners: map[string]*owner{}}
}

// Take waits until n bytes are free for an owner and takes them; the caller gives the
// same n back with Give. More than half of the share counts as half of it. The error is
// the context's, and nothing is taken then.
func (d *Divided) Take(ctx context.Context, by string, n int64) error {
	if d == nil || n <= 0 {
		return nil
	}
	o := d.enter(by)
	n = min(n, o.half.size)
	err := o.half.Take(ctx, n)
	if err == nil {
		if err = d.of.Take(ctx, n); err != nil {
			o.half.Give(n)
		}
	}
	if err != nil {
		d.leave(by)
	}
	return err
}

// Try takes n bytes if they are free for an owner now and nobody waits, and says
// whether it did.
func (d *Divided) Try(by string, n int64) bool {
	if d == nil || n <= 0 {
		return true
	}
	o := d.enter(by)
	n = min(n, o.half.size)
	if o.half.Try(n) {
		if d.of.Try(n) {
			return true
		}
		o.half.Give(n)
	}
	d.leave(by)
	return false
}

// Give returns n bytes that an owner took.
func (d *Divided) Give(by string, n int64) {
	if d == nil || n <= 0 {
		return
	}
	d.mu.Lock()
	half := d.owners[by].half
	d.mu.Unlock()
	n = min(n, half.size)
	half.Give(n)
	d.of.Give(n)
	d.leave(by)
}

func (d *Divided) enter(by string) *owner {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.owners[by]
	if o == nil {
		o = &owner{half: newShare("", max(d.of.size/2, 1))}
		d.owners[by] = o
	}
	o.users++
	return o
}

func (d *Divided) leave(by string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.owners[by]; o.users == 1 {
		delete(d.owners, by)
	} else {
		o.users--
	}
}
