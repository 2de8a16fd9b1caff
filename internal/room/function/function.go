package function

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/room/function/provision"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/url"
)

// Options configure a Service.
type Options struct {
	runner.Options
	// Sources are the queues that functions work on, and Batches the memory for their
	// messages meanwhile; nil has no bound.
	Sources mapping.Queues
	Batches *budget.Share
	// Requests is the memory for requests, half of which what functions are sent may have
	// while they run; nil has no bound.
	Requests *budget.Share
}

// A Service is the functions.
type Service struct {
	*runner.Runner
	// Mappings have functions work on queues. They run by themselves, and are to end
	// before the functions do.
	Mappings *mapping.Mappings
	// Provisions keep environments ready.
	Provisions *provision.Provisions
	// URLs are those of functions.
	URLs *url.Service
}

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Requests != nil {
		half := budget.New(opt.Requests.Size()/2, []budget.Part{{Name: "payloads", Percent: 100}})
		opt.Payloads = half.Share("payloads").Divided()
	}
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
	p, err := provision.Open(ctx, provision.Options{Store: opt.Store, Guard: opt.Guard, Functions: r, Environments: r, Configured: opt.Configured})
	if err != nil {
		return nil, err
	}
	urls, err := url.Open(ctx, url.Options{Store: opt.Store, Guard: opt.Guard, Functions: r, Configured: opt.Configured, Payloads: opt.Payloads})
	return &Service{r, m, p, urls}, err
}

// Run keeps the environments, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Runner.Run(ctx) })
	g.Go(func() error { return s.Provisions.Run(ctx) })
	return g.Wait()
}
