package restapi

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) resourceRows() []wire.Operation {
	const (
		all = "/restapis/{restapi_id}/resources"
		one = all + "/{resource_id}"
	)
	return []wire.Operation{
		wire.Op("CreateResource", a.CreateResource).At("POST "+all+"/{parent_id}", 201),
		wire.Op("DeleteResource", a.DeleteResource).At("DELETE "+one, 202),
		wire.Op("GetResource", a.GetResource).At("GET "+one, 200).Reads(),
		wire.Op("GetResources", a.GetResources).At("GET "+all, 200).Reads(),
		wire.Op("UpdateResource", a.UpdateResource).At("PATCH "+one, 200),
	}
}

type resource struct {
	ID              string            `json:"id"`
	ParentID        string            `json:"parentId,omitempty"`
	PathPart        string            `json:"pathPart,omitempty"`
	Path            string            `json:"path"`
	ResourceMethods map[string]method `json:"resourceMethods,omitempty"`
}

// resourceOf is a resource, with its methods or the names of these.
func resourceOf(r *definition.Resource, in definition.Tree, whole bool) *resource {
	out := &resource{ID: r.ID, ParentID: r.Parent, PathPart: r.Part, Path: in.Path(r), ResourceMethods: map[string]method{}}
	for verb, m := range r.Methods {
		if whole {
			out.ResourceMethods[verb] = *methodOf(verb, m)
		} else {
			out.ResourceMethods[verb] = method{}
		}
	}
	return out
}

type createResourceInput struct {
	apiInput
	ParentID *string `json:"parentId" rest:"label=parent_id"`
	PathPart *string `json:"pathPart"`
}

// CreateResource makes a resource below another one.
func (a api) CreateResource(ctx context.Context, in *createResourceInput) (*resource, error) {
	r, t, err := a.Catalog.CreateResource(ctx, caller(ctx), *in.RestAPIID, *in.ParentID, *in.PathPart)
	if err != nil {
		return nil, err
	}
	return resourceOf(r, t, true), nil
}

type resourceInput struct {
	apiInput
	ResourceID *string `json:"resourceId" rest:"label=resource_id"`
}

// embedInput is the part of an input that asks for more than names.
type embedInput struct {
	Embed []string `json:"embed" rest:"query=embed"`
}

func (e *embedInput) has(what string) bool { return slices.Contains(e.Embed, what) }

type getResourceInput struct {
	resourceInput
	embedInput
}

// GetResource returns a resource.
func (a api) GetResource(ctx context.Context, in *getResourceInput) (*resource, error) {
	r, t, err := a.Resource(caller(ctx), *in.RestAPIID, *in.ResourceID)
	if err != nil {
		return nil, err
	}
	return resourceOf(r, t, in.has("methods")), nil
}

type getResourcesInput struct {
	apiInput
	pageInput
	embedInput
}

type resourcesOutput struct {
	Position string     `json:"position,omitempty"`
	Items    []resource `json:"item" empty:"kept"`
}

// GetResources lists the resources of an API, in the order of their paths.
func (a api) GetResources(ctx context.Context, in *getResourcesInput) (*resourcesOutput, error) {
	t, err := a.Resources(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	all := make([]resource, 0, len(t))
	for _, r := range t {
		all = append(all, *resourceOf(r, t, in.has("methods")))
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(a.Path, b.Path) })
	rows, next, err := pageOf(all, func(r resource) string { return r.Path }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	return &resourcesOutput{next, rows}, nil
}

type updateResourceInput struct {
	resourceInput
	patchInput
}

// UpdateResource moves or renames a resource.
func (a api) UpdateResource(ctx context.Context, in *updateResourceInput) (*resource, error) {
	r, t, err := a.Catalog.UpdateResource(ctx, caller(ctx), *in.RestAPIID, *in.ResourceID, in.operations())
	if err != nil {
		return nil, err
	}
	return resourceOf(r, t, true), nil
}

// DeleteResource deletes a resource with all that is below it.
func (a api) DeleteResource(ctx context.Context, in *resourceInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteResource(ctx, caller(ctx), *in.RestAPIID, *in.ResourceID)
}
