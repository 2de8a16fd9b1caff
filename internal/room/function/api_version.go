package function

import (
	"context"

	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) versionRows() []wire.Operation {
	const versions = "/2015-03-31/functions/{FunctionName}/versions"
	return []wire.Operation{
		wire.Op("ListVersionsByFunction", a.ListVersionsByFunction).At("GET "+versions, 200).Reads(),
		wire.Op("PublishVersion", a.PublishVersion).At("POST "+versions, 201),
	}
}

type publishInput struct {
	FunctionName            *string `rest:"label"`
	CodeSha256, Description *string
	RevisionId, PublishTo   *string
}

// PublishVersion makes a version of a function.
func (a api) PublishVersion(ctx context.Context, in *publishInput) (*configuration, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.PublishTo != nil {
		return nil, notOffered("PublishTo", "there is one $LATEST")
	}
	v, err := a.Publish(ctx, by, at, in.Description, wire.Val(in.CodeSha256), wire.Val(in.RevisionId))
	if err != nil {
		return nil, err
	}
	return configurationOf(at.With(v.Number), v), nil
}

type versionsOutput struct {
	NextMarker string          `json:",omitempty"`
	Versions   []configuration `empty:"kept"`
}

// ListVersionsByFunction lists the versions of a function, $LATEST among them.
func (a api) ListVersionsByFunction(ctx context.Context, in *pageInput) (*versionsOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	all, err := a.versions(by, at)
	if err != nil {
		return nil, err
	}
	rows, next, err := catalog.Page(all, func(c configuration) string { return catalog.Order(c.Version) }, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	return &versionsOutput{next, rows}, nil
}

func (a api) aliasRows() []wire.Operation {
	const aliases = "/2015-03-31/functions/{FunctionName}/aliases"
	return []wire.Operation{
		wire.Op("CreateAlias", a.CreateAlias).At("POST "+aliases, 201),
		wire.Op("DeleteAlias", a.DeleteAlias).At("DELETE "+aliases+"/{Name}", 204),
		wire.Op("GetAlias", a.GetAlias).At("GET "+aliases+"/{Name}", 200).Reads(),
		wire.Op("ListAliases", a.ListAliases).At("GET "+aliases, 200).Reads(),
		wire.Op("UpdateAlias", a.UpdateAlias).At("PUT "+aliases+"/{Name}", 200),
	}
}

// AliasRoutingConfiguration has the weights of further versions.
type AliasRoutingConfiguration struct {
	AdditionalVersionWeights map[string]float64 `json:",omitempty"`
}

type aliasOutput struct {
	AliasArn, Name, FunctionVersion, Description string
	RoutingConfig                                *AliasRoutingConfiguration
	RevisionId                                   string
}

func aliasOf(at catalog.Address, alias *catalog.Alias) aliasOutput {
	out := aliasOutput{
		AliasArn: at.With(alias.Name).ARN(), Name: alias.Name, FunctionVersion: alias.Version, Description: alias.Description, RevisionId: alias.Revision,
	}
	if len(alias.Weights) > 0 {
		out.RoutingConfig = &AliasRoutingConfiguration{alias.Weights}
	}
	return out
}

// weights is nil where no weights are given, and empty where they are taken away.
func (r *AliasRoutingConfiguration) weights() map[string]float64 {
	if r == nil {
		return nil
	}
	if r.AdditionalVersionWeights == nil {
		return map[string]float64{}
	}
	return r.AdditionalVersionWeights
}

type createAliasInput struct {
	FunctionName                       *string `rest:"label"`
	Name, FunctionVersion, Description *string
	RoutingConfig                      *AliasRoutingConfiguration
}

// CreateAlias makes an alias.
func (a api) CreateAlias(ctx context.Context, in *createAliasInput) (*aliasOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	alias, err := a.Catalog.CreateAlias(ctx, by, at.With(*in.Name), catalog.AliasChange{Version: in.FunctionVersion, Description: in.Description, Weights: in.RoutingConfig.weights()})
	if err != nil {
		return nil, err
	}
	out := aliasOf(at, alias)
	return &out, nil
}

type updateAliasInput struct {
	FunctionName                             *string `rest:"label"`
	Name                                     *string `rest:"label"`
	FunctionVersion, Description, RevisionId *string
	RoutingConfig                            *AliasRoutingConfiguration
}

// UpdateAlias changes an alias.
func (a api) UpdateAlias(ctx context.Context, in *updateAliasInput) (*aliasOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	alias, err := a.Catalog.UpdateAlias(ctx, by, at.With(*in.Name), catalog.AliasChange{
		Version: in.FunctionVersion, Description: in.Description, Weights: in.RoutingConfig.weights(), Revision: wire.Val(in.RevisionId),
	})
	if err != nil {
		return nil, err
	}
	out := aliasOf(at, alias)
	return &out, nil
}

type aliasInput struct {
	FunctionName *string `rest:"label"`
	Name         *string `rest:"label"`
}

// DeleteAlias deletes an alias.
func (a api) DeleteAlias(ctx context.Context, in *aliasInput) (*wire.None, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Catalog.DeleteAlias(ctx, by, at.With(*in.Name))
}

// GetAlias returns an alias.
func (a api) GetAlias(ctx context.Context, in *aliasInput) (*aliasOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	alias, err := a.Alias(by, at.With(*in.Name))
	if err != nil {
		return nil, err
	}
	out := aliasOf(at, alias)
	return &out, nil
}

type listAliasesInput struct {
	pageInput
	FunctionVersion *string `rest:"query"`
}

type aliasesOutput struct {
	NextMarker string        `json:",omitempty"`
	Aliases    []aliasOutput `empty:"kept"`
}

// ListAliases lists the aliases of a function.
func (a api) ListAliases(ctx context.Context, in *listAliasesInput) (*aliasesOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	all, err := a.Aliases(by, at, wire.Val(in.FunctionVersion))
	if err != nil {
		return nil, err
	}
	rows, next, err := catalog.Page(all, func(alias *catalog.Alias) string { return alias.Name }, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &aliasesOutput{NextMarker: next, Aliases: []aliasOutput{}}
	for _, alias := range rows {
		out.Aliases = append(out.Aliases, aliasOf(at, alias))
	}
	return out, nil
}
