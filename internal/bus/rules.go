package bus

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// A State says what a rule takes.
type State string

// The states. EnabledWithAllManagementEvents differs from Enabled in that it
// also takes the read-only API calls that CloudTrail reports.
const (
	Enabled                        State = "ENABLED"
	Disabled                       State = "DISABLED"
	EnabledWithAllManagementEvents State = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

// A Rule describes a rule. Text that was never set is "".
type Rule struct {
	Name, ARN string
	// Bus is the name of the event bus.
	Bus string
	// Pattern is the text of the event pattern, byte for byte as it was given.
	Pattern  string
	Schedule string
	State    State

	Description, RoleARN string
	// CreatedBy is the account that made the rule.
	CreatedBy string
}

// A NewRule is a rule as PutRule is to leave it.
type NewRule struct {
	Name string
	// Bus is a name or an ARN; "" means the default bus.
	Bus               string
	Pattern, Schedule string
	// State is Enabled when empty.
	State                State
	Description, RoleARN string
	// Tags are for a rule that is not there yet, and ignored otherwise.
	Tags []Tag
}

func (v *version) describe() Rule {
	return Rule{
		Name: v.Name, ARN: v.rule.arn, Bus: v.Bus,
		Pattern: v.Pattern, Schedule: v.Schedule, State: v.State,
		Description: v.Description, RoleARN: v.RoleARN, CreatedBy: v.CreatedBy,
	}
}

// PutRule makes a rule, or replaces all of one but its targets and tags. It
// returns the ARN of the rule.
func (s *Service) PutRule(ctx context.Context, by access.Caller, n NewRule) (string, error) {
	v, err := s.checkRule(by, n)
	if err != nil {
		return "", err
	}
	b, err := s.lock(by, "PutRule", n.Bus)
	if err != nil {
		return "", err
	}
	defer b.writing.Unlock()
	keys := map[string][]string{}
	if n.Pattern != "" && by.Account != b.Account {
		patternKeys(n.Pattern, keys)
	}
	r, err := b.allowRule(by, "PutRule", n.Name, keys)
	if err != nil {
		return "", err
	}
	if err := b.checkRole(by, n.RoleARN); err != nil {
		return "", err
	}
	if err := s.roomForRule(b, r, v); err != nil {
		return "", err
	}
	v.Place, v.Bus = b.Place, b.Name
	v.start(now())
	if r != nil {
		old := r.live.Load()
		v.CreatedBy, v.Tags, v.rule, v.targets = old.CreatedBy, old.Tags, r, old.targets
	} else {
		v.CreatedBy, v.Tags = by.Account, n.Tags
		r = newRule(b, v)
	}
	if err := s.replace(ctx, r, v, nothingMore); err != nil {
		return "", err
	}
	s.enlist(r)
	return r.arn, nil
}

// checkRule makes the checks that need no look at what is there, and returns
// what the rule will be.
func (s *Service) checkRule(by access.Caller, n NewRule) (*version, error) {
	k, err := resolve(by.Place, n.Bus)
	switch {
	case err != nil:
		return nil, err
	case n.Pattern == "" && n.Schedule == "":
		return nil, fault.Invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case n.Schedule != "" && k.Name != DefaultName:
		return nil, fault.Invalid("ScheduleExpression is supported only on the default event bus.")
	case utf8.RuneCountInString(n.Pattern) > s.opt.Limits.PatternLength:
		return nil, fault.Invalid("Event pattern is not valid. Reason: The pattern is longer than %d characters.", s.opt.Limits.PatternLength).
			WithCode("InvalidEventPatternException")
	}
	if n.State == "" {
		n.State = Enabled
	}
	v := &version{ruleRecord: ruleRecord{
		Name: n.Name, Pattern: n.Pattern, Schedule: n.Schedule, State: n.State,
		Description: n.Description, RoleARN: n.RoleARN,
	}}
	if err := v.compile(); err != nil {
		return nil, err
	}
	return v, s.checkTags(n.Tags)
}

// roomForRule says whether the quotas of a bus allow for v in the place of r,
// which is nil for a new rule.
func (s *Service) roomForRule(b *bus, r *rule, v *version) error {
	if r == nil && b.size() >= s.opt.Limits.RulesPerBus {
		return overLimit()
	}
	if !v.wildcard() {
		return nil
	}
	n := 0
	for other := range b.rules.Each(b.Place, b.Name+"/") {
		if other.rule != r && other.wildcard() {
			n++
		}
	}
	if n >= s.opt.Limits.WildcardRulesPerBus {
		return overLimit()
	}
	return nil
}

// DescribeRule returns a rule.
func (s *Service) DescribeRule(by access.Caller, ref, name string) (Rule, error) {
	b, err := s.find(by, "DescribeRule", ref)
	if err != nil {
		return Rule{}, err
	}
	r, err := b.findRule(by, "DescribeRule", name)
	if err != nil {
		return Rule{}, err
	}
	return r.live.Load().describe(), nil
}

// ListRules returns the rules of a bus by name, and the token of the next page.
func (s *Service) ListRules(by access.Caller, ref, prefix, token string, limit int) ([]Rule, string, error) {
	b, err := s.find(by, "ListRules", ref)
	if err != nil {
		return nil, "", err
	}
	if err := b.allow(by, "ListRules", b.arn, nil); err != nil {
		return nil, "", err
	}
	rules, next, err := b.rules.List(b.Place, b.Name+"/"+prefix, nil, token, limit)
	rows := make([]Rule, len(rules))
	for i, v := range rules {
		rows[i] = v.describe()
	}
	return rows, next, err
}

// EnableRule lets a rule take events and fire. A schedule counts from now.
func (s *Service) EnableRule(ctx context.Context, by access.Caller, ref, name string) error {
	return s.setState(ctx, by, "EnableRule", ref, name, Enabled)
}

// DisableRule stops a rule from taking events and from firing.
func (s *Service) DisableRule(ctx context.Context, by access.Caller, ref, name string) error {
	return s.setState(ctx, by, "DisableRule", ref, name, Disabled)
}

func (s *Service) setState(ctx context.Context, by access.Caller, op, ref, name string, state State) error {
	b, err := s.lock(by, op, ref)
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	r, err := b.findRule(by, op, name)
	if err != nil {
		return err
	}
	v := *r.live.Load()
	if (v.State == Disabled) == (state == Disabled) {
		return nil
	}
	v.State = state
	v.start(now())
	if err := s.replace(ctx, r, &v, nothingMore); err != nil {
		return err
	}
	s.enlist(r)
	return nil
}

// DeleteRule removes a rule without targets. A rule that is not there is no error.
func (s *Service) DeleteRule(ctx context.Context, by access.Caller, ref, name string) error {
	b, err := s.lock(by, "DeleteRule", ref)
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	r, err := b.allowRule(by, "DeleteRule", name, map[string][]string{})
	if err != nil || r == nil {
		return err
	}
	if len(r.live.Load().targets) > 0 {
		return fault.Invalid("Rule can't be deleted since it has targets.")
	}
	if _, err := s.rules.Delete(ctx, b.ruleRecord(name)); err != nil {
		return err
	}
	b.set.Remove(r)
	s.clock.set(r, time.Time{})
	return nil
}

// nothingMore is for a change of a rule that touches no target.
func nothingMore(store.Tx) error { return nil }

// replace makes v what a rule is, and whatever more writes with it. The
// writing lock of the bus is held.
//
// v takes effect when the transaction's closure has returned rather than when
// the change is on disk: Put looks up the targets of a rule inside its own
// transaction, and so sees exactly what the transactions before it have made of them.
func (s *Service) replace(ctx context.Context, r *rule, v *version, more func(store.Tx) error, opts ...store.Option) error {
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		tx.OnEnd(func(kept bool) {
			if kept {
				r.live.Store(v)
			}
		})
		if err := s.rules.In(tx).Put(r.bus.ruleRecord(r.name), v); err != nil {
			return err
		}
		return more(tx)
	}, opts...)
}

// enlist makes the matcher and the clock of schedules follow what a rule has
// become.
func (s *Service) enlist(r *rule) {
	v := r.live.Load()
	if v.pattern != nil && v.State != Disabled {
		r.bus.set.Put(r, v.pattern)
	} else {
		r.bus.set.Remove(r)
	}
	s.clock.set(r, v.Due)
}
