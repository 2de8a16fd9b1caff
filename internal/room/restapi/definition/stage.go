package definition

import (
	"maps"
	"regexp"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
)

// stageName is what a stage may be called.
var stageName = regexp.MustCompile(`\A[a-zA-Z0-9_-]{1,128}\z`)

// What variables of stages may be called, and hold.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html
var (
	variableName  = regexp.MustCompile(`\A[A-Za-z0-9_]{1,64}\z`)
	variableValue = regexp.MustCompile(`\A[A-Za-z0-9\-._~:/?#&=,@]{0,512}\z`)
)

// maxVariables bounds the variables of a stage.
const maxVariables = 100

func checkVariables(all map[string]string) error {
	if len(all) > maxVariables {
		return fault.Limit("A stage has at most %d variables.", maxVariables)
	}
	for name, value := range all {
		if !variableName.MatchString(name) {
			return fault.Invalid("Stage variable name %.100q is invalid: it must have letters, digits and underscores only, at most 64.", name)
		}
		if !variableValue.MatchString(value) {
			return fault.Invalid("Stage variable value is invalid: the value of %s must have at most 512 characters of A-Za-z0-9-._~:/?#&=,@ only.", name)
		}
	}
	return nil
}

// Clone is a copy of a stage that may be changed.
func (s *Stage) Clone() *Stage {
	n := *s
	n.Variables, n.Settings = maps.Clone(s.Variables), maps.Clone(s.Settings)
	if s.Canary != nil {
		cn := *s.Canary
		cn.Overrides = maps.Clone(cn.Overrides)
		n.Canary = &cn
	}
	return &n
}

func (m *MethodSetting) logs() bool { return m.Level != "" && m.Level != "OFF" }

func firehose(destination string) bool {
	a, err := arn.Parse(destination)
	return err == nil && a.Service == "firehose"
}

// checkDestination says what is wrong with where access logs shall go.
func checkDestination(to string) error {
	a, err := arn.Parse(to)
	if err != nil {
		return fault.Invalid("Invalid ARN. ARN is not well formed %s", to)
	}
	group, isGroup := strings.CutPrefix(a.Resource, "log-group:")
	stream, isStream := strings.CutPrefix(a.Resource, "deliverystream/")
	switch {
	case a.Service == "logs" && isGroup && group != "" && access.IsAccount(a.Account) && access.IsRegion(a.Region):
		return nil
	case a.Service == "firehose" && isStream && strings.HasPrefix(stream, "amazon-apigateway-"):
		return nil
	case a.Service == "firehose":
		return fault.Invalid("Invalid ARN specified in the request. The name of the stream %s must begin with amazon-apigateway-", to)
	}
	return fault.Invalid("Invalid ARN specified in the request. %s is neither a log group nor a stream of Firehose", to)
}

// Check says what is wrong with a stage by itself.
func (s *Stage) Check() error {
	if cn := s.Canary; cn != nil {
		if !(cn.Percent >= 0 && cn.Percent <= 100) {
			return fault.Invalid("Invalid percentTraffic: it must be from 0.0 to 100.0")
		}
		if err := checkVariables(cn.Overrides); err != nil {
			return err
		}
	}
	if !stageName.MatchString(s.Name) {
		return fault.Invalid("Stage name only allows a-zA-Z0-9_-")
	}
	if err := checkVariables(s.Variables); err != nil {
		return err
	}
	return short(s.Description)
}

// BeginsToLog says whether a stage logs to groups, or more of it than it did before.
func (s *Stage) BeginsToLog(before *Stage) bool {
	if s.LogDestination != "" && s.LogDestination != before.LogDestination && !firehose(s.LogDestination) {
		return true
	}
	for name, m := range s.Settings {
		if old := before.Settings[name]; m.logs() && (old == nil || !old.logs()) {
			return true
		}
	}
	return false
}
