package directory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Kind is what an entity is.
type Kind struct {
	// Name stands in ARNs and Word in operations and sentences.
	Name, Word string
	// id is what unique ids begin with.
	id string
	// max is how many an account may have, and quota what the quota is called.
	max   int
	quota string
	// inline is how many characters the inline policies may have in all.
	inline int
}

// The kinds.
var (
	Role    = &Kind{"role", "Role", "AROA", 1000, "RolesPerAccount", 10240}
	User    = &Kind{"user", "User", "AIDA", 5000, "UsersPerAccount", 2048}
	Group   = &Kind{"group", "Group", "AGPA", 300, "GroupsPerAccount", 5120}
	Profile = &Kind{"instance-profile", "Instance Profile", "AIPA", 1000, "InstanceProfilesPerAccount", 0}
	kinds   = []*Kind{Role, User, Group, Profile}
)

const (
	maxAttached      = 10
	maxTrust         = 2048
	maxGroupsPerUser = 10
	// DefaultSession is the MaxSessionDuration of a role that says nothing of it, in seconds.
	DefaultSession = 3600
)

// An Entity is a role, a user, a group or an instance profile. Nobody may change one.
type Entity struct {
	Kind, Name, Path, ID, ARN string
	Created                   time.Time
	// Description, Trust and MaxSession, in seconds, are those of a role.
	Description, Trust string
	MaxSession         int
	// Boundary is the ARN of a policy, or "".
	Boundary string
	// Inline are the policies of its own by name, Attached the ARNs of managed ones.
	Inline   map[string]string
	Attached []string
	Tags     []Tag
	// Members are the names of the groups of a user, in small letters, or of the role
	// of an instance profile.
	Members []string
	// Keys are the access keys of a user, oldest first.
	Keys []Key
	// Trusted are the unique ids of the roles and users that Trust names, by their
	// ARNs, as they were when it was set: a later one of that name is not meant.
	Trusted map[string]string `json:",omitempty"`

	trust  *policy.Document
	inline []*policy.Document
}

func (e *Entity) compile() (err error) {
	if e.Trust != "" {
		if e.trust, err = policy.ParseTrust(e.Trust); err != nil {
			return err
		}
		e.trust = e.trust.ByID(e.Trusted)
	}
	e.inline = nil
	for _, name := range e.PolicyNames() {
		d, err := policy.ParseIdentity(e.Inline[name])
		if err != nil {
			return err
		}
		e.inline = append(e.inline, d)
	}
	return nil
}

// weight is about how many bytes the entity takes.
func (e *Entity) weight() int {
	n := fixedWeight + len(e.ARN) + len(e.Description) + len(e.Trust) + len(e.Boundary) + weightOf(e.Tags)
	for name, text := range e.Inline {
		n += fixedWeight + len(name) + len(text)
	}
	for _, arn := range e.Attached {
		n += len(arn)
	}
	return n
}

// PolicyNames are the names of the inline policies, sorted.
func (e *Entity) PolicyNames() []string { return slices.Sorted(maps.Keys(e.Inline)) }

// key is where an entity of an account is. Names differ by more than their case.
func (k *Kind) key(account, name string) table.Key {
	return table.Key{Place: in(account), Name: k.Name + "/" + strings.ToLower(name)}
}

func (k *Kind) missing(name string) error {
	return missing("The %s with name %s cannot be found.", strings.ToLower(k.Word), name)
}

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
func (d *Directory) Create(ctx context.Context, by access.Caller, op string, k *Kind, e Entity) (*Entity, error) {
	e.Kind, e.ID, e.Created = k.Name, newID(k.id), now()
	if e.Path == "" {
		e.Path = "/"
	}
	e.ARN = iamARN(by, k.Name+e.Path+e.Name)
	keys := tagKeys(e.Tags)
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
			return fault.Conflict("%s with name %s already exists.", k.Word, e.Name).WithCode(codeExists)
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

// idsOf returns the unique ids of those of the roles and users that a document names
// that are there, by their ARNs.
func (d *Directory) idsOf(doc *policy.Document) map[string]string {
	ids := map[string]string{}
	for _, name := range doc.Principals() {
		a, err := arn.Parse(name)
		if err != nil || a.Service != "iam" {
			continue
		}
		for _, k := range []*Kind{Role, User} {
			if e := d.entities.Find(k.key(a.Account, lastName(name))); e != nil && e.ARN == name {
				ids[name] = e.ID
			}
		}
	}
	return ids
}

func checkTrust(text string) (*policy.Document, error) {
	if size(text) > maxTrust {
		return nil, quota("ACLSizePerRole", maxTrust)
	}
	return parseTrust(text)
}

// Change changes an entity. fn is given a copy, of which it must replace what it
// changes, and the transaction.
func (d *Directory) Change(ctx context.Context, by access.Caller, op string, k *Kind, name string, keys map[string][]string, fn func(tx store.Tx, e *Entity) error, opts ...store.Option) error {
	if err := d.may(by, op, k, name, keys); err != nil {
		return err
	}
	return d.change(ctx, by, k, name, fn, opts...)
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

// SetTrust replaces the trust policy of a role.
func (d *Directory) SetTrust(ctx context.Context, by access.Caller, name, text string) error {
	return d.Change(ctx, by, "UpdateAssumeRolePolicy", Role, name, nil, func(_ store.Tx, e *Entity) error {
		doc, err := checkTrust(text)
		if err == nil {
			e.Trust, e.Trusted = text, d.idsOf(doc)
		}
		return err
	})
}

// PutInline gives an entity a policy of its own.
func (d *Directory) PutInline(ctx context.Context, by access.Caller, k *Kind, name, policyName, text string) error {
	return d.Change(ctx, by, "Put"+k.Word+"Policy", k, name, nil, func(_ store.Tx, e *Entity) error {
		if _, err := parseIdentity(text); err != nil {
			return err
		}
		e.Inline = maps.Clone(e.Inline)
		if e.Inline == nil {
			e.Inline = map[string]string{}
		}
		e.Inline[policyName] = text
		all := 0
		for _, document := range e.Inline {
			all += size(document)
		}
		if all > k.inline {
			return fault.Limit("Maximum policy size of %d bytes exceeded for %s %s", k.inline, k.Name, e.Name).WithCode(codeLimit)
		}
		return nil
	})
}

// DeleteInline takes a policy of its own from an entity.
func (d *Directory) DeleteInline(ctx context.Context, by access.Caller, k *Kind, name, policyName string) error {
	return d.Change(ctx, by, "Delete"+k.Word+"Policy", k, name, nil, func(_ store.Tx, e *Entity) error {
		if _, ok := e.Inline[policyName]; !ok {
			return missingInline(k, policyName)
		}
		e.Inline = maps.Clone(e.Inline)
		delete(e.Inline, policyName)
		return nil
	}, store.Draining)
}

func missingInline(k *Kind, name string) error {
	return missing("The %s policy with name %s cannot be found.", strings.ToLower(k.Word), name)
}

// Inline returns the text of a policy of an entity's own.
func (d *Directory) Inline(by access.Caller, k *Kind, name, policyName string) (*Entity, string, error) {
	e, err := d.Get(by, "Get"+k.Word+"Policy", k, name)
	if err != nil {
		return nil, "", err
	}
	text, ok := e.Inline[policyName]
	if !ok {
		return nil, "", missingInline(k, policyName)
	}
	return e, text, nil
}

// Attach attaches a managed policy. One that is attached already stays.
func (d *Directory) Attach(ctx context.Context, by access.Caller, k *Kind, name, policyARN string) error {
	keys := map[string][]string{"iam:PolicyARN": {policyARN}}
	return d.Change(ctx, by, "Attach"+k.Word+"Policy", k, name, keys, func(_ store.Tx, e *Entity) error {
		switch {
		case d.managed(by.Account, policyARN) == nil:
			return missing("Policy %s does not exist or is not attachable.", policyARN)
		case slices.Contains(e.Attached, policyARN):
			return nil
		case len(e.Attached) == maxAttached:
			return quota("PoliciesPer"+k.Word, maxAttached)
		}
		e.Attached = append(slices.Clone(e.Attached), policyARN)
		return nil
	})
}

// Detach takes a managed policy from an entity.
func (d *Directory) Detach(ctx context.Context, by access.Caller, k *Kind, name, policyARN string) error {
	keys := map[string][]string{"iam:PolicyARN": {policyARN}}
	return d.Change(ctx, by, "Detach"+k.Word+"Policy", k, name, keys, func(_ store.Tx, e *Entity) error {
		i := slices.Index(e.Attached, policyARN)
		if i < 0 {
			return missing("Policy %s was not found.", policyARN)
		}
		e.Attached = slices.Delete(slices.Clone(e.Attached), i, i+1)
		return nil
	}, store.Draining)
}

// SetBoundary sets what an entity may do at most, or takes that away with "".
func (d *Directory) SetBoundary(ctx context.Context, by access.Caller, k *Kind, name, policyARN string) error {
	op, keys := "Delete", map[string][]string(nil)
	if policyARN != "" {
		op, keys = "Put", map[string][]string{"iam:PermissionsBoundary": {policyARN}}
	}
	return d.Change(ctx, by, op+k.Word+"PermissionsBoundary", k, name, keys, func(_ store.Tx, e *Entity) error {
		switch {
		case policyARN != "" && d.managed(by.Account, policyARN) == nil:
			return missing("Policy %s does not exist or is not attachable.", policyARN)
		case policyARN == "" && e.Boundary == "":
			return missing("The %s %s has no permissions boundary.", k.Name, e.Name)
		}
		e.Boundary = policyARN
		return nil
	})
}

// Tag hangs tags on an entity, and Untag takes some off.
func (d *Directory) Tag(ctx context.Context, by access.Caller, op string, k *Kind, name string, tags []Tag) error {
	return d.Change(ctx, by, op, k, name, tagKeys(tags), func(_ store.Tx, e *Entity) (err error) {
		e.Tags, err = withTags(e.Tags, tags)
		return err
	})
}

// Untag takes tags off an entity.
func (d *Directory) Untag(ctx context.Context, by access.Caller, op string, k *Kind, name string, names []string) error {
	keys := map[string][]string{"aws:TagKeys": names}
	return d.Change(ctx, by, op, k, name, keys, func(_ store.Tx, e *Entity) error {
		e.Tags = withoutTags(e.Tags, func(t Tag) bool {
			return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, t.Key) })
		})
		return nil
	}, store.Draining)
}

// Delete removes an entity on which nothing hangs any more.
func (d *Directory) Delete(ctx context.Context, by access.Caller, op string, k *Kind, name string) error {
	if err := d.may(by, op, k, name, nil); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.entities.In(tx), k.key(by.Account, name)
		e := w.Find(key)
		if e == nil {
			return k.missing(name)
		}
		if err := d.inUse(by.Account, k, e); err != nil {
			return err
		}
		if err := d.weigh(tx, by.Account, -e.weight()); err != nil {
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

// Holders are [Directory.holders] for who may do op with the member.
func (d *Directory) Holders(by access.Caller, op string, k, of *Kind, member string) (*Entity, []*Entity, error) {
	e, err := d.Get(by, op, of, member)
	if err != nil {
		return nil, nil, err
	}
	return e, d.holders(by.Account, k, e.Name), nil
}

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
