package directory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// Rename gives a user or a group another name, another path, or both; "" leaves one as
// it is. Who it is stays: its unique id, its keys, its policies and its members.
func (d *Directory) Rename(ctx context.Context, by access.Caller, k *Kind, name, newName, newPath string) error {
	if err := d.may(by, "Update"+k.Op, k, name, nil); err != nil {
		return err
	}
	old, err := d.find(by.Account, k, name)
	if err != nil {
		return err
	}
	arn := iamARN(by, k.Name+cmp.Or(newPath, old.Path)+cmp.Or(newName, old.Name))
	if err := d.Ask(by, "iam:Update"+k.Op, arn, nil); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, from := d.entities.In(tx), k.key(by.Account, name)
		old := w.Find(from)
		if old == nil {
			return k.missing(name)
		}
		e := *old
		e.Name, e.Path, e.ARN = cmp.Or(newName, old.Name), cmp.Or(newPath, old.Path), arn
		to := k.key(by.Account, e.Name)
		if to != from {
			if w.Find(to) != nil {
				return k.exists(e.Name)
			}
			if _, err := w.Delete(from); err != nil {
				return err
			}
		}
		if err := d.weigh(tx, by.Account, e.weight()-old.weight()); err != nil {
			return err
		}
		if err := w.Put(to, &e); err != nil {
			return err
		}
		return d.follow(tx, by.Account, k, old, &e)
	})
}

func (k *Kind) exists(name string) error {
	return fault.Conflict("%s with name %s already exists.", k.Word, name).WithCode(codeExists)
}

// follow changes what goes by a name that has changed: the keys of a user, and the
// users of a group.
func (d *Directory) follow(tx store.Tx, account string, k *Kind, old, e *Entity) error {
	for _, key := range e.Keys {
		_, err := d.keys.In(tx).Change(keyAt(key.ID), func(k *keyRecord) error {
			k.User = e.Name
			return nil
		})
		if err != nil {
			return err
		}
	}
	if k != Group {
		return nil
	}
	before, after := strings.ToLower(old.Name), strings.ToLower(e.Name)
	for _, u := range d.holders(account, User, before) {
		_, err := d.entities.In(tx).Change(User.key(account, u.Name), func(u *Entity) error {
			u.Members = slices.Clone(u.Members)
			u.Members[slices.Index(u.Members, before)] = after
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
