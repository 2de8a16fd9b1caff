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

// PutInline gives an entity a policy of its own.
func (d *Directory) PutInline(ctx context.Context, by access.Caller, k *Kind, name, policyName, text string) error {
	return d.Change(ctx, by, "Put"+k.Op+"Policy", k, name, nil, func(_ store.Tx, e *Entity) error {
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
	return d.Change(ctx, by, "Delete"+k.Op+"Policy", k, name, nil, func(_ store.Tx, e *Entity) error {
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
	e, err := d.Get(by, "Get"+k.Op+"Policy", k, name)
	if err != nil {
		return nil, "", err
	}
	text, ok := e.Inline[policyName]
	if !ok {
		return nil, "", missingInline(k, policyName)
	}
	return e, text, nil
}

const maxAttached = 10

// Attach attaches a managed policy. One that is attached already stays.
func (d *Directory) Attach(ctx context.Context, by access.Caller, k *Kind, name, policyARN string) error {
	keys := map[string][]string{"iam:PolicyARN": {policyARN}}
	return d.Change(ctx, by, "Attach"+k.Op+"Policy", k, name, keys, func(_ store.Tx, e *Entity) error {
		switch {
		case d.managed(by.Account, policyARN) == nil:
			return missing("Policy %s does not exist or is not attachable.", policyARN)
		case slices.Contains(e.Attached, policyARN):
			return nil
		case len(e.Attached) == maxAttached:
			return quota("PoliciesPer"+k.Op, maxAttached)
		}
		e.Attached = append(slices.Clone(e.Attached), policyARN)
		return nil
	})
}

// Detach takes a managed policy from an entity.
func (d *Directory) Detach(ctx context.Context, by access.Caller, k *Kind, name, policyARN string) error {
	keys := map[string][]string{"iam:PolicyARN": {policyARN}}
	return d.Change(ctx, by, "Detach"+k.Op+"Policy", k, name, keys, func(_ store.Tx, e *Entity) error {
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
	return d.Change(ctx, by, op+k.Op+"PermissionsBoundary", k, name, keys, func(_ store.Tx, e *Entity) error {
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

// Tag hangs tags on an entity.
func (d *Directory) Tag(ctx context.Context, by access.Caller, k *Kind, name string, tags []Tag) error {
	return d.Change(ctx, by, "Tag"+k.Op, k, name, tagKeys(tags), func(_ store.Tx, e *Entity) (err error) {
		e.Tags, err = withTags(e.Tags, tags)
		return err
	})
}

// Untag takes tags off an entity.
func (d *Directory) Untag(ctx context.Context, by access.Caller, k *Kind, name string, names []string) error {
	keys := map[string][]string{"aws:TagKeys": names}
	return d.Change(ctx, by, "Untag"+k.Op, k, name, keys, func(_ store.Tx, e *Entity) error {
		e.Tags = withoutNamed(e.Tags, names)
		return nil
	}, store.Draining)
}
