package app

import (
	"net/http"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity"
	"github.com/dari-bus/dari/internal/signature"
)

// credentials are the keys of the settings, and those that users and sessions have.
type credentials struct {
	set    access.Credentials // nil when there are none
	issued *identity.Service
}

func (a *App) credentials() credentials { return credentials{a.opt.keys, a.identities} }

// Find returns the access key with an id.
func (c credentials) Find(keyID, token string) (access.Credential, bool) {
	if c.set != nil && c.set.Issued(keyID) {
		return c.set.Find(keyID, token)
	}
	return c.issued.Find(keyID, token)
}

// Issued says whether the key is one of the settings, or was made here.
func (c credentials) Issued(keyID string) bool {
	return c.set != nil && c.set.Issued(keyID) || c.issued.Issued(keyID)
}

// caller returns who signed a request for what is dari's own. Without keys
// everybody is whom they say they are, but for users and sessions.
func (a *App) caller(r *http.Request) (access.Caller, error) {
	if a.opt.keys == nil {
		c, err := signature.Verify(r, nil, "dari", nil, a.home(), time.Now())
		if err != nil || !a.credentials().Issued(c.KeyID) {
			return c, err
		}
	}
	return signature.Verify(r, nil, "dari", a.credentials(), a.home(), time.Now())
}
