package logs

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
)

// Exists says whether there is a log group with an ARN, with or without its ":*".
func (s *Service) Exists(a arn.ARN) bool {
	name := strings.TrimSuffix(strings.TrimPrefix(a.Resource, "log-group:"), ":*")
	return s.groups.Find(groupKey(access.Place{Account: a.Account, Region: a.Region}, name)) != nil
}

// Look returns how many log groups there are in all accounts, and the names of
// those that keep events for ever.
func (s *Service) Look() (all int, forever []string) {
	for g := range s.groups.All() {
		all++
		if g.Retention == 0 {
			forever = append(forever, g.Name)
		}
	}
	return all, forever
}
