package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/wire"
)

type api struct{ *Service }

// API returns the service as AWS STS: its names and its table, for [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	const temporary = "there are no roles and no temporary credentials; sign with an access key of the server, see dari serve -h"
	return &wire.Service{
		Name:      "sts",
		Title:     "AWS Security Token Service",
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Protocols: []wire.Protocol{wire.Query},
		Quotas:    []string{},
		Deviations: []string{
			"There are no users and no roles yet: whoever signs with a key of an account acts as its root user.",
		},
		Operations: []wire.Operation{
			wire.Refuse("AssumeRole", temporary).Reads(),
			wire.Refuse("AssumeRoleWithSAML", temporary).Reads(),
			wire.Refuse("AssumeRoleWithWebIdentity", temporary).Reads(),
			wire.Refuse("AssumeRoot", temporary).Reads(),
			wire.Refuse("DecodeAuthorizationMessage", "no permissions are checked that a message could be about").Reads(),
			wire.Refuse("GetAccessKeyInfo", "an access key is known to the server only if it is set, and then to nobody else").Reads(),
			wire.Op("GetCallerIdentity", a.GetCallerIdentity).Reads(),
			wire.Refuse("GetDelegatedAccessToken", temporary),
			wire.Refuse("GetFederationToken", temporary),
			wire.Refuse("GetSessionToken", temporary),
			wire.Refuse("GetWebIdentityToken", temporary),
		},
	}
}

// GetCallerIdentityInput has no members.
type GetCallerIdentityInput struct{}

// GetCallerIdentityOutput says who calls.
type GetCallerIdentityOutput struct {
	UserId, Account, Arn string
}

// GetCallerIdentity says in which account the caller acts: as its root user.
func (a api) GetCallerIdentity(ctx context.Context, _ *GetCallerIdentityInput) (*GetCallerIdentityOutput, error) {
	who := a.Of(wire.CallerFrom(ctx).Caller)
	return &GetCallerIdentityOutput{UserId: who.ID, Account: who.Account, Arn: who.ARN}, nil
}
