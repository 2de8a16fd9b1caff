package definition

import (
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// Throttle is how many calls all APIs of an account may have: a burst, and a rate.
func Throttle() (burst int, rate float64) { return accountBurst, accountRate }

var accountRules = patch.Set[Account]{Lists: true, Rules: []patch.Rule[Account]{
	{Path: "/cloudwatchRoleArn", Ops: patch.Any, Do: func(a *Account, _ string, o *patch.Operation) error {
		if a.LogRole = o.Text(); o.Removes() {
			a.LogRole = ""
		}
		return nil
	}},
	// Usage plans cannot be done without.
	{Path: "/features", Ops: []string{"add"}, Do: func(_ *Account, _ string, o *patch.Operation) error {
		if o.Text() != "UsagePlans" {
			return fault.Invalid("Invalid feature specified. Must be one of: [UsagePlans]")
		}
		return nil
	}},
}}

// Change makes changes in what holds for all APIs.
func (a *Account) Change(ops []patch.Operation) error { return accountRules.Apply(a, ops) }
