package definition

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/accesslog"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// stagePaths are the paths that a change of a stage may have, as AWS prints them.
const stagePaths = "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, " +
	"/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit" +
	"/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, " +
	"/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, " +
	"/*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, " +
	"/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]"

// noSetting is the fault of what is removed and not there; the blank at its end is AWS's.
func noSetting(o *patch.Operation) error {
	return fault.Invalid("Cannot remove method setting %s because there is no method setting for this method ", strings.TrimPrefix(o.Path, "/"))
}

func noStagePath(o *patch.Operation) error {
	return fault.Invalid("Invalid method setting path: %s. Must be one of: %s", o.Path, stagePaths)
}

// Change makes changes in a stage.
func (s *Stage) Change(ops []patch.Operation) error {
	for i := range ops {
		if err := s.apply(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

// apply makes one change.
func (s *Stage) apply(o *patch.Operation) error {
	switch {
	case o.Op == "copy":
		return s.promote(o)
	case !slices.Contains(patch.Any, o.Op):
		return fault.Invalid("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
	}
	head, rest, _ := strings.Cut(strings.TrimPrefix(o.Path, "/"), "/")
	switch head {
	case "accessLogSettings":
		return s.applyLog(o, rest)
	case "canarySettings":
		return s.applyCanary(o, rest)
	case "variables":
		return changeIn(&s.Variables, rest, o)
	}
	if o.Removes() {
		return s.removeSetting(o)
	}
	switch o.Path {
	case "/deploymentId":
		s.Deployment = o.Text()
	case "/description":
		s.Description = o.Text()
	case "/tracingEnabled":
		s.Tracing = o.Bool()
	case "/cacheClusterEnabled":
		return CheckUnoffered(o.Bool(), "", "", "")
	case "/cacheClusterSize":
		return CheckUnoffered(false, o.Text(), "", "")
	case "/clientCertificateId":
		return CheckUnoffered(false, "", o.Text(), "")
	case "/documentationVersion":
		return CheckUnoffered(false, "", "", o.Text())
	default:
		return s.applySetting(o)
	}
	return nil
}

// CheckUnoffered refuses what stages may have at AWS and not here.
func CheckUnoffered(caches bool, cacheSize, certificate, documentation string) error {
	switch {
	case caches || cacheSize != "":
		return fault.Invalid("dari does not offer cacheClusterEnabled: answers of REST APIs are not cached.")
	case certificate != "":
		return fault.NotFound("Invalid client certificate identifier specified: dari does not offer client certificates.")
	case documentation != "":
		return fault.NotFound("Invalid Documentation version specified: dari does not keep the documentation of REST APIs.")
	}
	return nil
}

// with is a map with one more value.
func with(m map[string]string, name, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[name] = value
	return m
}

// changeIn adds, replaces or removes the variable that the rest of a path names.
func changeIn(m *map[string]string, rest string, o *patch.Operation) error {
	parts := patch.Parts(rest)
	name, one := parts[0], len(parts) == 1 && parts[0] != ""
	switch _, there := (*m)[name]; {
	case o.Removes() && !(one && there):
		return noSetting(o)
	case o.Removes():
		delete(*m, name)
		return nil
	case !one:
		return noStagePath(o)
	}
	*m = with(*m, name, o.Text())
	return nil
}

// applyLog changes where access logs go, and their format.
func (s *Stage) applyLog(o *patch.Operation, what string) error {
	switch {
	case o.Removes() && o.Path == "/accessLogSettings":
		s.LogDestination, s.LogFormat = "", ""
		return nil
	case o.Removes():
		return noSetting(o)
	case what != "destinationArn" && what != "format":
		return fault.Invalid("Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]")
	case o.Text() == "":
		return fault.Invalid("Access Log value must not be empty")
	case what == "format":
		s.LogFormat = o.Text()
		_, err := accesslog.Compile(s.LogFormat, false)
		return err
	}
	// As DescribeLogGroups prints them, ARNs of log groups end so.
	s.LogDestination = strings.TrimSuffix(o.Text(), ":*")
	return checkDestination(s.LogDestination)
}

// applyCanary changes the canary of a stage, which the first change makes.
func (s *Stage) applyCanary(o *patch.Operation, what string) error {
	overrides, named := strings.CutPrefix(what, "stageVariableOverrides/")
	switch {
	case o.Removes() && s.Canary == nil:
		return noSetting(o)
	case o.Removes() && o.Path == "/canarySettings":
		s.Canary = nil
		return nil
	case o.Removes() && what == "stageVariableOverrides":
		s.Canary.Overrides = nil
		return nil
	case named:
		return changeIn(&s.canary().Overrides, overrides, o)
	case o.Removes():
		return noSetting(o)
	case what != "deploymentId" && what != "percentTraffic" && what != "useStageCache":
		return noStagePath(o)
	case o.Op != "replace":
		return fault.Invalid("Invalid %s operation with path: %s", o.Op, o.Path)
	}
	cn := s.canary()
	switch what {
	case "deploymentId":
		cn.Deployment = o.Text()
	case "useStageCache":
		cn.UseCache = o.Bool()
	default:
		n, err := strconv.ParseFloat(o.Text(), 64)
		if err != nil {
			return fault.Invalid("Invalid percentTraffic: %.100q is no number", o.Text())
		}
		cn.Percent = n
	}
	return nil
}

// canary is that of the stage, which begins with what the stage itself serves.
func (s *Stage) canary() *Canary {
	if s.Canary == nil {
		s.Canary = &Canary{Deployment: s.Deployment}
	}
	return s.Canary
}

// promote has the stage serve what its canary serves.
func (s *Stage) promote(o *patch.Operation) error {
	deployment := o.From == "/canarySettings/deploymentId" && o.Path == "/deploymentId"
	variables := o.From == "/canarySettings/stageVariableOverrides" && o.Path == "/variables"
	switch {
	case !deployment && !variables:
		return fault.Invalid("Invalid copy operation with path: %s and from %s. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]", o.Path, o.From)
	case s.Canary == nil:
		return fault.Invalid("Promotion not available. Canary does not exist.")
	case deployment:
		s.Deployment = s.Canary.Deployment
		return nil
	}
	for name, value := range s.Canary.Overrides {
		s.Variables = with(s.Variables, name, value)
	}
	return nil
}

// A knob is a setting of methods, and what it is when it was removed.
type knob struct {
	path, standard string
	set            func(m *MethodSetting, o *patch.Operation) error
}

var knobs = []knob{
	{"/metrics/enabled", "false", func(m *MethodSetting, o *patch.Operation) error { m.Metrics = o.Bool(); return nil }},
	{"/logging/dataTrace", "false", func(m *MethodSetting, o *patch.Operation) error { m.DataTrace = o.Bool(); return nil }},
	{"/logging/loglevel", "", func(m *MethodSetting, o *patch.Operation) error {
		if m.Level = o.Text(); !o.Removes() && !slices.Contains([]string{"OFF", "ERROR", "INFO"}, m.Level) {
			return fault.Invalid("Invalid logging level specified. Must be one of: [OFF, ERROR, INFO]")
		}
		return nil
	}},
	{"/throttling/burstLimit", strconv.Itoa(accountBurst), func(m *MethodSetting, o *patch.Operation) (err error) {
		m.Burst, err = o.Int("burstLimit", -1, 1<<31-1)
		return err
	}},
	{"/throttling/rateLimit", strconv.Itoa(accountRate), func(m *MethodSetting, o *patch.Operation) (err error) {
		if m.Rate, err = strconv.ParseFloat(o.Text(), 64); err != nil || !(m.Rate >= -1 && m.Rate <= 1<<31) {
			return fault.Invalid("Invalid rateLimit: %.100q must be a number from -1 on.", o.Text())
		}
		return nil
	}},
	{"/caching/enabled", "false", func(m *MethodSetting, o *patch.Operation) error { m.Caching = o.Bool(); return nil }},
	{"/caching/ttlInSeconds", "300", func(m *MethodSetting, o *patch.Operation) (err error) {
		m.TTLSeconds, err = o.Int("ttlInSeconds", 0, 3600)
		return err
	}},
	{"/caching/dataEncrypted", "false", func(m *MethodSetting, o *patch.Operation) error { m.Encrypted = o.Bool(); return nil }},
	{"/caching/requireAuthorizationForCacheControl", "true", func(m *MethodSetting, o *patch.Operation) error { m.Authorizes = o.Bool(); return nil }},
	{"/caching/unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER", func(m *MethodSetting, o *patch.Operation) error {
		if m.Unauthorized = o.Text(); !slices.Contains(unauthorized, m.Unauthorized) {
			return fault.Invalid("Invalid unauthorizedCacheControlHeaderStrategy specified. Must be one of: [%s]", strings.Join(unauthorized, ", "))
		}
		return nil
	}},
}

var unauthorized = []string{"FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"}

// maxSettings is how many methods may have settings of their own in a stage.
const maxSettings = 1000

// knobOf returns the setting that a path is about, and the name of the methods.
func knobOf(path string) (k *knob, methods string) {
	for i := range knobs {
		if methods, ok := strings.CutSuffix(path, knobs[i].path); ok && strings.HasPrefix(methods, "/") && strings.Count(methods, "/") > 1 && isMethod(methods[1:]) {
			return &knobs[i], methods[1:]
		}
	}
	return nil, ""
}

// isMethod says whether a name may be one of methods: a path, a slash and a verb, or "*/*".
func isMethod(name string) bool {
	slash := strings.LastIndexByte(name, '/')
	return name == "*/*" || slices.Contains(Verbs, name[slash+1:])
}

// applySetting changes a setting of methods. Those that have none of their own yet begin
// with those of all.
func (s *Stage) applySetting(o *patch.Operation) error {
	k, name := knobOf(o.Path)
	if k == nil {
		return noStagePath(o)
	}
	m := s.Setting("", "")
	if old := s.Settings[name]; old != nil {
		m = *old
	} else if len(s.Settings) >= maxSettings {
		return fault.Limit("A stage has settings of at most %d methods.", maxSettings)
	}
	if err := k.set(&m, o); err != nil {
		return err
	}
	if s.Settings == nil {
		s.Settings = map[string]*MethodSetting{}
	}
	s.Settings[name] = &m
	return nil
}

// removeSetting takes all settings of methods away, or has one be the default.
func (s *Stage) removeSetting(o *patch.Operation) error {
	name := strings.TrimPrefix(o.Path, "/")
	if s.Settings[name] != nil {
		delete(s.Settings, name)
		return nil
	}
	k, name := knobOf(o.Path)
	if k == nil || s.Settings[name] == nil {
		return noSetting(o)
	}
	m := *s.Settings[name]
	s.Settings[name] = &m
	return k.set(&m, &patch.Operation{Op: o.Op, Value: &k.standard})
}
