package groups

import "github.com/dari-bus/dari/internal/arn"

// Exists says whether there is a log group with an ARN: see [PlaceOf].
func (s *Service) Exists(a arn.ARN) bool {
	at, name, ok := PlaceOf(a)
	return ok && s.groups.Find(groupKey(at, name)) != nil
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
