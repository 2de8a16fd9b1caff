package function

import (
	"context"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/room/function/runner"
)

// Options configure a Service.
type Options struct {
	runner.Options
	// Sources are the queues that functions work on, and Batches the memory for their
	// messages meanwhile; nil has no bound.
	Sources mapping.Queues
	Batches *budget.Share
}

// A Service is the functions.
type Service struct {
	*runner.Runner
	// Mappings have functions work on queues. They run by themselves, and are to end
	// before the functions do.
	Mappings *mapping.Mappings
}

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	r, err := runner.Open(ctx, opt.Options)
	if err != nil {
		return nil, err
	}
	m, err := mapping.Open(ctx, mapping.Options{
		Store: opt.Store, Guard: opt.Guard, Queues: opt.Sources, Functions: r, Log: opt.Log, Memory: opt.Batches, Configured: opt.Configured,
	})
	if err != nil {
		return nil, err
	}
	return &Service{r, m}, nil
}
