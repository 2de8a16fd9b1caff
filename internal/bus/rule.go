package bus

import (
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/schedule"
	"github.com/dari-bus/dari/pattern"
)

// A rule is one rule in memory. It stays the same value through all of its
// versions; a rule that is deleted and made again is another one.
type rule struct {
	bus  *bus
	name string
	arn  string
	live atomic.Pointer[version]
}

// A version is what a rule is at one time. It is never changed, only replaced.
type version struct {
	ruleRecord
	rule     *rule
	pattern  *pattern.Pattern    // nil when there is none
	schedule schedule.Expression // nil when there is none
	targets  []*targetRecord     // sorted by id
}

// newRule makes a rule whose first version is v.
func newRule(b *bus, v *version) *rule {
	r := &rule{bus: b, name: v.Name, arn: b.ruleARN(v.Name)}
	v.rule = r
	r.live.Store(v)
	return r
}

// compile compiles what is text in the record.
func (v *version) compile() (err error) {
	if v.Pattern != "" {
		if v.pattern, err = pattern.Compile(v.Pattern); err != nil {
			return err
		}
	}
	if v.Schedule != "" {
		if v.schedule, err = schedule.Parse(v.Schedule); err != nil {
			return fault.Invalid("Parameter ScheduleExpression is not valid.")
		}
	}
	return nil
}

func (v *version) wildcard() bool { return v.pattern != nil && v.pattern.HasWildcard() }

// start begins the schedule of a version that is put in place at a time: a
// rate counts from there. A version without one, or that is disabled, is due
// never.
func (v *version) start(at time.Time) {
	v.Anchor, v.Due = time.Time{}, time.Time{}
	if v.schedule != nil && v.State != Disabled {
		v.Anchor = at
		v.Due = v.next(at)
	}
}

// next returns when the schedule is due for the first time after a time, and
// the zero time when it never is.
func (v *version) next(after time.Time) time.Time {
	return v.schedule.Next(v.Anchor, after)
}

// findRule returns a rule that a caller may use for an operation.
func (b *bus) findRule(by access.Caller, op, name string) (*rule, error) {
	return b.findRuleWith(by, op, name, map[string][]string{})
}

// findRuleWith is findRule for an operation that has condition keys of its own.
func (b *bus) findRuleWith(by access.Caller, op, name string, keys map[string][]string) (*rule, error) {
	r, err := b.allowRule(by, op, name, keys)
	if err == nil && r == nil {
		err = ruleNotFound(name, b.Name)
	}
	return r, err
}

// allowRule returns a rule, or nil when there is none, and whether the caller may
// carry out an operation on it that has condition keys of its own. It adds to keys.
func (b *bus) allowRule(by access.Caller, op, name string, keys map[string][]string) (*rule, error) {
	creator := by.Account
	r := b.rule(name)
	if r != nil {
		creator = r.live.Load().CreatedBy
	}
	keys["events:creatorAccount"] = []string{creator}
	return r, b.allow(by, op, b.ruleARN(name), keys)
}
