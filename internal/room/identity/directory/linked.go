package directory

import (
	"cmp"
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
)

// linkedPath is where the roles of services are, which they alone may change.
const linkedPath = "/aws-service-role/"

// linkedNames are what follows AWSServiceRoleFor where it is not the first word of the
// service's own name with a capital letter.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
var linkedNames = map[string]string{
	"apidestinations.events.amazonaws.com": "AmazonEventBridgeApiDestinations",
	"autoscaling.amazonaws.com":            "AutoScaling",
	"cloudtrail.amazonaws.com":             "CloudTrail",
	"ecs.amazonaws.com":                    "ECS",
	"elasticbeanstalk.amazonaws.com":       "ElasticBeanstalk",
	"elasticloadbalancing.amazonaws.com":   "ElasticLoadBalancing",
	"events.amazonaws.com":                 "CloudWatchEvents",
	"ops.apigateway.amazonaws.com":         "APIGateway",
	"rds.amazonaws.com":                    "RDS",
	"schemas.amazonaws.com":                "Schemas",
}

// CreateLinked makes the role of a service.
func (d *Directory) CreateLinked(ctx context.Context, by access.Caller, service, suffix, description string) (*Entity, error) {
	word, rest, ok := strings.Cut(service, ".")
	if !ok || word == "" || !strings.HasSuffix(rest, "amazonaws.com") {
		return nil, fault.Invalid("%s is no service principal. Give one such as autoscaling.amazonaws.com.", service).WithCode(codeInput)
	}
	name := "AWSServiceRoleFor" + cmp.Or(linkedNames[service], strings.ToUpper(word[:1])+word[1:])
	if suffix != "" {
		name += "_" + suffix
	}
	e, err := d.create(ctx, by, "CreateServiceLinkedRole", Role, Entity{
		Name: name, Path: linkedPath + service + "/", Description: description, MaxSession: DefaultSession,
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["` + service + `"]},"Action":["sts:AssumeRole"]}]}`,
	}, map[string][]string{"iam:AWSServiceName": {service}})
	if f := fault.KindOf(err); f == fault.KindConflict {
		return nil, fault.Invalid("Service role name %s has been taken in this account, please try a different suffix.", name).WithCode(codeInput)
	}
	return e, err
}

// DeleteLinked removes the role of a service, and returns the name of the task.
func (d *Directory) DeleteLinked(ctx context.Context, by access.Caller, name string) (task string, err error) {
	e, err := d.Get(by, "DeleteServiceLinkedRole", Role, name)
	if err != nil {
		return "", err
	}
	return "task" + e.Path + e.Name + "/" + uuid.NewString(), d.remove(ctx, by.Account, Role, name, func(e *Entity) error {
		if !e.linked() {
			return fault.Invalid("The role %s is not the role of a service. Delete it with DeleteRole.", e.Name).WithCode(codeInput)
		}
		return nil
	})
}

// Linked says whether the role of a service, of which a task was to delete it, is still there.
func (d *Directory) Linked(by access.Caller, task string) (bool, error) {
	parts := strings.Split(task, "/") // task, aws-service-role, the service, the role, the id
	if len(parts) != 5 || parts[0] != "task" || "/"+parts[1]+"/" != linkedPath {
		return false, missing("The deletion task %s cannot be found.", task)
	}
	if err := d.Ask(by, "iam:GetServiceLinkedRoleDeletionStatus", iamARN(by, "role"+linkedPath+parts[2]+"/"+parts[3]), nil); err != nil {
		return false, err
	}
	e := d.entities.Find(Role.key(by.Account, parts[3]))
	return e != nil && e.linked(), nil
}

func (e *Entity) linked() bool { return strings.HasPrefix(e.Path, linkedPath) }

// onLinked are the operations that people may change the roles of services by.
var onLinked = []string{"UpdateRole", "UpdateRoleDescription", "TagRole", "UntagRole"}

// untouched is the fault of who changes the role of a service, nil for what people made.
func (e *Entity) untouched() error {
	if !e.linked() {
		return nil
	}
	return fault.Invalid("Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", e.Name).WithCode("UnmodifiableEntity")
}
