package definition

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

var ErrNoResource = fault.NotFound("Invalid Resource identifier specified")

// part is what a part of a path may be.
var part = regexp.MustCompile(`\A(?:[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._:-]+\+?\})\z`)

// maxPart bounds a part of a path, and maxDepth how many parts a path has.
const (
	maxPart  = 1024
	maxDepth = 100
)

// A Tree is the resources of an API by their ids.
type Tree map[string]*Resource

// Path is the path of a resource.
func (t Tree) Path(r *Resource) string {
	if r.Parent == "" {
		return "/"
	}
	var parts []string
	for ; r != nil && r.Parent != ""; r = t[r.Parent] {
		parts = append(parts, r.Part)
	}
	slices.Reverse(parts)
	return "/" + strings.Join(parts, "/")
}

func (t Tree) depth(r *Resource) (n int) {
	for ; r != nil && r.Parent != ""; r = t[r.Parent] {
		n++
	}
	return n
}

func variable(part string) bool { return strings.HasPrefix(part, "{") }

func greedy(part string) bool { return strings.HasSuffix(part, "+}") }

// Fits says whether a resource may be where it is to be, beside and below the others.
func (t Tree) Fits(r *Resource) error {
	if len(r.Part) > maxPart || !part.MatchString(r.Part) {
		return fault.Invalid("Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.")
	}
	above := t[r.Parent]
	switch {
	case above == nil:
		return ErrNoResource
	case greedy(above.Part):
		return fault.Invalid("Cannot create a child of a resource with a greedy path variable: %s", above.Part)
	case t.depth(above) >= maxDepth:
		return errDeep
	}
	for up := above; up != nil; up = t[up.Parent] {
		if up.ID == r.ID {
			return fault.Invalid("Resources cannot be cyclical.")
		}
	}
	for _, other := range t {
		switch {
		case other.Parent == r.ID && greedy(r.Part):
			return fault.Invalid("Cannot create a child of a resource with a greedy path variable: %s", r.Part)
		case other.Parent != r.Parent || other.ID == r.ID:
		case other.Part == r.Part:
			return fault.Conflict("Another resource with the same parent already has this name: %s", r.Part)
		case variable(other.Part) && variable(r.Part):
			return fault.Invalid("A sibling (%s) of this resource already has a variable path part -- only one is allowed", other.Part)
		}
	}
	return nil
}

var resourceRules = patch.Set[Resource]{Lists: true, Rules: []patch.Rule[Resource]{
	{Path: "/parentId", Do: func(r *Resource, _ string, o *patch.Operation) error {
		if r.Parent == "" {
			return fault.Invalid("Root resource cannot update its parentId.")
		}
		if r.Parent = o.Text(); r.Parent == "" {
			return ErrNoResource
		}
		return nil
	}},
	{Path: "/pathPart", Do: func(r *Resource, _ string, o *patch.Operation) error {
		if r.Parent == "" {
			return fault.Invalid("Root resource cannot update its pathPart.")
		}
		r.Part = o.Text()
		return nil
	}},
}}

// Within says whether a resource is one with an id, or below it.
func (t Tree) Within(r *Resource, id string) bool {
	for ; r != nil; r = t[r.Parent] {
		if r.ID == id {
			return true
		}
	}
	return false
}

// Change moves or renames a resource, which is a copy of the one of its id in t.
func (r *Resource) Change(t Tree, ops []patch.Operation) error {
	if err := resourceRules.Apply(r, ops); err != nil {
		return err
	}
	if r.Parent != "" {
		if err := t.Fits(r); err != nil {
			return err
		}
	}
	t[r.ID] = r
	for _, other := range t {
		if t.depth(other) > maxDepth {
			return errDeep
		}
	}
	return nil
}

var errDeep = fault.Limit("A path has at most %d parts.", maxDepth)
