package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity/issuer"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

const maxKeysPerUser = 2

// A keyRecord says whose an access key is, and when it was last used; the rest is in the
// record of the user.
type keyRecord struct {
	Account, User string
	Used          *Use `json:",omitempty"`
}

// A Key is an access key of a user, without its secret.
type Key struct {
	ID      string
	Active  bool
	Created time.Time
}

func keyAt(id string) table.Key { return table.Key{Place: global, Name: id} }

// key returns where a key of a user is among theirs, -1 when it is not.
func (e *Entity) key(id string) int {
	return slices.IndexFunc(e.Keys, func(k Key) bool { return k.ID == id })
}

func missingKey(id string) error { return missing("The Access Key with id %s cannot be found.", id) }

// CreateKey makes an access key for a user, and returns its secret, which nobody
// is told again.
func (d *Directory) CreateKey(ctx context.Context, by access.Caller, name string) (user string, k Key, secret string, err error) {
	k = Key{ID: d.issuer.NewID(issuer.Lasting), Active: true, Created: now()}
	err = d.Change(ctx, by, "CreateAccessKey", User, name, nil, func(tx store.Tx, e *Entity) error {
		if len(e.Keys) == maxKeysPerUser {
			return quota("AccessKeysPerUser", maxKeysPerUser)
		}
		user, e.Keys = e.Name, append(slices.Clone(e.Keys), k)
		return d.keys.In(tx).Create(keyAt(k.ID), &keyRecord{Account: by.Account, User: e.Name})
	})
	return user, k, d.issuer.Secret(k.ID), err
}

// SetKey lets a key count, or not.
func (d *Directory) SetKey(ctx context.Context, by access.Caller, name, id string, active bool) error {
	return d.Change(ctx, by, "UpdateAccessKey", User, name, nil, func(_ store.Tx, e *Entity) error {
		i := e.key(id)
		if i < 0 {
			return missingKey(id)
		}
		e.Keys = slices.Clone(e.Keys)
		e.Keys[i].Active = active
		return nil
	}, store.Draining)
}

// DeleteKey removes a key.
func (d *Directory) DeleteKey(ctx context.Context, by access.Caller, name, id string) error {
	return d.Change(ctx, by, "DeleteAccessKey", User, name, nil, func(tx store.Tx, e *Entity) error {
		i := e.key(id)
		if i < 0 {
			return missingKey(id)
		}
		e.Keys = slices.Delete(slices.Clone(e.Keys), i, i+1)
		_, err := d.keys.In(tx).Delete(keyAt(id))
		return err
	}, store.Draining)
}

// Issued says whether a key was made here, once.
func (d *Directory) Issued(id string) bool { return d.issuer.Issued(id) }

// Find returns whom a key stands for, with the token that came with it.
func (d *Directory) Find(id, token string) (access.Credential, bool) {
	switch {
	case !d.issuer.Issued(id):
		return access.Credential{}, false
	case strings.HasPrefix(id, issuer.Temporary):
		return d.findSession(id, token)
	}
	k := d.keys.Find(keyAt(id))
	if k == nil || token != "" {
		return access.Credential{}, false
	}
	u := d.entities.Find(User.key(k.Account, k.User))
	if u == nil {
		return access.Credential{}, false
	}
	if i := u.key(id); i < 0 || !u.Keys[i].Active {
		return access.Credential{}, false
	}
	return access.Credential{
		Secret: d.issuer.Secret(id), Account: k.Account, Principal: u.ARN,
		Identity: &access.Identity{ID: u.ID, User: u.Name},
	}, true
}

// findSession returns the session in a token, if its role or its user is still who
// it was then.
func (d *Directory) findSession(id, token string) (access.Credential, bool) {
	s := d.issuer.Session(id, token)
	if s == nil {
		return access.Credential{}, false
	}
	is, _, _ := strings.Cut(s.Identity.ID, ":")
	who := access.Caller{Place: in(s.Account), Identity: &s.Identity}
	if e := d.entityOf(who); is != s.Account && (e == nil || e.ID != is) {
		return access.Credential{}, false
	}
	return access.Credential{
		Secret: d.issuer.Secret(id), Token: token, Account: s.Account, Principal: s.Principal,
		Identity: &s.Identity, Expires: s.Identity.Expires,
	}, true
}
