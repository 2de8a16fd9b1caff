package catalog

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Service is the name in ARNs and actions, and Principal that under which CodeBuild acts.
const (
	Service   = "codebuild"
	Principal = "codebuild.amazonaws.com"
)

// maxProjects is how many projects an account may have in a region, and maxBytes how large
// they may be together: they are in memory.
const (
	maxProjects = 5000
	maxBytes    = 32 << 20
)

// The bounds of tags.
const (
	maxTags     = 50
	maxTagKey   = 127
	maxTagValue = 255
)

// A Tag is a name and a value that somebody hangs on a project.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Project is what is built, and how.
type Project struct {
	Place access.Place `json:"-"` // which is in its key
	Name  string
	Settings
	Tags []Tag
	// Badge asks for one, which is answered and not drawn.
	Badge bool
	// Created and Modified are in Unix milliseconds.
	Created, Modified int64
	// ID parts it from another one of its name, before or after it.
	ID string
	// Builds is the number of its last build.
	Builds int64
	// Bytes is how large settings and tags are.
	Bytes int `json:"-"`
}

// ARN names the project.
func (p *Project) ARN() string { return ARN(p.Place, p.Name) }

// size is how many bytes settings and tags are.
func (p *Project) size() int {
	n := p.Settings.Size()
	for _, t := range p.Tags {
		n += len(t.Key) + len(t.Value)
	}
	return n
}

func (p *Project) key() table.Key { return table.Key{Place: p.Place, Name: p.Name} }

// ARN names a project.
func ARN(at access.Place, name string) string {
	return at.ARN(Service, "project/"+name).String()
}

// Of returns where something is that a name or an ARN names. kind is "project" or
// "build".
func Of(by access.Caller, kind, id string) (access.Place, string) {
	if a, err := arn.Parse(id); err == nil && a.Service == Service && access.IsAccount(a.Account) && access.IsRegion(a.Region) {
		if name, ok := strings.CutPrefix(a.Resource, kind+"/"); ok {
			return access.Place{Account: a.Account, Region: a.Region}, name
		}
	}
	return by.Place, id
}

// Missing is the fault that a project is not there.
func Missing(at access.Place, name string) error {
	return fault.NotFound("Project cannot be found: %s", ARN(at, name))
}

// A Catalog is all the projects of one store.
type Catalog struct {
	guard    access.Guard
	projects *table.Table[Project]
}

// Open reads the projects. configured says whether an account is one that the settings
// name, and not one that a caller made up; nil for all are.
func Open(ctx context.Context, from store.Store, guard access.Guard, configured func(account string) bool) (*Catalog, error) {
	all, err := table.Open(ctx, table.Options[Project]{
		Store: from, Prefix: "build/project/", Version: 1, Max: maxProjects,
		Full:   fault.Limit("Cannot have more than %d projects for the account", maxProjects),
		Scale:  &table.Scale{Max: maxBytes, What: "projects", Configured: configured},
		Weight: func(p *Project) int { return p.Bytes },
		Complete: func(k table.Key, p *Project) error {
			p.Place, p.Bytes = k.Place, p.size()
			return nil
		},
	})
	return &Catalog{guard, all}, err
}

// Allow asks the guard about a project.
func (c *Catalog) Allow(by access.Caller, action string, at access.Place, project string) error {
	return c.guard.Allow(&access.Ask{Caller: by, Action: Service + ":" + action, Resource: ARN(at, project), Owner: at.Account})
}

// AllowList asks the guard about what is done with no project.
func (c *Catalog) AllowList(by access.Caller, action string) error {
	return c.guard.Allow(access.Own(by, Service+":"+action, "*"))
}

// Passes asks whether the caller may hand a role to CodeBuild.
func (c *Catalog) Passes(by access.Caller, role string) error {
	if a, err := arn.Parse(role); err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return Invalid("invalid service role: %.300q is not the ARN of a role", role)
	} else if a.Account != by.Account {
		return Invalid("invalid service role: %s is not a role of the account %s", role, by.Account)
	}
	ask := access.Own(by, "iam:PassRole", role)
	ask.Keys = map[string][]string{"iam:PassedToService": {Principal}}
	return c.guard.Allow(ask)
}

// Create makes a project.
func (c *Catalog) Create(ctx context.Context, by access.Caller, p Project) (*Project, error) {
	if err := c.Allow(by, "CreateProject", by.Place, p.Name); err != nil {
		return nil, err
	}
	p.Place, p.ID, p.Created = by.Place, uuid.NewString(), time.Now().UnixMilli()
	p.Modified = p.Created
	if err := c.complete(by, &p, ""); err != nil {
		return nil, err
	}
	err := c.projects.Create(ctx, p.key(), &p)
	if fault.KindOf(err) == fault.KindConflict {
		err = fault.Conflict("Project already exists: %s", p.ARN())
	}
	return &p, err
}

// complete completes a project and says what is wrong with it. A role other than the
// one it had must be one that the caller may pass.
func (c *Catalog) complete(by access.Caller, p *Project, role string) error {
	key := p.Place.ARN("kms", "alias/aws/s3").String()
	if err := p.Settings.Complete(p.Name, key); err != nil {
		return err
	}
	if len(p.Tags) > maxTags {
		return Invalid("a project has at most %d tags", maxTags)
	}
	for _, t := range p.Tags {
		if key := utf8.RuneCountInString(t.Key); key < 1 || key > maxTagKey || utf8.RuneCountInString(t.Value) > maxTagValue {
			return Invalid("the key of a tag has 1 to %d characters, and its value at most %d: %.200q", maxTagKey, maxTagValue, t.Key)
		}
	}
	p.Bytes = p.size()
	if r := *p.ServiceRole; r != role {
		return c.Passes(by, r)
	}
	return nil
}

// Update makes of a project what change makes of it.
func (c *Catalog) Update(ctx context.Context, by access.Caller, id string, change func(*Project)) (*Project, error) {
	at, name := Of(by, "project", id)
	if err := c.Allow(by, "UpdateProject", at, name); err != nil {
		return nil, err
	}
	p, err := c.projects.Change(ctx, table.Key{Place: at, Name: name}, func(p *Project) error {
		role := *p.ServiceRole
		change(p)
		p.Modified = time.Now().UnixMilli()
		return c.complete(by, p, role)
	})
	if fault.KindOf(err) == fault.KindNotFound {
		err = Missing(at, name)
	}
	return p, err
}

// Number counts one more build of a project, and returns its number.
func (c *Catalog) Number(tx store.Tx, p *Project) (int64, error) {
	now, err := c.projects.In(tx).Change(p.key(), func(now *Project) error {
		if now.ID != p.ID {
			return Missing(p.Place, p.Name)
		}
		now.Builds++
		return nil
	})
	if fault.KindOf(err) == fault.KindNotFound {
		err = Missing(p.Place, p.Name)
	}
	if err != nil {
		return 0, err
	}
	return now.Builds, nil
}

// Delete deletes a project; one that is not there is no error.
func (c *Catalog) Delete(ctx context.Context, by access.Caller, id string) error {
	at, name := Of(by, "project", id)
	if err := c.Allow(by, "DeleteProject", at, name); err != nil {
		return err
	}
	if c.Find(at, name) == nil {
		return nil
	}
	_, err := c.projects.Delete(ctx, table.Key{Place: at, Name: name})
	if fault.KindOf(err) == fault.KindNotFound {
		return nil
	}
	return err
}

// Find returns a project, nil when there is none.
func (c *Catalog) Find(at access.Place, name string) *Project {
	return c.projects.Find(table.Key{Place: at, Name: name})
}

// Exists says whether an ARN is that of a project.
func (c *Catalog) Exists(project arn.ARN) bool {
	name, ok := strings.CutPrefix(project.Resource, "project/")
	return ok && c.Find(access.Place{Account: project.Account, Region: project.Region}, name) != nil
}

// Needs returns the ARNs of the projects that need a program of the machine, which is
// "git" or "bash", as far as their settings say so: a buildspec in a source may, too.
func (c *Catalog) Needs(program string) (projects []string) {
	for p := range c.projects.All() {
		needs := false
		switch program {
		case "git":
			needs = p.Source.isRepository() || slices.ContainsFunc(p.SecondarySources, Source.isRepository)
		case "bash":
			spec, err := buildspec.Parse([]byte(p.Source.Buildspec)) // a path is none
			needs = err == nil && spec.Shell == "bash"
		}
		if needs {
			projects = append(projects, p.ARN())
		}
	}
	return projects
}

// isRepository says whether a source is fetched by git.
func (s Source) isRepository() bool { return s.Type != "NO_SOURCE" && s.Type != "S3" }

// Get returns the project that a caller may do something with.
func (c *Catalog) Get(by access.Caller, action, id string) (*Project, error) {
	at, name := Of(by, "project", id)
	if err := c.Allow(by, action, at, name); err != nil {
		return nil, err
	}
	if p := c.Find(at, name); p != nil {
		return p, nil
	}
	return nil, Missing(at, name)
}

// Several returns those of names that there are, and the names that no project has.
func (c *Catalog) Several(by access.Caller, names []string) (found []*Project, missing []string, err error) {
	for _, id := range names {
		at, name := Of(by, "project", id)
		if err := c.Allow(by, "BatchGetProjects", at, name); err != nil {
			return nil, nil, err
		}
		if p := c.Find(at, name); p != nil {
			found = append(found, p)
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}

// All returns the projects of the caller's place.
func (c *Catalog) All(by access.Caller) (all []*Project, err error) {
	if err := c.AllowList(by, "ListProjects"); err != nil {
		return nil, err
	}
	for p := range c.projects.Each(by.Place, "") {
		all = append(all, p)
	}
	return all, nil
}
