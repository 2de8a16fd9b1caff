package destination

import (
	"encoding/base64"

	"github.com/dari-bus/dari/internal/target"
)

// A connection is a Connection with what has been made of it.
type connection struct {
	Connection
	// credentials fetch tokens; nil unless the type is OAuth.
	credentials *credentials
	// call is what it adds to calls, without the token.
	call target.Endpoint
}

// renew makes anew what is made of what a connection authorizes with. A token
// that it had is forgotten.
func (s *Service) renew(c *connection) {
	c.credentials, c.call = nil, c.Auth.call()
	if c.Auth.OAuth != nil {
		c.credentials = newCredentials(c.Connection, s.opt.Client)
	}
}

// watch has Run see to a connection that has been written.
func (s *Service) watch(c *connection) {
	if c.wantsToken() {
		s.wakeUp()
	}
}

// wantsToken reports whether Run is to fetch a token to see if the connection
// is in order.
func (c *connection) wantsToken() bool { return c.credentials != nil && c.State != Authorized }

// call returns what the connection adds to each call, except for a token.
func (a Auth) call() target.Endpoint {
	var e target.Endpoint
	if p := a.Parameters; p != nil {
		e.Header, e.Query, e.Body = plain(p.Header), plain(p.Query), plain(p.Body)
		e.Secrets = p.secrets()
	}
	if b := a.Basic; b != nil {
		text := base64.StdEncoding.EncodeToString([]byte(b.User + ":" + b.Password))
		e.Header = append(e.Header, target.Parameter{Key: "Authorization", Value: "Basic " + text})
		e.Secrets = append(e.Secrets, text, b.Password)
	}
	if k := a.APIKey; k != nil {
		e.Header = append(e.Header, target.Parameter{Key: k.Name, Value: k.Value})
		e.Secrets = append(e.Secrets, k.Value)
	}
	return e
}

func plain(all []Parameter) []target.Parameter {
	var out []target.Parameter
	for _, p := range all {
		out = append(out, target.Parameter{Key: p.Key, Value: p.Value})
	}
	return out
}
