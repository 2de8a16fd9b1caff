package build

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
)

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
