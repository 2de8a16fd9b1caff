package bus

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
)

// DefaultName is the name of the bus that every place has.
const DefaultName = "default"

// A key names one bus among those of all places.
type key struct {
	access.Place
	Name string
}

// arn returns the ARN of the bus.
func (k key) arn() string {
	return k.ARN("events", "event-bus/"+k.Name).String()
}

// ruleARN returns the ARN of a rule on the bus. Rules of the default bus are
// named without it.
func (k key) ruleARN(rule string) string {
	if k.Name != DefaultName {
		rule = k.Name + "/" + rule
	}
	return k.ARN("events", "rule/"+rule).String()
}

// resolve returns the bus that a caller at a place means by a name or an ARN;
// the empty string means the default bus. It does not say whether there is
// such a bus. An ARN of another region is kept: there is no such bus for a
// caller here, and the place of the caller shows that.
func resolve(at access.Place, ref string) (key, error) {
	switch {
	case ref == "":
		return key{at, DefaultName}, nil
	case !arn.Is(ref):
		return key{at, ref}, nil
	}
	a, err := arn.Parse(ref)
	name, isBus := strings.CutPrefix(a.Resource, "event-bus/")
	if err != nil || a.Service != "events" || !isBus || name == "" {
		return key{}, fault.Invalid("Parameter EventBusName is not valid. Reason: %s is not the ARN of an event bus.", ref)
	}
	return key{access.Place{Account: a.Account, Region: a.Region}, name}, nil
}

func busNotFound(name string) error {
	return fault.NotFound("Event bus %s does not exist.", name)
}

func ruleNotFound(rule, bus string) error {
	return fault.NotFound("Rule %s does not exist on EventBus %s.", rule, bus)
}

// overLimit is the sentence for every quota that is used up.
func overLimit() *fault.Error {
	return fault.Limit("The requested resource exceeds the maximum number allowed.")
}
