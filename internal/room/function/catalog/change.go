package catalog

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
)

// A Change is what is to be changed of a function; what is nil stays as it is.
type Change struct {
	Runtime, Role, Handler, Description *string
	Architecture, DeadLetter, Tracing   *string
	Timeout, Memory, Storage            *int
	Environment                         *map[string]string
	// Layers are ARNs; an empty list takes them all away.
	Layers []string
	Log    *LogSettings
}

// LogSettings say how a function logs. What is "" is the default.
type LogSettings struct{ Format, Group, ApplicationLevel, SystemLevel string }

// newVersion is what a function is without any settings.
func newVersion(name string) Version {
	return Version{
		Number: Latest, Architecture: "x86_64", Timeout: 3, Memory: 128, Storage: 512, Tracing: "PassThrough",
		LogFormat: "Text", LogGroup: "/aws/lambda/" + name, Modified: millis(), Revision: newRevision(),
	}
}

// change checks a change, and makes it in a version.
func (c *Catalog) change(by access.Caller, of Address, v *Version, ch *Change) error {
	if err := ch.check(); err != nil {
		return err
	}
	if ch.Role != nil {
		if err := c.passes(by, of, *ch.Role); err != nil {
			return err
		}
	}
	layers, err := c.layersOf(by, ch.Layers)
	if err != nil {
		return err
	}
	return ch.apply(v, layers)
}

// apply makes a change that was checked; layers are those that it names.
func (ch *Change) apply(v *Version, layers []LayerUse) error {
	set(&v.Runtime, ch.Runtime)
	set(&v.Role, ch.Role)
	set(&v.Handler, ch.Handler)
	set(&v.Description, ch.Description)
	set(&v.Architecture, ch.Architecture)
	set(&v.Tracing, ch.Tracing)
	set(&v.Timeout, ch.Timeout)
	set(&v.Memory, ch.Memory)
	set(&v.Storage, ch.Storage)
	if ch.DeadLetter != nil {
		v.DeadLetter, v.HasDeadLetter = *ch.DeadLetter, *ch.DeadLetter != ""
	}
	if ch.Environment != nil {
		v.Environment, v.HasEnvironment = maps.Clone(*ch.Environment), true
	}
	if ch.Layers != nil {
		v.Layers = layers
	}
	if l := ch.Log; l != nil {
		v.LogFormat, v.LogGroup = orElse(l.Format, v.LogFormat), orElse(l.Group, v.LogGroup)
		if v.LogFormat == "JSON" {
			v.ApplicationLogLevel = orElse(l.ApplicationLevel, orElse(v.ApplicationLogLevel, "INFO"))
			v.SystemLogLevel = orElse(l.SystemLevel, orElse(v.SystemLogLevel, "INFO"))
		} else {
			v.ApplicationLogLevel, v.SystemLogLevel = "", ""
		}
	}
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Runtimes are those that a function may have.
var Runtimes = []string{
	"nodejs20.x", "nodejs22.x", "nodejs24.x", "provided.al2", "provided.al2023",
	"python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
}

func (ch *Change) check() error {
	if r := ch.Runtime; r != nil && !slices.Contains(Runtimes, *r) {
		return fault.Invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s]. dari runs functions of these runtimes.", *r, strings.Join(Runtimes, ", "))
	}
	if l := ch.Log; l != nil && orElse(l.Format, "Text") == "Text" && l.ApplicationLevel+l.SystemLevel != "" {
		return fault.Invalid("If you want to configure log levels, you must configure your log format to be JSON.")
	}
	if to := ch.DeadLetter; to != nil && *to != "" {
		if a, err := arn.Parse(*to); err != nil || a.Service != "sqs" || strings.HasSuffix(a.Resource, ".fifo") {
			return fault.Invalid("The DeadLetterConfig TargetArn %s is not offered: dari sends what failed to standard queues of SQS.", *to)
		}
	}
	if ch.Environment == nil {
		return nil
	}
	return checkEnvironment(*ch.Environment)
}

const maxEnvironment = 4096

var variable = regexp.MustCompile(`\A[a-zA-Z][a-zA-Z0-9_]+\z`)

// reserved are the variables that the environment has of its own.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reserved = strings.Fields(`_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME
	AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API
	LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR`)

func checkEnvironment(env map[string]string) error {
	const lead = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	var taken []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if slices.Contains(reserved, name) {
			taken = append(taken, name)
		} else if !variable.MatchString(name) {
			return fault.Invalid("The environment variable %q must have a name of letters, digits and underscores that begins with a letter and has two characters at least.", name)
		}
	}
	if len(taken) > 0 {
		return fault.Invalid(lead+"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	text, err := json.Marshal(env)
	if err != nil {
		return err
	}
	size := 0
	for name, value := range env {
		size += len(name) + len(value)
	}
	if size > maxEnvironment {
		return fault.Invalid(lead+"exceeded the 4KB limit. String measured: %s", text)
	}
	return nil
}

// fits says whether the code and the layers of a version are small enough together.
func (v *Version) fits() error {
	size := v.Code.Unzipped
	for _, l := range v.Layers {
		size += l.Code.Unzipped
	}
	if size >= code.MaxUnzipped {
		return fault.Invalid("Function code combined with layers exceeds the maximum allowed size of %d bytes. The actual size is %d bytes.", code.MaxUnzipped, size)
	}
	return nil
}
