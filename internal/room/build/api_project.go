package build

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) projectRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("BatchGetProjects", a.BatchGetProjects).Reads(),
		wire.Op("CreateProject", a.CreateProject),
		wire.Op("DeleteProject", a.DeleteProject),
		wire.Op("ListCuratedEnvironmentImages", a.ListCuratedEnvironmentImages).Reads(),
		wire.Op("ListProjects", a.ListProjects).Reads(),
		wire.Op("UpdateProject", a.UpdateProject),
	}
}

// projectInput is what creating and updating have in common.
type projectInput struct {
	catalog.Settings
	Tags         []catalog.Tag `json:"tags"`
	BadgeEnabled *bool         `json:"badgeEnabled"`
}

type createProjectInput struct {
	Name *string `json:"name"`
	projectInput
}

type updateProjectInput struct {
	Name *string `json:"name"`
	projectInput
}

type badge struct {
	BadgeEnabled    bool   `json:"badgeEnabled"`
	BadgeRequestURL string `json:"badgeRequestUrl,omitempty"`
}

// details are what all answers say of a project.
type details struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	catalog.Settings
	Tags              []catalog.Tag `json:"tags" empty:"kept"`
	Created           *wire.Time    `json:"created,omitempty"`
	LastModified      *wire.Time    `json:"lastModified,omitempty"`
	Badge             badge         `json:"badge"`
	ProjectVisibility string        `json:"projectVisibility"`
}

func (a api) show(p *catalog.Project) details {
	d := details{
		Name: p.Name, ARN: p.ARN(), Settings: p.Settings, Tags: p.Tags, Created: moment(p.Created), LastModified: moment(p.Modified),
		Badge: badge{BadgeEnabled: p.Badge}, ProjectVisibility: "PRIVATE",
	}
	if p.Badge {
		d.Badge.BadgeRequestURL = a.opt.Endpoint() + "/badges?uuid=" + p.ID
	}
	return d
}

type projectOutput struct {
	Project details `json:"project"`
}

// CreateProject makes a project.
func (a api) CreateProject(ctx context.Context, in *createProjectInput) (*projectOutput, error) {
	p, err := a.Create(ctx, caller(ctx), catalog.Project{Name: *in.Name, Settings: in.Settings, Tags: in.Tags, Badge: wire.Val(in.BadgeEnabled)})
	if err != nil {
		return nil, err
	}
	return &projectOutput{a.show(p)}, nil
}

// UpdateProject changes what is given of a project.
func (a api) UpdateProject(ctx context.Context, in *updateProjectInput) (*projectOutput, error) {
	p, err := a.Update(ctx, caller(ctx), *in.Name, func(p *catalog.Project) {
		p.Settings = p.Settings.Merge(in.Settings)
		if in.Tags != nil {
			p.Tags = in.Tags
		}
		if in.BadgeEnabled != nil {
			p.Badge = *in.BadgeEnabled
		}
	})
	if err != nil {
		return nil, err
	}
	return &projectOutput{a.show(p)}, nil
}

type nameInput struct {
	Name *string `json:"name"`
}

// DeleteProject deletes a project, if there is one of the name.
func (a api) DeleteProject(ctx context.Context, in *nameInput) (*wire.Empty, error) {
	return nil, a.Delete(ctx, caller(ctx), *in.Name)
}

type batchGetProjectsInput struct {
	Names []string `json:"names"`
}

type batchGetProjectsOutput struct {
	Projects         []details `json:"projects" empty:"kept"`
	ProjectsNotFound []string  `json:"projectsNotFound" empty:"kept"`
}

// BatchGetProjects returns projects by their names or ARNs.
func (a api) BatchGetProjects(ctx context.Context, in *batchGetProjectsInput) (*batchGetProjectsOutput, error) {
	found, missing, err := a.Several(caller(ctx), in.Names)
	if err != nil {
		return nil, err
	}
	out := &batchGetProjectsOutput{make([]details, len(found)), missing}
	for i, p := range found {
		out.Projects[i] = a.show(p)
	}
	return out, nil
}

type listProjectsInput struct {
	SortBy    *string `json:"sortBy"`
	SortOrder *string `json:"sortOrder"`
	NextToken *string `json:"nextToken"`
}

type listProjectsOutput struct {
	Projects  []string `json:"projects" empty:"kept"`
	NextToken string   `json:"nextToken,omitempty"`
}

// ListProjects lists the names of projects, by name if nothing else is said.
func (a api) ListProjects(ctx context.Context, in *listProjectsInput) (*listProjectsOutput, error) {
	all, err := a.All(caller(ctx))
	if err != nil {
		return nil, err
	}
	switch wire.Val(in.SortBy) {
	case "CREATED_TIME":
		slices.SortStableFunc(all, func(a, b *catalog.Project) int { return cmp.Compare(a.Created, b.Created) })
	case "LAST_MODIFIED_TIME":
		slices.SortStableFunc(all, func(a, b *catalog.Project) int { return cmp.Compare(a.Modified, b.Modified) })
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	if wire.Val(in.SortOrder) == "DESCENDING" {
		slices.Reverse(names)
	}
	rows, next, err := after(names, wire.Val(in.NextToken))
	return &listProjectsOutput{rows, next}, err
}

// after returns a page of what is in an order of its own, from behind the one that the
// token names. When that one has gone, the token is no good any more.
func after(all []string, token string) (rows []string, next string, err error) {
	if token != "" {
		last, err := page.Decode(token)
		if err != nil {
			return nil, "", err
		}
		i := slices.Index(all, last)
		if i < 0 {
			return nil, "", catalog.Invalid("invalid nextToken: what it names has gone; begin with the first page")
		}
		all = all[i+1:]
	}
	if len(all) <= page.Default {
		return all, "", nil
	}
	return all[:page.Default], page.Encode(all[page.Default-1]), nil
}

type imageVersions struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Versions    []string `json:"versions" empty:"kept"`
}

type imageLanguage struct {
	Language string          `json:"language"`
	Images   []imageVersions `json:"images" empty:"kept"`
}

type imagePlatform struct {
	Platform  string          `json:"platform"`
	Languages []imageLanguage `json:"languages" empty:"kept"`
}

type listImagesOutput struct {
	Platforms []imagePlatform `json:"platforms" empty:"kept"`
}

// images are the names that projects usually give, for programs that let people choose.
const images = "amazonlinux-x86_64-standard:5.0 amazonlinux-aarch64-standard:3.0 standard:7.0"

// ListCuratedEnvironmentImages names images, which all stand for the machine.
func (a api) ListCuratedEnvironmentImages(ctx context.Context, _ *wire.Empty) (*listImagesOutput, error) {
	if err := a.AllowList(caller(ctx), "ListCuratedEnvironmentImages"); err != nil {
		return nil, err
	}
	language := imageLanguage{Language: "STANDARD"}
	for name := range strings.FieldsSeq(images) {
		language.Images = append(language.Images, imageVersions{
			Name: "aws/codebuild/" + name, Description: "The machine of the server, under this name", Versions: []string{"aws/codebuild/" + name},
		})
	}
	return &listImagesOutput{[]imagePlatform{{"AMAZON_LINUX_2", []imageLanguage{language}}}}, nil
}
