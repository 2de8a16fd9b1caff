package build

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
)

// wake has the desk look at the line.
func (s *Service) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Run has builds run, one after the other as far as there is room, until ctx ends. Then
// those that run are killed; the next Run ends them in a fault, and goes on with those
// that wait.
func (s *Service) Run(ctx context.Context) error {
	if err := s.recover(ctx); err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	for {
		run, until := s.take(ctx)
		if run != nil {
			running.Go(run)
			continue
		}
		// Nobody waits in an empty line: the timer is for nothing then.
		timer := time.NewTimer(until)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-s.woken:
			timer.Stop()
		}
	}
}

// recover ends the builds that ran when the server ended, and has those that waited
// wait again.
func (s *Service) recover(ctx context.Context) error {
	var waiting []*Build
	for b := range s.builds.All() {
		switch {
		case b.Over():
		case b.Current().Type == queued:
			waiting = append(waiting, b)
		default:
			if err := s.end(ctx, b, runner.Fault, "INTERNAL_SERVICE_ERROR", "The server ended while the build ran."); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(waiting, func(a, b *Build) int { return int(a.Started - b.Started) })
	for _, b := range waiting {
		s.line.join(b)
	}
	return nil
}

// endAgain is when what could not be written is tried again.
const endAgain = time.Minute

// take returns what runs the build whose turn it is, or nil and how long to wait before
// one has waited too long. It ends those that have.
func (s *Service) take(ctx context.Context) (run func(), until time.Duration) {
	for _, e := range s.line.late() {
		b := s.builds.Find(e.build)
		if b == nil || b.Over() {
			continue
		}
		if err := s.end(ctx, b, runner.TimedOut, "BUILD_TIMED_OUT", "Build has timed out. "); err != nil {
			s.opt.Log.Error("builds: a build that waited too long cannot be ended", "build", b.ID(), "err", err)
			e.until = time.Now().Add(endAgain)
			s.line.put(e)
		}
	}
	t, within, until := s.line.next(ctx)
	if t == nil {
		return nil, until
	}
	b := s.builds.Find(t.build)
	if b == nil || b.Over() { // it was started and ended while the server began
		s.line.part(t)
		return nil, 0
	}
	return func() { s.execute(ctx, within, t, b) }, 0
}

// end ends a build that has no runner.
func (s *Service) end(ctx context.Context, b *Build, status, code, message string) error {
	n := b.turn(status, code, message, runner.Completed)
	n.Status, n.Ended = status, n.Current().Begin
	err := s.write(ctx, n, []event.Entry{n.phaseChange(s), n.stateChange(s)}, nil, store.Draining)
	if err == nil {
		s.line.leave(n)
	}
	return err
}

// Stop ends a build. The answer is the build as it is then: one that runs may take a
// moment to end.
func (s *Service) Stop(ctx context.Context, by access.Caller, id string) (*Build, error) {
	b, err := s.Get(by, "StopBuild", id)
	if err != nil {
		return nil, err
	}
	if e, ok := s.line.pull(b.key()); ok {
		if err := s.end(ctx, b, runner.Stopped, "", ""); err != nil {
			s.line.put(e)
			return nil, err
		}
	}
	t, stopped := s.line.stop(b.key())
	if t != nil && !stopped {
		select {
		case <-t.written:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	b = s.builds.Find(b.key())
	if b == nil {
		return nil, fault.NotFound("Build cannot be found: %s", id)
	}
	if stopped && !b.Over() {
		n := *b
		n.Status = runner.Stopped
		b = &n
	}
	return b, nil
}

// errEnds is why builds end when the server does: nothing is written of them then.
var errEnds = errors.New("the server ends")

// execute runs a build within a context that ends when it is stopped.
func (s *Service) execute(ctx, within context.Context, t *turn, b *Build) {
	timeout := time.Duration(*b.TimeoutInMinutes) * time.Minute
	late := time.AfterFunc(timeout, func() { t.cancel(runner.ErrTimedOut) })
	defer func() {
		late.Stop()
		s.line.part(t)
		s.wake()
	}()
	begun := b.turn(runner.Succeeded, "", "", runner.Provisioning)
	err := s.write(ctx, begun, []event.Entry{begun.phaseChange(s)}, nil)
	if err == nil {
		err = s.opt.Runner.Run(within, s.job(ctx, within, t, begun, timeout))
	}
	if err != nil && ctx.Err() == nil {
		s.opt.Log.Error("builds: a build has failed for a reason of the server's", "build", b.ID(), "err", err)
		if last := s.builds.Find(b.key()); last != nil && !last.Over() {
			if err := s.end(ctx, last, runner.Fault, "INTERNAL_SERVICE_ERROR", "The server could not go on with the build."); err != nil {
				s.opt.Log.Error("builds: a build cannot be ended; a restart does it", "build", b.ID(), "err", err)
			}
		}
	}
}

// step writes that a phase of a build has ended. A build that was stopped before its
// end is written ends as one that was stopped.
func (s *Service) step(ctx, within context.Context, t *turn, b *Build, step runner.Step) (*Build, error) {
	if ctx.Err() != nil {
		return nil, errEnds
	}
	if step.Next == runner.Completed {
		if s.line.end(t, within) {
			step.Status, step.Code, step.Message = runner.Stopped, "", ""
		}
		defer close(t.written)
	}
	n := b.turn(step.Status, step.Code, step.Message, step.Next)
	n.Revision, n.Exported, n.Uploads, n.Failed = step.Revision, step.Exported, step.Uploads, step.Failed
	events := []event.Entry{}
	if step.Next == runner.Completed {
		n.Ended = n.Current().Begin
		switch n.Status = runner.Succeeded; {
		case step.Status == runner.Stopped || step.Status == runner.TimedOut || step.Status == runner.Fault:
			n.Status = step.Status
		case step.Failed:
			n.Status = runner.Failed
		}
		events = append(events, n.stateChange(s))
	}
	events = slices.Insert(events, 0, n.phaseChange(s))
	err := s.write(ctx, n, events, nil, store.Draining)
	if err == nil && n.Over() {
		s.line.leave(n)
	}
	return n, err
}

// job is what a build is for its runner.
func (s *Service) job(ctx, within context.Context, t *turn, b *Build, timeout time.Duration) *runner.Job {
	as := access.Caller{Place: b.place, Service: catalog.Principal, Source: b.ARN()}
	var session access.Caller // once there are credentials
	group, stream := b.logs()
	job := &runner.Job{
		Account: b.place.Account, Number: digits(b.UUID), Buildspec: b.Source.Buildspec, Source: source(*b.Source, catalog.Val(b.SourceVersion)),
		Variables: variables(b.Environment.EnvironmentVariables), Platform: s.platform(b), MemoryBytes: t.memory,
		Credentials: func() (keys *runner.Credentials, err error) {
			keys, session, err = s.opt.Assume(as, *b.ServiceRole, "AWSCodeBuild-"+b.UUID, timeout)
			return keys, err
		},
		Write: func(ctx context.Context, lines []runner.Line) error {
			if stream == "" {
				return nil
			}
			return s.opt.Write(ctx, session, group, stream, lines)
		},
		Report: func(step runner.Step) (err error) {
			b, err = s.step(ctx, within, t, b, step)
			return err
		},
	}
	for _, sec := range b.SecondarySources {
		version := ""
		for _, v := range b.SecondarySourceVersions {
			if v.SourceIdentifier == sec.SourceIdentifier {
				version = v.SourceVersion
			}
		}
		job.Secondary = append(job.Secondary, source(sec, version))
	}
	for _, a := range append([]catalog.Artifacts{*b.Artifacts}, b.SecondaryArtifacts...) {
		if a.Type == "S3" {
			job.Artifacts = append(job.Artifacts, artifact(b, a))
		}
	}
	return job
}

// digits are nine digits that are made of an id.
func digits(id string) string {
	n, _ := strconv.ParseUint(id[:8], 16, 64) // the first eight of a UUID are digits of 16
	return fmt.Sprintf("%09d", n%1e9)
}

func source(s catalog.Source, version string) runner.Source {
	kinds := map[string]runner.Kind{"NO_SOURCE": runner.None, "S3": runner.Files}
	kind, ok := kinds[s.Type]
	if !ok {
		kind = runner.Git
	}
	return runner.Source{ID: s.SourceIdentifier, Kind: kind, Location: s.Location, Version: version, Depth: catalog.Val(s.GitCloneDepth)}
}

func artifact(b *Build, a catalog.Artifacts) runner.Artifact {
	folder := strings.Trim(a.Path, "/")
	if a.NamespaceType == "BUILD_ID" {
		folder += "/" + b.UUID
	}
	return runner.Artifact{
		ID: a.ArtifactIdentifier, Bucket: strings.TrimPrefix(a.Location, "arn:aws:s3:::"), Folder: folder, Name: a.Name,
		Zip: a.Packaging == "ZIP", Override: a.OverrideArtifactName,
	}
}

func variables(all []catalog.Variable) []buildspec.Variable {
	out := make([]buildspec.Variable, len(all))
	for i, v := range all {
		out[i] = buildspec.Variable{Name: v.Name, Value: v.Value}
	}
	return out
}

// platform are the variables that tell a build of itself.
// https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
func (s *Service) platform(b *Build) []buildspec.Variable {
	group, stream := b.logs()
	id := ""
	if p := s.Find(b.place, b.Project); p != nil {
		id = p.ID
	}
	repo, version := "", catalog.Val(b.SourceVersion)
	if b.Source.Type != "NO_SOURCE" {
		repo = b.Source.Location
	}
	endpoint := s.opt.Endpoint()
	all := []buildspec.Variable{
		{Name: "AWS_DEFAULT_REGION", Value: b.place.Region}, {Name: "AWS_REGION", Value: b.place.Region}, {Name: "AWS_ENDPOINT_URL", Value: endpoint},
		{Name: "CODEBUILD_BUILD_ARN", Value: b.ARN()}, {Name: "CODEBUILD_BUILD_ID", Value: b.ID()}, {Name: "CODEBUILD_BUILD_IMAGE", Value: b.Environment.Image},
		{Name: "CODEBUILD_BUILD_NUMBER", Value: strconv.FormatInt(b.Number, 10)}, {Name: "CODEBUILD_CI", Value: "true"},
		{Name: "CODEBUILD_INITIATOR", Value: b.Initiator}, {Name: "CODEBUILD_KMS_KEY_ID", Value: catalog.Val(b.EncryptionKey)},
		{Name: "CODEBUILD_LOG_PATH", Value: stream}, {Name: "CODEBUILD_LOG_GROUP", Value: group},
		{Name: "CODEBUILD_PROJECT_ARN", Value: catalog.ARN(b.place, b.Project)}, {Name: "CODEBUILD_PROJECT_UUID", Value: id},
		{Name: "CODEBUILD_SOURCE_REPO_URL", Value: repo}, {Name: "CODEBUILD_SOURCE_VERSION", Value: version},
		{Name: "CODEBUILD_START_TIME", Value: strconv.FormatInt(b.Started, 10)},
	}
	return all
}

// logs are where the log of a build goes; both are "" when it goes nowhere.
func (b *Build) logs() (group, stream string) {
	group, stream = "/aws/codebuild/"+b.Project, b.UUID
	if b.LogsConfig == nil || b.LogsConfig.CloudWatchLogs == nil {
		return group, stream
	}
	l := b.LogsConfig.CloudWatchLogs
	if l.Status == "DISABLED" {
		return "", ""
	}
	if l.GroupName != "" {
		group = l.GroupName
	}
	if l.StreamName != "" {
		stream = l.StreamName + "/" + stream
	}
	return group, stream
}
