package sts

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

type api struct{ *directory.Directory }

// API returns the directory as AWS STS: its names and its table, for [wire.NewHandler].
func API(d *directory.Directory) *wire.Service {
	a := api{d}
	const providers = "there are no providers of other identities"
	return &wire.Service{
		Name:      "sts",
		Title:     "AWS Security Token Service",
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Protocols: []wire.Protocol{wire.Query},
		Error:     spell.Error,
		Quotas: []string{
			"Session policies and tags have 2,048 bytes in all, and a session at most ten managed policies.",
		},
		Deviations: []string{
			"The root of an account may assume roles, if their trust policies let the account in; whoever signs with a key of the server is its root.",
			"There are no second factors: a serial number and a code are refused, and `aws:MultiFactorAuthPresent` is `false` in sessions.",
			"A session ends when its role or its user is deleted, and one of GetSessionToken when the user is renamed, at once; and when the server is started with keys after it ran without any, or the other way round.",
		},
		Limits: wire.Limits{
			"AssumeRoleInput.RoleArn":              spell.Required(spell.ARN),
			"AssumeRoleInput.RoleSessionName":      {Required: true, Min: 2, Max: 64, Pattern: `[\w+=,.@-]*`},
			"AssumeRoleInput.DurationSeconds":      {Min: 900, Max: 43200},
			"AssumeRoleInput.ExternalId":           {Min: 2, Max: 1224, Pattern: `[\w+=,.@:\/-]*`},
			"AssumeRoleInput.Policy":               {Min: 1, Max: 2048},
			"AssumeRoleInput.SourceIdentity":       {Min: 2, Max: 64, Pattern: `[\w+=,.@-]*`},
			"AssumeRoleInput.Tags":                 spell.TagList,
			"AssumeRoleInput.TransitiveTagKeys":    spell.TagKeys,
			"PolicyDescriptor.Arn":                 spell.ARN,
			"GetSessionTokenInput.DurationSeconds": {Min: 900, Max: 129600},
			"Tag.Key":                              spell.Required(spell.TagKey),
			"Tag.Value":                            spell.Required(spell.TagValue),
		},
		Operations: []wire.Operation{
			wire.Op("AssumeRole", a.AssumeRole).Reads().ThatGrants(),
			wire.Refuse("AssumeRoleWithSAML", providers).Reads(),
			wire.Refuse("AssumeRoleWithWebIdentity", providers).Reads(),
			wire.Refuse("AssumeRoot", "there are no organisations; sign with a key of the account instead").Reads(),
			wire.Refuse("DecodeAuthorizationMessage", "refusals are sentences here that need no decoding").Reads(),
			wire.Refuse("GetAccessKeyInfo", "whose access key it is, only the account that has it is told: by ListAccessKeys").Reads(),
			wire.Op("GetCallerIdentity", a.GetCallerIdentity).Reads(),
			wire.Refuse("GetDelegatedAccessToken", "there is no delegation of access"),
			wire.Refuse("GetFederationToken", "there are no federated users; assume a role with a session policy instead"),
			wire.Op("GetSessionToken", a.GetSessionToken),
			wire.Refuse("GetWebIdentityToken", providers),
		},
	}
}

// GetCallerIdentityInput has no members.
type GetCallerIdentityInput struct{}

// GetCallerIdentityOutput says who calls.
type GetCallerIdentityOutput struct {
	UserId, Account, Arn string
}

// GetCallerIdentity says who calls. Everybody may ask that, at AWS even those whom
// a policy denies it.
func (a api) GetCallerIdentity(ctx context.Context, _ *GetCallerIdentityInput) (*GetCallerIdentityOutput, error) {
	c := spell.Caller(ctx)
	out := &GetCallerIdentityOutput{UserId: c.Account, Account: c.Account, Arn: c.Principal}
	if c.Identity != nil {
		out.UserId = c.Identity.ID
	}
	return out, nil
}

// PolicyDescriptor names a managed policy.
type PolicyDescriptor struct {
	Arn *string `query:"arn"`
}

// ProvidedContext is what another provider says of a caller.
type ProvidedContext struct {
	ProviderArn, ContextAssertion *string
}

// AssumeRoleInput is the input of AssumeRole.
type AssumeRoleInput struct {
	RoleArn, RoleSessionName *string
	PolicyArns               []PolicyDescriptor
	Policy                   *string
	DurationSeconds          *int
	Tags                     []spell.Tag
	TransitiveTagKeys        []string
	ExternalId               *string
	SerialNumber, TokenCode  *string
	SourceIdentity           *string
	MinimumSessionTokenSize  *int
	ProvidedContexts         []ProvidedContext
}

// Credentials are those of a session.
type Credentials struct {
	AccessKeyId     string
	SecretAccessKey string `trail:"hidden"`
	SessionToken    string `trail:"hidden"`
	Expiration      wire.Time
}

// AssumedRoleUser is the session of a role.
type AssumedRoleUser struct {
	AssumedRoleId, Arn string
}

// AssumeRoleOutput is the output of AssumeRole.
type AssumeRoleOutput struct {
	Credentials      *Credentials
	AssumedRoleUser  *AssumedRoleUser
	PackedPolicySize *int
	SourceIdentity   string `json:",omitempty"`
	SessionTokenSize int
}

// AssumeRole makes a session of a role.
func (a api) AssumeRole(ctx context.Context, in *AssumeRoleInput) (*AssumeRoleOutput, error) {
	if err := plain(in.SerialNumber, in.TokenCode, in.MinimumSessionTokenSize); err != nil {
		return nil, err
	}
	if len(in.ProvidedContexts) > 0 {
		return nil, spell.Refused("ProvidedContexts is not offered: there are no providers of other identities.")
	}
	w := directory.Assumption{
		Role: *in.RoleArn, Session: *in.RoleSessionName, ExternalID: wire.Val(in.ExternalId), Source: wire.Val(in.SourceIdentity),
		Policy: wire.Val(in.Policy), Tags: spell.Tags(in.Tags), Transitive: in.TransitiveTagKeys,
		Duration: seconds(in.DurationSeconds, directory.DefaultSession),
	}
	for _, p := range in.PolicyArns {
		w.PolicyARNs = append(w.PolicyARNs, wire.Val(p.Arn))
	}
	g, err := a.Assume(spell.Caller(ctx), w)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleOutput{
		Credentials: credentials(g), AssumedRoleUser: &AssumedRoleUser{g.ID, g.ARN},
		PackedPolicySize: wire.Opt(g.Packed), SourceIdentity: g.Source, SessionTokenSize: len(g.Token),
	}, nil
}

// plain refuses what makes a session another one.
func plain(serial, code *string, size *int) error {
	if size != nil {
		return spell.Refused("MinimumSessionTokenSize is not offered: tokens are as long as what is in them.")
	}
	if serial != nil || code != nil {
		return spell.Refused("SerialNumber and TokenCode are not offered: there are no second factors.")
	}
	return nil
}

func seconds(n *int, none int) time.Duration {
	if n != nil {
		none = *n
	}
	return time.Duration(none) * time.Second
}

func credentials(g *directory.Grant) *Credentials {
	return &Credentials{g.KeyID, g.Secret, g.Token, wire.At(g.Expires)}
}

// GetSessionTokenInput is the input of GetSessionToken.
type GetSessionTokenInput struct {
	DurationSeconds         *int
	SerialNumber, TokenCode *string
	MinimumSessionTokenSize *int
}

// GetSessionTokenOutput is the output of GetSessionToken.
type GetSessionTokenOutput struct {
	Credentials      *Credentials
	SessionTokenSize int
}

// GetSessionToken makes a session of who calls.
func (a api) GetSessionToken(ctx context.Context, in *GetSessionTokenInput) (*GetSessionTokenOutput, error) {
	if err := plain(in.SerialNumber, in.TokenCode, in.MinimumSessionTokenSize); err != nil {
		return nil, err
	}
	g, err := a.Lend(spell.Caller(ctx), seconds(in.DurationSeconds, 43200))
	if err != nil {
		return nil, err
	}
	return &GetSessionTokenOutput{credentials(g), len(g.Token)}, nil
}
