package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
)

// holders are the entities of a kind that have a member: the users of a group, or
// the instance profiles of a role.
func (d *Directory) holders(account string, k *Kind, member string) []*Entity {
	var all []*Entity
	for e := range d.entities.Each(in(account), k.Name+"/") {
		if slices.Contains(e.Members, strings.ToLower(member)) {
			all = append(all, e)
		}
	}
	return all
}

// ProfilesOf are the instance profiles that a role is in.
func (d *Directory) ProfilesOf(account string, role *Entity) []*Entity {
	return d.holders(account, Profile, role.Name)
}

// Holders are [Directory.holders] for who may do op with the member.
func (d *Directory) Holders(by access.Caller, op string, k, of *Kind, member string) (*Entity, []*Entity, error) {
	e, err := d.Get(by, op, of, member)
	if err != nil {
		return nil, nil, err
	}
	return e, d.holders(by.Account, k, e.Name), nil
}

const maxGroupsPerUser = 10

// Join makes something a member of another thing: a user of a group, or a role of
// an instance profile. What is changed is the user, or the profile, and has been
// asked for.
func (d *Directory) Join(ctx context.Context, by access.Caller, k *Kind, name string, of *Kind, member string) error {
	return d.change(ctx, by, k, name, func(tx store.Tx, e *Entity) error {
		m := d.entities.In(tx).Find(of.key(by.Account, member))
		switch {
		case m == nil:
			return of.missing(member)
		case slices.Contains(e.Members, strings.ToLower(m.Name)) && k == User:
			return nil
		case k == Profile && len(e.Members) > 0:
			return quota("InstanceSessionsPerInstanceProfile", 1)
		case len(e.Members) == maxGroupsPerUser:
			return quota("GroupsPerUser", maxGroupsPerUser)
		}
		e.Members = append(slices.Clone(e.Members), strings.ToLower(m.Name))
		return nil
	})
}

// Leave undoes Join.
func (d *Directory) Leave(ctx context.Context, by access.Caller, k *Kind, name string, of *Kind, member string) error {
	return d.change(ctx, by, k, name, func(_ store.Tx, e *Entity) error {
		i := slices.Index(e.Members, strings.ToLower(member))
		if i < 0 {
			return of.missing(member)
		}
		e.Members = slices.Delete(slices.Clone(e.Members), i, i+1)
		return nil
	}, store.Draining)
}

// MemberOf returns the members of an entity: the groups of a user.
func (d *Directory) MemberOf(account string, e *Entity, of *Kind) []*Entity {
	var all []*Entity
	for _, name := range e.Members {
		if m := d.entities.Find(of.key(account, name)); m != nil {
			all = append(all, m)
		}
	}
	return all
}
