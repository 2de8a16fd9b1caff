package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// An Alias is an alias of a function, as it is stored.
type Alias struct {
	Name, Version string
	Description   string `json:",omitempty"`
	// Weights has at most one further version, and how much of all goes to it.
	Weights  map[string]float64 `json:",omitempty"`
	Revision string
}

// weight is about how many bytes an alias takes, with what is kept of its asynchronous
// events.
func (a *Alias) weight() int { return 1024 + len(a.Name) + len(a.Description) }

// An AliasChange is what is to be changed of an alias; what is nil stays.
type AliasChange struct {
	Version, Description *string
	// Weights is nil for no change; an empty map takes them away.
	Weights  map[string]float64
	Revision string
}

func (c *Catalog) noAlias(a Address) error {
	return fault.NotFound("Cannot find alias arn: %s", a.ARN())
}

// CreateAlias makes an alias; the qualifier of the address is its name.
func (c *Catalog) CreateAlias(ctx context.Context, by access.Caller, a Address, ch AliasChange) (*Alias, error) {
	if err := c.owned(by, a.Whole(), "CreateAlias"); err != nil {
		return nil, err
	}
	alias := &Alias{Name: a.Qualifier}
	err := c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return missing(a.Whole())
		}
		if c.aliases.In(tx).Find(below(a, a.Qualifier)) != nil {
			return fault.Conflict("Alias already exists: %s", a.ARN())
		}
		if err := c.alter(tx, a, alias, ch); err != nil {
			return err
		}
		return c.aliases.In(tx).Create(below(a, alias.Name), alias)
	})
	return alias, err
}

// UpdateAlias changes an alias.
func (c *Catalog) UpdateAlias(ctx context.Context, by access.Caller, a Address, ch AliasChange) (alias *Alias, err error) {
	if err := c.owned(by, a.Whole(), "UpdateAlias"); err != nil {
		return nil, err
	}
	err = c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return missing(a.Whole())
		}
		old := c.aliases.In(tx).Find(below(a, a.Qualifier))
		if old == nil {
			return fault.NotFound("Alias not found: %s", a.ARN())
		}
		if ch.Revision != "" && ch.Revision != old.Revision {
			return stale("GetAlias")
		}
		alias, err = c.aliases.In(tx).Change(below(a, a.Qualifier), func(alias *Alias) error { return c.alter(tx, a, alias, ch) })
		return err
	})
	return alias, err
}

// alter makes a change in an alias.
func (c *Catalog) alter(tx store.Tx, a Address, alias *Alias, ch AliasChange) error {
	set(&alias.Version, ch.Version)
	set(&alias.Description, ch.Description)
	if ch.Weights != nil {
		alias.Weights = nil
		if len(ch.Weights) > 0 {
			alias.Weights = maps.Clone(ch.Weights)
		}
	}
	alias.Revision = newRevision()
	if len(alias.Weights) > 1 {
		return fault.Invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	if len(alias.Weights) > 0 && alias.Version == Latest {
		return fault.Invalid("$LATEST is not supported for an alias pointing to more than 1 version")
	}
	versions := []string{alias.Version}
	for v, weight := range alias.Weights {
		switch {
		case v == alias.Version:
			return fault.Invalid("Invalid function version %s. Function version %s is already included in routing configuration.", v, v)
		case v == Latest || !isVersion(v):
			return fault.Invalid("Value '%s' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must be the numbers of versions.", v)
		case weight < 0 || weight > 1:
			return fault.Invalid("The weight %s of version %s must be between 0 and 1.", fmt.Sprint(weight), v)
		}
		versions = append(versions, v)
	}
	for _, v := range versions {
		if v != Latest && c.versions.In(tx).Find(below(a, numbered(v))) == nil {
			return missing(a.With(v))
		}
	}
	return nil
}

// DeleteAlias deletes an alias. One that is not there is no error, as at AWS.
func (c *Catalog) DeleteAlias(ctx context.Context, by access.Caller, a Address) error {
	if err := c.owned(by, a.Whole(), "DeleteAlias"); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.aliases.In(tx).Find(below(a, a.Qualifier)) == nil {
			return nil
		}
		if _, err := c.aliases.In(tx).Delete(below(a, a.Qualifier)); err != nil {
			return err
		}
		return c.dropParts(tx, a)
	}, store.Draining)
}

// Alias returns an alias.
func (c *Catalog) Alias(by access.Caller, a Address) (*Alias, error) {
	if err := c.Allow(by, a.Whole(), "GetAlias"); err != nil {
		return nil, err
	}
	if alias := c.aliases.Find(below(a, a.Qualifier)); alias != nil {
		return alias, nil
	}
	return nil, c.noAlias(a)
}

// Aliases returns the aliases of a function, those to one version unless it is "".
func (c *Catalog) Aliases(by access.Caller, a Address, version string) ([]*Alias, error) {
	if err := c.Allow(by, a, "ListAliases"); err != nil {
		return nil, err
	}
	if c.functions.Find(keyOf(a)) == nil {
		return nil, missing(a)
	}
	rows := slices.Collect(c.aliases.Each(a.Place, a.Name+"/"))
	if version == "" {
		return rows, nil
	}
	return slices.DeleteFunc(rows, func(alias *Alias) bool {
		_, weighted := alias.Weights[version]
		return alias.Version != version && !weighted
	}), nil
}

// Choose returns the address of a version that an invocation of an address goes to. dice
// is between 0 and 1, for aliases with weights.
func (c *Catalog) Choose(a Address, dice float64) Address {
	if alias := c.aliases.Find(below(a, a.Qualifier)); alias != nil {
		for v, weight := range alias.Weights {
			if dice < weight {
				return a.With(v)
			}
		}
	}
	return a
}
