package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

const (
	maxKeysPerUser = 2
	// maxKeys bounds the keys of all accounts.
	maxKeys = 100_000
)

// A keyRecord is an access key of a user.
type keyRecord struct{ Key }

// A Key is an access key of a user, without its secret.
type Key struct {
	ID, Account, User string
	Active            bool
	Created           time.Time
}

func keyAt(id string) table.Key { return table.Key{Place: global, Name: id} }

// keysOf returns the keys of a user, oldest first.
func (d *Directory) keysOf(account, user string) []Key {
	var all []Key
	for k := range d.keys.All() {
		if k.Account == account && k.User == user {
			all = append(all, k.Key)
		}
	}
	slices.SortStableFunc(all, func(a, b Key) int { return a.Created.Compare(b.Created) })
	return all
}

// Keys returns the keys of a user.
func (d *Directory) Keys(by access.Caller, name string) (*Entity, []Key, error) {
	u, err := d.Get(by, "ListAccessKeys", User, name)
	if err != nil {
		return nil, nil, err
	}
	return u, d.keysOf(by.Account, u.Name), nil
}

// CreateKey makes an access key for a user, and returns its secret, which nobody
// is told again.
func (d *Directory) CreateKey(ctx context.Context, by access.Caller, name string) (Key, string, error) {
	u, err := d.Get(by, "CreateAccessKey", User, name)
	if err != nil {
		return Key{}, "", err
	}
	k := &keyRecord{Key{ID: d.issuer.newID(lasting), Account: by.Account, User: u.Name, Active: true, Created: now()}}
	err = d.store.Update(ctx, func(tx store.Tx) error {
		switch {
		case d.entities.Find(User.key(by.Account, name)) == nil:
			return User.missing(name)
		case len(d.keysOf(by.Account, u.Name)) == maxKeysPerUser:
			return quota("AccessKeysPerUser", maxKeysPerUser)
		}
		return d.keys.In(tx).Create(keyAt(k.ID), k)
	})
	return k.Key, d.issuer.secret(k.ID), err
}

// SetKey lets a key count, or not.
func (d *Directory) SetKey(ctx context.Context, by access.Caller, name, id string, active bool) error {
	if err := d.hasKey(by, "UpdateAccessKey", name, id); err != nil {
		return err
	}
	_, err := d.keys.Change(ctx, keyAt(id), func(k *keyRecord) error { k.Active = active; return nil })
	return err
}

// DeleteKey removes a key.
func (d *Directory) DeleteKey(ctx context.Context, by access.Caller, name, id string) error {
	if err := d.hasKey(by, "DeleteAccessKey", name, id); err != nil {
		return err
	}
	_, err := d.keys.Delete(ctx, keyAt(id))
	return err
}

// hasKey says whether a key is that of a user, to who may do op with it.
func (d *Directory) hasKey(by access.Caller, op, name, id string) error {
	u, err := d.Get(by, op, User, name)
	if err != nil {
		return err
	}
	if k := d.keys.Find(keyAt(id)); k == nil || k.Account != by.Account || k.User != u.Name {
		return missing("The Access Key with id %s cannot be found.", id)
	}
	return nil
}

// Issued says whether a key was made here, once.
func (d *Directory) Issued(id string) bool { return d.issuer.issued(id) }

// Find returns whom a key stands for, with the token that came with it.
func (d *Directory) Find(id, token string) (access.Credential, bool) {
	switch {
	case !d.issuer.issued(id):
		return access.Credential{}, false
	case strings.HasPrefix(id, temporary):
		return d.findSession(id, token)
	}
	k := d.keys.Find(keyAt(id))
	if k == nil || !k.Active || token != "" {
		return access.Credential{}, false
	}
	u := d.entities.Find(User.key(k.Account, k.User))
	if u == nil {
		return access.Credential{}, false
	}
	return access.Credential{
		Secret: d.issuer.secret(id), Account: k.Account, Principal: u.ARN,
		Identity: &access.Identity{ID: u.ID, User: u.Name},
	}, true
}

// findSession returns the session in a token, if its role or its user is still who
// it was then.
func (d *Directory) findSession(id, token string) (access.Credential, bool) {
	s := d.issuer.open(id, token)
	if s == nil {
		return access.Credential{}, false
	}
	is, _, _ := strings.Cut(s.Identity.ID, ":")
	who := access.Caller{Place: in(s.Account), Identity: &s.Identity}
	if e := d.entityOf(who); is != s.Account && (e == nil || e.ID != is) {
		return access.Credential{}, false
	}
	return access.Credential{
		Secret: d.issuer.secret(id), Token: token, Account: s.Account, Principal: s.Principal,
		Identity: &s.Identity, Expires: s.Identity.Expires,
	}, true
}
