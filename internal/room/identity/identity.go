package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
)

// Options configure a Service. There is nothing to decide: it keeps nothing, and
// everybody may ask who they are, at AWS even those whom a policy denies it.
type Options struct{}

// A Service tells who is who.
type Service struct{}

// Open returns the service.
func Open(context.Context, Options) (*Service, error) { return &Service{}, nil }

// An Identity is who a caller is to others.
type Identity struct {
	// ID is unique and stays with whoever it is; that of a root user is the account.
	ID string
	// Account is whose identity it is, and ARN how policies name it.
	Account, ARN string
}

// Of returns who a caller is.
func (s *Service) Of(by access.Caller) Identity {
	return Identity{ID: by.Account, Account: by.Account, ARN: by.Principal}
}
