package runner

import (
	"archive/zip"
	"cmp"
	"compress/flate"
	"context"
	"crypto/md5" // CodeBuild shows this sum.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dari-bus/dari/internal/room/build/buildspec"
)

// upload carries the artifacts away.
func (b *build) upload(ctx context.Context) error {
	if b.result.Failed && b.spec.Artifacts == nil {
		return nil // what there is to say has been said
	}
	for _, a := range b.job.Artifacts {
		spec := b.spec.Artifacts
		switch {
		case a.ID == "" && (spec == nil || len(spec.Files) == 0):
			return clientError("no definition for primary artifacts in buildspec")
		case a.ID != "" && (spec == nil || spec.Secondary[a.ID] == nil):
			return clientError("no definition for secondary artifact " + a.ID + " in buildspec")
		case a.ID != "":
			spec = spec.Secondary[a.ID]
		}
		u, err := b.carry(ctx, a, spec)
		if err != nil {
			return err
		}
		b.result.Uploads = append(b.result.Uploads, u)
	}
	for _, r := range b.spec.Reports {
		b.log.say("Skipping report group %s: dari has no reports; the files stay in the artifacts if these name them", r.Group)
	}
	return nil
}

// A found file is one that an artifact has: where it is, and how it is called there.
type found struct{ from, name string }

// carry carries one artifact away.
func (b *build) carry(ctx context.Context, a Artifact, spec *buildspec.Artifacts) (u Upload, err error) {
	root, base, err := b.base(spec.Base)
	if err != nil {
		return u, err
	}
	defer root.Close()
	files, err := b.find(ctx, root, base, spec)
	if err != nil {
		return u, err
	}
	name := a.Name
	if a.Override && spec.Name != "" {
		if name, err = b.expand(ctx, spec.Name); err != nil {
			return u, err
		}
	}
	key, err := bucketPath(path.Join(a.Bucket, a.Folder, spec.Prefix, name))
	if err != nil {
		return u, err
	}
	if err := os.MkdirAll(b.buckets, 0o755); err != nil {
		return u, err
	}
	to, err := os.OpenRoot(b.buckets)
	if err != nil {
		return u, err
	}
	defer to.Close()
	u = Upload{ID: a.ID, Location: "arn:aws:s3:::" + key}
	t := newTally(ctx)
	if a.Zip {
		u.MD5, u.SHA256, err = t.zip(to, key, root, files, spec.Links)
		return u, err
	}
	for _, f := range files {
		if err := t.send(to, path.Join(key, f.name), root, f.from); err != nil {
			return u, err
		}
	}
	return u, nil
}

// base opens the folder that files are looked for in, which is the source or one that
// the commands have, by its path.
func (b *build) base(name string) (root *os.Root, base string, err error) {
	name = cmp.Or(name, ".")
	if !path.IsAbs(name) {
		root, err = os.OpenRoot(b.sources[0])
		return root, name, err
	}
	places := [][2]string{{b.inside(b.sources[0]), b.sources[0]}, {"/tmp", b.tmp}, {b.shell.initial["HOME"], b.home}}
	for _, dir := range b.sources[1:] {
		places = append(places, [2]string{b.inside(dir), dir})
	}
	for _, p := range places {
		if rel, err := filepath.Rel(p[0], name); err == nil && filepath.IsLocal(rel) {
			root, err = os.OpenRoot(p[1])
			return root, rel, err
		}
	}
	return nil, "", clientError("Error expanding base directory " + name + ": it is in no folder of the build")
}

// find returns the files of an artifact: those that a pattern of it matches within a
// folder that its base does.
func (b *build) find(ctx context.Context, root *os.Root, base string, spec *buildspec.Artifacts) ([]found, error) {
	b.log.say("Expanding base directory path: %s", spec.Base)
	b.log.say("Assembling file list")
	b.log.say("Expanding %s", spec.Base)
	b.log.say("Expanding file paths for base directory %s", spec.Base)
	b.log.say("Assembling file list")
	var all []found
	at := newGlob(base)
	globs, skip := newGlobs(spec.Files), newGlobs(spec.Exclude)
	hits := make([]int, len(globs))
	t := newTally(ctx)
	err := fs.WalkDir(tree{root}, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // What cannot be read is not there.
		}
		if err := t.file(); err != nil || e.IsDir() {
			return err
		}
		within, ok := below(at, name)
		if !ok || slices.ContainsFunc(skip, func(g glob) bool { return g.matches(within) }) {
			return nil
		}
		i := slices.IndexFunc(globs, func(g glob) bool { return g.matches(within) })
		if i < 0 {
			return nil
		}
		hits[i]++
		if spec.Flat {
			within = path.Base(within)
		}
		all = append(all, found{name, within})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, pattern := range spec.Files {
		b.log.say("Expanding %s", pattern)
		if hits[i] == 0 && globs[i].plain() {
			b.log.say("Skipping invalid file path %s", pattern)
		}
	}
	if len(all) == 0 {
		return nil, clientError("no matching artifact paths found")
	}
	b.log.say("Found %d file(s)", len(all))
	return all, nil
}

func newGlobs(patterns []string) []glob {
	all := make([]glob, len(patterns))
	for i, p := range patterns {
		all[i] = newGlob(p)
	}
	return all
}

// below returns the path of a file within the folder that a pattern matches.
func below(at glob, name string) (string, bool) {
	if len(at) == 1 && at[0] == "." {
		return name, true
	}
	parts := strings.Split(name, "/")
	for n := 1; n < len(parts); n++ {
		if at.matches(strings.Join(parts[:n], "/")) {
			return strings.Join(parts[n:], "/"), true
		}
	}
	return "", false
}

// expand has the shell expand the name of an artifact.
func (b *build) expand(ctx context.Context, name string) (string, error) {
	const variable = "CODEBUILD_ARTIFACT_NAME"
	if err := b.shell.run(ctx, variable+`="`+strings.ReplaceAll(name, `"`, `\"`)+`"`); err != nil {
		return "", clientError("the name of the artifact cannot be expanded: " + name)
	}
	return b.shell.now[variable], nil
}

// A tree is a folder of a build, whose commands may have left something that still runs.
// Nothing in it is waited for: a file or a folder may be a named pipe by the time that it
// is opened, which nobody will ever write to.
type tree struct{ *os.Root }

func (t tree) open(name string) (*os.File, error) {
	return t.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Open is for [fs.WalkDir].
func (t tree) Open(name string) (fs.File, error) { return t.open(name) }

// send copies a file of an artifact. A link counts as what it leads to, within root.
func (t *tally) send(to *os.Root, key string, root *os.Root, name string) error {
	f, info, err := openFile(root, name)
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	return t.put(to, key, info.Mode(), f)
}

// openFile opens a file, and returns nil for what is none or leads to none.
func openFile(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil, nil // A link that leads nowhere, or out of the build.
	}
	f, err := tree{root}.open(name)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errors.New(name + " is no file any more")
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// zip writes files into one archive, and returns its sums.
func (t *tally) zip(to *os.Root, key string, root *os.Root, files []found, links bool) (sum, sha string, err error) {
	if err := to.MkdirAll(path.Dir(key), 0o755); err != nil {
		return "", "", err
	}
	out, err := to.OpenFile(key, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return "", "", clientError(fmt.Sprintf("the artifact cannot be written to %s: %v", key, err))
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	one, other := md5.New(), sha256.New()
	z := zip.NewWriter(io.MultiWriter(out, one, other))
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, f := range files {
		if err := t.pack(z, root, f, links); err != nil {
			return "", "", err
		}
	}
	if err := z.Close(); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(one.Sum(nil)), hex.EncodeToString(other.Sum(nil)), nil
}

// pack puts one file into an archive.
func (t *tally) pack(z *zip.Writer, root *os.Root, f found, links bool) error {
	if err := t.file(); err != nil {
		return err
	}
	if info, err := root.Lstat(f.from); links && err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err := root.Readlink(f.from)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: f.name, Modified: info.ModTime()}
		h.SetMode(info.Mode())
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		return t.copy(w, strings.NewReader(target))
	}
	file, info, err := openFile(root, f.from)
	if file == nil || err != nil {
		return err
	}
	defer file.Close()
	h := &zip.FileHeader{Name: f.name, Modified: info.ModTime(), Method: zip.Deflate}
	h.SetMode(info.Mode())
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	return t.copy(w, file)
}
