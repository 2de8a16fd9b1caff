package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// A Use says when a key signed a call that was carried out, and of what.
type Use struct {
	At              time.Time
	Service, Region string
}

// writeUses is how often what is known of uses is written down, so that a call costs no
// write. A crash forgets what came since.
const writeUses = time.Minute

// Used takes down that a call of a service was signed with a key. Of keys that are not
// those of users nothing is kept, nor of callers who are not known to be who they say.
func (d *Directory) Used(by access.Caller, service string) {
	if by.Identity == nil || d.keys.Find(keyAt(by.KeyID)) == nil {
		return
	}
	d.recentMu.Lock()
	defer d.recentMu.Unlock()
	d.recent[by.KeyID] = Use{now(), service, by.Region}
}

// LastUse returns whose a key is and when it was last used, the zero Use if it never
// was.
func (d *Directory) LastUse(by access.Caller, id string) (user string, u Use, err error) {
	const action = "GetAccessKeyLastUsed"
	k := d.keys.Find(keyAt(id))
	if k == nil || k.Account != by.Account {
		return "", u, cmp.Or(d.Ask(by, "iam:"+action, "*", nil), missingKey(id))
	}
	e, err := d.Get(by, action, User, k.User)
	if err != nil {
		return "", u, err
	}
	d.recentMu.Lock()
	defer d.recentMu.Unlock()
	u, known := d.recent[id]
	if !known && k.Used != nil {
		u = *k.Used
	}
	return e.Name, u, nil
}

// Run writes down when keys were used, now and then and when its context ends.
func (d *Directory) Run(ctx context.Context) error {
	tick := time.NewTicker(writeUses)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		// A full disk passes, and what was not written is written with what comes.
		if err := d.saveUses(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, store.ErrFull) {
			return fmt.Errorf("write down when keys were used: %w", err)
		}
	}
	return nil
}

// someUses is how many are written at a time.
const someUses = 1000

// saveUses writes down what is not written yet.
func (d *Directory) saveUses(ctx context.Context) error {
	d.recentMu.Lock()
	all := maps.Clone(d.recent)
	d.recentMu.Unlock()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(all)), someUses) {
		err := d.store.Update(ctx, func(tx store.Tx) error {
			w := d.keys.In(tx)
			for _, id := range ids {
				use := all[id]
				_, err := w.Change(keyAt(id), func(k *keyRecord) error {
					k.Used = &use
					return nil
				})
				if err != nil && fault.KindOf(err) != fault.KindNotFound { // it was deleted meanwhile
					return err
				}
			}
			return nil
		}, store.Unsynced)
		if err != nil {
			return err
		}
		d.recentMu.Lock()
		for _, id := range ids {
			if d.recent[id] == all[id] {
				delete(d.recent, id)
			}
		}
		d.recentMu.Unlock()
	}
	return nil
}
