package code

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// maxFiles is how many files and folders a zip may have.
const maxFiles = 100_000

// maxLink is how long the target of a link may be, in bytes.
const maxLink = 4096

var (
	errNoZip = fault.Invalid("Could not unzip uploaded file. Please check your file, then try to upload again.").WithCode("InvalidParameterValueException")
	errLarge = fault.Invalid("Unzipped size must be smaller than %d bytes", MaxUnzipped).WithCode("InvalidParameterValueException")
)

// refused is a zip that somebody made on purpose.
func refused(format string, args ...any) error {
	return fault.Invalid("Could not unzip uploaded file: "+format, args...).WithCode("InvalidParameterValueException")
}

// check reads all of a zip and says how many bytes its files have: what it takes can be
// unpacked.
func check(ctx context.Context, text []byte) (size int64, err error) {
	u := unpacking{}
	return u.all(ctx, text)
}

// unpack unpacks a zip that was checked into a folder that is there and empty. What it
// writes stays in the folder, whatever the zip says.
func unpack(ctx context.Context, text []byte, into string) (size int64, err error) {
	root, err := os.OpenRoot(into)
	if err != nil {
		return 0, fmt.Errorf("unpack code: %w", err)
	}
	defer root.Close()
	u := unpacking{root: root}
	return u.all(ctx, text)
}

// An unpacking is one zip on its way into its folder; without a folder nothing is written.
type unpacking struct {
	root *os.Root
	size int64
	// folders are the folders so far, and others the files and links.
	folders, others map[string]bool
}

// all unpacks a zip.
func (u *unpacking) all(ctx context.Context, text []byte) (size int64, err error) {
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return 0, errNoZip
	}
	if len(z.File) > maxFiles {
		return 0, refused("it has %d files and folders, and may have %d.", len(z.File), maxFiles)
	}
	declared := uint64(0)
	for _, f := range z.File {
		if declared += f.UncompressedSize64; f.UncompressedSize64 >= MaxUnzipped || declared >= MaxUnzipped {
			return 0, errLarge
		}
	}
	u.folders, u.others = map[string]bool{}, map[string]bool{}
	for _, f := range z.File {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := u.entry(f); err != nil {
			return 0, err
		}
	}
	return u.size, nil
}

// entry unpacks a file, a folder or a link.
func (u *unpacking) entry(f *zip.File) error {
	name := strings.TrimPrefix(strings.TrimSuffix(f.Name, "/"), "./")
	if name == "" || name == "." {
		return nil
	}
	if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") || path.Clean(name) != name || len(name) > maxLink {
		return refused("the name %.200q leads out of the folder, or is no plain path.", f.Name)
	}
	mode := f.Mode()
	if mode.IsDir() || strings.HasSuffix(f.Name, "/") {
		return u.folder(name)
	}
	if dir := path.Dir(name); dir != "." {
		if err := u.folder(dir); err != nil {
			return err
		}
	}
	if u.folders[name] || u.others[name] {
		return refused("the name %.200q stands twice.", f.Name)
	}
	u.others[name] = true
	switch {
	case mode&fs.ModeType == fs.ModeSymlink:
		return u.link(f, name)
	case !mode.IsRegular():
		return refused("%.200q is neither a file, a folder nor a link.", f.Name)
	}
	return u.file(f, name)
}

// folder makes a folder and those that it is in, of which none may be a file or a link.
func (u *unpacking) folder(name string) error {
	if u.folders[name] {
		return nil
	}
	for at := name; at != "."; at = path.Dir(at) {
		if u.others[at] {
			return refused("%.200q is no folder, and has files in it.", at)
		}
		if len(u.folders) > maxFiles {
			return refused("it has more than %d folders.", maxFiles)
		}
		u.folders[at] = true
	}
	if u.root == nil {
		return nil
	}
	return u.root.MkdirAll(name, 0o755)
}

func (u *unpacking) file(f *zip.File, name string) error {
	in, err := f.Open()
	if err != nil {
		return errNoZip
	}
	defer in.Close()
	out := io.Discard
	if u.root != nil {
		// Everybody may read it: the code does not run as who unpacked it.
		file, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode().Perm()&0o755|0o644)
		if err != nil {
			return fmt.Errorf("unpack code: %w", err)
		}
		defer file.Close()
		out = file
	}
	r := &reading{r: io.LimitReader(in, MaxUnzipped-u.size)}
	n, err := io.Copy(out, r)
	switch u.size += n; {
	case r.err != nil:
		return errNoZip // its bytes are not what it says of them
	case err != nil:
		return fmt.Errorf("unpack code: %w", err)
	case u.size >= MaxUnzipped:
		return errLarge
	}
	return nil
}

// A reading remembers that it was reading that failed.
type reading struct {
	r   io.Reader
	err error
}

func (r *reading) Read(b []byte) (n int, err error) {
	if n, err = r.r.Read(b); err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// link makes a link within the folder.
func (u *unpacking) link(f *zip.File, name string) error {
	in, err := f.Open()
	if err != nil {
		return errNoZip
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxLink+1))
	if err != nil || len(text) > maxLink || len(text) == 0 {
		return errNoZip
	}
	target := string(text)
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) || strings.Contains(target, "\x00") {
		return refused("the link %.200q leads out of the folder.", f.Name)
	}
	if u.root == nil {
		return nil
	}
	return u.root.Symlink(target, name)
}
