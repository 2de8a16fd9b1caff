package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// linked are the rows of the roles of services.
func (a api) linked() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateServiceLinkedRole", a.CreateServiceLinkedRole),
		wire.Op("DeleteServiceLinkedRole", a.DeleteServiceLinkedRole),
		wire.Op("GetServiceLinkedRoleDeletionStatus", a.GetServiceLinkedRoleDeletionStatus).Reads(),
	}
}

// CreateServiceLinkedRoleInput is the input of CreateServiceLinkedRole.
type CreateServiceLinkedRoleInput struct {
	AWSServiceName *string
	Description    *string
	CustomSuffix   *string
}

// CreateServiceLinkedRoleOutput is the output of CreateServiceLinkedRole.
type CreateServiceLinkedRoleOutput struct {
	Role *RoleDetail
}

// CreateServiceLinkedRole makes the role of a service.
func (a api) CreateServiceLinkedRole(ctx context.Context, in *CreateServiceLinkedRoleInput) (*CreateServiceLinkedRoleOutput, error) {
	e, err := a.CreateLinked(ctx, spell.Caller(ctx), *in.AWSServiceName, wire.Val(in.CustomSuffix), wire.Val(in.Description))
	if err != nil {
		return nil, err
	}
	return &CreateServiceLinkedRoleOutput{showRole(e)}, nil
}

// DeleteServiceLinkedRoleOutput is the output of DeleteServiceLinkedRole.
type DeleteServiceLinkedRoleOutput struct {
	DeletionTaskId string
}

// DeleteServiceLinkedRole removes the role of a service, before it answers.
func (a api) DeleteServiceLinkedRole(ctx context.Context, in *OfRole) (*DeleteServiceLinkedRoleOutput, error) {
	task, err := a.DeleteLinked(ctx, spell.Caller(ctx), *in.RoleName)
	if err != nil {
		return nil, err
	}
	return &DeleteServiceLinkedRoleOutput{task}, nil
}

// GetServiceLinkedRoleDeletionStatusInput is the input of GetServiceLinkedRoleDeletionStatus.
type GetServiceLinkedRoleDeletionStatusInput struct {
	DeletionTaskId *string
}

// GetServiceLinkedRoleDeletionStatusOutput is the output of GetServiceLinkedRoleDeletionStatus.
type GetServiceLinkedRoleDeletionStatusOutput struct {
	Status string
	Reason *DeletionFailure
}

// DeletionFailure says why a role was not deleted.
type DeletionFailure struct {
	Reason        string
	RoleUsageList []RoleUsage `json:",omitempty"`
}

// RoleUsage is what uses a role.
type RoleUsage struct {
	Region    string
	Resources []string `empty:"kept"`
}

// GetServiceLinkedRoleDeletionStatus says whether the role of a service is gone.
func (a api) GetServiceLinkedRoleDeletionStatus(ctx context.Context, in *GetServiceLinkedRoleDeletionStatusInput) (*GetServiceLinkedRoleDeletionStatusOutput, error) {
	there, err := a.Linked(spell.Caller(ctx), *in.DeletionTaskId)
	switch {
	case err != nil:
		return nil, err
	case there:
		return &GetServiceLinkedRoleDeletionStatusOutput{Status: "FAILED", Reason: &DeletionFailure{Reason: "The role was made anew."}}, nil
	}
	return &GetServiceLinkedRoleDeletionStatusOutput{Status: "SUCCEEDED"}, nil
}
