package code

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A folder is what a zip unpacks to.
type folder struct {
	// ready is closed when it is there, or err says why not.
	ready chan struct{}
	err   error
	dir   string
	bytes int64
	// users keep it, and used is when the last one left.
	users int
	used  time.Time
}

// Folder returns the folder that a zip unpacks to. It is there until the caller calls
// done. Nobody may write to it.
func (k *Keeper) Folder(ctx context.Context, r Ref) (dir string, done func(), err error) {
	k.mu.Lock()
	f := k.folders[r.Hash]
	mine := f == nil
	if mine {
		f = &folder{ready: make(chan struct{})}
		k.folders[r.Hash] = f
	}
	f.users++
	k.mu.Unlock()
	if mine { // those who ask meanwhile wait for it
		f.err = k.make(context.WithoutCancel(ctx), f, r)
		k.made(r.Hash, f)
	}
	done = sync.OnceFunc(func() { k.leave(f) })
	select {
	case <-f.ready:
		err = f.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		done()
		return "", nil, err
	}
	return f.dir, done, nil
}

// make unpacks a zip into a folder.
func (k *Keeper) make(ctx context.Context, f *folder, r Ref) error {
	k.unpacking <- struct{}{}
	defer func() { <-k.unpacking }()
	zip, err := k.zip(ctx, r)
	if err != nil {
		return err
	}
	base, err := k.opt.Dir(ctx)
	if err != nil {
		return err
	}
	if f.dir, err = os.MkdirTemp(base, "code-"); err != nil {
		return fmt.Errorf("make a folder for code: %w", err)
	}
	if err := os.Chmod(f.dir, 0o755); err != nil {
		return fmt.Errorf("make a folder for code: %w", err)
	}
	if f.bytes, err = unpack(ctx, zip, f.dir); err != nil {
		return errors.Join(err, removeAll(f.dir))
	}
	return nil
}

// made says that a folder is there, or that it could not be made.
func (k *Keeper) made(hash string, f *folder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.err != nil {
		delete(k.folders, hash)
	} else {
		k.bytes += f.bytes
	}
	close(f.ready)
}

// leave ends one use of a folder, and removes those that nobody uses while they take
// too much. Removing takes a while for many files: nobody finds such a folder any more,
// and nobody waits for it.
func (k *Keeper) leave(f *folder) {
	for _, dir := range k.tooMuch(f) {
		_ = removeAll(dir) // what is left goes with the server
	}
}

// tooMuch takes off the list the folders that are to go when one more use of f ends:
// those first that were used last longest ago.
func (k *Keeper) tooMuch(f *folder) (dirs []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f.users--
	f.used = time.Now()
	for k.bytes > k.opt.MaxFolders {
		oldest := ""
		for name, f := range k.folders {
			if f.users == 0 && (oldest == "" || f.used.Before(k.folders[oldest].used)) {
				oldest = name
			}
		}
		if oldest == "" {
			break
		}
		dirs = append(dirs, k.folders[oldest].dir)
		k.bytes -= k.folders[oldest].bytes
		delete(k.folders, oldest)
	}
	return dirs
}

func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove a folder of code: %w", err)
	}
	return nil
}
