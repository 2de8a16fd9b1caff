package destination

import (
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/outbound"
)

// An AuthType says how a connection authorizes its calls.
type AuthType string

// The types of authorization.
const (
	Basic  AuthType = "BASIC"
	APIKey AuthType = "API_KEY"
	OAuth  AuthType = "OAUTH_CLIENT_CREDENTIALS"
)

// Auth is what a connection adds to the calls made with it. The member of its
// type is set and the other two are nil. In a change, nil members and empty
// texts mean that what is there stays.
type Auth struct {
	Basic  *BasicAuth  `json:",omitempty"`
	APIKey *APIKeyAuth `json:",omitempty"`
	OAuth  *OAuthAuth  `json:",omitempty"`
	// Parameters are added to every call. Nil means that none were given.
	Parameters *Parameters `json:",omitempty"`
}

// BasicAuth is a user name and password (RFC 7617).
type BasicAuth struct {
	User     string
	Password string `json:",omitempty"`
}

// APIKeyAuth is a header with a key in it.
type APIKeyAuth struct {
	// Name is the name of the header.
	Name  string
	Value string `json:",omitempty"`
}

// OAuthAuth is the client credentials grant (RFC 6749, section 4.4).
type OAuthAuth struct {
	ClientID     string
	ClientSecret string `json:",omitempty"`
	// Endpoint is the URL of the token server, and Method how it is asked: GET,
	// POST or PUT, in any case. As on AWS, whether they can be used turns out when
	// a token is asked for.
	Endpoint, Method string
	// Parameters are added to the request for a token.
	Parameters *Parameters `json:",omitempty"`
}

// Parameters are added to a request: to its header, its query and its body.
type Parameters struct {
	Header []Parameter `json:",omitempty"`
	Query  []Parameter `json:",omitempty"`
	Body   []Parameter `json:",omitempty"`
}

// A Parameter is one of Parameters.
type Parameter struct {
	Key, Value string
	// Secret values are never returned.
	Secret bool `json:",omitempty"`
}

// withoutSecrets returns a copy for the eyes of a caller.
func (a Auth) withoutSecrets() Auth {
	if a.Basic != nil {
		a.Basic = &BasicAuth{User: a.Basic.User}
	}
	if a.APIKey != nil {
		a.APIKey = &APIKeyAuth{Name: a.APIKey.Name}
	}
	if a.OAuth != nil {
		o := *a.OAuth
		o.ClientSecret, o.Parameters = "", o.Parameters.withoutSecrets()
		a.OAuth = &o
	}
	a.Parameters = a.Parameters.withoutSecrets()
	return a
}

func (p *Parameters) withoutSecrets() *Parameters {
	if p == nil {
		return nil
	}
	hide := func(all []Parameter) []Parameter {
		all = slices.Clone(all)
		for i := range all {
			if all[i].Secret {
				all[i].Value = ""
			}
		}
		return all
	}
	return &Parameters{hide(p.Header), hide(p.Query), hide(p.Body)}
}

// secrets lists the values that must not be repeated.
func (p *Parameters) secrets() []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, q := range slices.Concat(p.Header, p.Query, p.Body) {
		if q.Secret {
			out = append(out, q.Value)
		}
	}
	return out
}

// nameless reports whether a parameter has no name.
func (p *Parameters) nameless() bool {
	return p != nil && slices.ContainsFunc(slices.Concat(p.Header, p.Query, p.Body), func(q Parameter) bool { return q.Key == "" })
}

// merge returns a with what change brings. kind is the type that the result
// has; the members of other types are dropped.
func (a Auth) merge(kind AuthType, change Auth) Auth {
	out := Auth{Parameters: a.Parameters}
	if change.Parameters != nil {
		out.Parameters = change.Parameters
	}
	switch kind {
	case Basic:
		out.Basic = &BasicAuth{}
		for _, b := range []*BasicAuth{a.Basic, change.Basic} {
			if b != nil {
				overlay(&out.Basic.User, b.User)
				overlay(&out.Basic.Password, b.Password)
			}
		}
	case APIKey:
		out.APIKey = &APIKeyAuth{}
		for _, k := range []*APIKeyAuth{a.APIKey, change.APIKey} {
			if k != nil {
				overlay(&out.APIKey.Name, k.Name)
				overlay(&out.APIKey.Value, k.Value)
			}
		}
	case OAuth:
		out.OAuth = &OAuthAuth{}
		for _, o := range []*OAuthAuth{a.OAuth, change.OAuth} {
			if o != nil {
				overlay(&out.OAuth.ClientID, o.ClientID)
				overlay(&out.OAuth.ClientSecret, o.ClientSecret)
				overlay(&out.OAuth.Endpoint, o.Endpoint)
				overlay(&out.OAuth.Method, o.Method)
				if o.Parameters != nil {
					out.OAuth.Parameters = o.Parameters
				}
			}
		}
	}
	return out
}

func overlay(to *string, value string) {
	if value != "" {
		*to = value
	}
}

// members are the names that the API gives to what each type needs.
var members = map[AuthType]string{Basic: "BasicAuthParameters", APIKey: "ApiKeyAuthParameters", OAuth: "OAuthParameters"}

// checkOnly says what is wrong with parameters that are not those of kind.
func (a Auth) checkOnly(kind AuthType) error {
	given := map[AuthType]bool{Basic: a.Basic != nil, APIKey: a.APIKey != nil, OAuth: a.OAuth != nil}
	for _, other := range []AuthType{Basic, APIKey, OAuth} {
		if given[other] && other != kind {
			return invalid("AuthParameters", "the authorization type %s takes %s, not %s.", kind, members[kind], members[other])
		}
	}
	return nil
}

// check says what is missing or unusable in the authorization of a connection
// of that type. Of the endpoint of a token server it says only that this server
// allows no http://; see [OAuthAuth.usable] for the rest.
func (a Auth) check(kind AuthType, httpsOnly bool) error {
	if err := a.checkOnly(kind); err != nil {
		return err
	}
	complete := false
	switch kind {
	case Basic:
		complete = a.Basic != nil && a.Basic.User != "" && a.Basic.Password != ""
	case APIKey:
		complete = a.APIKey != nil && a.APIKey.Name != "" && a.APIKey.Value != ""
	case OAuth:
		o := a.OAuth
		complete = o != nil && o.ClientID != "" && o.ClientSecret != "" && o.Endpoint != "" && o.Method != ""
	default:
		return invalid("AuthorizationType", "%q is not BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS.", kind)
	}
	if !complete {
		return invalid("AuthParameters", "the authorization type %s needs all of %s.", kind, members[kind])
	}
	if a.Parameters.nameless() || kind == OAuth && a.OAuth.Parameters.nameless() {
		return invalid("AuthParameters", "every parameter of a request needs a Key.")
	}
	if kind == APIKey && (!outbound.ValidHeaderName(a.APIKey.Name) || outbound.ReservedHeader(a.APIKey.Name)) {
		return invalid("ApiKeyName", "%q cannot be sent as the name of a header.", a.APIKey.Name)
	}
	if kind == OAuth && httpsOnly && strings.HasPrefix(strings.ToLower(a.OAuth.Endpoint), "http:") {
		return checkURL("AuthorizationEndpoint", a.OAuth.Endpoint, httpsOnly)
	}
	return nil
}

// invalid is the fault of a parameter, in the form of AWS's own.
func invalid(parameter, format string, args ...any) error {
	return fault.Invalid("Parameter "+parameter+" is not valid. Reason: "+format, args...)
}
