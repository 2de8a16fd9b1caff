package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Service is the service that functions run as.
const Service = "lambda.amazonaws.com"

// Roles are what functions run with.
type Roles interface {
	// Check says whether a function may run with a role, by its trust policy.
	Check(of Address, role string) error
}

// An Outbox owes functions their asynchronous events: see package delivery, of whose
// plans these are.
type Outbox interface {
	// Begin makes the plan of a qualifier of a function, with what its settings are.
	Begin(tx store.Tx, of Address, a *Async) (lane uint64, err error)
	// Retire ends a plan that another one replaces, and Abandon one of a function that
	// is deleted.
	Retire(tx store.Tx, lane uint64) error
	Abandon(tx store.Tx, lane uint64) error
}

// Options configure a Catalog. All up to the outbox must be given.
type Options struct {
	Store  store.Store
	Guard  access.Guard
	Code   *code.Keeper
	Roles  Roles
	Outbox Outbox
	// Configured says whether an account is one that the settings name, and not one that
	// a caller made up; nil for all are. The others share what they may have.
	Configured func(account string) bool
	// MaxStrange is how many bytes the zips of the others may have together. Default 1 GiB.
	MaxStrange int64
}

// A Catalog keeps functions. Its methods may be called from many goroutines at once.
type Catalog struct {
	opt       Options
	functions *table.Table[Function]
	versions  *table.Table[Version]
	aliases   *table.Table[Alias]
	policies  *table.Table[Policy]
	asyncs    *table.Table[Async]
	layers    *table.Table[Layer]
	shelves   *table.Table[shelf]
	parts     []Part
}

// A Part is told in a transaction that a qualifier of a function goes, or the function
// with all that it has, if it is "". It deletes what hangs on that.
type Part func(tx store.Tx, a Address) error

// Attach makes something a part of functions, before any is deleted.
func (c *Catalog) Attach(p Part) { c.parts = append(c.parts, p) }

func (c *Catalog) detach(tx store.Tx, a Address) error {
	for _, drop := range c.parts {
		if err := drop(tx, a); err != nil {
			return err
		}
	}
	return nil
}

// The quotas of an account in a region.
const (
	maxFunctions = 1000
	maxVersions  = 10_000
	maxAliases   = 10_000
	maxLayers    = 1000
)

// maxBytes is what aliases, policies and the names of layers come to of an account, and of
// all accounts that callers made up: quotas alone would let them be some hundred MiB.
const maxBytes = 32 << 20

// Open reads what is in the store, and deletes code that nobody has.
func Open(ctx context.Context, opt Options) (*Catalog, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Code == nil || opt.Roles == nil || opt.Outbox == nil {
		return nil, errors.New("open the functions: they need a store, a guard, a keeper of code, roles and an outbox")
	}
	opt.MaxStrange = cmp.Or(opt.MaxStrange, 1<<30)
	c := &Catalog{opt: opt}
	var errs [7]error
	c.functions, errs[0] = open(ctx, opt.Store, "function/", table.Options[Function]{Max: maxFunctions})
	c.versions, errs[1] = open(ctx, opt.Store, "version/", table.Options[Version]{Max: maxVersions})
	scale := &table.Scale{Max: maxBytes, What: "aliases, permissions and layers", Code: "LimitExceededException", Configured: opt.Configured}
	c.aliases, errs[2] = open(ctx, opt.Store, "alias/", table.Options[Alias]{Max: maxAliases, Scale: scale, Weight: (*Alias).weight})
	c.policies, errs[3] = open(ctx, opt.Store, "policy/", table.Options[Policy]{
		Max: maxVersions, Scale: scale, Weight: (*Policy).weight,
		Complete: func(_ table.Key, p *Policy) error { return p.compile() },
	})
	c.asyncs, errs[4] = open(ctx, opt.Store, "async/", table.Options[Async]{Max: maxVersions})
	c.layers, errs[5] = open(ctx, opt.Store, "layer/", table.Options[Layer]{Max: maxVersions})
	c.shelves, errs[6] = open(ctx, opt.Store, "shelf/", table.Options[shelf]{Max: maxLayers, Scale: scale, Weight: func(*shelf) int { return 0 }})
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return c, opt.Code.Sweep(ctx, c.uses)
}

func open[R any](ctx context.Context, s store.Store, what string, opt table.Options[R]) (*table.Table[R], error) {
	opt.Store, opt.Prefix, opt.Version = s, "function/"+what, 1
	return table.Open(ctx, opt)
}

// uses says whether anything has code with a hash.
func (c *Catalog) uses(hash string) bool {
	for f := range c.functions.All() {
		if f.Latest.has(hash) {
			return true
		}
	}
	for v := range c.versions.All() {
		if v.has(hash) {
			return true
		}
	}
	for l := range c.layers.All() {
		if l.Code.Hash == hash {
			return true
		}
	}
	return false
}

// drop deletes code that is no longer in use. That it could not be is no matter of the
// caller's: the next start does it.
func (c *Catalog) drop(ctx context.Context, hashes ...string) {
	for _, hash := range hashes {
		_ = c.opt.Code.Drop(context.WithoutCancel(ctx), hash, c.uses)
	}
}

// The codes of faults.
const (
	codeInvalid      = "InvalidParameterValueException"
	codePrecondition = "PreconditionFailedException"
	codeStorage      = "CodeStorageExceededException"
)

// stale is the fault of a change to what has changed since its caller looked.
func stale(call string) error {
	return fault.Invalid("The Revision Id provided does not match the latest Revision Id. Call the %s API to retrieve the latest Revision Id", call).WithCode(codePrecondition)
}

func missing(a Address) error { return fault.NotFound("Function not found: %s", a.ARN()) }

// Allow asks whether a caller may do something, such as GetFunction, with a function.
// It does not say whether there is one: what another account has, only those learn
// whom it lets in.
func (c *Catalog) Allow(by access.Caller, a Address, op string) error {
	return c.opt.Guard.Allow(&access.Ask{
		Caller: by, Action: "lambda:" + op, Resource: a.ARN(), Owner: a.Account, Policy: c.PolicyOf(a),
	})
}

// MaySee asks whether a caller may see what is of no one function, such as a list.
func (c *Catalog) MaySee(by access.Caller, op string) error {
	return c.opt.Guard.Allow(access.Own(by, "lambda:"+op, "*"))
}

// owned is Allow for what only the account may do that has the function.
func (c *Catalog) owned(by access.Caller, a Address, op string) error {
	return c.opt.Guard.Allow(&access.Ask{Caller: by, Action: "lambda:" + op, Resource: a.ARN(), Owner: a.Account, OwnerOnly: true})
}

// passes asks whether a caller may have a function run with a role, and whether
// functions may.
func (c *Catalog) passes(by access.Caller, of Address, role string) error {
	if r, err := arn.Parse(role); err != nil || r.Service != "iam" || r.Account != by.Account {
		return fault.Denied("Cross-account pass role is not allowed.").WithCode("AccessDeniedException")
	}
	err := c.opt.Guard.Allow(&access.Ask{
		Caller: by, Action: "iam:PassRole", Resource: role, Owner: by.Account,
		Keys: map[string][]string{"iam:PassedToService": {Service}},
	})
	if err != nil {
		return err
	}
	if c.opt.Roles.Check(of, role) != nil {
		return fault.Invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}

func keyOf(a Address) table.Key { return table.Key{Place: a.Place, Name: a.Name} }

// below is the key of something that a function has, by a name or a number of its own.
func below(a Address, name string) table.Key {
	return table.Key{Place: a.Place, Name: a.Name + "/" + name}
}

// numbered is how a number is written so that its order is that of keys.
func numbered(n string) string {
	i, _ := strconv.Atoi(n) // who calls has made sure
	return fmt.Sprintf("%010d", i)
}

func newRevision() string { return uuid.NewString() }

func millis() int64 { return time.Now().UnixMilli() }
