package bus

import (
	"iter"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/target"
)

// A Look is a rule as somebody sees it who looks at all of them.
type Look struct {
	access.Place
	ARN     string
	Targets []target.Target
}

// Looks yields the rules of all accounts.
func (s *Service) Looks() iter.Seq[Look] {
	return func(yield func(Look) bool) {
		for v := range s.rules.All() {
			l := Look{Place: v.Place, ARN: v.rule.arn}
			for _, t := range v.targets {
				l.Targets = append(l.Targets, t.Target)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// Exists says whether there is a bus with an ARN; the default bus always is.
func (s *Service) Exists(a arn.ARN) bool {
	k, err := resolve(access.Place{Account: a.Account, Region: a.Region}, a.String())
	return err == nil && (k.Name == DefaultName || s.attributes.Find(k.record()) != nil)
}

// LetAnybodyIn returns the ARNs of the buses, of all accounts, whose policies let
// everybody put events.
func (s *Service) LetAnybodyIn() []string {
	var open []string
	for a := range s.attributes.All() {
		name := a.key().arn()
		if a.policy.LetsAnybody("events:PutEvents", name) {
			open = append(open, name)
		}
	}
	return open
}
