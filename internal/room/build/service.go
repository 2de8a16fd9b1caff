package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// The bounds of builds: how many of an account in a region are kept, and how many may wait
// for their turn; how large the settings of those that are kept of an account are together,
// and of all accounts that callers made up; and how many of all accounts may wait, since
// without keys an account is what a caller says it is.
const (
	maxBuilds  = 2000
	maxWaiting = 100
	maxKept    = 32 << 20
	maxLine    = 1000
)

// An Emission is an event on its way into a transaction: see the bus.
type Emission interface {
	Owe(tx store.Tx) error
	End(kept bool)
}

// Options configure a Service. All but Log must be set.
type Options struct {
	Store store.Store
	Guard access.Guard
	// Emit makes an event ready for the default bus of a place.
	Emit func(from access.Caller, e event.Entry) (Emission, error)
	// Runner runs builds.
	Runner Runner
	// Assume returns a session of a role that lets CodeBuild in for a build, which lasts as
	// long, and the caller that it is.
	Assume func(by access.Caller, role, session string, lasting time.Duration) (*runner.Credentials, access.Caller, error)
	// Write writes to a log group, as far as the caller may, and makes group and stream.
	Write func(ctx context.Context, by access.Caller, group, stream string, lines []runner.Line) error
	// Endpoint is where the commands of builds reach this server.
	Endpoint func() string
	// Slots are how many builds run at a time, and MemoryBytes what these may use
	// together; 0 is no bound.
	Slots       int
	MemoryBytes int64
	// Configured says whether an account is one that the settings name, and not one that
	// a caller made up; nil for all are. The others share what they may keep.
	Configured func(account string) bool
	// Log hears what goes wrong in the background. Nil means slog.Default().
	Log *slog.Logger
}

// A Runner runs one build.
type Runner interface {
	Run(ctx context.Context, job *runner.Job) error
}

// A Service is all the projects and builds of one store.
type Service struct {
	opt Options
	*catalog.Catalog
	builds *table.Table[Build]
	scale  *table.Scale
	line   *line
	// woken says that there is something to run.
	woken chan struct{}
}

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Emit == nil || opt.Runner == nil || opt.Assume == nil || opt.Write == nil || opt.Endpoint == nil || opt.Slots < 1 {
		return nil, errors.New("open builds: they need a store, a guard, a runner and the ways to events, roles and logs")
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{opt: opt, woken: make(chan struct{}, 1), line: newLine(opt.Slots, opt.MemoryBytes)}
	s.scale = &table.Scale{Max: maxKept, What: "builds", Configured: opt.Configured}
	var err error
	if s.Catalog, err = catalog.Open(ctx, opt.Store, opt.Guard, opt.Configured); err == nil {
		s.builds, err = table.Open(ctx, table.Options[Build]{
			Store: opt.Store, Prefix: "build/build/", Version: 1, Max: maxBuilds,
			Full:  fault.Limit("Cannot have more than %d builds that are not over", maxBuilds),
			Scale: s.scale, Weight: func(b *Build) int { return b.Bytes },
			Complete: func(k table.Key, b *Build) error {
				b.place = k.Place
				return nil
			},
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open builds: %w", err)
	}
	s.recount()
	return s, nil
}

// recount has the line know of the builds that there are.
func (s *Service) recount() {
	now := time.Now().UnixMilli()
	for b := range s.builds.All() {
		if !b.Over() {
			s.line.count(b, 1)
		}
		if now-b.Started < tokenHolds.Milliseconds() {
			s.line.settle(s.line.claim(b), true)
		}
	}
}

// write writes a build with the events that tell of the change, in one transaction.
func (s *Service) write(ctx context.Context, b *Build, events []event.Entry, more func(store.Tx) error, opts ...store.Option) (err error) {
	from := access.Caller{Place: b.place, Service: catalog.Principal, Source: b.ARN()}
	var emissions []Emission
	for _, e := range events {
		m, err := s.opt.Emit(from, e)
		if err != nil {
			s.opt.Log.Error("builds: an event cannot be put on the bus", "build", b.ID(), "type", e.DetailType, "err", err)
			continue
		}
		emissions = append(emissions, m)
	}
	defer func() {
		for _, m := range emissions {
			m.End(err == nil)
		}
	}()
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		if err := s.builds.In(tx).Put(b.key(), b); err != nil {
			return err
		}
		for _, m := range emissions {
			if err := m.Owe(tx); err != nil {
				return err
			}
		}
		return nil
	}, opts...)
}

// Builds returns those of ids that there are, and the ids that no build has.
func (s *Service) Builds(by access.Caller, action string, ids []string) (found []*Build, missing []string, err error) {
	for _, id := range ids {
		at, name := catalog.Of(by, "build", id)
		project, _, ok := strings.Cut(name, ":")
		if err := s.Allow(by, action, at, project); err != nil {
			return nil, nil, err
		}
		if !ok {
			return nil, nil, catalog.Invalid("invalid build ID: %.300q; the form is PROJECT:UUID", id)
		}
		if b := s.builds.Find(table.Key{Place: at, Name: name}); b != nil {
			found = append(found, b)
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}

// Get returns a build.
func (s *Service) Get(by access.Caller, action, id string) (*Build, error) {
	found, missing, err := s.Builds(by, action, []string{id})
	if err == nil && len(missing) > 0 {
		at, name := catalog.Of(by, "build", id)
		err = fault.NotFound("Build cannot be found: %s", buildARN(at, name))
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// AllBuilds returns the builds of a project, or of the caller's place when it is "",
// the earliest first.
func (s *Service) AllBuilds(by access.Caller, project string) (all []*Build, err error) {
	at, prefix := by.Place, ""
	if project == "" {
		err = s.AllowList(by, "ListBuilds")
	} else {
		var p *catalog.Project
		if p, err = s.Catalog.Get(by, "ListBuildsForProject", project); err == nil {
			at, prefix = p.Place, p.Name+":"
		}
	}
	if err != nil {
		return nil, err
	}
	for b := range s.builds.Each(at, prefix) {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *Build) int {
		return cmp.Or(cmp.Compare(a.Started, b.Started), strings.Compare(a.Project, b.Project), cmp.Compare(a.Number, b.Number))
	})
	return all, nil
}

// Remove removes builds that are over.
func (s *Service) Remove(ctx context.Context, by access.Caller, ids []string) (gone, running, missing []string, err error) {
	found, missing, err := s.Builds(by, "BatchDeleteBuilds", ids)
	if err != nil {
		return nil, nil, nil, err
	}
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		w := s.builds.In(tx)
		for _, b := range found {
			switch now := w.Find(b.key()); {
			case now == nil: // it was named twice
			case !now.Over():
				running = append(running, now.ARN())
			default:
				if _, err := w.Delete(b.key()); err != nil {
					return err
				}
				gone = append(gone, now.ARN())
			}
		}
		return nil
	}, store.Draining)
	return gone, running, missing, err
}
