package bus

import (
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/transform"
)

// services are what a target may be, by the service of its ARN: every service
// that EventBridge accepts, delivered to or not, and whether it needs a role.
// The event buses' own service is looked at apart.
var services = map[string]struct{ needsRole bool }{
	"appsync":             {true},
	"batch":               {true},
	"codebuild":           {true},
	"codepipeline":        {true},
	"ecs":                 {true},
	"execute-api":         {false},
	"firehose":            {true},
	"glue":                {true},
	"imagebuilder":        {true},
	"inspector":           {true},
	"kinesis":             {true},
	"lambda":              {false},
	"logs":                {false},
	"redshift":            {true},
	"redshift-serverless": {true},
	"sagemaker":           {true},
	"sns":                 {false},
	"sqs":                 {false},
	"ssm":                 {true},
	"ssm-incidents":       {true},
	"states":              {true},
}

// checkTarget makes the checks of one target that need no look at its rule.
func checkTarget(t *target.Target) error {
	a, err := parseARN(t.ARN)
	if err != nil {
		return err
	}
	if err := checkInput(t); err != nil {
		return err
	}
	if err := checkKind(t, a); err != nil {
		return err
	}
	if t.RoleARN != "" {
		if _, err := parseARN(t.RoleARN); err != nil {
			return err
		}
	}
	return checkDeadLetter(t)
}

func parseARN(text string) (arn.ARN, error) {
	a, err := arn.Parse(text)
	if err != nil {
		return a, fault.Invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", text)
	}
	return a, nil
}

func checkInput(t *target.Target) error {
	spec := transform.Spec{Target: t.ID, Input: t.Input, InputPath: t.InputPath}
	if t.Transformer != nil {
		spec.Template, spec.Paths = &t.Transformer.Template, t.Transformer.Paths
	}
	if _, err := transform.Compile(spec); err != nil {
		return fault.Invalid("%s", err)
	}
	return nil
}

// checkKind checks what only some kinds of targets ask for.
func checkKind(t *target.Target, a arn.ARN) error {
	if a.Service == "events" {
		return checkEventsTarget(t, a)
	}
	service, ok := services[a.Service]
	switch {
	case !ok:
		return fault.Invalid("%s is not a supported service for a target.", a.Service)
	case service.needsRole && t.RoleARN == "":
		return roleRequired(t)
	case isFIFO(a) && (t.Queue == nil || t.Queue.Group == ""):
		return fault.Invalid("Parameter(s) SqsParameters must be specified for target: %s.", t.ID)
	}
	return nil
}

// checkEventsTarget checks a target of the service's own: an event bus, an API
// destination, or one of the calls to EC2 that AWS's console offers.
func checkEventsTarget(t *target.Target, a arn.ARN) error {
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch {
	case name == "" || !slices.Contains([]string{"event-bus", "api-destination", "target"}, kind):
		return fault.Invalid("Parameter %s is not valid. Reason: It is neither an event bus nor an API destination.", t.ARN)
	case kind == "event-bus" && (t.Input != nil || t.InputPath != nil || t.Transformer != nil):
		// An event that is passed on stays the event that it is.
		return fault.Invalid("Input, InputPath and InputTransformer are not supported for target %s, because it is an event bus.", t.ID)
	case kind == "api-destination" && t.RoleARN == "":
		return roleRequired(t)
	}
	return nil
}

func checkDeadLetter(t *target.Target) error {
	if t.DeadLetter == "" {
		return nil
	}
	a, err := parseARN(t.DeadLetter)
	if err != nil {
		return err
	}
	if a.Service != "sqs" || isFIFO(a) {
		return fault.Invalid("Parameter DeadLetterConfig.Arn is not valid for target %s. Reason: A dead-letter queue must be a standard SQS queue.", t.ID)
	}
	return nil
}

// keepRole gives an update of a bus target in another account the role that
// the stored target has, when the update names none. EventBridge does so.
func (b *bus) keepRole(t *target.Target, stored []*targetRecord) {
	i, ok := slices.BinarySearchFunc(stored, t.ID, (*targetRecord).compareID)
	if ok && t.RoleARN == "" && stored[i].Target.ARN == t.ARN && b.leavesPlace(t) {
		t.RoleARN = stored[i].Target.RoleARN
	}
}

// checkPlace checks what depends on where the rule is: an event that goes to a
// bus of another account or region goes there with a role, roles are those of
// the own account, and what must exist does so for the rule.
func (s *Service) checkPlace(by access.Caller, b *bus, t *target.Target) error {
	if t.RoleARN == "" && b.leavesPlace(t) {
		return roleRequired(t)
	}
	if err := b.checkRole(by, t.RoleARN); err != nil {
		return err
	}
	if s.opt.CheckTarget == nil {
		return nil
	}
	a, err := parseARN(t.ARN)
	if err != nil {
		return err
	}
	return s.opt.CheckTarget(b.Place, a)
}

// checkRole refuses a role of another account: what it may do is not for the
// rules here to use.
func (b *bus) checkRole(by access.Caller, role string) error {
	if a, err := arn.Parse(role); err == nil && a.Account != b.Account {
		return fault.Denied("Cross-account pass role is not allowed.").WithCode("AccessDeniedException")
	}
	return b.passRole(by, role)
}

// leavesPlace says whether a target is an event bus in another account or region.
func (b *bus) leavesPlace(t *target.Target) bool {
	a, err := arn.Parse(t.ARN)
	return err == nil && target.Kind(a) == "events/event-bus" && (access.Place{Account: a.Account, Region: a.Region}) != b.Place
}

func roleRequired(t *target.Target) error {
	return fault.Invalid("RoleArn is required for target %s.", t.ARN)
}

func isFIFO(a arn.ARN) bool { return a.Service == "sqs" && strings.HasSuffix(a.Resource, ".fifo") }
