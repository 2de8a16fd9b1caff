package provision

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Functions are what environments are kept of.
type Functions interface {
	Find(a catalog.Address) (catalog.Found, error)
	// Has says whether there still is what was found.
	Has(tx store.Tx, a catalog.Address) bool
	// Attach has a part told of what is deleted.
	Attach(p catalog.Part)
}

// Environments are where they are kept.
type Environments interface {
	Keep(all []pool.Kept)
	Kept(f catalog.Found) pool.Readiness
}

// Options configure Provisions. All up to Environments must be given.
type Options struct {
	Store        store.Store
	Guard        access.Guard
	Functions    Functions
	Environments Environments
	// Configured is that of [catalog.Options].
	Configured func(account string) bool
}

// A Provision is how many environments of a qualifier of a function are kept, as it is
// stored.
type Provision struct {
	Function, Qualifier string
	Requested           int
	// Modified is in Unix milliseconds.
	Modified int64
}

// most is how many environments may be kept of all functions of an account in a region,
// and of all accounts that callers made up.
const most = 32

// Provisions are what is kept. Its methods may be called from many goroutines at once.
type Provisions struct {
	opt  Options
	rows *table.Table[Provision]
	news chan struct{} // has something when the rows have changed
}

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Provisions, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Functions == nil || opt.Environments == nil {
		return nil, errors.New("open what is provisioned of functions: it needs a store, a guard, functions and environments")
	}
	rows, err := table.Open(ctx, table.Options[Provision]{Store: opt.Store, Prefix: "function/provision/", Version: 1, Max: most})
	if err != nil {
		return nil, err
	}
	p := &Provisions{opt: opt, rows: rows, news: make(chan struct{}, 1)}
	opt.Functions.Attach(p.drop)
	return p, nil
}

func keyOf(a catalog.Address) table.Key {
	return table.Key{Place: a.Place, Name: a.Name + "/" + a.Qualifier}
}

// allow asks whether a caller may do something with what is kept of a function.
func (p *Provisions) allow(by access.Caller, a catalog.Address, op string) error {
	return p.opt.Guard.Allow(&access.Ask{Caller: by, Action: "lambda:" + op, Resource: a.ARN(), Owner: a.Account, OwnerOnly: true})
}

// Put has so many environments of a version kept.
func (p *Provisions) Put(ctx context.Context, by access.Caller, a catalog.Address, n int) (*Provision, error) {
	if err := p.allow(by, a, "PutProvisionedConcurrencyConfig"); err != nil {
		return nil, err
	}
	f, err := p.opt.Functions.Find(a)
	switch {
	case err != nil:
		return nil, err
	case f.Number == catalog.Latest:
		return nil, fault.Invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	case f.Reserved != nil && n > *f.Reserved:
		return nil, fault.Invalid("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	}
	row := &Provision{a.Name, a.Qualifier, n, time.Now().UnixMilli()}
	err = p.opt.Store.Update(ctx, func(tx store.Tx) error {
		if !p.opt.Functions.Has(tx, a) {
			return fault.NotFound("Function not found: %s", a.ARN())
		}
		all := n
		for other := range p.rows.Each(a.Place, "") {
			if other.Function == a.Name && other.Qualifier == a.Qualifier {
				continue
			}
			all += other.Requested
			at := catalog.Address{Place: a.Place, Name: other.Function, Qualifier: other.Qualifier}
			if g, err := p.opt.Functions.Find(at); other.Function != a.Name || err != nil || g.Number != f.Number {
				continue
			}
			if a.Qualifier == f.Number {
				return fault.Invalid("Version is pointed by a Provisioned Concurrency alias")
			}
			return fault.Invalid("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
		}
		if n > most || all > most {
			return fault.Invalid("Specified ProvisionedConcurrentExecutions for function would have %d environments kept in the account, which may keep %d in a region.", max(n, all), most)
		}
		if p.madeUp(a.Account) && p.strange(a)+n > most {
			return fault.Limit("The accounts that are not in the settings may keep %d environments together. Delete some, use the account of -account, or start the server with -keys, which names the accounts that there are.", most).WithCode("LimitExceededException")
		}
		return p.rows.In(tx).Put(keyOf(a), row)
	})
	p.changed()
	return row, err
}

// madeUp says whether an account is one that a caller made up.
func (p *Provisions) madeUp(account string) bool {
	return p.opt.Configured != nil && !p.opt.Configured(account)
}

// strange is how many environments are kept of accounts that were made up, beside those of a.
func (p *Provisions) strange(a catalog.Address) (n int) {
	for k, row := range p.rows.Keyed() {
		if k != keyOf(a) && p.madeUp(k.Account) {
			n += row.Requested
		}
	}
	return n
}

// Delete has nothing kept any more. Where nothing was, that is no error, as at AWS.
func (p *Provisions) Delete(ctx context.Context, by access.Caller, a catalog.Address) error {
	if err := p.allow(by, a, "DeleteProvisionedConcurrencyConfig"); err != nil {
		return err
	}
	err := p.opt.Store.Update(ctx, func(tx store.Tx) error { return p.forget(tx, a) }, store.Draining)
	p.changed()
	return err
}

func (p *Provisions) forget(tx store.Tx, a catalog.Address) error {
	if p.rows.In(tx).Find(keyOf(a)) == nil {
		return nil
	}
	_, err := p.rows.In(tx).Delete(keyOf(a))
	return err
}

// drop forgets what is kept of a version or an alias that goes, or of all of a function.
func (p *Provisions) drop(tx store.Tx, a catalog.Address) error {
	if a.Qualifier != "" {
		return p.forget(tx, a)
	}
	for row := range p.rows.Each(a.Place, a.Name+"/") {
		if err := p.forget(tx, a.With(row.Qualifier)); err != nil {
			return err
		}
	}
	return nil
}

// Get returns what is kept of a version.
func (p *Provisions) Get(by access.Caller, a catalog.Address) (*Provision, error) {
	if err := p.allow(by, a, "GetProvisionedConcurrencyConfig"); err != nil {
		return nil, err
	}
	if _, err := p.opt.Functions.Find(a); err != nil {
		return nil, err
	}
	if row := p.rows.Find(keyOf(a)); row != nil {
		return row, nil
	}
	return nil, fault.NotFound("No Provisioned Concurrency Config found for this function").WithCode("ProvisionedConcurrencyConfigNotFoundException")
}

// List returns a page of what is kept of a function.
func (p *Provisions) List(by access.Caller, a catalog.Address, token string, limit int) ([]*Provision, string, error) {
	if err := p.allow(by, a, "ListProvisionedConcurrencyConfigs"); err != nil {
		return nil, "", err
	}
	if _, err := p.opt.Functions.Find(a); err != nil {
		return nil, "", err
	}
	return p.rows.List(a.Place, a.Name+"/", nil, token, limit)
}

// changed has Run look at the rows.
func (p *Provisions) changed() {
	select {
	case p.news <- struct{}{}:
	default: // it will look anyway
	}
}

// often is how often Run looks at where aliases lead, and what is there.
const often = 2 * time.Second

// Run has kept what is to be, until ctx ends.
func (p *Provisions) Run(ctx context.Context) error {
	for tick := time.NewTicker(often); ; {
		p.tend()
		select {
		case <-tick.C:
		case <-p.news:
		case <-ctx.Done():
			tick.Stop()
			return nil
		}
	}
}

// tend says what is to be kept now.
func (p *Provisions) tend() {
	var all []pool.Kept
	for k, row := range p.rows.Keyed() {
		name, qualifier, _ := strings.Cut(k.Name, "/")
		a := catalog.Address{Place: k.Place, Name: name, Qualifier: qualifier}
		if f, err := p.opt.Functions.Find(a); err == nil && f.Number != catalog.Latest {
			all = append(all, pool.Kept{Version: f, Count: row.Requested})
		}
	}
	p.opt.Environments.Keep(all)
}
