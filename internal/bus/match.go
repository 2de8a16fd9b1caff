package bus

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
)

// The detail type under which CloudTrail reports API calls.
const apiCall = "AWS API Call via CloudTrail"

// match returns the rules that want an event, as the rules are at one moment.
// An event that cannot be judged by all of them is not taken in, because it
// would be lost for some without anybody noticing.
func (b *bus) match(ev *event.Event) ([]*rule, error) {
	rules, err := b.set.Match(ev.JSON, nil)
	if err != nil {
		return nil, fault.Invalid("The event cannot be matched: %s.", err)
	}
	if len(rules) > 0 && isManagementRead(ev) {
		rules = slices.DeleteFunc(rules, func(r *rule) bool {
			return r.live.Load().State != EnabledWithAllManagementEvents
		})
	}
	return rules, nil
}

// isManagementRead says whether an event reports an API call that only reads.
// There are so many of these that rules get them only when they ask for it.
func isManagementRead(ev *event.Event) bool {
	if ev.DetailType != apiCall || !strings.HasPrefix(ev.Source, "aws.") {
		return false
	}
	var call struct {
		ReadOnly bool `json:"readOnly"`
	}
	// An event whose readOnly is not a boolean does not come from CloudTrail.
	return json.Unmarshal(ev.Detail, &call) == nil && call.ReadOnly
}
