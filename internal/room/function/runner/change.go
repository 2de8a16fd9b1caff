package runner

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
)

// UpdateCode changes the code of a function. What runs ends with its invocation.
func (s *Runner) UpdateCode(ctx context.Context, by access.Caller, a catalog.Address, u catalog.CodeChange) (*catalog.Version, error) {
	v, err := s.Catalog.UpdateCode(ctx, by, a, u)
	if err == nil && !u.Keep {
		s.pool.Changed(a, false)
	}
	return v, err
}

// UpdateConfiguration changes the settings of a function. What runs ends with its invocation.
func (s *Runner) UpdateConfiguration(ctx context.Context, by access.Caller, a catalog.Address, ch *catalog.Change, revision string) (*catalog.Version, error) {
	v, err := s.Catalog.UpdateConfiguration(ctx, by, a, ch, revision)
	if err == nil {
		s.pool.Changed(a, false)
	}
	return v, err
}

// Delete deletes a function, or one version of it.
func (s *Runner) Delete(ctx context.Context, by access.Caller, a catalog.Address) error {
	err := s.Catalog.Delete(ctx, by, a)
	if err == nil {
		s.pool.Changed(a, true)
	}
	return err
}
