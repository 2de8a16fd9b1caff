package catalog

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
)

// A Version is what a function runs with, as it is stored.
type Version struct {
	// Number is $LATEST, or a number.
	Number                              string
	Runtime, Handler, Role              string
	Description                         string `json:",omitempty"`
	Architecture                        string
	Timeout, Memory, Storage            int
	HasEnvironment                      bool              `json:",omitempty"`
	Environment                         map[string]string `json:",omitempty"`
	Layers                              []LayerUse        `json:",omitempty"`
	DeadLetter                          string            `json:",omitempty"`
	HasDeadLetter                       bool              `json:",omitempty"`
	Tracing                             string
	LogFormat, LogGroup                 string
	ApplicationLogLevel, SystemLogLevel string `json:",omitempty"`
	Code                                code.Ref
	// Modified is in Unix milliseconds.
	Modified int64
	Revision string
}

// A LayerUse is a layer that a version has.
type LayerUse struct {
	ARN  string
	Code code.Ref
}

func (v *Version) has(hash string) bool {
	return v.Code.Hash == hash || slices.ContainsFunc(v.Layers, func(l LayerUse) bool { return l.Code.Hash == hash })
}

// hashes are those of the code of a version.
func (v *Version) hashes() []string {
	all := []string{v.Code.Hash}
	for _, l := range v.Layers {
		all = append(all, l.Code.Hash)
	}
	return all
}

// A Found version is one with where it was found.
type Found struct {
	*Version
	// At is the function with the number of the version.
	At Address
	// Reserved is how many environments are the function's own, nil for none.
	Reserved *int
}

// Find returns the version that an address leads to. Of an alias with weights it is
// the one that the alias names; see [Catalog.Choose].
func (c *Catalog) Find(a Address) (Found, error) {
	f := c.functions.Find(keyOf(a))
	if f == nil {
		return Found{}, missing(a)
	}
	v := &f.Latest
	switch {
	case a.Qualifier == "" || a.Qualifier == Latest:
	case isVersion(a.Qualifier):
		v = c.versions.Find(below(a, numbered(a.Qualifier)))
	default:
		alias := c.aliases.Find(below(a, a.Qualifier))
		if alias == nil {
			return Found{}, missing(a)
		}
		if v = &f.Latest; alias.Version != Latest {
			v = c.versions.Find(below(a, numbered(alias.Version)))
		}
	}
	if v == nil {
		return Found{}, missing(a)
	}
	return Found{v, a.With(v.Number), f.Reserved}, nil
}

// Get returns the version that an address leads to, to who may see it.
func (c *Catalog) Get(by access.Caller, a Address, op string) (Found, error) {
	if err := c.Allow(by, a, op); err != nil {
		return Found{}, err
	}
	return c.Find(a)
}

// Publish makes a version of a function as it is. When nothing has changed since the
// last one, it is that. A hash and a revision, unless "", must be those of $LATEST.
func (c *Catalog) Publish(ctx context.Context, by access.Caller, a Address, description *string, hash, revision string) (v *Version, err error) {
	if err := c.owned(by, a, "PublishVersion"); err != nil {
		return nil, err
	}
	err = c.opt.Store.Update(ctx, func(tx store.Tx) error {
		f := c.functions.In(tx).Find(keyOf(a))
		switch {
		case f == nil:
			return missing(a)
		case hash != "" && hash != f.Latest.Code.SHA256():
			return fault.Invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", hash, f.Latest.Code.SHA256())
		case revision != "" && revision != f.Latest.Revision:
			return stale("GetFunction/GetFunctionConfiguration")
		}
		v, err = c.publish(tx, a, description)
		return err
	})
	return v, err
}

// publish makes a version in a transaction.
func (c *Catalog) publish(tx store.Tx, a Address, description *string) (v *Version, err error) {
	_, err = c.functions.In(tx).Change(keyOf(a), func(f *Function) error {
		if f.Published != "" {
			if v = c.versions.In(tx).Find(below(a, numbered(f.Published))); v != nil {
				return nil
			}
		}
		if err := c.room(a.Place, f.Latest.Code.Size); err != nil {
			return err
		}
		f.Next++
		n := f.Latest
		n.Number, n.Revision = strconv.Itoa(f.Next), newRevision()
		if description != nil {
			n.Description = *description
		}
		f.Published, v = n.Number, &n
		return c.versions.In(tx).Create(below(a, numbered(n.Number)), v)
	})
	return v, err
}

// Versions returns $LATEST and the numbered versions of a function.
func (c *Catalog) Versions(by access.Caller, a Address) ([]*Version, error) {
	if err := c.Allow(by, a, "ListVersionsByFunction"); err != nil {
		return nil, err
	}
	f := c.functions.Find(keyOf(a))
	if f == nil {
		return nil, missing(a)
	}
	return append([]*Version{&f.Latest}, slices.Collect(c.versions.Each(a.Place, a.Name+"/"))...), nil
}

// deleteVersion deletes a numbered version.
func (c *Catalog) deleteVersion(ctx context.Context, a Address) error {
	var gone *Version
	err := c.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		var by []string
		for alias := range c.aliases.Each(a.Place, a.Name+"/") {
			if _, weighted := alias.Weights[a.Qualifier]; weighted || alias.Version == a.Qualifier {
				by = append(by, alias.Name)
			}
		}
		if len(by) > 0 {
			return fault.Conflict("Unable to delete version because the following aliases reference it: %s", by)
		}
		if c.versions.In(tx).Find(below(a, numbered(a.Qualifier))) == nil {
			return nil // as at AWS, also without a function
		}
		if gone, err = c.versions.In(tx).Delete(below(a, numbered(a.Qualifier))); err != nil {
			return err
		}
		return c.dropParts(tx, a)
	}, store.Draining)
	if gone != nil {
		c.drop(ctx, gone.hashes()...)
	}
	return err
}

// dropParts deletes what hangs on a qualifier.
func (c *Catalog) dropParts(tx store.Tx, a Address) error {
	if err := c.detach(tx, a); err != nil {
		return err
	}
	if c.policies.In(tx).Find(below(a, a.Qualifier)) != nil {
		if _, err := c.policies.In(tx).Delete(below(a, a.Qualifier)); err != nil {
			return err
		}
	}
	async := c.asyncs.In(tx).Find(below(a, a.Qualifier))
	if async == nil {
		return nil
	}
	if _, err := c.asyncs.In(tx).Delete(below(a, a.Qualifier)); err != nil || async.Lane == 0 {
		return err
	}
	return c.opt.Outbox.Abandon(tx, async.Lane)
}

// withTags returns tags with others added or changed.
func withTags(old, set map[string]string) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, set)
	if len(all) > maxTags {
		return nil, fault.Invalid("A function can have at most %d tags; there would be %d.", maxTags, len(all))
	}
	return all, nil
}

const maxTags = 50

// Order is a key by which versions are in the order of their numbers, $LATEST first.
func Order(number string) string {
	if number == Latest {
		return numbered("0")
	}
	return numbered(number)
}
