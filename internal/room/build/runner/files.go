package runner

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The bounds of what is copied, of a source and of an artifact.
const (
	maxFiles = 100_000
	maxBytes = 4 << 30
)

// A tally counts what is copied, and ends it when it is too much or takes too long.
type tally struct {
	ctx   context.Context
	files int
	left  int64
}

func newTally(ctx context.Context) *tally { return &tally{ctx: ctx, left: maxBytes} }

func (t *tally) file() error {
	if t.files++; t.files > maxFiles {
		return clientError(fmt.Sprintf("more than %d files", maxFiles))
	}
	return context.Cause(t.ctx)
}

// copy copies a file's content.
func (t *tally) copy(to io.Writer, from io.Reader) error {
	n, err := io.Copy(to, io.LimitReader(&patient{t.ctx, from}, t.left+1))
	if t.left -= n; t.left < 0 {
		return clientError(fmt.Sprintf("more than %d bytes", int64(maxBytes)))
	}
	return err
}

// A patient reader ends with its context.
type patient struct {
	ctx  context.Context
	from io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.from.Read(b)
}

// put writes a file below a folder, in folders that it makes.
func (t *tally) put(to *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	if err := t.file(); err != nil {
		return err
	}
	if err := to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode.Perm()|0o600)
	if err != nil {
		return err
	}
	if err := t.copy(f, from); err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}

// link makes a symbolic link below a folder.
func (t *tally) link(to *os.Root, name, target string) error {
	if err := t.file(); err != nil {
		return err
	}
	if err := to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return to.Symlink(target, name)
}

// copyTree copies a folder and what is in it. Links stay links; what is neither a
// file nor a folder is left out.
func (t *tally) copyTree(to, from *os.Root) error {
	return fs.WalkDir(from.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch e.Type() {
		case fs.ModeDir:
			if err := t.file(); err != nil || name == "." {
				return err
			}
			return to.MkdirAll(name, 0o755)
		case fs.ModeSymlink:
			target, err := from.Readlink(name)
			if err != nil {
				return err
			}
			return t.link(to, name, target)
		case 0:
			f, err := from.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			return t.put(to, name, info.Mode(), f)
		}
		return nil
	})
}

// unzip writes what is in an archive below a folder.
func (t *tally) unzip(to *os.Root, archive *os.File) error {
	info, err := archive.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(archive, info.Size())
	if err != nil {
		return clientError("the source is no zip archive: " + err.Error())
	}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !filepath.IsLocal(name) {
			return clientError(fmt.Sprintf("the archive has a file outside of itself: %.200q", f.Name))
		}
		if f.Mode().IsDir() {
			if err := to.MkdirAll(name, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := t.unpack(to, name, f); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) unpack(to *os.Root, name string, f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return clientError("the archive cannot be read: " + err.Error())
	}
	defer r.Close()
	if f.Mode()&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(io.LimitReader(r, 4096))
		if err != nil {
			return err
		}
		return t.link(to, name, string(target))
	}
	return t.put(to, name, f.Mode(), r)
}

// bucketPath returns the path in a folder of buckets that a location of S3 stands for,
// such as bucket/key, s3://bucket/key or an ARN.
func bucketPath(location string) (string, error) {
	for _, prefix := range []string{"s3://", "arn:aws:s3:::", "arn:aws-cn:s3:::", "arn:aws-us-gov:s3:::"} {
		location = strings.TrimPrefix(location, prefix)
	}
	name := path.Clean(strings.TrimPrefix(location, "/"))
	if !filepath.IsLocal(name) || name == "." {
		return "", clientError(fmt.Sprintf("%.200q is no bucket and key, such as bucket/app.zip", location))
	}
	return name, nil
}
