package delivery

import (
	"strings"

	"github.com/dari-bus/dari/internal/delivery/dead"
)

// Describe says in words what a record of the outbox is about, for those who
// look at a store from outside. value may be nil: then it says less.
func Describe(key, value []byte) string {
	k := string(key)
	switch {
	case strings.HasPrefix(k, prefixEvent) && value != nil:
		if it, err := decodeItem(value); err == nil {
			return "item " + it.ID + " of " + it.Source
		}
		return "an item that is on its way"
	case dead.Holds(k):
		return "deliveries that failed for good"
	case strings.HasPrefix(k, prefixPlan):
		return "the plan of a target"
	}
	return "items that are on their way"
}
