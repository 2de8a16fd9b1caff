package directory

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
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
}

// A Directory is who there is. Its methods may be called from many goroutines at
// once.
type Directory struct {
	boundary access.Guard
	strict   bool
	store    store.Store
	issuer   *issuer
	entities *table.Table[Entity]
	policies *table.Table[Policy]
	keys     *table.Table[keyRecord]
	// weights are what the records of each account have in all, in bytes. Only the
	// store's turn touches them.
	weights map[string]int
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
	d := &Directory{boundary: opt.Guard, strict: opt.Strict, store: opt.Store, weights: map[string]int{}}
	var err error
	if d.issuer, err = openIssuer(ctx, opt.Store, opt.Verified); err != nil {
		return nil, err
	}
	total := 0
	for _, k := range kinds {
		total += k.max
	}
	d.entities, err = table.Open(ctx, table.Options[Entity]{
		Store: opt.Store, Prefix: "identity/entity/", Version: 1, Max: total,
		Complete: func(k table.Key, e *Entity) error {
			d.weights[k.Account] += e.weight()
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
			d.weights[k.Account] += p.weight()
			return p.compile()
		},
	})
	if err != nil {
		return nil, err
	}
	d.keys, err = table.Open(ctx, table.Options[keyRecord]{
		Store: opt.Store, Prefix: "identity/accesskey/", Version: 1, Max: math.MaxInt, // users bound them
	})
	return d, err
}

// A Tag is a name and a value that somebody hangs on something.
type Tag struct{ Key, Value string }

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

// about adds the condition keys of the tags that something has.
func about(tags []Tag, keys map[string][]string) map[string][]string {
	if len(tags) == 0 {
		return keys
	}
	all := maps.Clone(keys)
	if all == nil {
		all = map[string][]string{}
	}
	for _, t := range tags {
		all["aws:ResourceTag/"+t.Key] = []string{t.Value}
		all["iam:ResourceTag/"+t.Key] = []string{t.Value}
	}
	return all
}

// tagKeys are the condition keys of tags in a request.
func tagKeys(tags []Tag) map[string][]string {
	keys := map[string][]string{}
	for _, t := range tags {
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
		keys["aws:RequestTag/"+t.Key] = []string{t.Value}
	}
	return keys
}

// The words of faults.
const (
	codeMalformed = "MalformedPolicyDocument"
	codeExists    = "EntityAlreadyExists"
	codeMissing   = "NoSuchEntity"
	codeInUse     = "DeleteConflict"
	codeInput     = "InvalidInput"
	codeLimit     = "LimitExceeded"
)

const maxTags = 50

// withTags returns tags with others added or changed.
func withTags(old, set []Tag) ([]Tag, error) {
	seen := map[string]bool{}
	for _, t := range set {
		if seen[strings.ToLower(t.Key)] {
			return nil, fault.Invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.").WithCode(codeInput)
		}
		seen[strings.ToLower(t.Key)] = true
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, fault.Invalid("The tag key %s begins with aws:, which is reserved. Choose another key.", t.Key).WithCode(codeInput)
		}
	}
	all := append(withoutTags(old, func(t Tag) bool { return seen[strings.ToLower(t.Key)] }), set...)
	if len(all) > maxTags {
		return nil, fault.Limit("The number of tags has reached the maximum limit.").WithCode(codeLimit)
	}
	return all, nil
}

func withoutTags(old []Tag, goes func(Tag) bool) []Tag {
	var left []Tag
	for _, t := range old {
		if !goes(t) {
			left = append(left, t)
		}
	}
	return left
}

// maxWeight bounds what the records of an account have in all, in bytes: they are
// in memory. AWS's quotas alone would come to some gigabytes.
const maxWeight = 64 << 20

// weigh counts what an account gets or gives up, and is the fault of too much.
func (d *Directory) weigh(tx store.Tx, account string, grows int) error {
	add := func(n int) {
		if d.weights[account] += n; d.weights[account] == 0 {
			delete(d.weights, account)
		}
	}
	if grows > 0 && d.weights[account]+grows > maxWeight {
		return fault.Limit("The roles, users, groups and policies of the account would take more than %d MiB in all. Delete some, or make their documents and tags shorter.", maxWeight>>20).WithCode(codeLimit)
	}
	add(grows)
	tx.OnEnd(func(kept bool) {
		if !kept {
			add(-grows)
		}
	})
	return nil
}

// fixedWeight is what a record, a document or a tag takes beside its text.
const fixedWeight = 256

func weightOf(tags []Tag) int {
	n := 0
	for _, t := range tags {
		n += len(t.Key) + len(t.Value) + fixedWeight/4
	}
	return n
}

func quota(name string, max int) error {
	return fault.Limit("Cannot exceed quota for %s: %d", name, max).WithCode(codeLimit)
}

// size is what a document counts of its quota: its characters that are no white
// space, as at AWS. White space is free up to three times that, since all of it is
// kept.
func size(document string) int {
	n := 0
	for _, c := range document {
		if !strings.ContainsRune(" \t\r\n", c) {
			n++
		}
	}
	return max(n, (len(document)+3)/4)
}

func missing(format string, args ...any) error {
	return fault.NotFound("%s", fmt.Sprintf(format, args...)).WithCode(codeMissing)
}
