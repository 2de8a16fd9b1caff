package bus

import (
	"encoding/json"
	"fmt"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/pattern"
)

// TestEventPattern says whether an event matches a pattern, by the same code
// that judges events on a bus. The event must be a JSON object with the members
// that every event has; resources and detail may be missing. What is wrong with
// an event is in the error for us: the fault in it is EventBridge's sentence,
// which gives no reason.
func (s *Service) TestEventPattern(by access.Caller, text, event string) (bool, error) {
	if err := s.opt.Guard.Allow(access.Own(by, "events:TestEventPattern", "*")); err != nil {
		return false, err
	}
	p, err := pattern.Compile(text)
	if err != nil {
		return false, err
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(event), &members) != nil || members == nil {
		return false, fmt.Errorf("%w Reason: it is not a JSON object", errEvent)
	}
	for _, m := range []string{"id", "account", "source", "time", "region", "detail-type"} {
		if _, ok := members[m]; !ok {
			return false, fmt.Errorf("%w Reason: the event has no %s", errEvent, m)
		}
	}
	matched, err := p.Match([]byte(event))
	if err != nil {
		return false, fmt.Errorf("%w Reason: %v", errEvent, err)
	}
	return matched, nil
}

var errEvent = fault.Invalid("Parameter Event is not valid.")
