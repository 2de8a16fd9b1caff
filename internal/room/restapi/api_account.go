package restapi

import (
	"context"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) accountRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("GetAccount", a.GetAccount).At("GET /account", 200).Reads(),
		wire.Op("UpdateAccount", a.UpdateAccount).At("PATCH /account", 200),
	}
}

// ThrottleSettings say how many calls there may be.
type ThrottleSettings struct {
	BurstLimit int     `json:"burstLimit"`
	RateLimit  float64 `json:"rateLimit"`
}

type account struct {
	CloudwatchRoleArn string            `json:"cloudwatchRoleArn,omitempty"`
	ThrottleSettings  *ThrottleSettings `json:"throttleSettings"`
	Features          []string          `json:"features" empty:"kept"`
	APIKeyVersion     string            `json:"apiKeyVersion"`
}

func accountOf(a *definition.Account) *account {
	burst, rate := definition.Throttle()
	return &account{a.LogRole, &ThrottleSettings{burst, rate}, []string{"UsagePlans"}, "4"}
}

// GetAccount returns what holds for all APIs of the account.
func (a api) GetAccount(ctx context.Context, _ *struct{}) (*account, error) {
	found, err := a.Account(caller(ctx))
	if err != nil {
		return nil, err
	}
	return accountOf(found), nil
}

// UpdateAccount changes what holds for all APIs of the account.
func (a api) UpdateAccount(ctx context.Context, in *patchInput) (*account, error) {
	changed, err := a.Catalog.UpdateAccount(ctx, caller(ctx), in.operations())
	if err != nil {
		return nil, err
	}
	return accountOf(changed), nil
}

func (a api) tagRows() []wire.Operation {
	const tags = "/tags/{resource_arn}"
	return []wire.Operation{
		wire.Op("GetTags", a.GetTags).At("GET "+tags, 200).Reads(),
		wire.Op("TagResource", a.TagResource).At("PUT "+tags, 204),
		wire.Op("UntagResource", a.UntagResource).At("DELETE "+tags, 204),
	}
}

type arnInput struct {
	ResourceArn *string `json:"resourceArn" rest:"label=resource_arn"`
}

type getTagsInput struct {
	arnInput
	pageInput
}

type tagsOutput struct {
	Tags map[string]string `json:"tags" empty:"kept"`
}

// GetTags returns the tags of an API or a stage, a page of them if that is asked for.
func (a api) GetTags(ctx context.Context, in *getTagsInput) (*tagsOutput, error) {
	tags, err := a.Tags(caller(ctx), *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	most := len(tags)
	if in.Limit != nil {
		most = *in.Limit
	}
	keys, _, err := page.Clip(slices.Sorted(maps.Keys(tags)), func(k string) string { return k }, wire.Val(in.Position), most)
	if err != nil {
		return nil, err
	}
	out := &tagsOutput{map[string]string{}}
	for _, k := range keys {
		out.Tags[k] = tags[k]
	}
	return out, nil
}

type tagInput struct {
	arnInput
	Tags map[string]string `json:"tags"`
}

// TagResource adds tags to an API or a stage.
func (a api) TagResource(ctx context.Context, in *tagInput) (*wire.None, error) {
	return &wire.None{}, a.Tag(ctx, caller(ctx), *in.ResourceArn, in.Tags)
}

type untagInput struct {
	arnInput
	TagKeys []string `json:"tagKeys" rest:"query=tagKeys"`
}

// UntagResource takes tags from an API or a stage.
func (a api) UntagResource(ctx context.Context, in *untagInput) (*wire.None, error) {
	return &wire.None{}, a.Untag(ctx, caller(ctx), *in.ResourceArn, in.TagKeys)
}
