package function

import (
	"context"

	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) policyRows() []wire.Operation {
	const policy = "/2015-03-31/functions/{FunctionName}/policy"
	return []wire.Operation{
		wire.Op("AddPermission", a.AddPermission).At("POST "+policy, 201),
		wire.Op("GetPolicy", a.GetPolicy).At("GET "+policy, 200).Reads(),
		wire.Op("RemovePermission", a.RemovePermission).At("DELETE "+policy+"/{StatementId}", 204),
	}
}

type addPermissionInput struct {
	qualifiedInput
	StatementId, Action, Principal           *string
	SourceArn, SourceAccount, PrincipalOrgID *string
	EventSourceToken, FunctionUrlAuthType    *string
	RevisionId                               *string
	InvokedViaFunctionUrl                    *bool
}

type addPermissionOutput struct{ Statement string }

// AddPermission lets somebody invoke a function.
func (a api) AddPermission(ctx context.Context, in *addPermissionInput) (*addPermissionOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	statement, err := a.Catalog.AddPermission(ctx, by, at, catalog.Permission{
		Sid: *in.StatementId, Action: *in.Action, Principal: *in.Principal,
		SourceARN: wire.Val(in.SourceArn), SourceAccount: wire.Val(in.SourceAccount),
		EventSourceToken: wire.Val(in.EventSourceToken), Organisation: wire.Val(in.PrincipalOrgID),
		URLAuthType: wire.Val(in.FunctionUrlAuthType), ViaURL: in.InvokedViaFunctionUrl, Revision: wire.Val(in.RevisionId),
	})
	if err != nil {
		return nil, err
	}
	return &addPermissionOutput{statement}, nil
}

type policyOutput struct{ Policy, RevisionId string }

// GetPolicy returns who may invoke a function.
func (a api) GetPolicy(ctx context.Context, in *qualifiedInput) (*policyOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	p, err := a.Policy(by, at)
	if err != nil {
		return nil, err
	}
	return &policyOutput{p.Text(), p.Revision}, nil
}

type removePermissionInput struct {
	qualifiedInput
	StatementId *string `rest:"label"`
	RevisionId  *string `rest:"query"`
}

// RemovePermission takes a permission away.
func (a api) RemovePermission(ctx context.Context, in *removePermissionInput) (*wire.None, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Catalog.RemovePermission(ctx, by, at, *in.StatementId, wire.Val(in.RevisionId))
}
