package directory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// may says whether a caller may do op with an entity, or with what would be there
// if it is not.
func (d *Directory) may(by access.Caller, op string, k *Kind, name string, keys map[string][]string) error {
	e := d.entities.Find(k.key(by.Account, name))
	if e == nil {
		return d.Ask(by, "iam:"+op, iamARN(by, k.Name+"/"+name), keys)
	}
	keys = about(e.Tags, keys)
	if e.Boundary != "" && keys["iam:PermissionsBoundary"] == nil && isBounded(op) {
		if keys = maps.Clone(keys); keys == nil {
			keys = map[string][]string{}
		}
		keys["iam:PermissionsBoundary"] = []string{e.Boundary}
	}
	return d.Ask(by, "iam:"+op, e.ARN, keys)
}

// isBounded says whether an operation is about the policies of somebody who has a
// boundary, so that a policy can ask for one: who may hand out rights only within it.
func isBounded(op string) bool {
	return !strings.HasPrefix(op, "Get") && !strings.HasPrefix(op, "Update") &&
		(strings.HasSuffix(op, "Policy") || strings.HasSuffix(op, "PermissionsBoundary"))
}

// Get returns an entity to who may do op with it.
func (d *Directory) Get(by access.Caller, op string, k *Kind, name string) (*Entity, error) {
	if err := d.may(by, op, k, name, nil); err != nil {
		return nil, err
	}
	return d.find(by.Account, k, name)
}

// MayPass says whether a caller may hand a role on to a service.
func (d *Directory) MayPass(by access.Caller, role, service string) error {
	return d.may(by, "PassRole", Role, role, map[string][]string{"iam:PassedToService": {service}})
}

func (d *Directory) find(account string, k *Kind, name string) (*Entity, error) {
	if e := d.entities.Find(k.key(account, name)); e != nil {
		return e, nil
	}
	return nil, k.missing(name)
}

// List returns a page of the entities of a kind whose paths begin with a prefix.
func (d *Directory) List(by access.Caller, op string, k *Kind, path, token string, limit int) ([]*Entity, string, error) {
	if err := d.Ask(by, "iam:"+op, iamARN(by, k.Name+path+"*"), nil); err != nil {
		return nil, "", err
	}
	return d.entities.List(in(by.Account), k.Name+"/", func(e *Entity) bool { return strings.HasPrefix(e.Path, path) }, token, limit)
}

// Create makes an entity, of which the kind, the ID and the ARN are still to be
// filled in.
func (d *Directory) Create(ctx context.Context, by access.Caller, k *Kind, e Entity) (*Entity, error) {
	if k == Role && e.linked() {
		return nil, fault.Invalid("The path %s is that of the roles of services. Choose another path, or call CreateServiceLinkedRole.", e.Path).WithCode(codeInput)
	}
	return d.create(ctx, by, "Create"+k.Op, k, e, tagKeys(e.Tags))
}

// create is [Directory.Create] by an operation, with its condition keys.
func (d *Directory) create(ctx context.Context, by access.Caller, op string, k *Kind, e Entity, keys map[string][]string) (*Entity, error) {
	e.Kind, e.ID, e.Created = k.Name, newID(k.id), now()
	if e.Path == "" {
		e.Path = "/"
	}
	e.ARN = iamARN(by, k.Name+e.Path+e.Name)
	if e.Boundary != "" {
		keys["iam:PermissionsBoundary"] = []string{e.Boundary}
	}
	if err := d.Ask(by, "iam:"+op, e.ARN, keys); err != nil {
		return nil, err
	}
	var err error
	if e.Tags, err = withTags(nil, e.Tags); err != nil {
		return nil, err
	}
	if k == Role {
		if e.trust, err = checkTrust(e.Trust); err != nil {
			return nil, err
		}
	}
	err = d.store.Update(ctx, func(tx store.Tx) error {
		w := d.entities.In(tx)
		key := k.key(by.Account, e.Name)
		switch {
		case w.Find(key) != nil:
			return k.exists(e.Name)
		case w.Count(key.Place, k.Name+"/") >= k.max:
			return quota(k.quota, k.max)
		case e.Boundary != "" && d.managed(by.Account, e.Boundary) == nil:
			return missing("Scope ARN: %s does not exist or is not attachable.", e.Boundary)
		}
		if k == Role {
			e.Trusted = d.idsOf(e.trust)
			e.trust = e.trust.ByID(e.Trusted)
		}
		if err := d.weigh(tx, by.Account, e.weight()); err != nil {
			return err
		}
		return w.Put(key, &e)
	})
	return &e, err
}

// Change changes an entity. fn is given a copy, of which it must replace what it
// changes, and the transaction.
func (d *Directory) Change(ctx context.Context, by access.Caller, op string, k *Kind, name string, keys map[string][]string, fn func(tx store.Tx, e *Entity) error, opts ...store.Option) error {
	if err := d.may(by, op, k, name, keys); err != nil {
		return err
	}
	return d.change(ctx, by, k, name, func(tx store.Tx, e *Entity) error {
		if err := e.untouched(); err != nil && !slices.Contains(onLinked, op) {
			return err
		}
		return fn(tx, e)
	}, opts...)
}

// change is [Directory.Change] for who has been asked already.
func (d *Directory) change(ctx context.Context, by access.Caller, k *Kind, name string, fn func(tx store.Tx, e *Entity) error, opts ...store.Option) error {
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.entities.In(tx), k.key(by.Account, name)
		old := w.Find(key)
		if old == nil {
			return k.missing(name)
		}
		_, err := w.Change(key, func(e *Entity) error {
			if err := fn(tx, e); err != nil {
				return err
			}
			if err := d.weigh(tx, by.Account, e.weight()-old.weight()); err != nil {
				return err
			}
			return e.compile()
		})
		return err
	}, opts...)
}

// Set is [Directory.Change] for what needs no look at anything else.
func (d *Directory) Set(ctx context.Context, by access.Caller, op string, k *Kind, name string, fn func(e *Entity)) error {
	return d.Change(ctx, by, op, k, name, nil, func(_ store.Tx, e *Entity) error { fn(e); return nil })
}

// Delete removes an entity on which nothing hangs any more.
func (d *Directory) Delete(ctx context.Context, by access.Caller, k *Kind, name string) error {
	if err := d.may(by, "Delete"+k.Op, k, name, nil); err != nil {
		return err
	}
	return d.remove(ctx, by.Account, k, name, (*Entity).untouched)
}

// remove removes an entity that is as may says.
func (d *Directory) remove(ctx context.Context, account string, k *Kind, name string, may func(*Entity) error) error {
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.entities.In(tx), k.key(account, name)
		e := w.Find(key)
		if e == nil {
			return k.missing(name)
		}
		if err := may(e); err != nil {
			return err
		}
		if err := d.inUse(account, k, e); err != nil {
			return err
		}
		if err := d.weigh(tx, account, -e.weight()); err != nil {
			return err
		}
		_, err := w.Delete(key)
		return err
	}, store.Draining)
}

// inUse says what hangs on an entity that is to go.
func (d *Directory) inUse(account string, k *Kind, e *Entity) error {
	holds := func(what string) error {
		return fault.Conflict("Cannot delete entity, must %s first.", what).WithCode(codeInUse)
	}
	switch {
	case len(e.Attached) > 0:
		return holds("detach all policies")
	case len(e.Inline) > 0:
		return holds("delete policies")
	case k == User && len(e.Members) > 0:
		return holds("remove users from group")
	case k == User && len(e.Keys) > 0:
		return holds("delete access keys")
	case k == Profile && len(e.Members) > 0:
		return holds("remove roles from instance profile")
	case k == Role && len(d.holders(account, Profile, e.Name)) > 0:
		return holds("remove roles from instance profile")
	case k == Group && len(d.holders(account, User, e.Name)) > 0:
		return holds("remove users from group")
	}
	return nil
}
