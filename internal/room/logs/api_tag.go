package logs

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) tagRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("ListTagsForResource", a.ListTagsForResource).Reads(),
		wire.Op("ListTagsLogGroup", a.ListTagsLogGroup).Reads(),
		wire.Op("TagLogGroup", a.TagLogGroup),
		wire.Op("TagResource", a.TagResource),
		wire.Op("UntagLogGroup", a.UntagLogGroup),
		wire.Op("UntagResource", a.UntagResource),
	}
}

// tagged returns the group that an ARN of the tag operations names. What else has
// tags at AWS is not offered.
func tagged(by access.Caller, resource *string) (access.Place, string, error) {
	at, name, err := of(by, nil, resource)
	if err != nil || name == *resource {
		return at, name, fault.Invalid("The resource %q is not the ARN of a log group of the region %s.", *resource, by.Region)
	}
	return at, name, nil
}

type tagsOutput struct {
	Tags map[string]string `json:"tags" empty:"kept"`
}

func (a api) listTags(by access.Caller, at access.Place, name, action string) (*tagsOutput, error) {
	tags, err := a.Tags(by, at, name, action)
	if err != nil {
		return nil, err
	}
	if tags == nil {
		tags = map[string]string{}
	}
	return &tagsOutput{tags}, nil
}

type resourceInput struct {
	ResourceArn *string `json:"resourceArn"`
}

// ListTagsForResource returns the tags of a group.
func (a api) ListTagsForResource(ctx context.Context, in *resourceInput) (*tagsOutput, error) {
	by := caller(ctx)
	at, name, err := tagged(by, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return a.listTags(by, at, name, "ListTagsForResource")
}

// ListTagsLogGroup is the old way to do the same.
func (a api) ListTagsLogGroup(ctx context.Context, in *groupInput) (*tagsOutput, error) {
	by := caller(ctx)
	return a.listTags(by, by.Place, *in.LogGroupName, "ListTagsLogGroup")
}

type tagResourceInput struct {
	ResourceArn *string           `json:"resourceArn"`
	Tags        map[string]string `json:"tags"`
}

// TagResource gives tags to a group.
func (a api) TagResource(ctx context.Context, in *tagResourceInput) (*wire.None, error) {
	by := caller(ctx)
	at, name, err := tagged(by, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Tag(ctx, by, at, name, "TagResource", in.Tags)
}

type tagLogGroupInput struct {
	LogGroupName *string           `json:"logGroupName"`
	Tags         map[string]string `json:"tags"`
}

// TagLogGroup is the old way to do the same.
func (a api) TagLogGroup(ctx context.Context, in *tagLogGroupInput) (*wire.None, error) {
	by := caller(ctx)
	return &wire.None{}, a.Tag(ctx, by, by.Place, *in.LogGroupName, "TagLogGroup", in.Tags)
}

type untagResourceInput struct {
	ResourceArn *string  `json:"resourceArn"`
	TagKeys     []string `json:"tagKeys"`
}

// UntagResource takes tags from a group.
func (a api) UntagResource(ctx context.Context, in *untagResourceInput) (*wire.None, error) {
	by := caller(ctx)
	at, name, err := tagged(by, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Untag(ctx, by, at, name, "UntagResource", in.TagKeys)
}

type untagLogGroupInput struct {
	LogGroupName *string  `json:"logGroupName"`
	Tags         []string `json:"tags"`
}

// UntagLogGroup is the old way to do the same.
func (a api) UntagLogGroup(ctx context.Context, in *untagLogGroupInput) (*wire.None, error) {
	by := caller(ctx)
	return &wire.None{}, a.Untag(ctx, by, by.Place, *in.LogGroupName, "UntagLogGroup", in.Tags)
}
