package bus

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// A Tag is a label of a bus or a rule.
type Tag struct{ Key, Value string }

// TagResource sets tags of a bus or a rule. A key that is there already keeps
// its place and gets the new value.
func (s *Service) TagResource(ctx context.Context, by access.Caller, resource string, tags []Tag) error {
	if err := s.checkTags(tags); err != nil {
		return err
	}
	return s.changeTags(ctx, by, "TagResource", resource, func(old []Tag) ([]Tag, error) {
		for _, t := range tags {
			i := slices.IndexFunc(old, func(o Tag) bool { return o.Key == t.Key })
			if i < 0 {
				old = append(old, t)
				continue
			}
			old[i].Value = t.Value
		}
		if len(old) > s.opt.Limits.Tags {
			return nil, overLimit()
		}
		return old, nil
	})
}

// UntagResource removes tags of a bus or a rule. Keys that are not there are
// no error.
func (s *Service) UntagResource(ctx context.Context, by access.Caller, resource string, keys []string) error {
	return s.changeTags(ctx, by, "UntagResource", resource, func(old []Tag) ([]Tag, error) {
		return slices.DeleteFunc(old, func(t Tag) bool { return slices.Contains(keys, t.Key) }), nil
	})
}

// ListTagsForResource returns the tags of a bus or a rule in the order in
// which they were first set.
func (s *Service) ListTagsForResource(by access.Caller, resource string) ([]Tag, error) {
	ref, rule, err := tagged(resource)
	if err != nil {
		return nil, err
	}
	b, err := s.find(by, "ListTagsForResource", ref)
	if err != nil {
		return nil, err
	}
	if rule == "" {
		if err := b.allow(by, "ListTagsForResource", b.arn, nil); err != nil {
			return nil, err
		}
		return b.attributes.Load().Tags, nil
	}
	r, err := b.findRule(by, "ListTagsForResource", rule)
	if err != nil {
		return nil, err
	}
	return r.live.Load().Tags, nil
}

// changeTags replaces the tags of a bus or a rule by what fn makes of a copy.
func (s *Service) changeTags(ctx context.Context, by access.Caller, op, resource string, fn func([]Tag) ([]Tag, error)) error {
	ref, rule, err := tagged(resource)
	if err != nil {
		return err
	}
	b, err := s.lock(by, op, ref)
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	if rule != "" {
		r, err := b.findRule(by, op, rule)
		if err != nil {
			return err
		}
		v := *r.live.Load()
		if v.Tags, err = fn(slices.Clone(v.Tags)); err != nil {
			return err
		}
		return s.replace(ctx, r, &v, func(store.Tx) error { return nil })
	}
	if err := b.allow(by, op, b.arn, nil); err != nil {
		return err
	}
	record := b.attributes.Load().busRecord
	if record.Tags, err = fn(slices.Clone(record.Tags)); err != nil {
		return err
	}
	return s.saveBus(ctx, b, record)
}

// checkTags checks the tags of one request by themselves.
func (s *Service) checkTags(tags []Tag) error {
	for i, t := range tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return fault.Invalid("Tag keys that begin with aws: are reserved; %s cannot be set.", t.Key)
		}
		if slices.ContainsFunc(tags[:i], func(o Tag) bool { return o.Key == t.Key }) {
			return fault.Invalid("Duplicated keys are not allowed.")
		}
	}
	if len(tags) > s.opt.Limits.Tags {
		return overLimit()
	}
	return nil
}

// tagged returns the bus, by ARN, and the rule that the ARN of a resource
// names; the rule is "" when it names a bus.
func tagged(resource string) (ref, rule string, err error) {
	a, err := arn.Parse(resource)
	if err != nil || a.Service != "events" {
		return "", "", fault.Invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch {
	case kind == "event-bus" && name != "":
		return resource, "", nil
	case kind == "rule" && name != "":
		on := DefaultName
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			on, name = name[:i], name[i+1:]
		}
		a.Resource = "event-bus/" + on
		return a.String(), name, nil
	}
	return "", "", fault.Invalid("Parameter ResourceARN is not valid. Reason: Only rules and event buses have tags.")
}
