package trails

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Tag is a name and a value that somebody hangs on a trail.
type Tag struct{ Key, Value string }

// A Trail is what somebody wants to have written down, and where.
type Trail struct {
	Name string
	// Home is where it was made; it is changed only there.
	Home access.Place `json:"-"`
	// Bucket and Prefix are where it would lie in S3.
	Bucket string
	Prefix string `json:",omitempty"`
	// Group and Role are ARNs of the log group that gets what the trail wants, and
	// of the role that writes there; both or neither.
	Group string `json:",omitempty"`
	Role  string `json:",omitempty"`
	// Global says that it has the calls of services that are in no region, and
	// Everywhere that it has those of all regions.
	Global, Everywhere bool
	// Validated asks for digests of the files in S3.
	Validated bool `json:",omitempty"`
	// Started and Stopped are when logging last began and ended, in Unix milliseconds.
	Logging          bool
	Started, Stopped int64 `json:",omitempty"`
	// Basic or Advanced are the selectors; without either it has all management events.
	Basic    []Basic    `json:",omitempty"`
	Advanced []Advanced `json:",omitempty"`
	Tags     []Tag      `json:",omitempty"`
}

// ARN names the trail.
func (t *Trail) ARN() string { return arnOf(t.Home, t.Name) }

func arnOf(at access.Place, name string) string { return at.ARN("cloudtrail", "trail/"+name).String() }

// Max is how many trails an account may have at home in a region, and MaxTags how
// many tags a trail.
const (
	Max     = 5
	MaxTags = 50
)

// Options configure a Book. All must be set.
type Options struct {
	Store store.Store
	Guard access.Guard
	// Act returns the caller that CloudTrail is in a role for a trail, by its ARN; a
	// Denied fault says that the role's trust policy does not have it.
	Act func(trail, role string) (access.Caller, error)
	// Writes returns nil when a caller may write to the log group of an ARN, and make
	// the stream there.
	Writes func(by access.Caller, group, stream string) error
}

// A Book is all the trails there are.
type Book struct {
	opt    Options
	trails *table.Table[Trail]
	// deliveries are under the keys of their trails.
	deliveries *table.Table[Delivery]
	// wants is who wants what, made anew with each change.
	wants atomic.Pointer[wants]
}

// Open reads the trails from the store.
func Open(ctx context.Context, opt Options) (*Book, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Act == nil || opt.Writes == nil {
		return nil, errors.New("open the trails: they need a store, a guard, and the ways to roles and log groups")
	}
	b := &Book{opt: opt}
	var err error
	b.trails, err = table.Open(ctx, table.Options[Trail]{
		Store: opt.Store, Prefix: "trail/trail/", Version: 1, Max: Max,
		Complete: func(k table.Key, t *Trail) error {
			t.Home = k.Place
			return nil
		},
	})
	if err == nil {
		b.deliveries, err = table.Open(ctx, table.Options[Delivery]{Store: opt.Store, Prefix: "trail/delivery/", Version: 1, Max: Max})
	}
	if err != nil {
		return nil, err
	}
	b.compile()
	return b, nil
}

// allow asks the guard about a trail.
func (b *Book) allow(by access.Caller, action string, at access.Place, name string) error {
	return b.opt.Guard.Allow(&access.Ask{Caller: by, Action: "cloudtrail:" + action, Resource: arnOf(at, name), Owner: at.Account})
}

// AllowAll asks the guard about all that is the caller's.
func (b *Book) AllowAll(by access.Caller, action string) error {
	return b.opt.Guard.Allow(access.Own(by, "cloudtrail:"+action, "*"))
}

// of returns where the trail is that a name or an ARN names.
func of(by access.Caller, id string) (access.Place, string, error) {
	if !arn.Is(id) {
		return by.Place, id, checkName(id)
	}
	a, err := arn.Parse(id)
	name, ok := strings.CutPrefix(a.Resource, "trail/")
	if err != nil || !ok || a.Service != "cloudtrail" || !access.IsAccount(a.Account) || !access.IsRegion(a.Region) || checkName(name) != nil {
		return by.Place, "", fault.Invalid("Invalid Trail ARN: %.300s. The form is arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME.", id).WithCode("CloudTrailARNInvalidException")
	}
	return access.Place{Account: a.Account, Region: a.Region}, name, nil
}

// checkName holds a name to AWS's rules.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
func checkName(name string) error {
	invalid := func(format string, args ...any) error {
		return fault.Invalid(format, args...).WithCode("InvalidTrailNameException")
	}
	alone := func(c byte) bool { return c == '.' || c == '-' || c == '_' }
	other := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && (c > 127 || !alone(byte(c)))
	}
	switch n := len(name); {
	case n == 0:
		return invalid("Trail name cannot be blank!")
	case n < 3:
		return invalid("Trail name too short. Minimum allowed length: 3 characters. Specified name length: %d characters.", n)
	case n > 128:
		return invalid("Trail name too long. Maximum allowed length: 128 characters. Specified name length: %d characters.", n)
	case strings.ContainsFunc(name, other):
		return invalid("Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).")
	case alone(name[0]):
		return invalid("Trail name must starts with a letter or number.")
	case alone(name[n-1]):
		return invalid("Trail name must ends with a letter or number.")
	}
	for i := range len(name) - 1 {
		if alone(name[i]) && alone(name[i+1]) {
			return invalid("Trail name must not have two of periods (.), hyphens (-) and underscores (_) in a row.")
		}
	}
	if isAddress(name) {
		return invalid("Trail name must not be an IP address.")
	}
	return nil
}

func isAddress(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) == 4 && !slices.ContainsFunc(parts, func(p string) bool {
		return p == "" || strings.ContainsFunc(p, func(c rune) bool { return c < '0' || c > '9' })
	})
}

func unknown(at access.Place, name string) error {
	return fault.NotFound("Unknown trail: %s for the user: %s", arnOf(at, name), at.Account).WithCode("TrailNotFoundException")
}

// Get returns the trail that a name or an ARN names.
func (b *Book) Get(by access.Caller, action, id string) (*Trail, error) {
	at, name, err := of(by, id)
	if err != nil {
		return nil, err
	}
	if err := b.allow(by, action, at, name); err != nil {
		return nil, err
	}
	if t := b.trails.Find(table.Key{Place: at, Name: name}); t != nil && t.seenFrom(by.Place) {
		return t, nil
	}
	return nil, unknown(at, name)
}

// seenFrom says whether the trail is known in a region: at home, and if it is one
// of many regions, in all.
func (t *Trail) seenFrom(p access.Place) bool {
	return t.Home.Account == p.Account && (t.Everywhere || t.Home.Region == p.Region)
}

// Describe returns those of the trails with these names and ARNs that there are, or
// all that are seen in the caller's region when there are none. Shadows are those
// of other regions.
func (b *Book) Describe(by access.Caller, ids []string, shadows bool) ([]*Trail, error) {
	if err := b.AllowAll(by, "DescribeTrails"); err != nil {
		return nil, err
	}
	var found []*Trail
	for _, id := range ids {
		at, name, err := of(by, id)
		if err != nil {
			return nil, err
		}
		if at.Account != by.Account {
			return nil, b.allow(by, "DescribeTrails", at, name)
		}
		if t := b.trails.Find(table.Key{Place: at, Name: name}); t != nil && t.seenFrom(by.Place) {
			found = append(found, t)
		}
	}
	if len(ids) > 0 {
		return found, nil
	}
	for t := range b.trails.All() {
		if t.seenFrom(by.Place) && (shadows || t.Home == by.Place) {
			found = append(found, t)
		}
	}
	return found, nil
}

// All returns all trails of the caller's account, in the order of their ARNs.
func (b *Book) All(by access.Caller) ([]*Trail, error) {
	if err := b.AllowAll(by, "ListTrails"); err != nil {
		return nil, err
	}
	var all []*Trail
	for t := range b.trails.All() {
		if t.Home.Account == by.Account {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *Trail) int { return strings.Compare(a.ARN(), b.ARN()) })
	return all, nil
}
