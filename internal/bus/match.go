package bus

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/pattern"
)

// The detail type under which CloudTrail reports API calls.
const apiCall = "AWS API Call via CloudTrail"

// match returns the rules that want an event, as the rules are at one moment.
// An event that cannot be judged by all of them is not taken in, because it
// would be lost for some without anybody noticing.
func (b *bus) match(ev *event.Event) ([]*rule, error) {
	rules, err := b.set.MatchEnvelope(envelope(ev), nil)
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

// envelope returns what an event stands for to the matcher, field by field, so
// that the detail of an event that no rule cares about is never read.
func envelope(ev *event.Event) *pattern.Envelope {
	e := &pattern.Envelope{
		Version: "0", ID: ev.ID, DetailType: ev.DetailType, Source: ev.Source, Account: ev.Account,
		Region: ev.Region, Time: ev.Time, Resources: ev.Resources,
		Detail: ev.Detail, Facts: pattern.Valid,
	}
	if ev.UniqueKeys {
		e.Facts |= pattern.UniqueKeys
	}
	return e
}

// isManagementRead says whether an event reports an API call that only reads.
// There are so many of these that rules get them only when they ask for it.
func isManagementRead(ev *event.Event) bool {
	if ev.DetailType != apiCall || !strings.HasPrefix(ev.Source, "aws.") {
		return false
	}
	var call struct {
		ReadOnly        bool `json:"readOnly"`
		ManagementEvent bool `json:"managementEvent"`
	}
	// An event whose members are not booleans does not come from CloudTrail.
	return json.Unmarshal(ev.Detail, &call) == nil && call.ReadOnly && call.ManagementEvent
}
