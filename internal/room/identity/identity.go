package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/store"
)

// Options configure a Service.
type Options struct {
	Store store.Store
	// Guard judges those who are no users and no sessions.
	Guard access.Guard
	// Verified says that nobody is taken at their word: see [directory.Options].
	Verified bool
	// Strict says that roles which services act with must exist.
	Strict bool
	// Configured says whether an account is one of the settings.
	Configured func(account string) bool
}

// A Service is the guard of the house, and knows the keys that were made here.
type Service struct{ *directory.Directory }

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	d, err := directory.Open(ctx, directory.Options(opt))
	if err != nil {
		return nil, err
	}
	return &Service{d}, nil
}
