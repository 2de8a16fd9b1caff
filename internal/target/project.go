package target

import (
	"context"

	"github.com/dari-bus/dari/internal/arn"
)

// A ProjectBuild is what a target that is a project of CodeBuild is told.
type ProjectBuild struct {
	// Input is the input of the target, which may say how the build is to be. It must
	// not be changed.
	Input []byte
	// Token is the same when a delivery is made again.
	Token string
	// Rule is the ARN of the rule, and Role that of the role that it starts builds with.
	Rule, Role string
}

// Project returns the sink for projects of CodeBuild. start starts a build, as durably
// as [Sink] asks for; it may be called from many goroutines at once.
//
// A project that does not exist is NO_RESOURCE, a role that may not start its builds
// NO_PERMISSIONS, and an input that no build can be started with INVALID_PARAMETER; none
// is retried. While too many builds wait, it is.
func Project(start func(ctx context.Context, project arn.ARN, b ProjectBuild) error) Sink {
	return SinkFunc(func(ctx context.Context, d *Delivery) error {
		b := ProjectBuild{Input: d.Input, Token: d.ID + "/" + d.Target.ID, Rule: d.Owner, Role: d.Target.RoleARN}
		return refusal(start(ctx, d.ARN, b), CodeNoPermission)
	})
}
