package directory

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A counting store counts updates.
type counting struct {
	store.Store
	updates atomic.Int64
}

func (c *counting) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	c.updates.Add(1)
	return c.Store.Update(ctx, fn, opts...)
}

// When a key was last used is known at once, costs no write a call, and is still known
// after a restart and under a new name of its user.
func TestTheLastUseOfAKeyIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counting{Store: mem.New()}
		open := func() (*Directory, func()) {
			d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- d.Run(ctx) }()
			return d, func() {
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
		d, stop := open()
		if _, err := d.Create(t.Context(), root, User, Entity{Name: "Anna"}); err != nil {
			t.Fatal(err)
		}
		_, key, _, err := d.CreateKey(t.Context(), root, "anna")
		if err != nil {
			t.Fatal(err)
		}
		anna := root
		anna.KeyID, anna.Identity = key.ID, &access.Identity{User: "Anna"}
		want := func(at time.Time, service string) {
			t.Helper()
			user, u, err := d.LastUse(root, key.ID)
			if err != nil || user != "Anna" && user != "Berta" || !u.At.Equal(at) || u.Service != service {
				t.Errorf("%s, %+v, %v; want %v, %q", user, u, err, at, service)
			}
		}
		want(time.Time{}, "")
		written := s.updates.Load()
		for range 1000 {
			d.Used(anna, "sqs")
		}
		first := now()
		want(first, "sqs")
		if s.updates.Load() != written {
			t.Errorf("%d writes for 1,000 calls", s.updates.Load()-written)
		}
		time.Sleep(2 * writeUses)
		synctest.Wait()
		if s.updates.Load() != written+1 || len(d.recent) != 0 {
			t.Errorf("%d writes in two minutes, %d uses in memory", s.updates.Load()-written, len(d.recent))
		}
		want(first, "sqs")
		d.Used(anna, "logs")
		last := now()
		if err := d.Rename(t.Context(), root, User, "anna", "Berta", ""); err != nil {
			t.Fatal(err)
		}
		want(last, "logs")
		stop()
		d, stop = open()
		want(last, "logs")
		if err := d.Rename(t.Context(), root, User, "berta", "Anna", ""); err != nil {
			t.Fatal(err)
		}
		want(last, "logs")

		unknown, claimed := anna, anna
		unknown.KeyID, claimed.Identity = "AKIAAAAAAAAAAAAAAAAA", nil
		d.Used(unknown, "sqs")
		d.Used(claimed, "sqs")
		if len(d.recent) != 0 {
			t.Error("uses are kept of keys that nobody has, or that nobody signed with")
		}
		for _, id := range []string{"AKIAAAAAAAAAAAAAAAAA", key.ID} {
			if _, _, err := d.LastUse(access.Root("444455556666", "eu-central-1"), id); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("another account learns of %s: %v", id, err)
			}
		}
		d.Used(anna, "logs")
		if err := d.DeleteKey(t.Context(), root, "anna", key.ID); err != nil {
			t.Fatal(err)
		}
		stop()
		if len(d.recent) != 0 {
			t.Error("the use of a deleted key stays in memory")
		}
	})
}
