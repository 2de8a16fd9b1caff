package app

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/build"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/target"
)

// openBuilds opens the builds, which have news for the buses.
func (a *App) openBuilds(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	a.box.enter()
	run := &runner.Runner{Open: a.box.open, Sources: a.opt.BuildSources, Reach: a.opt.reach}
	if !a.opt.Ephemeral {
		run.Buckets = filepath.Join(a.opt.Data, "s3")
	}
	var err error
	r.builds, err = build.Open(ctx, build.Options{
		Store: a.store, Guard: guard, Runner: run, Slots: max(runtime.NumCPU(), 2), MemoryBytes: int64(a.opt.memoryOfPrograms()) << 20, Log: a.opt.Log, Endpoint: a.inside, Configured: a.opt.configured,
		Emit:   func(from access.Caller, e event.Entry) (build.Emission, error) { return r.buses.Prepare(from, e) },
		Assume: r.assumeForBuild,
		Write:  r.writeForBuild,
	})
	if err != nil {
		return room{}, err
	}
	return room{api: build.API(r.builds), run: func(ctx context.Context) error {
		return errors.Join(r.builds.Run(ctx), a.box.leave())
	}}, nil
}

// leastSession is how long a session of a role lasts at least.
const leastSession = 15 * time.Minute

// assumeForBuild makes a session of a role for CodeBuild.
func (r *rooms) assumeForBuild(by access.Caller, role, session string, lasting time.Duration) (*runner.Credentials, access.Caller, error) {
	g, err := r.identities.AssumeForService(by, role, session, max(lasting, leastSession))
	if err != nil {
		return nil, access.Caller{}, err
	}
	as := access.Root(by.Account, by.Region)
	if c, ok := r.identities.Find(g.KeyID, g.Token); ok && c.Principal != "" {
		as.Principal, as.Identity = c.Principal, c.Identity
	}
	as.Source = by.Source
	return &runner.Credentials{KeyID: g.KeyID, Secret: g.Secret, Token: g.Token}, as, nil
}

// writeForBuild writes lines of a build to a log group.
func (r *rooms) writeForBuild(ctx context.Context, by access.Caller, group, stream string, lines []runner.Line) error {
	entries := make([]blocks.Entry, len(lines))
	for i, l := range lines {
		entries[i] = blocks.Entry{Time: l.Time, Text: l.Text}
	}
	return r.logs.Vend(ctx, by, group, stream, entries)
}

// projectSink is where targets meet the projects.
func projectSink(r *rooms) target.Sink {
	return target.Project(func(ctx context.Context, to arn.ARN, b target.ProjectBuild) error {
		as, err := access.Role(b.Role, b.Rule)
		if err != nil {
			return err
		}
		return r.builds.StartFor(ctx, as, to, b.Input, b.Token)
	})
}
