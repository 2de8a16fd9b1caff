package restapi

import (
	"context"
	"fmt"

	"github.com/dari-bus/dari/internal/room/restapi/catalog"
)

// Options configure a Service.
type Options = catalog.Options

// A Service is the REST APIs of one store.
type Service struct{ *catalog.Catalog }

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	c, err := catalog.Open(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("open REST APIs: %w", err)
	}
	return &Service{c}, nil
}
