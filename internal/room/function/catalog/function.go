package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Function is a function, as it is stored.
type Function struct {
	Name   string
	Latest Version
	Tags   map[string]string `json:",omitempty"`
	// Reserved is how many invocations it may have at a time, which no other one takes
	// from it.
	Reserved *int `json:",omitempty"`
	// Next is the number of the last version that was published, and Published that of
	// the last one too while nothing has changed since.
	Next      int    `json:",omitempty"`
	Published string `json:",omitempty"`
}

// A Draft is a function that is to be made.
type Draft struct {
	Change
	Zip     []byte
	Tags    map[string]string
	Publish bool
}

// Create makes a function.
func (c *Catalog) Create(ctx context.Context, by access.Caller, a Address, d Draft) (*Version, error) {
	if err := c.owned(by, a, "CreateFunction"); err != nil {
		return nil, err
	}
	if len(d.Tags) > 0 {
		if err := c.owned(by, a, "TagResource"); err != nil {
			return nil, err
		}
	}
	if len(a.Name) > 64 {
		return nil, fault.Invalid("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64", a.Name)
	}
	f := &Function{Name: a.Name, Latest: newVersion(a.Name)}
	if d.Runtime == nil || d.Handler == nil {
		return nil, fault.Invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if c.functions.Find(keyOf(a)) != nil { // which is said before a zip is unpacked
		return nil, exists(a)
	}
	var err error
	if f.Tags, err = withTags(nil, d.Tags); err != nil {
		return nil, err
	}
	if err := c.change(by, a, &f.Latest, &d.Change); err != nil {
		return nil, err
	}
	ref, release, err := c.add(ctx, by, d.Zip)
	if err != nil {
		return nil, err
	}
	defer release()
	f.Latest.Code = ref
	if err := f.Latest.fits(); err != nil {
		return nil, err
	}
	v := &f.Latest
	err = c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) != nil {
			return exists(a)
		}
		if err := c.functions.In(tx).Put(keyOf(a), f); err != nil || !d.Publish {
			return err
		}
		v, err = c.publish(tx, a, nil)
		return err
	})
	return v, err
}

func exists(a Address) error { return fault.Conflict("Function already exist: %s", a.Name) }

// maxCode is how many bytes the zips of an account may have in a region in all, each
// version counted.
const maxCode = 10 << 30

func (c *Catalog) configured(account string) bool {
	return c.opt.Configured == nil || c.opt.Configured(account)
}

// leastStrange is what a function, a version or a layer of an account that was made up
// counts at least, however small its zip is: there are records of it in memory.
const leastStrange = 256 << 10

// strange is how many bytes the zips of accounts have that callers made up.
func (c *Catalog) strange() (bytes int64) {
	count := func(k table.Key, r code.Ref) {
		if !c.configured(k.Account) {
			bytes += max(r.Size, leastStrange)
		}
	}
	for k, f := range c.functions.Keyed() {
		count(k, f.Latest.Code)
	}
	for k, v := range c.versions.Keyed() {
		count(k, v.Code)
	}
	for k, l := range c.layers.Keyed() {
		count(k, l.Code)
	}
	return bytes
}

// room says whether an account has room for one more zip.
func (c *Catalog) room(at access.Place, size int64) error {
	if used, _ := c.Usage(at); used+size > maxCode {
		return fault.Limit("Code storage limit exceeded: the zips of all versions of functions and layers would have more than %d bytes in all. Delete versions that nobody needs.", int64(maxCode)).WithCode(codeStorage)
	}
	if !c.configured(at.Account) && c.strange()+max(size, leastStrange) > c.opt.MaxStrange {
		return fault.Limit("Code storage limit exceeded: the zips of all accounts that are not in the settings would have more than %d bytes together, of which each counts %d at least. Delete some, use the account of -account, or start the server with -keys, which names the accounts that there are.", c.opt.MaxStrange, leastStrange).WithCode(codeStorage)
	}
	return nil
}

// add keeps a zip, if the account has room for it.
func (c *Catalog) add(ctx context.Context, by access.Caller, zip []byte) (code.Ref, func(), error) {
	if err := c.room(by.Place, int64(len(zip))); err != nil {
		return code.Ref{}, nil, err
	}
	return c.opt.Code.Add(ctx, zip)
}

// Usage is how many bytes the code of a place has, and how many functions there are.
func (c *Catalog) Usage(at access.Place) (bytes int64, functions int) {
	for f := range c.functions.Each(at, "") {
		bytes += f.Latest.Code.Size
		functions++
	}
	for v := range c.versions.Each(at, "") {
		bytes += v.Code.Size
	}
	for l := range c.layers.Each(at, "") {
		bytes += l.Code.Size
	}
	return bytes, functions
}

// MaxCode is the most that Usage may be.
func MaxCode() int64 { return maxCode }

// A CodeChange is new code for a function.
type CodeChange struct {
	Zip           []byte
	Architecture  *string
	Publish, Keep bool // Keep changes nothing, and only says what would be
	Revision      string
}

// UpdateCode changes the code of a function.
func (c *Catalog) UpdateCode(ctx context.Context, by access.Caller, a Address, u CodeChange) (v *Version, err error) {
	if err := c.owned(by, a, "UpdateFunctionCode"); err != nil {
		return nil, err
	}
	old, err := c.Find(a)
	if err != nil {
		return nil, err
	}
	ref, release, err := c.add(ctx, by, u.Zip)
	if err != nil {
		return nil, err
	}
	defer func() {
		release()
		c.drop(ctx, old.Code.Hash, ref.Hash)
	}()
	return c.update(ctx, a, u.Revision, u.Publish, u.Keep, func(v *Version) error {
		v.Code = ref
		if u.Architecture != nil {
			v.Architecture = *u.Architecture
		}
		return nil
	})
}

// UpdateConfiguration changes the settings of a function.
func (c *Catalog) UpdateConfiguration(ctx context.Context, by access.Caller, a Address, ch *Change, revision string) (*Version, error) {
	if err := c.owned(by, a, "UpdateFunctionConfiguration"); err != nil {
		return nil, err
	}
	old, err := c.Find(a)
	if err != nil {
		return nil, err
	}
	next := *old.Version
	if err := c.change(by, a, &next, ch); err != nil {
		return nil, err
	}
	v, err := c.update(ctx, a, revision, false, false, func(v *Version) error { return ch.apply(v, next.Layers) })
	c.drop(ctx, old.hashes()...)
	return v, err
}

// update changes a function and returns what came of it, the new version if one is
// published. Layers and code together must fit.
func (c *Catalog) update(ctx context.Context, a Address, revision string, publish, keep bool, fn func(*Version) error) (v *Version, err error) {
	err = c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := c.functions.In(tx).Find(keyOf(a))
		if old == nil {
			return missing(a)
		}
		if revision != "" && revision != old.Latest.Revision {
			return stale("GetFunction/GetFunctionConfiguration")
		}
		f := *old
		if err := fn(&f.Latest); err != nil {
			return err
		}
		f.Latest.Modified, f.Latest.Revision, f.Published = millis(), newRevision(), ""
		if err := f.Latest.fits(); err != nil {
			return err
		}
		v = &f.Latest
		if keep {
			return nil
		}
		if err := c.functions.In(tx).Put(keyOf(a), &f); err != nil || !publish {
			return err
		}
		v, err = c.publish(tx, a, nil)
		return err
	})
	return v, err
}

// Delete deletes a function with all that it has, or one version of it.
func (c *Catalog) Delete(ctx context.Context, by access.Caller, a Address) error {
	if err := c.owned(by, a, "DeleteFunction"); err != nil {
		return err
	}
	switch {
	case a.Qualifier == Latest:
		return fault.Invalid("$LATEST version cannot be deleted without deleting the function.")
	case isVersion(a.Qualifier):
		return c.deleteVersion(ctx, a)
	case a.Qualifier != "":
		return fault.Invalid("Deletion of aliases is not currently supported.")
	}
	var hashes []string
	err := c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return missing(a)
		}
		f, err := c.functions.In(tx).Delete(keyOf(a))
		if err != nil {
			return err
		}
		hashes = f.Latest.hashes()
		for v := range c.versions.Each(a.Place, a.Name+"/") {
			hashes = append(hashes, v.hashes()...)
			if _, err := c.versions.In(tx).Delete(below(a, numbered(v.Number))); err != nil {
				return err
			}
		}
		for alias := range c.aliases.Each(a.Place, a.Name+"/") {
			if _, err := c.aliases.In(tx).Delete(below(a, alias.Name)); err != nil {
				return err
			}
		}
		for p := range c.policies.Each(a.Place, a.Name+"/") {
			if _, err := c.policies.In(tx).Delete(below(a, p.Qualifier)); err != nil {
				return err
			}
		}
		for as := range c.asyncs.Each(a.Place, a.Name+"/") {
			if err := c.dropParts(tx, a.With(as.Qualifier)); err != nil {
				return err
			}
		}
		return c.detach(tx, a)
	}, store.Draining)
	slices.Sort(hashes)
	c.drop(ctx, slices.Compact(hashes)...)
	return err
}

// Functions returns a page of the functions of the caller.
func (c *Catalog) Functions(by access.Caller, token string, limit int) ([]*Function, string, error) {
	if err := c.MaySee(by, "ListFunctions"); err != nil {
		return nil, "", err
	}
	rows, next, err := c.functions.List(by.Place, "", nil, token, limit)
	return rows, next, badMarker(err)
}

func badMarker(err error) error {
	if fault.KindOf(err) == fault.KindInvalid {
		return fault.Invalid("The marker is none that a list of functions has returned.")
	}
	return err
}

// Page returns a page of rows whose keys are in order.
func Page[R any](rows []R, key func(R) string, token string, limit int) ([]R, string, error) {
	rows, next, err := page.Clip(rows, key, token, limit)
	return rows, next, badMarker(err)
}

// Reserve says how many invocations a function may have at a time, which are its own;
// nil for as many as are left over.
func (c *Catalog) Reserve(ctx context.Context, by access.Caller, a Address, n *int) error {
	op := "PutFunctionConcurrency"
	if n == nil {
		op = "DeleteFunctionConcurrency"
	}
	if err := c.owned(by, a, op); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return missing(a)
		}
		if n != nil && c.unreserved(a.Place, a.Name)-*n < minUnreserved {
			return fault.Invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
		}
		_, err := c.functions.In(tx).Change(keyOf(a), func(f *Function) error {
			f.Reserved = n
			return nil
		})
		return err
	})
}

// MaxConcurrent is how many invocations an account may have at a time in a region, and
// minUnreserved how many of them no function can have for itself.
const (
	MaxConcurrent = 1000
	minUnreserved = 100
)

// Unreserved is how many invocations are no function's own.
func (c *Catalog) Unreserved(at access.Place) int { return c.unreserved(at, "") }

func (c *Catalog) unreserved(at access.Place, without string) int {
	n := MaxConcurrent
	for f := range c.functions.Each(at, "") {
		if f.Reserved != nil && f.Name != without {
			n -= *f.Reserved
		}
	}
	return n
}

// Tag gives tags to a function.
func (c *Catalog) Tag(ctx context.Context, by access.Caller, a Address, tags map[string]string) error {
	return c.retag(ctx, by, a, "TagResource", func(f *Function) (err error) {
		f.Tags, err = withTags(f.Tags, tags)
		return err
	})
}

// Untag takes tags from a function.
func (c *Catalog) Untag(ctx context.Context, by access.Caller, a Address, keys []string) error {
	return c.retag(ctx, by, a, "UntagResource", func(f *Function) error {
		f.Tags = maps.Clone(f.Tags)
		for _, k := range keys {
			delete(f.Tags, k)
		}
		return nil
	})
}

func (c *Catalog) retag(ctx context.Context, by access.Caller, a Address, op string, fn func(*Function) error) error {
	if err := c.owned(by, a, op); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return missing(a)
		}
		_, err := c.functions.In(tx).Change(keyOf(a), fn)
		return err
	})
}

// Tags returns the tags of a function.
func (c *Catalog) Tags(by access.Caller, a Address) (map[string]string, error) {
	if err := c.owned(by, a, "ListTags"); err != nil {
		return nil, err
	}
	return c.TagsOf(a)
}

// TagsOf returns the tags of a function to those who have seen it.
func (c *Catalog) TagsOf(a Address) (map[string]string, error) {
	f := c.functions.Find(keyOf(a))
	if f == nil {
		return nil, missing(a)
	}
	return f.Tags, nil
}
