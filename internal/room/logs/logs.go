package logs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/logs/live"
	"github.com/dari-bus/dari/internal/room/logs/query"
	"github.com/dari-bus/dari/internal/store"
)

// Options configure a Service. Store and Guard must be set.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for.
	Guard access.Guard
	// Memory bounds what reading and merging events take, and Ingest what writing them
	// does. Nil is without a bound.
	Memory, Ingest *budget.Share
	// Outbox owes subscribers their events. Nil means that groups can have none.
	Outbox filters.Outbox
	// Answers is where live sessions take their memory from. Nil is without a bound.
	Answers *budget.Share
	// Log hears what goes wrong in the background. Nil means slog.Default().
	Log *slog.Logger
}

// A Service is log groups, and what looks into them: queries and live sessions.
type Service struct {
	*groups.Service
	live    *live.Hub
	queries *query.Service
}

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{live: live.NewHub(opt.Answers)}
	var err error
	s.Service, err = groups.Open(ctx, groups.Options{
		Store: opt.Store, Guard: opt.Guard, Memory: opt.Memory, Ingest: opt.Ingest, Outbox: opt.Outbox, Published: s.live.Publish, Log: opt.Log,
	})
	if err == nil {
		s.queries, err = query.Open(ctx, query.ServiceOptions{Store: opt.Store, Groups: s.Service, Memory: opt.Memory, Log: opt.Log})
	}
	if err != nil {
		return nil, fmt.Errorf("open logs: %w", err)
	}
	return s, nil
}

// Run runs queries, deletes what has expired and merges small blocks, until its
// context ends.
func (s *Service) Run(ctx context.Context) error {
	var queries sync.WaitGroup
	queries.Go(func() { s.queries.Run(ctx) })
	defer queries.Wait()
	return s.Service.Run(ctx)
}
