package runner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/sandbox"
)

// fetch puts a source into a folder of its own. what names it in errors.
func (b *build) fetch(ctx context.Context, s Source, dir, what string) (revision string, err error) {
	switch s.Kind {
	case Git:
		return b.clone(ctx, s, dir, what)
	case Files:
		b.log.say("Setting HTTP client timeout to higher timeout for S3 source")
		return "", b.copyFiles(ctx, s, dir, what)
	}
	return "", nil
}

// local returns the path of a file URL, below the folder that these may lead to.
func (b *build) local(location string) (string, bool, error) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "file" {
		return "", false, nil
	}
	if b.Sources == "" {
		return "", true, clientError("file URLs lead nowhere on this server: its operator can name a folder for sources in the setting -build-sources")
	}
	root, err := filepath.EvalSymlinks(b.Sources)
	if err != nil {
		return "", true, clientError("the folder of -build-sources is not there")
	}
	name, err := filepath.EvalSymlinks(filepath.Clean(u.Path))
	if err != nil {
		return "", true, clientError("there is nothing at " + location)
	}
	inside, err := filepath.Rel(root, name)
	if err != nil || !filepath.IsLocal(inside) {
		return "", true, clientError("there is nothing at " + location + " below the folder of -build-sources")
	}
	return name, true, nil
}

// copyFiles copies a folder, or what is in a zip file.
func (b *build) copyFiles(ctx context.Context, s Source, dir, what string) error {
	root, name := b.buckets, ""
	file, ok, err := b.local(s.Location)
	if ok {
		root, name = filepath.Dir(file), filepath.Base(file)
	} else if err == nil {
		name, err = bucketPath(s.Location)
	}
	if err != nil {
		return err
	}
	from, err := os.OpenRoot(root)
	if err != nil {
		return clientError(what + " is not there: " + s.Location)
	}
	defer from.Close()
	to, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer to.Close()
	info, err := from.Stat(name)
	if err != nil {
		return clientError(what + " is not there: " + s.Location)
	}
	if info.IsDir() {
		tree, err := from.OpenRoot(name)
		if err != nil {
			return err
		}
		defer tree.Close()
		return newTally(ctx).copyTree(to, tree)
	}
	archive, err := from.Open(name)
	if err != nil {
		return err
	}
	defer archive.Close()
	return newTally(ctx).unzip(to, archive)
}

// checkout fetches a repository and checks out a revision: what it may be called comes
// as arguments after the URL, the number of commits and the reference of a request.
const checkout = `set -e
url=$1 depth=$2 pull=$3; shift 3
git init -q .
git remote add origin "$url"
git fetch -q --no-tags $depth origin '+refs/heads/*:refs/remotes/origin/*' || exit 3
git fetch -q $depth origin '+refs/tags/*:refs/tags/*' || exit 3
if [ -n "$pull" ]; then git fetch -q $depth origin "$pull" 2>/dev/null || exit 4; fi
if [ "$1" = HEAD ]; then git fetch -q $depth origin HEAD 2>/dev/null || exit 4; fi
for name; do
  if found=$(git rev-parse -q --verify --end-of-options "$name^{commit}"); then
    git checkout -q --detach "$found"
    printf %s "$found"
    exit 0
  fi
done
exit 4
`

var pullRequest = regexp.MustCompile(`^pr/([0-9]+)$`)

// revisions returns what a version may be called in a repository that was fetched.
func revisions(version string) (pull string, names []string) {
	switch m := pullRequest.FindStringSubmatch(version); {
	case version == "":
		return "", []string{"HEAD", "FETCH_HEAD"}
	case m != nil:
		return "refs/pull/" + m[1] + "/head", []string{"FETCH_HEAD"}
	}
	name, commit, _ := strings.Cut(version, "^{") // refs/heads/main^{0123abc}
	if commit = strings.TrimSuffix(commit, "}"); commit != "" {
		return "", []string{commit}
	}
	name = strings.TrimPrefix(name, "refs/heads/")
	return "", []string{"refs/remotes/origin/" + name, "refs/tags/" + strings.TrimPrefix(name, "refs/tags/"), name}
}

// maxSaid is how much is kept of what git says.
const maxSaid = 8 << 10

// clone fetches a repository by the git binary, in the sandbox.
func (b *build) clone(ctx context.Context, s Source, dir, what string) (revision string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", clientError("git is not installed on the machine of the server; install it to build from repositories")
	}
	c := b.command()
	c.Dir = b.inside(dir)
	settings, location, err := b.remote(ctx, s.Location, &c)
	if err != nil {
		return "", err
	}
	depth := ""
	if s.Depth > 0 && !isCommit(s.Version) {
		depth = "--depth=" + strconv.Itoa(s.Depth)
	}
	pull, names := revisions(s.Version)
	c.Env = append(c.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	if err := os.WriteFile(filepath.Join(b.home, ".gitconfig"), []byte(settings), 0o600); err != nil {
		return "", err
	}
	var out, said clipped
	c.Path, c.Args = "/bin/sh", append([]string{"-c", checkout, "sh", location, depth, pull}, names...)
	c.Stdout, c.Stderr = &out, &said
	exit, err := b.box.Run(ctx, c)
	switch {
	case err != nil || ctx.Err() != nil:
		return "", errors.Join(context.Cause(ctx), err)
	case exit.Code == 4:
		b.log.print("reference not found for " + what)
		return "", clientError("reference not found for " + what + " and source version " + s.Version)
	case exit.Code != 0 || exit.Signal != "":
		return "", clientError("git could not fetch " + what + ": " + strings.TrimSpace(strings.ToValidUTF8(said.String(), "?")))
	}
	return out.String(), nil
}

func isCommit(version string) bool {
	return regexp.MustCompile(`^[0-9a-f]{7,64}$`).MatchString(version) || strings.Contains(version, "^{")
}

// remote returns git's settings and the URL for a repository: one below the folder of
// sources, which c then binds, or one that may be called, at an address that is pinned.
func (b *build) remote(ctx context.Context, location string, c *sandbox.Command) (settings, at string, err error) {
	settings = "[safe]\n\tdirectory = *\n[protocol]\n\tallow = never\n[protocol \"file\"]\n\tallow = always\n"
	if dir, ok, err := b.local(location); ok {
		if err != nil {
			return "", "", err
		}
		bind := sandbox.Bind{From: dir, To: insideRepository}
		c.Binds = append(c.Binds, bind)
		return settings, "file://" + b.box.At(bind), nil
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return "", "", clientError("the repository is at no URL that git is given here, which is https:// or file://: " + location)
	}
	settings = "[protocol]\n\tallow = never\n[protocol \"" + u.Scheme + "\"]\n\tallow = always\n"
	if b.Reach.Everywhere() {
		return settings, location, nil
	}
	address, err := b.Reach.Resolve(ctx, u.Hostname())
	if err != nil {
		return "", "", clientError(u.Hostname() + ": " + err.Error())
	}
	port := cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	return settings + fmt.Sprintf("[http]\n\tfollowRedirects = false\n\tproxy = \"\"\n\tcurloptResolve = \"%s:%s:%s\"\n", u.Hostname(), port, address), location, nil
}

// clipped keeps the beginning of what is written to it.
type clipped struct{ bytes.Buffer }

func (c *clipped) Write(p []byte) (int, error) {
	_, _ = c.Buffer.Write(p[:min(len(p), maxSaid-min(c.Len(), maxSaid))]) // it has no errors
	return len(p), nil
}

// readSpec returns the text of the buildspec, and where it is for the log.
func (b *build) readSpec(src string) (text []byte, at string, err error) {
	const usual = "buildspec.yml"
	spec := b.job.Buildspec
	if strings.ContainsAny(spec, "\n{") {
		return []byte(spec), "/codebuild/readonly/buildspec.yml", nil
	}
	root, name := src, cmp.Or(spec, usual)
	at = filepath.Join(b.inside(src), name)
	if strings.HasPrefix(spec, "arn:") || strings.HasPrefix(spec, "s3://") {
		root, at = b.buckets, spec
		if name, err = bucketPath(spec); err != nil {
			return nil, at, err
		}
	}
	missing := fail("YAML_FILE_ERROR", "YAML file does not exist")
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, at, missing
	}
	defer r.Close()
	f, err := r.Open(name)
	if err != nil {
		return nil, at, missing
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, at, errors.Join(missing, err)
	}
	text, err = io.ReadAll(io.LimitReader(f, buildspec.MaxBytes+1))
	return text, at, err
}
