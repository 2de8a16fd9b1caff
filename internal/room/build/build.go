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

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Build is one run of a project.
type Build struct {
	Project, UUID string
	Number        int64
	catalog.Settings
	Initiator string
	// Token is the idempotency token that it was started with.
	Token string `json:",omitempty"`
	// Status is IN_PROGRESS until the build is over.
	Status string
	Phases []Phase
	// Started, Ended and Changed are in Unix milliseconds, as all times here.
	Started, Ended int64
	Revision       string               `json:",omitempty"`
	Failed         bool                 `json:",omitempty"`
	Exported       []buildspec.Variable `json:",omitempty"`
	Uploads        []runner.Upload      `json:",omitempty"`
	// Bytes is how large the settings are.
	Bytes int

	place access.Place
}

// A Phase is a part of a build. The last one has not ended, as long as there is no
// Status.
type Phase struct {
	Type          string
	Status        string `json:",omitempty"`
	Begin, End    int64
	Code, Message string `json:",omitempty"`
}

// The phases before those of a runner, and the status of a build that is not over.
const (
	submitted  = "SUBMITTED"
	queued     = "QUEUED"
	inProgress = "IN_PROGRESS"
)

// ID is how the build is called, and ARN in full.
func (b *Build) ID() string  { return b.Project + ":" + b.UUID }
func (b *Build) ARN() string { return buildARN(b.place, b.ID()) }

func buildARN(at access.Place, id string) string {
	return at.ARN(catalog.Service, "build/"+id).String()
}

func (b *Build) key() table.Key { return table.Key{Place: b.place, Name: b.ID()} }

// Current is the phase that the build is in.
func (b *Build) Current() *Phase { return &b.Phases[len(b.Phases)-1] }

// Over says that the build is over.
func (b *Build) Over() bool { return b.Status != inProgress }

// maxMessage is how much is kept of why a phase has failed: it may quote a command.
const maxMessage = 4 << 10

// turn returns the build with its phase ended and the next one begun. Times do not go
// back, whatever the clock does.
func (b *Build) turn(status, code, message, next string) *Build {
	n := *b
	n.Phases = slices.Clone(b.Phases)
	last := n.Current()
	now := max(time.Now().UnixMilli(), last.Begin)
	last.Status, last.Code, last.Message, last.End = status, code, strings.ToValidUTF8(message[:min(len(message), maxMessage)], ""), now
	n.Phases = append(n.Phases, Phase{Type: next, Begin: now})
	return &n
}

// maxBuilds is how many builds of an account in a region are kept, and maxWaiting how
// many may wait for their turn.
const (
	maxBuilds  = 2000
	maxWaiting = 100
)

// maxKept is how large the settings of those that are kept of an account are together, and
// of all accounts that callers made up.
const maxKept = 32 << 20

// maxLine is how many builds of all accounts may wait: without keys an account is what
// a caller says it is.
const maxLine = 1000

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

// Start starts a build of a project with settings of its own. The answer is the build
// as it waits for its turn.
func (s *Service) Start(ctx context.Context, by access.Caller, project, token string, change func(catalog.Settings) catalog.Settings) (*Build, error) {
	p, err := s.Catalog.Get(by, "StartBuild", project)
	if err != nil {
		return nil, err
	}
	settings := change(p.Settings)
	if err := settings.Complete(p.Name, *p.EncryptionKey); err != nil {
		return nil, err
	}
	if *settings.ServiceRole != *p.ServiceRole {
		if err := s.Passes(by, *settings.ServiceRole); err != nil {
			return nil, err
		}
	}
	return s.enqueue(ctx, by, p, token, settings)
}

// enqueue makes a build of a project and puts it in the line, unless its token was
// lately another one's: then the answer is that one.
func (s *Service) enqueue(ctx context.Context, by access.Caller, p *catalog.Project, token string, settings catalog.Settings) (_ *Build, err error) {
	b := &Build{
		Project: p.Name, UUID: uuid.NewString(), Number: p.Builds + 1, Settings: settings, Initiator: initiator(by), Token: token,
		Status: inProgress, Started: time.Now().UnixMilli(), Bytes: settings.Size(), place: p.Place,
	}
	b.Phases = []Phase{{Type: submitted, Begin: b.Started}}
	mine, same, err := s.claim(ctx, b)
	if same != nil || err != nil {
		return same, err
	}
	defer func() { s.line.settle(mine, err == nil) }()
	if err := s.line.enter(b); err != nil {
		return nil, err
	}
	begun := b.turn(runner.Succeeded, "", "", queued)
	err = s.write(ctx, begun, []event.Entry{b.stateChange(s), begun.phaseChange(s)}, func(tx store.Tx) (err error) {
		if begun.Number, err = s.Number(tx, p); err != nil {
			return err
		}
		return s.makeRoom(tx, b)
	})
	if err != nil {
		s.line.leave(b)
		return nil, err
	}
	s.line.join(begun)
	s.wake()
	return begun, nil
}

// claim claims the token of a build, or returns the build that has it. It waits for one
// that is just being started.
func (s *Service) claim(ctx context.Context, b *Build) (mine *claim, same *Build, err error) {
	for {
		c := s.line.claim(b)
		if c == nil || c.build == b.key() {
			return c, nil, nil
		}
		select {
		case <-c.known:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		if same := s.builds.Find(c.build); c.kept && same != nil {
			return nil, same, nil
		}
		s.line.disclaim(c) // nothing came of it, or it is gone
	}
}

// makeRoom removes the oldest builds of the account of one that is to come: some of its
// place while that has as many as are kept, and then as many as it takes for its settings.
func (s *Service) makeRoom(tx store.Tx, b *Build) error {
	w := s.builds.In(tx)
	spare := 0
	if w.Count(b.place, "") >= maxBuilds {
		spare = maxBuilds / 20
	}
	if spare == 0 && s.scale.Fits(b.place.Account, b.Bytes) {
		return nil
	}
	var over []*Build
	for old := range s.builds.All() {
		if old.place.Account == b.place.Account && old.Over() && w.Find(old.key()) != nil {
			over = append(over, old)
		}
	}
	slices.SortFunc(over, func(a, b *Build) int { return cmp.Compare(a.Started, b.Started) })
	for _, old := range over {
		switch here := old.place == b.place; {
		case here && spare > 0:
			spare--
		case s.scale.Fits(b.place.Account, b.Bytes):
			continue
		}
		if _, err := w.Delete(old.key()); err != nil {
			return err
		}
	}
	return nil
}

// initiator is who started a build, as CodeBuild has it.
func initiator(by access.Caller) string {
	name := by.Principal[strings.LastIndexByte(by.Principal, ':')+1:]
	switch {
	case by.Source != "":
		return by.Source[strings.LastIndexByte(by.Source, ':')+1:] // rule/NAME
	case strings.HasPrefix(name, "assumed-role/"):
		return strings.TrimPrefix(name, "assumed-role/")
	case strings.HasPrefix(name, "user/"):
		return name[strings.LastIndexByte(name, '/')+1:]
	}
	return name
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

// Needs returns the ARNs of the projects that need a program of the machine, which is
// "git" or "bash", as far as their settings say so: a buildspec in a source may, too.
func (s *Service) Needs(program string) (projects []string) {
	for p := range s.Everywhere() {
		needs := false
		switch program {
		case "git":
			needs = source(*p.Source, "").Kind == runner.Git || slices.ContainsFunc(p.SecondarySources, func(o catalog.Source) bool { return source(o, "").Kind == runner.Git })
		case "bash":
			spec, err := buildspec.Parse([]byte(p.Source.Buildspec)) // a path is none
			needs = err == nil && spec.Shell == "bash"
		}
		if needs {
			projects = append(projects, p.ARN())
		}
	}
	return projects
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

// Retry starts a build once more, with the settings that it had.
func (s *Service) Retry(ctx context.Context, by access.Caller, id, token string) (*Build, error) {
	b, err := s.Get(by, "RetryBuild", id)
	if err != nil {
		return nil, err
	}
	p := s.Find(b.place, b.Project)
	switch {
	case p == nil:
		return nil, catalog.Missing(b.place, b.Project)
	case !b.Over():
		return nil, catalog.Invalid("the build %s is not over; only one that is can be retried", b.ID())
	}
	return s.enqueue(ctx, by, p, token, b.Settings)
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
