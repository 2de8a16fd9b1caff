package destination

import (
	"cmp"
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/table"
)

// A ConnectionState says whether calls can be made with a connection.
type ConnectionState string

// The states. Deauthorizing and Deleting are only ever seen in the answer of
// the method that begins them: both are done when it returns.
const (
	Authorizing   ConnectionState = "AUTHORIZING"
	Authorized    ConnectionState = "AUTHORIZED"
	Deauthorizing ConnectionState = "DEAUTHORIZING"
	Deauthorized  ConnectionState = "DEAUTHORIZED"
	Deleting      ConnectionState = "DELETING"
)

// A Connection is the authorization that API destinations share. Its JSON is
// the record in the store. What a [Service] returns has no secrets in it.
type Connection struct {
	access.Place
	Name        string
	ARN         string
	SecretARN   string
	Description string `json:",omitempty"`
	KMSKey      string `json:",omitempty"`
	Type        AuthType
	Auth        Auth
	State       ConnectionState
	// StateReason says why it is DEAUTHORIZED, in at most 512 characters.
	StateReason string `json:",omitempty"`
	Created     time.Time
	Modified    time.Time
	// Authorized is when it was last found to be in order.
	Authorized time.Time
}

// NewConnection is what CreateConnection is asked for.
type NewConnection struct {
	Name, Description, KMSKey string
	Type                      AuthType
	Auth                      Auth
}

// A ConnectionChange is what UpdateConnection is asked for. Nil members, and an
// empty Type, mean no change.
type ConnectionChange struct {
	Description, KMSKey *string
	Type                AuthType
	Auth                *Auth
}

// A ConnectionFilter narrows a list. Its zero value lists everything.
type ConnectionFilter struct {
	Prefix string
	State  ConnectionState
}

// CreateConnection makes a connection. One that uses OAuth is authorized by Run.
func (s *Service) CreateConnection(ctx context.Context, by access.Caller, n NewConnection) (Connection, error) {
	if err := s.allow(by, "CreateConnection", connectionPrefix, n.Name); err != nil {
		return Connection{}, err
	}
	if err := n.Auth.check(n.Type, s.opt.HTTPSOnly); err != nil {
		return Connection{}, err
	}
	c := &connection{Connection: Connection{
		Place: by.Place, Name: n.Name, Description: n.Description, KMSKey: n.KMSKey,
		ARN:       by.ARN("events", connectionPrefix+n.Name+"/"+uuid.NewString()).String(),
		SecretARN: newSecretARN(by.Place, n.Name),
		Created:   time.Now().UTC(),
	}}
	c.authorize(n.Type, n.Auth)
	s.renew(c)
	if err := s.connections.Create(ctx, table.Key{Place: by.Place, Name: n.Name}, c); err != nil {
		return Connection{}, err
	}
	s.watch(c)
	return c.withoutSecrets(), nil
}

// DescribeConnection returns a connection.
func (s *Service) DescribeConnection(by access.Caller, name string) (Connection, error) {
	if err := s.allow(by, "DescribeConnection", connectionPrefix, name); err != nil {
		return Connection{}, err
	}
	c, err := s.connections.Get(table.Key{Place: by.Place, Name: name})
	if err != nil {
		return Connection{}, err
	}
	return c.withoutSecrets(), nil
}

// ListConnections returns a page of the connections that pass the filter, by name.
func (s *Service) ListConnections(by access.Caller, f ConnectionFilter, token string, limit int) ([]Connection, string, error) {
	if err := s.allowList(by, "ListConnections"); err != nil {
		return nil, "", err
	}
	passes := func(c *connection) bool { return f.State == "" || f.State == c.State }
	found, next, err := s.connections.List(by.Place, f.Prefix, passes, token, limit)
	rows := make([]Connection, len(found))
	for i, c := range found {
		rows[i] = c.withoutSecrets()
	}
	return rows, next, err
}

// UpdateConnection changes a connection. A change of the authorization is a
// new start: one that uses OAuth is AUTHORIZING again.
func (s *Service) UpdateConnection(ctx context.Context, by access.Caller, name string, ch ConnectionChange) (Connection, error) {
	if err := s.allow(by, "UpdateConnection", connectionPrefix, name); err != nil {
		return Connection{}, err
	}
	c, err := s.connections.Change(ctx, table.Key{Place: by.Place, Name: name}, func(c *connection) error {
		c.Modified = time.Now().UTC()
		replace(&c.Description, ch.Description)
		replace(&c.KMSKey, ch.KMSKey)
		kind := cmp.Or(ch.Type, c.Type)
		if ch.Auth == nil {
			if kind != c.Type {
				return invalid("AuthParameters", "another authorization type needs %s.", members[kind])
			}
			return nil
		}
		if err := ch.Auth.checkOnly(kind); err != nil {
			return err
		}
		auth := c.Auth.merge(kind, *ch.Auth)
		if err := auth.check(kind, s.opt.HTTPSOnly); err != nil {
			return err
		}
		c.authorize(kind, auth)
		s.renew(c)
		return nil
	})
	if err != nil {
		return Connection{}, err
	}
	s.watch(c)
	return c.withoutSecrets(), nil
}

// DeauthorizeConnection forgets everything that the connection authorizes
// with. UpdateConnection can give it something new.
func (s *Service) DeauthorizeConnection(ctx context.Context, by access.Caller, name string) (Connection, error) {
	if err := s.allow(by, "DeauthorizeConnection", connectionPrefix, name); err != nil {
		return Connection{}, err
	}
	c, err := s.connections.Change(ctx, table.Key{Place: by.Place, Name: name}, func(c *connection) error {
		c.Auth = Auth{}
		c.State, c.StateReason = Deauthorized, ""
		c.Modified = time.Now().UTC()
		s.renew(c)
		return nil
	})
	if err != nil {
		return Connection{}, err
	}
	shown := c.Connection
	shown.State = Deauthorizing
	return shown, nil
}

// DeleteConnection removes a connection. The API destinations that use it stay
// and are INACTIVE until they are given another one.
func (s *Service) DeleteConnection(ctx context.Context, by access.Caller, name string) (Connection, error) {
	if err := s.allow(by, "DeleteConnection", connectionPrefix, name); err != nil {
		return Connection{}, err
	}
	old, err := s.connections.Delete(ctx, table.Key{Place: by.Place, Name: name})
	if err != nil {
		return Connection{}, err
	}
	c := old.withoutSecrets()
	c.State = Deleting
	c.Modified = time.Now().UTC()
	return c, nil
}

// authorize sets what a connection authorizes with, and its state with it.
func (c *Connection) authorize(kind AuthType, auth Auth) {
	now := time.Now().UTC()
	c.Type, c.Auth = kind, auth
	c.State, c.StateReason = Authorized, ""
	c.Modified = now
	// AWS shows the time for a connection that is still being authorized, too.
	c.Authorized = now
	if kind == OAuth {
		c.State = Authorizing
	}
}

func (c Connection) withoutSecrets() Connection {
	c.Auth = c.Auth.withoutSecrets()
	return c
}

// newSecretARN makes the ARN that Secrets Manager would have given the secret.
func newSecretARN(at access.Place, name string) string {
	return at.ARN("secretsmanager", "secret:events!connection/"+name+"/"+uuid.NewString()+"-"+rand.Text()[:6]).String()
}

func noConnection(name string) error {
	return fault.NotFound("Failed to describe the connection(s). Connection '%s' does not exist.", name)
}
