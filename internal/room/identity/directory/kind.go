package directory

import (
	"strings"

	"github.com/dari-bus/dari/internal/store/table"
)

// A Kind is what an entity is.
type Kind struct {
	// Name stands in ARNs, Op in operations and Word in sentences.
	Name, Op, Word string
	// id is what unique ids begin with.
	id string
	// max is how many an account may have, and quota what the quota is called.
	max   int
	quota string
	// inline is how many characters the inline policies may have in all.
	inline int
}

// The kinds.
var (
	Role    = &Kind{"role", "Role", "Role", "AROA", 1000, "RolesPerAccount", 10240}
	User    = &Kind{"user", "User", "User", "AIDA", 5000, "UsersPerAccount", 2048}
	Group   = &Kind{"group", "Group", "Group", "AGPA", 300, "GroupsPerAccount", 5120}
	Profile = &Kind{"instance-profile", "InstanceProfile", "Instance Profile", "AIPA", 1000, "InstanceProfilesPerAccount", 0}
	kinds   = []*Kind{Role, User, Group, Profile}
)

// DefaultSession is the MaxSessionDuration of a role that says nothing of it, in seconds.
const DefaultSession = 3600

// key is where an entity of an account is. Names differ by more than their case.
func (k *Kind) key(account, name string) table.Key {
	return table.Key{Place: in(account), Name: k.Name + "/" + strings.ToLower(name)}
}

func (k *Kind) missing(name string) error {
	return missing("The %s with name %s cannot be found.", strings.ToLower(k.Word), name)
}
