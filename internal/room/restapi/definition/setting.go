package definition

import (
	"strings"
)

// Setting returns how a stage treats a method of a resource: what was set for it, else
// what was set for all, else the defaults.
func (s *Stage) Setting(path, verb string) MethodSetting {
	trimmed := strings.TrimPrefix(path, "/")
	for _, name := range []string{escape(path) + "/" + verb, escape(trimmed) + "/" + verb, trimmed + "/" + verb, "*/*"} {
		if m := s.Settings[name]; m != nil {
			return *m
		}
	}
	return defaultSetting
}

// escape spells a path as one part of a path.
func escape(path string) string { return strings.ReplaceAll(path, "/", "~1") }

// defaultSetting is that of methods whose settings nobody has set: those of an account.
var defaultSetting = MethodSetting{
	Burst: accountBurst, Rate: accountRate, TTLSeconds: 300, Authorizes: true, Unauthorized: "SUCCEED_WITH_RESPONSE_HEADER",
}

// How many calls all APIs of an account may have: what GetAccount says, as at AWS.
const (
	accountBurst = 5000
	accountRate  = 10_000
)
