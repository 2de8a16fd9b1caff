package directory

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/identity/managed"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

const (
	maxPolicies = 1500
	maxVersions = 5
	maxManaged  = 6144
)

// A Policy is a managed policy. Nobody may change one.
type Policy struct {
	Name, Path, ID, ARN, Description string
	Created, Updated                 time.Time
	// Versions are in the order in which they were made. Default is the number of the
	// one that counts, and Last that of the one made last.
	Versions      []Version
	Default, Last int
	Tags          []Tag

	parsed *policy.Document
}

// A Version is one text that a policy has had.
type Version struct {
	Number  int
	Text    string
	Created time.Time
}

// ID is the name of the version.
func (v *Version) ID() string { return "v" + strconv.Itoa(v.Number) }

func (p *Policy) compile() (err error) {
	p.parsed, err = policy.ParseIdentity(p.Version("v" + strconv.Itoa(p.Default)).Text)
	return err
}

// weight is about how many bytes the policy takes.
func (p *Policy) weight() int {
	n := fixedWeight + len(p.ARN) + len(p.Description) + weightOf(p.Tags)
	for i := range p.Versions {
		n += fixedWeight + len(p.Versions[i].Text)
	}
	return n
}

// Version returns a version by its name, nil when there is none.
func (p *Policy) Version(id string) *Version {
	for i := range p.Versions {
		if p.Versions[i].ID() == id {
			return &p.Versions[i]
		}
	}
	return nil
}

// policyKey is where a policy of an account is, by its ARN. It is none for that of
// another account.
func policyKey(account, arn string) table.Key {
	_, resource, ok := strings.Cut(arn, ":iam::"+account+":policy/")
	if !ok {
		return table.Key{}
	}
	return table.Key{Place: in(account), Name: strings.ToLower(resource[strings.LastIndexByte(resource, '/')+1:])}
}

// policyByARN returns a policy of the account, nil when there is none.
func (d *Directory) policyByARN(account, arn string) *Policy {
	if p := d.policies.Find(policyKey(account, arn)); p != nil && p.ARN == arn {
		return p
	}
	return nil
}

// managed returns what a policy says that somebody in the account may attach, one
// of theirs or of AWS's; nil when there is none.
func (d *Directory) managed(account, arn string) *policy.Document {
	if p := managed.Find(arn); p != nil {
		return p.Parsed
	}
	if p := d.policyByARN(account, arn); p != nil {
		return p.parsed
	}
	return nil
}

// A Shown is a managed policy of either sort, as it is shown.
type Shown struct {
	Policy
	// AWS says that it is one of AWS's.
	AWS bool
	// Attached and Bounds are how many have it attached, and as a boundary.
	Attached, Bounds int
}

// show is a policy of AWS's.
func show(p *managed.Policy, partition string) Policy {
	n, _ := strconv.Atoi(strings.TrimPrefix(p.Version, "v")) // by the test of managed
	sum := sha256.Sum256([]byte(p.Name))                     // AWS's own ids are not published
	id := "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
	return Policy{
		Name: p.Name, Path: p.Path, ID: id, ARN: p.ARN(partition), Created: p.Created, Updated: p.Created,
		Versions: []Version{{n, string(p.Document), p.Created}}, Default: n, Last: n,
	}
}

// uses counts who has each policy attached, and as a boundary.
func (d *Directory) uses(account string) (attached, bounds map[string]int) {
	attached, bounds = map[string]int{}, map[string]int{}
	for e := range d.entities.Each(in(account), "") {
		for _, arn := range e.Attached {
			attached[arn]++
		}
		bounds[e.Boundary]++
	}
	return attached, bounds
}

func missingPolicy(arn string) error { return missing("Policy %s was not found.", arn) }

// GetPolicy returns a managed policy to who may do op with it.
func (d *Directory) GetPolicy(by access.Caller, op, arn string) (Shown, error) {
	if err := checkARN(arn); err != nil {
		return Shown{}, err
	}
	own := d.policyByARN(by.Account, arn)
	var keys map[string][]string
	if own != nil {
		keys = about(own.Tags, nil)
	}
	if err := d.Ask(by, "iam:"+op, arn, keys); err != nil {
		return Shown{}, err
	}
	attached, bounds := d.uses(by.Account)
	s := Shown{Attached: attached[arn], Bounds: bounds[arn]}
	switch p := managed.Find(arn); {
	case p != nil:
		s.Policy, s.AWS = show(p, strings.Split(arn, ":")[1]), true
	case own != nil:
		s.Policy = *own
	default:
		return Shown{}, missingPolicy(arn)
	}
	return s, nil
}

// checkARN says what AWS says of what is no ARN.
func checkARN(arn string) error {
	if strings.Count(arn, ":") < 5 || !strings.HasPrefix(arn, "arn:") {
		return fault.Invalid("ARN %s is not valid.", arn).WithCode("ValidationError")
	}
	return nil
}

// A PolicyFilter narrows a list of policies.
type PolicyFilter struct {
	// Scope is "AWS", "Local" or "" for both.
	Scope string
	// Path is what their paths begin with.
	Path string
	// Attached leaves out those that nobody has, and Bounds those that are nobody's
	// boundary.
	Attached, Bounds bool
}

// ListPolicies returns all managed policies that pass the filter: AWS's, then the
// account's, each by name.
func (d *Directory) ListPolicies(by access.Caller, f PolicyFilter) ([]Shown, error) {
	if err := d.Ask(by, "iam:ListPolicies", iamARN(by, "policy/*"), nil); err != nil {
		return nil, err
	}
	return d.shown(by, f), nil
}

// shown is [Directory.ListPolicies] for who has been asked already.
func (d *Directory) shown(by access.Caller, f PolicyFilter) (all []Shown) {
	attached, bounds := d.uses(by.Account)
	add := func(p Policy, aws bool) {
		s := Shown{p, aws, attached[p.ARN], bounds[p.ARN]}
		if strings.HasPrefix(p.Path, f.Path) && (!f.Attached || s.Attached > 0) && (!f.Bounds || s.Bounds > 0) {
			all = append(all, s)
		}
	}
	if f.Scope != "Local" {
		partition := strings.Split(iamARN(by, "x"), ":")[1]
		for _, p := range managed.All() {
			add(show(p, partition), true)
		}
	}
	if f.Scope != "AWS" {
		for p := range d.policies.Each(in(by.Account), "") {
			add(*p, false)
		}
	}
	return all
}

// CreatePolicy makes a managed policy of the account.
func (d *Directory) CreatePolicy(ctx context.Context, by access.Caller, p Policy, text string) (*Policy, error) {
	if p.Path == "" {
		p.Path = "/"
	}
	p.ARN, p.ID, p.Created = iamARN(by, "policy"+p.Path+p.Name), newID("ANPA"), now()
	if err := d.Ask(by, "iam:CreatePolicy", p.ARN, tagKeys(p.Tags)); err != nil {
		return nil, err
	}
	var err error
	if p.parsed, err = checkManaged(text); err != nil {
		return nil, err
	}
	if p.Tags, err = withTags(nil, p.Tags); err != nil {
		return nil, err
	}
	p.Updated, p.Default, p.Last = p.Created, 1, 1
	p.Versions = []Version{{1, text, p.Created}}
	err = d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.policies.In(tx), policyKey(by.Account, p.ARN)
		if w.Find(key) != nil {
			return fault.Conflict("A policy called %s already exists. Duplicate names are not allowed.", p.Name).WithCode(codeExists)
		}
		if err := d.weigh(tx, by.Account, p.weight()); err != nil {
			return err
		}
		return w.Put(key, &p)
	})
	return &p, err
}

func checkManaged(text string) (*policy.Document, error) {
	if size(text) > maxManaged {
		return nil, quota("PolicySize", maxManaged)
	}
	return parseIdentity(text)
}

// ChangePolicy changes a managed policy of the account. fn is given a copy, of which
// it must replace what it changes.
func (d *Directory) ChangePolicy(ctx context.Context, by access.Caller, op, arn string, keys map[string][]string, fn func(p *Policy) error) error {
	if err := d.mayChange(by, op, arn, keys); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.policies.In(tx), policyKey(by.Account, arn)
		old := w.Find(key)
		if old == nil || old.ARN != arn {
			return missingPolicy(arn)
		}
		_, err := w.Change(key, func(p *Policy) error {
			if err := fn(p); err != nil {
				return err
			}
			if err := d.weigh(tx, by.Account, p.weight()-old.weight()); err != nil {
				return err
			}
			return p.compile()
		})
		return err
	})
}

// mayChange says whether a caller may do op with a policy of their account.
func (d *Directory) mayChange(by access.Caller, op, arn string, keys map[string][]string) error {
	if err := checkARN(arn); err != nil {
		return err
	}
	if p := d.policyByARN(by.Account, arn); p != nil {
		keys = about(p.Tags, keys)
	}
	if err := d.Ask(by, "iam:"+op, arn, keys); err != nil {
		return err
	}
	if managed.Find(arn) != nil {
		return fault.Denied("The policy %s is AWS's, and cannot be changed. Make one of your own from its document.", arn).WithCode("AccessDenied")
	}
	return nil
}

// AddVersion gives a policy another text, which counts at once if it is to.
func (d *Directory) AddVersion(ctx context.Context, by access.Caller, arn, text string, counts bool) (v Version, isDefault bool, err error) {
	err = d.ChangePolicy(ctx, by, "CreatePolicyVersion", arn, nil, func(p *Policy) error {
		if _, err := checkManaged(text); err != nil {
			return err
		}
		if len(p.Versions) == maxVersions {
			return fault.Limit("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions).WithCode(codeLimit)
		}
		p.Last++
		p.Updated = now()
		v = Version{p.Last, text, p.Updated}
		p.Versions = append(slices.Clone(p.Versions), v)
		if counts {
			p.Default = v.Number
		}
		isDefault = counts
		return nil
	})
	return v, isDefault, err
}

// SetDefault makes a version the one that counts.
func (d *Directory) SetDefault(ctx context.Context, by access.Caller, arn, id string) error {
	return d.ChangePolicy(ctx, by, "SetDefaultPolicyVersion", arn, nil, func(p *Policy) error {
		v := p.Version(id)
		if v == nil {
			return missingVersion(arn, id)
		}
		p.Default, p.Updated = v.Number, now()
		return nil
	})
}

func missingVersion(arn, id string) error {
	return missing("Policy %s version %s does not exist or is not attachable.", arn, id)
}

// GetVersion returns a version of a policy, and whether it is the one that counts.
func (d *Directory) GetVersion(by access.Caller, arn, id string) (*Version, bool, error) {
	p, err := d.GetPolicy(by, "GetPolicyVersion", arn)
	if err != nil {
		return nil, false, err
	}
	v := p.Version(id)
	if v == nil {
		return nil, false, missingVersion(arn, id)
	}
	return v, v.Number == p.Default, nil
}

// DeleteVersion removes a version that does not count.
func (d *Directory) DeleteVersion(ctx context.Context, by access.Caller, arn, id string) error {
	return d.ChangePolicy(ctx, by, "DeletePolicyVersion", arn, nil, func(p *Policy) error {
		v := p.Version(id)
		if v == nil {
			return missingVersion(arn, id)
		}
		if v.Number == p.Default {
			return fault.Conflict("Cannot delete the default version of a policy.").WithCode(codeInUse)
		}
		p.Versions = slices.DeleteFunc(slices.Clone(p.Versions), func(o Version) bool { return o.Number == v.Number })
		return nil
	})
}

// DeletePolicy removes a policy that nobody has, and of which there is one version.
func (d *Directory) DeletePolicy(ctx context.Context, by access.Caller, arn string) error {
	if err := d.mayChange(by, "DeletePolicy", arn, nil); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, key := d.policies.In(tx), policyKey(by.Account, arn)
		attached, bounds := d.uses(by.Account)
		switch p := w.Find(key); {
		case p == nil || p.ARN != arn:
			return missingPolicy(arn)
		case attached[arn]+bounds[arn] > 0:
			return fault.Conflict("Cannot delete a policy attached to entities.").WithCode(codeInUse)
		case len(p.Versions) > 1:
			return fault.Conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.").WithCode(codeInUse)
		default:
			if err := d.weigh(tx, by.Account, -p.weight()); err != nil {
				return err
			}
		}
		_, err := w.Delete(key)
		return err
	}, store.Draining)
}

// Users are the entities of a kind that have a policy attached, or as a boundary.
func (d *Directory) Users(account string, k *Kind, arn string, bounds bool) []*Entity {
	var all []*Entity
	for e := range d.entities.Each(in(account), k.Name+"/") {
		if bounds && e.Boundary == arn || !bounds && slices.Contains(e.Attached, arn) {
			all = append(all, e)
		}
	}
	return all
}

// TagPolicy hangs tags on a policy.
func (d *Directory) TagPolicy(ctx context.Context, by access.Caller, arn string, tags []Tag) error {
	return d.ChangePolicy(ctx, by, "TagPolicy", arn, tagKeys(tags), func(p *Policy) (err error) {
		p.Tags, err = withTags(p.Tags, tags)
		return err
	})
}

// UntagPolicy takes tags off a policy.
func (d *Directory) UntagPolicy(ctx context.Context, by access.Caller, arn string, names []string) error {
	return d.ChangePolicy(ctx, by, "UntagPolicy", arn, map[string][]string{"aws:TagKeys": names}, func(p *Policy) error {
		p.Tags = withoutNamed(p.Tags, names)
		return nil
	})
}
