package directory

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/issuer"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Directory.
type Options struct {
	Store store.Store
	// Guard judges those who are no users and no sessions.
	Guard access.Guard
	// Verified says that nobody is taken at their word. Sessions that were made by a
	// server that took people at their word are not good for one that does not, nor
	// the other way round.
	Verified bool
	// Strict says that roles which services act with must exist. Else one that does
	// not is taken for the root of its account.
	Strict bool
	// Configured says whether an account is one of the settings, and not a number that a
	// caller made up; nil for all are. The others share what one may have.
	Configured func(account string) bool
}

// A Directory is who there is. Its methods may be called from many goroutines at
// once.
type Directory struct {
	boundary access.Guard
	strict   bool
	store    store.Store
	issuer   *issuer.Issuer
	entities *table.Table[Entity]
	policies *table.Table[Policy]
	keys     *table.Table[keyRecord]
	aliases  *table.Table[alias]
	// weights are what the records of each account have in all, in bytes, and strange is
	// what those of accounts have that are not configured. Only the store's turn touches
	// them.
	weights    map[string]int
	strange    int
	configured func(account string) bool

	recentMu sync.Mutex
	// recent are uses of keys that are not written down yet, by the ids of the keys.
	recent map[string]Use
}

// global is where keys are found by their id alone.
var global = access.Place{Account: "all", Region: "global"}

// in is where the records of an account are: IAM has no regions.
func in(account string) access.Place { return access.Place{Account: account, Region: "global"} }

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Directory, error) {
	if opt.Store == nil || opt.Guard == nil {
		return nil, errors.New("open the identities: they need a store and a guard")
	}
	d := &Directory{boundary: opt.Guard, strict: opt.Strict, store: opt.Store, weights: map[string]int{}, configured: opt.Configured, recent: map[string]Use{}}
	var err error
	if d.issuer, err = issuer.Open(ctx, opt.Store, opt.Verified); err != nil {
		return nil, err
	}
	total := 0
	for _, k := range kinds {
		total += k.max
	}
	d.entities, err = table.Open(ctx, table.Options[Entity]{
		Store: opt.Store, Prefix: "identity/entity/", Version: 1, Max: total,
		Complete: func(k table.Key, e *Entity) error {
			d.count(k.Account, e.weight())
			return e.compile()
		},
	})
	if err != nil {
		return nil, err
	}
	d.policies, err = table.Open(ctx, table.Options[Policy]{
		Store: opt.Store, Prefix: "identity/policy/", Version: 1, Max: maxPolicies,
		Full: fault.Limit("Cannot exceed quota for PoliciesPerAccount: %d", maxPolicies),
		Complete: func(k table.Key, p *Policy) error {
			d.count(k.Account, p.weight())
			return p.compile()
		},
	})
	if err != nil {
		return nil, err
	}
	d.keys, err = table.Open(ctx, table.Options[keyRecord]{
		Store: opt.Store, Prefix: "identity/accesskey/", Version: 1, Max: math.MaxInt, // users bound them
	})
	if err != nil {
		return nil, err
	}
	d.aliases, err = table.Open(ctx, table.Options[alias]{
		Store: opt.Store, Prefix: "identity/alias/", Version: 1, Max: math.MaxInt, // an account has one
		Complete: func(k table.Key, a *alias) error {
			if k.Account == a.Account {
				d.count(k.Account, a.weight())
			}
			return nil
		},
	})
	return d, err
}

// newID returns a unique id such as AROA and 17 further characters.
func newID(prefix string) string {
	b := make([]byte, 11)
	_, _ = rand.Read(b) // never fails
	return prefix + base32.StdEncoding.EncodeToString(b)[:17]
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// iamARN returns the ARN of something of an account's, whose partition is that of
// the caller's region.
func iamARN(by access.Caller, resource string) string {
	return arn.ARN{Partition: arn.Partition(by.Region), Service: "iam", Account: by.Account, Resource: resource}.String()
}

// Ask says whether a caller may do something with what is their account's.
func (d *Directory) Ask(by access.Caller, action, resource string, keys map[string][]string) error {
	return d.Allow(&access.Ask{Caller: by, Action: action, Resource: resource, Owner: by.Account, Keys: keys})
}
