package directory

import (
	"maps"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/policy"
)

// An Entity is a role, a user, a group or an instance profile. Nobody may change one.
type Entity struct {
	Kind, Name, Path, ID, ARN string
	Created                   time.Time
	// Description, Trust and MaxSession, in seconds, are those of a role.
	Description, Trust string
	MaxSession         int
	// Boundary is the ARN of a policy, or "".
	Boundary string
	// Inline are the policies of its own by name, Attached the ARNs of managed ones.
	Inline   map[string]string
	Attached []string
	Tags     []Tag
	// Members are the names of the groups of a user, in small letters, or of the role
	// of an instance profile.
	Members []string
	// Keys are the access keys of a user, oldest first.
	Keys []Key
	// Trusted are the unique ids of the roles and users that Trust names, by their
	// ARNs, as they were when it was set: a later one of that name is not meant.
	Trusted map[string]string `json:",omitempty"`

	trust  *policy.Document
	inline []*policy.Document
}

func (e *Entity) compile() (err error) {
	if e.Trust != "" {
		if e.trust, err = policy.ParseTrust(e.Trust); err != nil {
			return err
		}
		e.trust = e.trust.ByID(e.Trusted)
	}
	e.inline = nil
	for _, name := range e.PolicyNames() {
		d, err := policy.ParseIdentity(e.Inline[name])
		if err != nil {
			return err
		}
		e.inline = append(e.inline, d)
	}
	return nil
}

// weight is about how many bytes the entity takes.
func (e *Entity) weight() int {
	n := fixedWeight + len(e.ARN) + len(e.Description) + len(e.Trust) + len(e.Boundary) + weightOf(e.Tags)
	for name, text := range e.Inline {
		n += fixedWeight + len(name) + len(text)
	}
	for _, arn := range e.Attached {
		n += len(arn)
	}
	return n
}

// PolicyNames are the names of the inline policies, sorted.
func (e *Entity) PolicyNames() []string { return slices.Sorted(maps.Keys(e.Inline)) }
