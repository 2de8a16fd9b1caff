package definition

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// A Model is a schema of JSON that bodies may be held to.
type Model struct {
	Weighed
	ID, Name    string
	Description string `json:",omitempty"`
	// Schema is JSON, for bodies of the media type Content.
	Schema, Content string
}

// Models are those that every API begins with.
func Models() []*Model {
	return []*Model{
		{Name: "Empty", Description: "This is a default empty schema model", Content: "application/json", Schema: "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}"},
		{Name: "Error", Description: "This is a default error schema model", Content: "application/json", Schema: "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}"},
	}
}

var modelName = regexp.MustCompile(`\A[a-zA-Z0-9]+\z`)

// maxSchema bounds a schema, as AWS does.
const maxSchema = 400 << 10

// Check says what is wrong with a model.
func (m *Model) Check() error {
	switch {
	case m.Name == "":
		return fault.Invalid("Model name must be non-empty")
	case !modelName.MatchString(m.Name):
		return fault.Invalid("Model name must be alphanumeric: %.200s", m.Name)
	case m.Schema == "":
		return fault.Invalid("Model schema must have at least 1 property or array items defined")
	case len(m.Schema) > maxSchema:
		return fault.Invalid("The schema of the model %s has more than %d KB.", m.Name, maxSchema>>10)
	case strings.Contains(m.Content, "json") && !json.Valid([]byte(m.Schema)):
		return fault.Invalid("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]")
	}
	return short(m.Description, m.Name)
}

// Change makes changes in a model.
func (m *Model) Change(ops []patch.Operation) error {
	if err := modelRules.Apply(m, ops); err != nil {
		return err
	}
	return m.Check()
}

var modelRules = patch.Set[Model]{Lists: true, Rules: []patch.Rule[Model]{
	{Path: "/description", Do: func(m *Model, _ string, o *patch.Operation) error { m.Description = o.Text(); return nil }},
	{Path: "/schema", Do: func(m *Model, _ string, o *patch.Operation) error { m.Schema = o.Text(); return nil }},
}}

// A Validator says what of requests is checked before they are sent on.
type Validator struct {
	Weighed
	ID, Name         string
	Body, Parameters bool
}

// Change makes changes in a validator.
func (v *Validator) Change(ops []patch.Operation) error {
	if err := validatorRules.Apply(v, ops); err != nil {
		return err
	}
	return short(v.Name)
}

var validatorRules = patch.Set[Validator]{Lists: true, Rules: []patch.Rule[Validator]{
	{Path: "/name", Do: func(v *Validator, _ string, o *patch.Operation) error {
		if v.Name = o.Text(); v.Name == "" {
			return fault.Invalid("Request Validator name cannot be blank")
		}
		return nil
	}},
	{Path: "/validateRequestParameters", Do: func(v *Validator, _ string, o *patch.Operation) error { v.Parameters = o.Bool(); return nil }},
	{Path: "/validateRequestBody", Do: func(v *Validator, _ string, o *patch.Operation) error { v.Body = o.Bool(); return nil }},
}}

// An Authorizer says who may call methods, by a function that is asked.
type Authorizer struct {
	Weighed
	ID, Name string
	// Type is TOKEN or REQUEST.
	Type string
	// AuthType is for people.
	AuthType string `json:",omitempty"`
	// URI is where the function is, as in an integration, and Credentials the role that it
	// is asked with, "" for its own policy.
	URI         string
	Credentials string `json:",omitempty"`
	// Source is what it is asked about, such as method.request.header.Authorization, of a
	// REQUEST several with commas; Validation is a regular expression for that of a TOKEN.
	Source     string `json:",omitempty"`
	Validation string `json:",omitempty"`
	// TTLSeconds is how long what it says holds.
	TTLSeconds int
}

// AuthorizerTypes are those that AWS has, in its order.
var AuthorizerTypes = []string{"TOKEN", "REQUEST", "COGNITO_USER_POOLS"}

// DefaultTTL is that of authorizers, in seconds.
const DefaultTTL = 300

var identitySource = regexp.MustCompile(`\A(?:method\.request\.(?:header|querystring)\.\S+|context\.\S+|stageVariables\.\S+)\z`)

// Check says what is wrong with an authorizer.
func (a *Authorizer) Check() error {
	switch {
	case a.Type != "TOKEN" && a.Type != "REQUEST":
		return fault.Invalid("dari does not offer authorizers of the type %s: there are no user pools; TOKEN and REQUEST are offered.", a.Type)
	case a.Name == "":
		return fault.Invalid("Authorizer name must be non-empty")
	case a.TTLSeconds < 0 || a.TTLSeconds > 3600:
		return fault.Invalid("Authorizer result TTL must be between 0 and 3600 seconds")
	case a.Type == "TOKEN" && !strings.HasPrefix(a.Source, "method.request.header."), a.Type == "REQUEST" && a.Source == "" && a.TTLSeconds > 0:
		return fault.Invalid("Invalid identity source specified: a TOKEN needs method.request.header.NAME, and a REQUEST whose result is kept something that it is kept for.")
	}
	if a.Source != "" {
		for part := range strings.SplitSeq(a.Source, ",") {
			if !identitySource.MatchString(strings.TrimSpace(part)) {
				return badMapping(part)
			}
		}
	}
	if uri, err := arn.Parse(a.URI); err != nil || uri.Service != "apigateway" || uri.Account != "lambda" {
		return fault.Invalid("Invalid Authorizer URI: %.500s. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.", a.URI)
	}
	if _, err := regexp.Compile(a.Validation); err != nil {
		return fault.Invalid("Invalid identity validation expression specified: %.200s is no regular expression", a.Validation)
	}
	return short(a.Name, a.AuthType, a.Source, a.Validation, a.URI)
}

// Change makes changes in an authorizer.
func (a *Authorizer) Change(ops []patch.Operation) error {
	if err := authorizerRules.Apply(a, ops); err != nil {
		return err
	}
	return a.Check()
}

var authorizerRules = patch.Set[Authorizer]{Lists: true, Rules: []patch.Rule[Authorizer]{
	{Path: "/name", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.Name = o.Text(); return nil }},
	{Path: "/type", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.Type = o.Text(); return nil }},
	{Path: "/authType", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.AuthType = o.Text(); return nil }},
	{Path: "/authorizerUri", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.URI = o.Text(); return nil }},
	{Path: "/authorizerCredentials", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.Credentials = o.Text(); return nil }},
	{Path: "/identitySource", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.Source = o.Text(); return nil }},
	{Path: "/identityValidationExpression", Do: func(a *Authorizer, _ string, o *patch.Operation) error { a.Validation = o.Text(); return nil }},
	{Path: "/authorizerResultTtlInSeconds", Do: func(a *Authorizer, _ string, o *patch.Operation) (err error) {
		a.TTLSeconds, err = o.Int("authorizerResultTtlInSeconds", 0, 3600)
		return err
	}},
}}

// Parts are what methods of an API may name.
type Parts struct {
	Models      map[string]*Model      // by name
	Validators  map[string]*Validator  // by id
	Authorizers map[string]*Authorizer // by id
}

// Knows says what is wrong with what a method names.
func (p *Parts) Knows(m *Method) error {
	a := p.Authorizers[m.Authorizer]
	switch {
	case m.Authorization == "COGNITO_USER_POOLS", m.Authorization == "CUSTOM" && a == nil:
		return fault.Invalid("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	case m.Validator != "" && p.Validators[m.Validator] == nil:
		return fault.Invalid("Invalid Request Validator identifier specified")
	}
	return p.knowsModels(m.Models)
}

// KnowsResponse says what is wrong with the models that a response names.
func (p *Parts) KnowsResponse(r *MethodResponse) error { return p.knowsModels(r.Models) }

func (p *Parts) knowsModels(models map[string]string) error {
	for _, name := range slices.Sorted(maps.Values(models)) {
		if p.Models[name] == nil {
			return fault.Invalid("Invalid model identifier specified: %s", name)
		}
	}
	return nil
}
