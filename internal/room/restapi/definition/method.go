package definition

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// Verbs are those that a method may have, in AWS's order.
var Verbs = []string{"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"}

var (
	ErrVerb       = fault.Invalid("Invalid HttpMethod specified. Valid options are %s", strings.Join(Verbs, ","))
	ErrNoMethod   = fault.NotFound("Invalid Method identifier specified")
	ErrNoResponse = fault.NotFound("Invalid Response status code specified")
)

// Authorizations are the kinds that there are.
var Authorizations = []string{"NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"}

// Clone is a copy of a method that may be changed down to its responses.
func (m *Method) Clone() *Method {
	n := *m
	n.Scopes, n.Parameters, n.Models, n.Responses = slices.Clone(m.Scopes), maps.Clone(m.Parameters), maps.Clone(m.Models), maps.Clone(m.Responses)
	if m.Integration != nil {
		n.Integration = m.Integration.clone()
	}
	return &n
}

var methodRules = patch.Set[Method]{Rules: []patch.Rule[Method]{
	{Path: "/authorizationType", Do: func(m *Method, _ string, o *patch.Operation) error { m.Authorization = o.Text(); return nil }},
	{Path: "/authorizerId", Do: func(m *Method, _ string, o *patch.Operation) error { m.Authorizer = o.Text(); return nil }},
	{Path: "/apiKeyRequired", Do: func(m *Method, _ string, o *patch.Operation) error { m.NeedsKey = o.Bool(); return nil }},
	{Path: "/operationName", Do: func(m *Method, _ string, o *patch.Operation) error { m.Operation = o.Text(); return nil }},
	{Path: "/requestValidatorId", Do: func(m *Method, _ string, o *patch.Operation) error { m.Validator = o.Text(); return nil }},
	{Path: "/authorizationScopes", Ops: []string{"add", "remove"}, Do: func(m *Method, _ string, o *patch.Operation) error {
		m.Scopes = replaced(m.Scopes, o.Text(), o, o.Text())
		return nil
	}},
	{Path: "/requestParameters/*", Ops: patch.Any, Do: func(m *Method, name string, o *patch.Operation) error {
		return setIn(&m.Parameters, name, o, o.Bool(), errNoParameter)
	}},
	{Path: "/requestModels/*", Ops: patch.Any, Do: func(m *Method, name string, o *patch.Operation) error {
		return setIn(&m.Models, name, o, o.Text(), errNoType)
	}},
}}

var (
	errNoParameter = fault.NotFound("Invalid parameter name specified")
	errNoType      = fault.NotFound("Content-Type specified was not found")
)

// setIn adds, replaces or removes what a map has under a name. What is to be replaced or
// removed must be there, else the fault is missing.
func setIn[V any](m *map[string]V, name string, o *patch.Operation, v V, missing error) error {
	if _, there := (*m)[name]; !there && o.Op != "add" {
		return missing
	}
	if o.Removes() {
		delete(*m, name)
		return nil
	}
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = v
	return nil
}

// Check says what is wrong with a method by itself.
func (m *Method) Check() error {
	if !slices.Contains(Authorizations, m.Authorization) {
		return fault.Invalid("Invalid authorization type specified. Valid options are %s", strings.Join(Authorizations, ","))
	}
	names := map[string]bool{}
	for expression := range m.Parameters {
		name, ok := parameter(expression)
		if !ok {
			return badMapping(expression)
		}
		if names[name] {
			return fault.Invalid("Parameter names must be unique across querystring, header and path")
		}
		names[name] = true
	}
	return nil
}

var requestParameter = regexp.MustCompile(`\Amethod\.request\.(?:header|path|querystring|multivalueheader|multivaluequerystring)\.([^\s.](?:[^\s]*))\z`)

// parameter returns the name of what a method takes, such as "method.request.path.id".
func parameter(expression string) (name string, ok bool) {
	m := requestParameter.FindStringSubmatch(expression)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// declared are the names of the parameters that a method takes, wherever they are.
func (m *Method) declared() map[string]bool {
	names := make(map[string]bool, len(m.Parameters))
	for expression := range m.Parameters {
		if name, ok := parameter(expression); ok {
			names[name] = true
		}
	}
	return names
}

func badMapping(expression string) error {
	return fault.Invalid("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: %s]", expression)
}

var responseRules = patch.Set[MethodResponse]{Rules: []patch.Rule[MethodResponse]{
	{Path: "/responseParameters/*", Ops: patch.Any, Do: func(r *MethodResponse, name string, o *patch.Operation) error {
		return setIn(&r.Parameters, name, o, o.Bool(), errNoParameter)
	}},
	{Path: "/responseModels/*", Ops: patch.Any, Do: func(r *MethodResponse, name string, o *patch.Operation) error {
		return setIn(&r.Models, name, o, o.Text(), errNoType)
	}},
}}

var responseParameter = regexp.MustCompile(`\Amethod\.response\.header\.[^\s.][^\s]*\z`)

// Check says what is wrong with a response.
func (r *MethodResponse) Check() error {
	for expression := range r.Parameters {
		if !responseParameter.MatchString(expression) {
			return badMapping(expression)
		}
	}
	return nil
}

// Change makes changes in a method.
func (m *Method) Change(ops []patch.Operation) error {
	if err := methodRules.Apply(m, ops); err != nil {
		return err
	}
	return m.Check()
}

// Changed is a response with changes.
func (r *MethodResponse) Changed(ops []patch.Operation) (*MethodResponse, error) {
	n := &MethodResponse{maps.Clone(r.Parameters), maps.Clone(r.Models)}
	if err := responseRules.Apply(n, ops); err != nil {
		return nil, err
	}
	return n, n.Check()
}
