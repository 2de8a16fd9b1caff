package eventsapi

import "github.com/dari-bus/dari/internal/wire"

import "github.com/dari-bus/dari/internal/destination"

// CreateConnectionAuthRequestParameters says how a new connection authorizes.
type CreateConnectionAuthRequestParameters struct {
	BasicAuthParameters      *CreateConnectionBasicAuthRequestParameters
	OAuthParameters          *CreateConnectionOAuthRequestParameters
	ApiKeyAuthParameters     *CreateConnectionApiKeyAuthRequestParameters
	InvocationHttpParameters *ConnectionHttpParameters
	ConnectivityParameters   *ConnectivityResourceParameters
}

// UpdateConnectionAuthRequestParameters says what changes in how a connection
// authorizes.
type UpdateConnectionAuthRequestParameters struct {
	BasicAuthParameters      *UpdateConnectionBasicAuthRequestParameters
	OAuthParameters          *UpdateConnectionOAuthRequestParameters
	ApiKeyAuthParameters     *UpdateConnectionApiKeyAuthRequestParameters
	InvocationHttpParameters *ConnectionHttpParameters
	ConnectivityParameters   *ConnectivityResourceParameters
}

// CreateConnectionBasicAuthRequestParameters are a user name and password.
type CreateConnectionBasicAuthRequestParameters struct {
	Username *string
	Password *string
}

// UpdateConnectionBasicAuthRequestParameters change a user name and password.
type UpdateConnectionBasicAuthRequestParameters CreateConnectionBasicAuthRequestParameters

// CreateConnectionApiKeyAuthRequestParameters are a header and the key in it.
type CreateConnectionApiKeyAuthRequestParameters struct {
	ApiKeyName  *string
	ApiKeyValue *string
}

// UpdateConnectionApiKeyAuthRequestParameters change a header and the key in it.
type UpdateConnectionApiKeyAuthRequestParameters CreateConnectionApiKeyAuthRequestParameters

// CreateConnectionOAuthRequestParameters say how to get a token.
type CreateConnectionOAuthRequestParameters struct {
	ClientParameters      *CreateConnectionOAuthClientRequestParameters
	AuthorizationEndpoint *string
	HttpMethod            *string
	OAuthHttpParameters   *ConnectionHttpParameters
}

// UpdateConnectionOAuthRequestParameters change how to get a token.
type UpdateConnectionOAuthRequestParameters struct {
	ClientParameters      *UpdateConnectionOAuthClientRequestParameters
	AuthorizationEndpoint *string
	HttpMethod            *string
	OAuthHttpParameters   *ConnectionHttpParameters
}

// CreateConnectionOAuthClientRequestParameters are the credentials of a client.
type CreateConnectionOAuthClientRequestParameters struct {
	ClientID     *string
	ClientSecret *string
}

// UpdateConnectionOAuthClientRequestParameters change the credentials of a client.
type UpdateConnectionOAuthClientRequestParameters CreateConnectionOAuthClientRequestParameters

// ConnectionHttpParameters are added to requests.
type ConnectionHttpParameters struct {
	HeaderParameters      []ConnectionHeaderParameter      `json:",omitempty"`
	QueryStringParameters []ConnectionQueryStringParameter `json:",omitempty"`
	BodyParameters        []ConnectionBodyParameter        `json:",omitempty"`
}

// A ConnectionHeaderParameter is added to the header of requests.
type ConnectionHeaderParameter struct {
	Key           *string `json:",omitempty"`
	Value         *string `json:",omitempty"`
	IsValueSecret *bool   `json:",omitempty"`
}

// A ConnectionQueryStringParameter is added to the query of requests.
type ConnectionQueryStringParameter ConnectionHeaderParameter

// A ConnectionBodyParameter is added to the body of requests.
type ConnectionBodyParameter ConnectionHeaderParameter

// ConnectivityResourceParameters name a private resource. They are refused.
type ConnectivityResourceParameters struct {
	ResourceParameters *ConnectivityResourceConfigurationArn
}

// ConnectivityResourceConfigurationArn names a resource configuration.
type ConnectivityResourceConfigurationArn struct {
	ResourceConfigurationArn *string
}

func (p *CreateConnectionAuthRequestParameters) in() destination.Auth {
	a := destination.Auth{Parameters: p.InvocationHttpParameters.in()}
	if b := p.BasicAuthParameters; b != nil {
		a.Basic = &destination.BasicAuth{User: wire.Val(b.Username), Password: wire.Val(b.Password)}
	}
	if k := p.ApiKeyAuthParameters; k != nil {
		a.APIKey = &destination.APIKeyAuth{Name: wire.Val(k.ApiKeyName), Value: wire.Val(k.ApiKeyValue)}
	}
	if o := p.OAuthParameters; o != nil {
		a.OAuth = &destination.OAuthAuth{
			Endpoint: wire.Val(o.AuthorizationEndpoint), Method: wire.Val(o.HttpMethod), Parameters: o.OAuthHttpParameters.in(),
		}
		if c := o.ClientParameters; c != nil {
			a.OAuth.ClientID, a.OAuth.ClientSecret = wire.Val(c.ClientID), wire.Val(c.ClientSecret)
		}
	}
	return a
}

func (p *UpdateConnectionAuthRequestParameters) in() destination.Auth {
	same := CreateConnectionAuthRequestParameters{
		BasicAuthParameters:      (*CreateConnectionBasicAuthRequestParameters)(p.BasicAuthParameters),
		ApiKeyAuthParameters:     (*CreateConnectionApiKeyAuthRequestParameters)(p.ApiKeyAuthParameters),
		InvocationHttpParameters: p.InvocationHttpParameters,
	}
	if o := p.OAuthParameters; o != nil {
		same.OAuthParameters = &CreateConnectionOAuthRequestParameters{
			ClientParameters:      (*CreateConnectionOAuthClientRequestParameters)(o.ClientParameters),
			AuthorizationEndpoint: o.AuthorizationEndpoint, HttpMethod: o.HttpMethod, OAuthHttpParameters: o.OAuthHttpParameters,
		}
	}
	return same.in()
}

func (p *ConnectionHttpParameters) in() *destination.Parameters {
	if p == nil {
		return nil
	}
	return &destination.Parameters{
		Header: parametersIn(p.HeaderParameters), Query: parametersIn(p.QueryStringParameters), Body: parametersIn(p.BodyParameters),
	}
}

// aParameter is any of the three kinds of parameters, which differ in their
// limits only.
type aParameter interface {
	ConnectionHeaderParameter | ConnectionQueryStringParameter | ConnectionBodyParameter
}

func parametersIn[P aParameter](all []P) []destination.Parameter {
	var out []destination.Parameter
	for _, one := range all {
		p := ConnectionHeaderParameter(one)
		out = append(out, destination.Parameter{Key: wire.Val(p.Key), Value: wire.Val(p.Value), Secret: wire.Val(p.IsValueSecret)})
	}
	return out
}

// ConnectionAuthResponseParameters are what is shown of how a connection authorizes.
type ConnectionAuthResponseParameters struct {
	BasicAuthParameters      *ConnectionBasicAuthResponseParameters  `json:",omitempty"`
	OAuthParameters          *ConnectionOAuthResponseParameters      `json:",omitempty"`
	ApiKeyAuthParameters     *ConnectionApiKeyAuthResponseParameters `json:",omitempty"`
	InvocationHttpParameters *ConnectionHttpParameters               `json:",omitempty"`
}

// ConnectionBasicAuthResponseParameters are what is shown of a user.
type ConnectionBasicAuthResponseParameters struct{ Username string }

// ConnectionApiKeyAuthResponseParameters are what is shown of a key.
type ConnectionApiKeyAuthResponseParameters struct{ ApiKeyName string }

// ConnectionOAuthResponseParameters are what is shown of the way to a token.
type ConnectionOAuthResponseParameters struct {
	ClientParameters      ConnectionOAuthClientResponseParameters
	AuthorizationEndpoint string
	HttpMethod            string
	OAuthHttpParameters   *ConnectionHttpParameters `json:",omitempty"`
}

// ConnectionOAuthClientResponseParameters are what is shown of a client.
type ConnectionOAuthClientResponseParameters struct{ ClientID string }

func authOut(a destination.Auth) *ConnectionAuthResponseParameters {
	if a == (destination.Auth{}) {
		return nil
	}
	out := &ConnectionAuthResponseParameters{InvocationHttpParameters: parametersOut(a.Parameters)}
	if b := a.Basic; b != nil {
		out.BasicAuthParameters = &ConnectionBasicAuthResponseParameters{b.User}
	}
	if k := a.APIKey; k != nil {
		out.ApiKeyAuthParameters = &ConnectionApiKeyAuthResponseParameters{k.Name}
	}
	if o := a.OAuth; o != nil {
		out.OAuthParameters = &ConnectionOAuthResponseParameters{
			ClientParameters:      ConnectionOAuthClientResponseParameters{o.ClientID},
			AuthorizationEndpoint: o.Endpoint, HttpMethod: o.Method, OAuthHttpParameters: parametersOut(o.Parameters),
		}
	}
	return out
}

func parametersOut(p *destination.Parameters) *ConnectionHttpParameters {
	if p == nil {
		return nil
	}
	return &ConnectionHttpParameters{
		HeaderParameters:      rowsOut[ConnectionHeaderParameter](p.Header),
		QueryStringParameters: rowsOut[ConnectionQueryStringParameter](p.Query),
		BodyParameters:        rowsOut[ConnectionBodyParameter](p.Body),
	}
}

func rowsOut[P aParameter](all []destination.Parameter) []P {
	var out []P
	for _, p := range all {
		row := ConnectionHeaderParameter{Key: &p.Key, IsValueSecret: &p.Secret}
		if !p.Secret {
			row.Value = &p.Value
		}
		out = append(out, P(row))
	}
	return out
}
