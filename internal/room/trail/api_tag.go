package trail

import (
	"context"

	"github.com/dari-bus/dari/internal/wire"
)

func (a api) tagRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("AddTags", a.AddTags),
		wire.Op("ListTags", a.ListTags).Reads(),
		wire.Op("RemoveTags", a.RemoveTags),
	}
}

type tagsInput struct {
	ResourceID *string `json:"ResourceId"`
	TagsList   []tag
}

// AddTags gives tags to a trail.
func (a api) AddTags(ctx context.Context, in *tagsInput) (*wire.Empty, error) {
	return nil, a.trails.Tag(ctx, caller(ctx), *in.ResourceID, readTags(in.TagsList))
}

// RemoveTags takes tags from a trail.
func (a api) RemoveTags(ctx context.Context, in *tagsInput) (*wire.Empty, error) {
	return nil, a.trails.Untag(ctx, caller(ctx), *in.ResourceID, readTags(in.TagsList))
}

type listTagsInput struct {
	ResourceIDList []string `json:"ResourceIdList"`
	NextToken      *string
}

type shownTag struct {
	Key   string
	Value string `json:",omitempty"`
}

type resourceTag struct {
	ResourceID string     `json:"ResourceId"`
	TagsList   []shownTag `empty:"kept"`
}

type listTagsOutput struct {
	ResourceTagList []resourceTag `empty:"kept"`
}

// ListTags returns the tags of trails.
func (a api) ListTags(ctx context.Context, in *listTagsInput) (*listTagsOutput, error) {
	out := &listTagsOutput{make([]resourceTag, len(in.ResourceIDList))}
	for i, id := range in.ResourceIDList {
		tags, err := a.trails.Tags(caller(ctx), id)
		if err != nil {
			return nil, err
		}
		out.ResourceTagList[i].ResourceID = id
		for _, t := range tags {
			out.ResourceTagList[i].TagsList = append(out.ResourceTagList[i].TagsList, shownTag(t))
		}
	}
	return out, nil
}
