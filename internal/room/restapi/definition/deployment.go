package definition

import (
	"cmp"
	"slices"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// A Release is a deployment that is to be made.
type Release struct {
	Description string
	// Stage is what is to serve it, made if it is not there; nil for none, which may
	// not be with a Canary.
	Stage            *string
	StageDescription string
	Variables        map[string]string
	Tracing          bool
	// Canary says that only a part of the calls of the stage shall go to it.
	Canary *Canary
}

var deploymentRules = patch.Set[Deployment]{Rules: []patch.Rule[Deployment]{
	{Path: "/description", Do: func(d *Deployment, _ string, o *patch.Operation) error { d.Description = o.Text(); return nil }},
}}

// Change changes the description of a deployment.
func (d *Deployment) Change(ops []patch.Operation) error {
	if err := deploymentRules.Apply(d, ops); err != nil {
		return err
	}
	return short(d.Description)
}

// Snap is an API with its resources as it is, if it can be served.
func (a *API) Snap(t Tree, p *Parts, r Responses) (*Snapshot, error) {
	s := &Snapshot{Settings: a.Settings, Parts: *p, Responses: r}
	for _, r := range t {
		for _, m := range r.Methods {
			if m.Integration == nil {
				return nil, fault.Invalid("No integration defined for method")
			}
		}
		if len(r.Methods) > 0 {
			s.Nodes = append(s.Nodes, Node{ID: r.ID, Path: t.Path(r), Methods: r.Methods})
		}
	}
	if len(s.Nodes) == 0 {
		return nil, fault.Invalid("The REST API doesn't contain any methods")
	}
	slices.SortFunc(s.Nodes, func(a, b Node) int { return cmp.Compare(a.Path, b.Path) })
	return s, nil
}

// PathBytes is how long its paths are in all, which the resources share as long as they
// are a tree.
func (s *Snapshot) PathBytes() (n int) {
	for i := range s.Nodes {
		n += len(s.Nodes[i].Path)
	}
	return n
}

// Check says what is wrong with a release, whose stage is as it is, or nil.
func (r *Release) Check(stage *Stage) error {
	const invalid = "Invalid deployment content specified."
	switch {
	case r.Canary == nil:
	case r.Stage == nil:
		return fault.Invalid(invalid + "Non null and non empty stageName must be provided for canary deployment. Provided value is null")
	case *r.Stage == "":
		return fault.Invalid(invalid + "Non null and non empty stageName must be provided for canary deployment. Provided value is ")
	case stage == nil:
		return fault.Invalid(invalid+"Stage %s must already be created before making a canary release deployment", *r.Stage)
	}
	return nil
}

// Begin is the stage that a release makes to serve a deployment.
func (r *Release) Begin(deployment string) *Stage {
	return &Stage{Name: *r.Stage, Deployment: deployment, Description: r.StageDescription, Variables: r.Variables, Tracing: r.Tracing}
}

// Onto is a stage that was there, as it serves a deployment of the release.
func (r *Release) Onto(stage *Stage, deployment string) *Stage {
	s := stage.Clone()
	if r.Canary != nil {
		canary := *r.Canary
		canary.Deployment = deployment
		s.Canary = &canary
	} else {
		s.Deployment = deployment
	}
	s.Description = cmp.Or(r.StageDescription, s.Description)
	s.Tracing = s.Tracing || r.Tracing
	for name, value := range r.Variables {
		s.Variables = with(s.Variables, name, value)
	}
	return s
}
