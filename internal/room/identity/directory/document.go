package directory

import (
	"encoding/json"
	"errors"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// parseIdentity reads the policy of an identity, and says what is wrong with it in
// AWS's words as far as AWS has some.
func parseIdentity(text string) (*policy.Document, error) {
	d, err := policy.ParseIdentity(text)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, policy.ErrNotJSON):
		return nil, malformed("Syntax errors in policy.")
	case anyStatement(text, func(s statement) bool { return s.Principal != nil || s.NotPrincipal != nil }):
		return nil, malformed("Policy document should not specify a principal.")
	}
	return nil, malformed("Syntax errors in policy. " + err.Error())
}

// parseTrust reads the policy that says who may assume a role.
func parseTrust(text string) (*policy.Document, error) {
	d, err := policy.ParseTrust(text)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, policy.ErrNotJSON):
		return nil, malformed("This policy contains invalid Json")
	case anyStatement(text, statement.namesNobody):
		return nil, malformed("Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in policy has a statement with no principals!")
	case anyStatement(text, func(s statement) bool { return s.Resource != nil || s.NotResource != nil }):
		return nil, malformed("Has prohibited field Resource")
	}
	return nil, malformed("Syntax errors in policy. " + err.Error())
}

func malformed(message string) error {
	return fault.Invalid("%s", message).WithCode(codeMalformed)
}

// A statement is as much of one as is needed to say what is wrong with it.
type statement struct {
	Principal, NotPrincipal, Resource, NotResource json.RawMessage
}

// namesNobody says whether the principals are empty lists.
func (s statement) namesNobody() bool {
	var kinds map[string]json.RawMessage
	if s.Principal == nil || json.Unmarshal(s.Principal, &kinds) != nil {
		return false
	}
	for _, names := range kinds {
		var list []string
		if json.Unmarshal(names, &list) != nil || len(list) > 0 {
			return false
		}
	}
	return true
}

func anyStatement(text string, is func(statement) bool) bool {
	var many struct{ Statement []statement }
	var one struct{ Statement statement }
	if json.Unmarshal([]byte(text), &many) != nil && json.Unmarshal([]byte(text), &one) == nil {
		many.Statement = []statement{one.Statement}
	}
	for _, s := range many.Statement {
		if is(s) {
			return true
		}
	}
	return false
}
