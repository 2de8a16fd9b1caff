package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) permissions() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutPermission", a.PutPermission),
		wire.Op("RemovePermission", a.RemovePermission),
	}
}

// PutPermissionInput is the input of PutPermission.
type PutPermissionInput struct {
	EventBusName *string
	Action       *string
	Principal    *string
	StatementId  *string
	Condition    *Condition
	Policy       *string
}

// A Condition narrows a permission to an organization.
type Condition struct {
	Type, Key, Value *string
}

// PutPermission lets others put events on a bus.
func (a *api) PutPermission(ctx context.Context, in *PutPermissionInput) (*wire.None, error) {
	p := bus.Permission{
		Bus: wire.Val(in.EventBusName), Action: wire.Val(in.Action), StatementID: wire.Val(in.StatementId),
		Principal: wire.Val(in.Principal), Policy: wire.Val(in.Policy),
	}
	if c := in.Condition; c != nil {
		p.Condition = &bus.Condition{Type: wire.Val(c.Type), Key: wire.Val(c.Key), Value: wire.Val(c.Value)}
	}
	return &wire.None{}, a.bus.PutPermission(ctx, caller(ctx), p)
}

// RemovePermissionInput is the input of RemovePermission.
type RemovePermissionInput struct {
	StatementId          *string
	RemoveAllPermissions *bool
	EventBusName         *string
}

// RemovePermission takes a permission back, or all of them.
func (a *api) RemovePermission(ctx context.Context, in *RemovePermissionInput) (*wire.None, error) {
	return &wire.None{}, a.bus.RemovePermission(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.StatementId), wire.Val(in.RemoveAllPermissions))
}
