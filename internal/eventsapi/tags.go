package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) tags() []wire.Operation {
	return []wire.Operation{
		wire.Op("ListTagsForResource", a.ListTagsForResource).Reads(),
		wire.Op("TagResource", a.TagResource),
		wire.Op("UntagResource", a.UntagResource),
	}
}

// ListTagsForResourceInput is the input of ListTagsForResource.
type ListTagsForResourceInput struct {
	ResourceARN *string
}

// ListTagsForResourceOutput is the output of ListTagsForResource.
type ListTagsForResourceOutput struct {
	Tags []Tag `empty:"kept"`
}

// ListTagsForResource returns the tags of a rule or an event bus.
func (a *api) ListTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	tags, err := a.bus.ListTagsForResource(caller(ctx), wire.Val(in.ResourceARN))
	if err != nil {
		return nil, err
	}
	out := &ListTagsForResourceOutput{}
	for _, t := range tags {
		out.Tags = append(out.Tags, Tag{Key: &t.Key, Value: &t.Value})
	}
	return out, nil
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	ResourceARN *string
	Tags        []Tag
}

// TagResource sets tags of a rule or an event bus.
func (a *api) TagResource(ctx context.Context, in *TagResourceInput) (*wire.Empty, error) {
	return &wire.Empty{}, a.bus.TagResource(ctx, caller(ctx), wire.Val(in.ResourceARN), tagsIn(in.Tags))
}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	ResourceARN *string
	TagKeys     []string
}

// UntagResource removes tags of a rule or an event bus.
func (a *api) UntagResource(ctx context.Context, in *UntagResourceInput) (*wire.Empty, error) {
	return &wire.Empty{}, a.bus.UntagResource(ctx, caller(ctx), wire.Val(in.ResourceARN), in.TagKeys)
}
