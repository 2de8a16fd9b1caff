package build

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Tag is a name and a value that somebody hangs on a project.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Project is what is built, and how.
type Project struct {
	Name string
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

	place access.Place
}

// ARN names the project.
func (p *Project) ARN() string { return projectARN(p.place, p.Name) }

func projectARN(at access.Place, name string) string {
	return at.ARN(service, "project/"+name).String()
}

// service is the name in ARNs and actions, and Principal that under which CodeBuild acts.
const (
	service   = "codebuild"
	Principal = "codebuild.amazonaws.com"
)

// MaxProjects is how many projects an account may have in a region.
const MaxProjects = 5000

const maxTags = 50

// allow asks the guard about a project.
func (s *Service) allow(by access.Caller, action string, at access.Place, project string) error {
	return s.opt.Guard.Allow(&access.Ask{Caller: by, Action: "codebuild:" + action, Resource: projectARN(at, project), Owner: at.Account})
}

// of returns where something is that a name or an ARN names. kind is "project" or
// "build".
func of(by access.Caller, kind, id string) (access.Place, string) {
	if a, err := arn.Parse(id); err == nil && a.Service == service && access.IsAccount(a.Account) && access.IsRegion(a.Region) {
		if name, ok := strings.CutPrefix(a.Resource, kind+"/"); ok {
			return access.Place{Account: a.Account, Region: a.Region}, name
		}
	}
	return by.Place, id
}

func noProject(at access.Place, name string) error {
	return fault.NotFound("Project cannot be found: %s", projectARN(at, name))
}

// passes asks whether the caller may hand a role to CodeBuild.
func (s *Service) passes(by access.Caller, role string) error {
	if a, err := arn.Parse(role); err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return invalid("invalid service role: %.300q is not the ARN of a role", role)
	} else if a.Account != by.Account {
		return invalid("invalid service role: %s is not a role of the account %s", role, by.Account)
	}
	ask := access.Own(by, "iam:PassRole", role)
	ask.Keys = map[string][]string{"iam:PassedToService": {Principal}}
	return s.opt.Guard.Allow(ask)
}

// Create makes a project.
func (s *Service) Create(ctx context.Context, by access.Caller, p Project) (*Project, error) {
	if err := s.allow(by, "CreateProject", by.Place, p.Name); err != nil {
		return nil, err
	}
	p.place, p.ID, p.Created = by.Place, uuid.NewString(), time.Now().UnixMilli()
	p.Modified = p.Created
	if err := s.complete(by, &p, ""); err != nil {
		return nil, err
	}
	err := s.projects.Create(ctx, p.key(), &p)
	if fault.KindOf(err) == fault.KindConflict {
		err = fault.Conflict("Project already exists: %s", p.ARN())
	}
	return &p, err
}

func (p *Project) key() table.Key { return table.Key{Place: p.place, Name: p.Name} }

// complete completes a project and says what is wrong with it. A role other than the
// one it had must be one that the caller may pass.
func (s *Service) complete(by access.Caller, p *Project, role string) error {
	key := p.place.ARN("kms", "alias/aws/s3").String()
	if err := p.Settings.complete(p.Name, key); err != nil {
		return err
	}
	if len(p.Tags) > maxTags {
		return invalid("a project has at most %d tags", maxTags)
	}
	if r := *p.ServiceRole; r != role {
		return s.passes(by, r)
	}
	return nil
}

// Update makes of a project what change makes of it.
func (s *Service) Update(ctx context.Context, by access.Caller, id string, change func(*Project)) (*Project, error) {
	at, name := of(by, "project", id)
	if err := s.allow(by, "UpdateProject", at, name); err != nil {
		return nil, err
	}
	p, err := s.projects.Change(ctx, table.Key{Place: at, Name: name}, func(p *Project) error {
		role := *p.ServiceRole
		change(p)
		p.Modified = time.Now().UnixMilli()
		return s.complete(by, p, role)
	})
	if fault.KindOf(err) == fault.KindNotFound {
		err = noProject(at, name)
	}
	return p, err
}

// Delete deletes a project; one that is not there is no error. Its builds stay.
func (s *Service) Delete(ctx context.Context, by access.Caller, id string) error {
	at, name := of(by, "project", id)
	if err := s.allow(by, "DeleteProject", at, name); err != nil {
		return err
	}
	if s.projects.Find(table.Key{Place: at, Name: name}) == nil {
		return nil
	}
	_, err := s.projects.Delete(ctx, table.Key{Place: at, Name: name})
	if fault.KindOf(err) == fault.KindNotFound {
		return nil
	}
	return err
}

// Projects returns those of names that there are, and the names that no project has.
func (s *Service) Projects(by access.Caller, names []string) (found []*Project, missing []string, err error) {
	for _, id := range names {
		at, name := of(by, "project", id)
		if err := s.allow(by, "BatchGetProjects", at, name); err != nil {
			return nil, nil, err
		}
		if p := s.projects.Find(table.Key{Place: at, Name: name}); p != nil {
			found = append(found, p)
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}

// AllProjects returns the projects of the caller's place.
func (s *Service) AllProjects(by access.Caller) (all []*Project, err error) {
	if err := s.opt.Guard.Allow(access.Own(by, "codebuild:ListProjects", "*")); err != nil {
		return nil, err
	}
	for p := range s.projects.Each(by.Place, "") {
		all = append(all, p)
	}
	return all, nil
}

// openProjects reads the projects.
func (s *Service) openProjects(ctx context.Context, from store.Store) (err error) {
	s.projects, err = table.Open(ctx, table.Options[Project]{
		Store: from, Prefix: "build/project/", Version: 1, Max: MaxProjects,
		Full: fault.Limit("Cannot have more than %d projects for the account", MaxProjects),
		Complete: func(k table.Key, p *Project) error {
			p.place = k.Place
			return nil
		},
	})
	return err
}
