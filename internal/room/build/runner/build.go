package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/sandbox"
)

// Where the commands of a build find its folders, where there are namespaces.
const (
	insideControl    = "/codebuild/output/tmp"
	insideHome       = "/codebuild/home"
	insideRepository = "/codebuild/repository"
)

// maxProcesses is how many processes and threads a build may have.
const maxProcesses = 4096

// A build is a Job while it runs.
type build struct {
	*Runner
	box    *sandbox.Sandbox
	job    *Job
	result Result
	log    *transcript
	user   *sandbox.User
	spec   *buildspec.Spec
	shell  *shell
	// dir is the folder of all others: the home and /tmp of the commands, and their sources.
	dir, home, tmp, control string
	// sources are the folders of the sources, the primary one first, and where they are
	// inside by their paths.
	sources []string
	to      map[string]string
	keys    *Credentials
	buckets string
}

// Run runs a build. It returns when nothing of it is left, an error only if Report
// gave one or the folders of the build could not be removed.
func (r *Runner) Run(ctx context.Context, job *Job) error {
	b := &build{Runner: r, job: job, log: newTranscript(job.Write), to: map[string]string{}}
	done, written := make(chan struct{}), make(chan struct{})
	lasting := context.WithoutCancel(ctx)
	go func() {
		b.log.run(lasting, done)
		close(written)
	}()
	err := b.phases(ctx)
	if b.shell != nil {
		b.shell.end()
	}
	close(done)
	<-written
	b.user.Release()
	if b.dir != "" {
		err = errors.Join(err, b.box.Remove(b.dir))
	}
	return err
}

// phases runs one phase after the other.
func (b *build) phases(ctx context.Context) error {
	phase, run := Provisioning, b.provision
	for {
		f := judge(ctx, run(ctx))
		if f.status != Succeeded {
			b.result.Failed = true
		}
		next := b.next(phase, f)
		if phase != Provisioning && phase != Finalizing {
			b.log.say("Phase complete: %s State: %s", phase, f.status)
			b.log.say("Phase context status code: %s Message: %s", f.code, f.message)
		}
		step := Step{Phase: phase, Status: f.status, Code: f.code, Message: f.message, Next: next, Result: b.result}
		if next == Completed {
			// Who hears of the end finds the whole log, also when ctx has ended.
			_ = b.log.flush(context.WithoutCancel(ctx)) // what went wrong is remembered
		}
		if err := b.job.Report(step); err != nil || next == Completed {
			return err
		}
		phase = next
		switch phase {
		case DownloadSource:
			run = b.download
		case UploadArtifacts:
			run = b.upload
		case Finalizing:
			run = func(context.Context) error { return nil }
		default:
			run = func(ctx context.Context) error { return b.commands(ctx, phase) }
		}
	}
}

// order is in which order phases follow each other.
var order = []string{Provisioning, DownloadSource, "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", UploadArtifacts, Finalizing, Completed}

// next is the phase that follows on one that has ended so.
// https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases
func (b *build) next(phase string, f *failure) string {
	following := order[slices.Index(order, phase)+1]
	switch {
	case f.status == Succeeded || phase == UploadArtifacts || phase == Finalizing:
		return following
	case f.status == Stopped || f.status == TimedOut || f.status == Fault:
		return Completed
	}
	if p := b.commandsOf(phase); p != nil {
		switch {
		case p.OnFailure.Continue:
			return following
		case p.OnFailure.Abort:
			return Finalizing
		}
	}
	if phase == "BUILD" || phase == "POST_BUILD" {
		return following
	}
	return Finalizing
}

// commandsOf returns the commands of a phase, nil if there are none.
func (b *build) commandsOf(phase string) *buildspec.Phase {
	if b.spec == nil {
		return nil
	}
	i := slices.IndexFunc(b.spec.Phases, func(p buildspec.Phase) bool { return strings.ToUpper(p.Name) == phase })
	if i < 0 {
		return nil
	}
	return &b.spec.Phases[i]
}

// provision makes the folders and asks for the role's credentials.
func (b *build) provision(ctx context.Context) (err error) {
	if b.keys, err = b.job.Credentials(); err != nil { // the log needs them, too
		return fail("ACCESS_DENIED", err.Error())
	}
	b.log.say("Running on CodeBuild On-demand")
	b.log.say("Waiting for agent ping")
	if err := b.log.flush(ctx); err != nil {
		return fail("ACCESS_DENIED", err.Error())
	}
	b.log.hide(b.keys.KeyID, b.keys.Secret, b.keys.Token)
	if b.box, err = b.Open(ctx); err != nil {
		return err
	}
	b.buckets = filepath.Join(cmp.Or(b.Buckets, filepath.Join(b.box.Scratch(), "s3")), b.job.Account)
	if b.user, err = b.box.NewUser(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(b.box.Scratch(), "build-"); err != nil {
		return err
	}
	folders := map[string]*string{"home": &b.home, "tmp": &b.tmp, "control": &b.control}
	for name, at := range folders {
		*at = filepath.Join(b.dir, name)
		err = errors.Join(err, os.Mkdir(*at, 0o700))
	}
	for i := range len(b.job.Secondary) + 1 {
		src := filepath.Join(b.dir, fmt.Sprint("src", i))
		b.sources = append(b.sources, src)
		b.to[src] = fmt.Sprintf("/codebuild/output/src%s%d/src", b.job.Number, i)
		err = errors.Join(err, os.Mkdir(src, 0o755))
	}
	return errors.Join(err, os.Chmod(b.dir, 0o711)) // others get through it, and see nothing
}

// inside is where the commands find a folder.
func (b *build) inside(dir string) string {
	return b.box.At(sandbox.Bind{From: dir, To: b.to[dir]})
}

// command is what all commands of a build have in common.
func (b *build) command() sandbox.Command {
	home := sandbox.Bind{From: b.home, To: insideHome, Writable: true}
	c := sandbox.Command{
		Binds: []sandbox.Bind{home}, Tmp: b.tmp, User: b.user, MemoryBytes: b.job.MemoryBytes, MaxProcesses: maxProcesses,
		Env: []string{"HOME=" + b.box.At(home), "PATH=" + os.Getenv("PATH")},
	}
	for _, dir := range b.sources {
		c.Binds = append(c.Binds, sandbox.Bind{From: dir, To: b.to[dir], Writable: true})
	}
	return c
}

// download fetches the sources, reads the buildspec and starts the shell.
func (b *build) download(ctx context.Context) (err error) {
	b.log.say("Waiting for DOWNLOAD_SOURCE")
	b.log.say("Phase is DOWNLOAD_SOURCE")
	src := b.sources[0]
	if b.result.Revision, err = b.fetch(ctx, b.job.Source, src, "primary source"); err != nil {
		return err
	}
	for i, s := range b.job.Secondary {
		if _, err := b.fetch(ctx, s, b.sources[i+1], "secondary source "+s.ID); err != nil {
			return err
		}
	}
	b.log.say("CODEBUILD_SRC_DIR=%s", b.inside(src))
	text, at, err := b.readSpec(src)
	if err != nil {
		return err
	}
	b.log.say("YAML location is %s", at)
	if b.spec, err = buildspec.Parse(text); err != nil {
		return fail("YAML_FILE_ERROR", err.Error())
	}
	b.announce(src)
	return b.startShell(ctx, src)
}

// announce says what is in the buildspec.
func (b *build) announce(src string) {
	runtimes := false
	for _, p := range b.spec.Phases {
		if len(p.Commands) == 0 {
			b.log.say("No commands found for phase name: %s", p.Name)
		}
		runtimes = runtimes || len(p.Runtimes) > 0
	}
	b.log.say("Processing environment variables")
	if runtimes {
		b.log.say("Skipping install of runtimes. Runtime version selection is not supported by this build image")
	} else {
		b.log.say("No runtime version selected in buildspec.")
	}
	b.log.say("Moving to directory %s", b.inside(src))
	if len(b.spec.CachePaths) == 0 {
		b.log.say("Cache is not defined in the buildspec")
		b.log.say("Unable to initialize cache download: no paths specified to be cached")
		b.log.say("Skip cache due to: no paths specified to be cached")
	} else {
		b.log.say("Skip cache due to: dari keeps nothing from one build to the next")
	}
	for _, sentence := range b.spec.LeftOut {
		b.log.say("%s", sentence)
	}
	b.log.say("Registering with agent")
	b.log.say("Phases found in YAML: %d", len(b.spec.Phases))
	for _, p := range b.spec.Phases {
		b.log.say(" %s: %d commands", strings.ToUpper(p.Name), len(p.Commands))
	}
}

// startShell starts what the commands run in. Of variables with one name that of the
// project or the call counts, not that of the buildspec.
func (b *build) startShell(ctx context.Context, src string) (err error) {
	c := b.command()
	c.Binds = append(c.Binds, sandbox.Bind{From: b.control, To: insideControl, Writable: true})
	c.Dir = b.inside(src)
	env := map[string]string{}
	for _, pair := range c.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	own := []buildspec.Variable{
		{Name: "CODEBUILD_SRC_DIR", Value: c.Dir}, {Name: "CODEBUILD_RESOLVED_SOURCE_VERSION", Value: b.result.Revision},
		{Name: "CODEBUILD_BUILD_SUCCEEDING", Value: "1"},
		{Name: "AWS_ACCESS_KEY_ID", Value: b.keys.KeyID}, {Name: "AWS_SECRET_ACCESS_KEY", Value: b.keys.Secret}, {Name: "AWS_SESSION_TOKEN", Value: b.keys.Token},
	}
	for i, s := range b.job.Secondary {
		own = append(own, buildspec.Variable{Name: "CODEBUILD_SRC_DIR_" + s.ID, Value: b.inside(b.sources[i+1])})
	}
	for _, vars := range [][]buildspec.Variable{b.spec.Variables, b.job.Variables, b.job.Platform, own} {
		for _, v := range vars {
			env[v.Name] = v.Value
		}
	}
	c.Env = nil
	for _, name := range slices.Sorted(maps.Keys(env)) {
		c.Env = append(c.Env, name+"="+env[name])
	}
	b.shell, err = startShell(ctx, b.box, c, b.spec.Shell, b.control, b.log)
	if err == nil {
		b.shell.fresh = b.spec.Fresh
	}
	return err
}

// commands runs the commands of a phase, as often as it is to be tried.
func (b *build) commands(ctx context.Context, phase string) error {
	b.log.say("Entering phase %s", phase)
	succeeding := "1"
	if b.result.Failed {
		succeeding = "0"
	}
	b.shell.set("CODEBUILD_BUILD_SUCCEEDING", succeeding)
	p := b.commandsOf(phase)
	if p == nil {
		p = &buildspec.Phase{}
	}
	err := b.attempt(ctx, p)
	for try := 1; err != nil && ctx.Err() == nil && try <= p.OnFailure.Retries && p.OnFailure.Matches(err.Error()); try++ {
		b.log.say("Retrying phase %s (%d of %d)", phase, try, p.OnFailure.Retries)
		err = b.attempt(ctx, p)
	}
	if phase == "POST_BUILD" {
		b.export()
	}
	return err
}

// attempt runs the commands of a phase until one fails, and then those of finally, each.
func (b *build) attempt(ctx context.Context, p *buildspec.Phase) error {
	var failed error
	for _, command := range p.Commands {
		if failed = b.run(ctx, command); failed != nil {
			break
		}
	}
	for _, command := range p.Finally {
		if ctx.Err() != nil {
			break
		}
		if err := b.run(ctx, command); failed == nil {
			failed = err
		}
	}
	return failed
}

func (b *build) run(ctx context.Context, command string) error {
	b.log.say("Running command %s", command)
	err := b.shell.run(ctx, command)
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*failure](err); ours || ctx.Err() != nil {
		return err
	}
	b.log.say("Command did not exit successfully %s %s", command, err)
	return fail("COMMAND_EXECUTION_ERROR", fmt.Sprintf("Error while executing command: %s. Reason: %s", command, err))
}

// maxExported is how much an exported variable may be, and maxExports all of them
// together: they are in each event that follows, and in the record of the build.
const (
	maxExported = 8 << 10
	maxExports  = 64 << 10
)

// export reads the variables that the build shows, each once.
func (b *build) export() {
	left, seen := maxExports, map[string]bool{}
	for _, name := range b.spec.Exported {
		value, ok := b.shell.now[name]
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		if size := len(name) + len(value); len(value) > maxExported || size > left {
			b.log.say("Skipping exported variable %.100s: it has %d bytes; one may have %d, and all together %d", name, len(value), maxExported, maxExports)
			continue
		}
		left -= len(name) + len(value)
		b.result.Exported = append(b.result.Exported, buildspec.Variable{Name: name, Value: strings.ToValidUTF8(value, "\uFFFD")})
	}
}
