package bus

import "math"

// Limits are the quotas of each account in each region. They are EventBridge's
// own by default, because clients are tested against them.
type Limits struct {
	// Buses counts the default bus.
	Buses          int
	RulesPerBus    int
	TargetsPerRule int
	// WildcardRulesPerBus counts the rules whose pattern has a wildcard.
	WildcardRulesPerBus int
	// PolicyLength and PatternLength are in characters.
	PolicyLength, PatternLength int
	// Tags are counted per rule and per bus.
	Tags int
	// RequestBytes bounds the size of all entries of one call of Put.
	RequestBytes int
}

// DefaultLimits returns the quotas of EventBridge.
func DefaultLimits() Limits {
	return Limits{
		Buses:               100,
		RulesPerBus:         300,
		TargetsPerRule:      5,
		WildcardRulesPerBus: 30,
		PolicyLength:        10_240,
		PatternLength:       2_048,
		Tags:                50,
		RequestBytes:        1 << 20,
	}
}

// NoLimits returns quotas that nothing exceeds.
func NoLimits() Limits {
	const none = math.MaxInt
	return Limits{
		Buses: none, RulesPerBus: none, TargetsPerRule: none, WildcardRulesPerBus: none,
		PolicyLength: none, PatternLength: none, Tags: none, RequestBytes: none,
	}
}
