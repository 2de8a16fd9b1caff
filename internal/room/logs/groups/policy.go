package groups

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Policy lets services and guests use the groups of its place.
type Policy struct {
	Name, Text string
	Changed    int64

	document *policy.Document
	place    access.Place
}

// complete parses a stored policy. One that cannot be read lets nobody in.
func (s *Service) complete(k table.Key, p *Policy) (err error) {
	p.place = k.Place
	if p.document, err = policy.ParseResource(p.Text); err != nil {
		s.opt.Log.Warn("logs: a resource policy lets nobody in", "policy", p.Name, "account", k.Account, "err", err)
	}
	return nil
}

// compile makes one document of the policies of each place.
func (s *Service) compile() {
	all := map[access.Place]*policy.Document{}
	for p := range s.policies.All() {
		if p.document == nil {
			continue
		}
		joined := all[p.place]
		if joined == nil {
			joined = &policy.Document{Version: p.document.Version}
			all[p.place] = joined
		}
		joined.Statements = append(joined.Statements, p.document.Statements...)
	}
	s.documents.Store(&all)
}

// PutPolicy makes a resource policy, or replaces the one of that name.
func (s *Service) PutPolicy(ctx context.Context, by access.Caller, name, text string) (*Policy, error) {
	if err := s.allow(by, by.Place, "PutResourcePolicy", resource(by.Place, "", "")); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fault.Invalid("policyName is missing: a resource policy of the account has a name.")
	}
	d, err := policy.ParseResource(text)
	if err != nil {
		return nil, fault.Invalid("Invalid resource policy: %v.", err)
	}
	p := &Policy{Name: name, Text: text, Changed: time.Now().UnixMilli(), document: d, place: by.Place}
	return p, s.changePolicies(ctx, func(w table.Writer[Policy]) error { return w.Put(table.Key{Place: by.Place, Name: name}, p) })
}

// DeletePolicy deletes a resource policy.
func (s *Service) DeletePolicy(ctx context.Context, by access.Caller, name string) error {
	if err := s.allow(by, by.Place, "DeleteResourcePolicy", resource(by.Place, "", "")); err != nil {
		return err
	}
	return s.changePolicies(ctx, func(w table.Writer[Policy]) error {
		_, err := w.Delete(table.Key{Place: by.Place, Name: name})
		return err
	}, store.Draining)
}

// changePolicies changes policies and what was made of them together.
func (s *Service) changePolicies(ctx context.Context, fn func(table.Writer[Policy]) error, opts ...store.Option) error {
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(s.policies.In(tx)); err != nil {
			return err
		}
		tx.OnEnd(func(kept bool) {
			if kept {
				s.compile()
			}
		})
		return nil
	}, opts...)
}

// Policies returns a page of the resource policies of the caller.
func (s *Service) Policies(by access.Caller, token string, limit int) (page []*Policy, next string, err error) {
	if err := s.Allow(by, by.Place, "DescribeResourcePolicies", ""); err != nil {
		return nil, "", err
	}
	return s.policies.List(by.Place, "", nil, token, limit)
}
