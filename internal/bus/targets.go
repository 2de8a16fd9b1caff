package bus

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

func (t *targetRecord) compareID(id string) int { return cmp.Compare(t.Target.ID, id) }

// A Failure is one target that a request could not deal with.
type Failure struct {
	ID, Code, Message string
}

// PutTargets adds targets to a rule, or replaces those with the same id. All
// of them are put, or none. Of two with the same id the last one counts.
func (s *Service) PutTargets(ctx context.Context, by access.Caller, ref, rule string, targets []target.Target) error {
	for i := range targets {
		if err := checkTarget(&targets[i]); err != nil {
			return err
		}
	}
	b, err := s.lock(by, "PutTargets", ref)
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	keys := map[string][]string{}
	targetKeys(targets, keys)
	r, err := b.findRuleWith(by, "PutTargets", rule, keys)
	if err != nil {
		return err
	}
	v := *r.live.Load()
	before := v.targets
	targets = slices.Clone(targets)
	for i := range targets {
		b.keepRole(&targets[i], before)
		if err := s.checkPlace(by, b, &targets[i]); err != nil {
			return err
		}
	}
	v.targets = r.merge(before, targets)
	if len(v.targets) > s.opt.Limits.TargetsPerRule {
		return overLimit()
	}
	return s.replace(ctx, r, &v, func(tx store.Tx) error {
		for i := range v.targets {
			if err := s.putTarget(tx, r, v.targets[i], before); err != nil {
				return err
			}
		}
		return nil
	})
}

// merge returns the targets after a put, sorted by id. A target that is new or
// has changed has no lane yet.
func (r *rule) merge(before []*targetRecord, targets []target.Target) []*targetRecord {
	after := slices.Clone(before)
	for _, t := range targets {
		record := &targetRecord{Place: r.bus.Place, Bus: r.bus.Name, Rule: r.name, Target: t}
		i, ok := slices.BinarySearchFunc(after, t.ID, (*targetRecord).compareID)
		switch {
		case !ok:
			after = slices.Insert(after, i, record)
		case !reflect.DeepEqual(after[i].Target, t):
			after[i] = record
		}
	}
	return after
}

// putTarget gives t a lane in the place of that of the target with its id among
// before, and writes it. A target that has a lane has not changed.
func (s *Service) putTarget(tx store.Tx, r *rule, t *targetRecord, before []*targetRecord) error {
	if t.Lane != 0 {
		return nil
	}
	b := r.bus
	plan, err := r.plan(&t.Target)
	if err != nil {
		return err
	}
	lane, err := s.opt.Outbox.AddPlan(tx, plan)
	if err != nil {
		return err
	}
	t.Lane = lane
	if err := s.targets.In(tx).Put(b.targetRecord(r.name, t.Target.ID), t); err != nil {
		return err
	}
	if i, ok := slices.BinarySearchFunc(before, t.Target.ID, (*targetRecord).compareID); ok {
		return s.opt.Outbox.RetirePlan(tx, before[i].Lane)
	}
	return nil
}

// RemoveTargets takes targets off a rule and abandons what waits for them. Ids
// that the rule does not have are returned as failures.
func (s *Service) RemoveTargets(ctx context.Context, by access.Caller, ref, rule string, ids []string) ([]Failure, error) {
	b, err := s.lock(by, "RemoveTargets", ref)
	if err != nil {
		return nil, err
	}
	defer b.writing.Unlock()
	r, err := b.findRule(by, "RemoveTargets", rule)
	if err != nil {
		return nil, err
	}
	v := *r.live.Load()
	v.targets = slices.Clone(v.targets)
	var removed []*targetRecord
	var failures []Failure
	for _, id := range ids {
		i, ok := slices.BinarySearchFunc(v.targets, id, (*targetRecord).compareID)
		if !ok {
			failures = append(failures, Failure{id, "ResourceNotFoundException", "Rule '" + rule + "' does not have a target with the Id '" + id + "'."})
			continue
		}
		removed = append(removed, v.targets[i])
		v.targets = slices.Delete(v.targets, i, i+1)
	}
	if len(removed) == 0 {
		return failures, nil
	}
	err = s.replace(ctx, r, &v, func(tx store.Tx) error {
		for _, t := range removed {
			if _, err := s.targets.In(tx).Delete(b.targetRecord(rule, t.Target.ID)); err != nil {
				return err
			}
		}
		// Nothing may fail after the first lane has been abandoned.
		for _, t := range removed {
			if err := s.opt.Outbox.AbandonPlan(tx, t.Lane); err != nil {
				return err
			}
		}
		return nil
	}, store.Draining)
	return failures, err
}

// ListTargetsByRule returns the targets of a rule by id, and the token of the
// next page.
func (s *Service) ListTargetsByRule(by access.Caller, ref, rule, token string, limit int) ([]target.Target, string, error) {
	b, err := s.find(by, "ListTargetsByRule", ref)
	if err != nil {
		return nil, "", err
	}
	r, err := b.findRule(by, "ListTargetsByRule", rule)
	if err != nil {
		return nil, "", err
	}
	versions, next, err := page.Clip(r.live.Load().targets, func(t *targetRecord) string { return t.Target.ID }, token, limit)
	if err != nil {
		return nil, "", err
	}
	rows := make([]target.Target, len(versions))
	for i, t := range versions {
		rows[i] = t.Target
	}
	return rows, next, nil
}

// ListRuleNamesByTarget returns the names of the rules of a bus that have a
// target with exactly this ARN, and the token of the next page.
func (s *Service) ListRuleNamesByTarget(by access.Caller, ref, targetARN, token string, limit int) ([]string, string, error) {
	b, err := s.find(by, "ListRuleNamesByTarget", ref)
	if err != nil {
		return nil, "", err
	}
	if err := b.allow(by, "ListRuleNamesByTarget", b.arn, nil); err != nil {
		return nil, "", err
	}
	aims := func(v *version) bool {
		return slices.ContainsFunc(v.targets, func(t *targetRecord) bool { return t.Target.ARN == targetARN })
	}
	rules, next, err := b.rules.List(b.Place, b.Name+"/", aims, token, limit)
	names := make([]string, len(rules))
	for i, v := range rules {
		names[i] = v.Name
	}
	return names, next, err
}
