package doctor

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/journal"
)

// copyBytes is how much one transaction copies.
const copyBytes = 1 << 20

// Rebuild makes a store of all that can be read and puts it in place of the
// damaged one. The files of that are moved into a folder of the directory, which
// it returns; nothing is deleted. Whoever is cut off repeats it.
func (i *Inspection) Rebuild() (aside string, err error) {
	plan, err := journal.ReadPlan(i.fs, i.dir)
	if err == nil && plan == nil {
		plan, err = i.build()
	}
	if err == nil {
		err = i.swap(plan)
	}
	if err != nil {
		return "", fmt.Errorf("rebuild the store in %s: %w", i.dir, err)
	}
	return filepath.Join(i.dir, plan[0]), nil
}

// build copies what can be read.
func (i *Inspection) build() (plan []string, err error) {
	dir := filepath.Join(i.dir, journal.Rebuilding)
	// What an earlier copy has left holds nothing of its own.
	if err := i.fs.RemoveAll(dir); err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, err
	}
	s, err := disk.Open(disk.Options{Dir: dir, FS: i.fs, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(i.copyTo(s), s.Close()); err != nil {
		if errors.Is(err, store.ErrFull) {
			return nil, fmt.Errorf("the disk has no room for a copy of what can be read; make some and repeat it")
		}
		return nil, err
	}
	names, err := i.fs.List(i.dir)
	if err != nil {
		return nil, err
	}
	plan = []string{"damaged-" + time.Now().UTC().Format("20060102-150405")}
	for _, name := range names {
		if journal.IsOurs(name) && name != "LOCK" && name != journal.Ballast {
			plan = append(plan, name)
		}
	}
	temporary := filepath.Join(dir, "temporary."+journal.Plan)
	f, err := i.fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	_, err = f.Write([]byte(strings.Join(plan, "\n")))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return plan, errors.Join(i.fs.Rename(temporary, filepath.Join(dir, journal.Plan)), syncDir(i.fs, dir), syncDir(i.fs, i.dir))
}

// copyTo copies every record that can be read.
func (i *Inspection) copyTo(s *disk.Store) error {
	if i.db == nil {
		return nil
	}
	var some []Change
	size := 0
	write := func() error {
		return s.Update(context.Background(), func(tx store.Tx) error {
			for _, c := range some {
				if err := tx.Put(c.Key, c.Value); err != nil {
					return err
				}
			}
			some, size = some[:0], 0
			return nil
		}, store.Unsynced)
	}
	_, err := explore(i.db, i.splits, func(key, value []byte) error {
		some = append(some, Change{append([]byte{}, key...), append([]byte{}, value...)})
		if size += len(key) + len(value); size < copyBytes {
			return nil
		}
		return write()
	})
	return errors.Join(err, write())
}

// swap carries out a plan, also one that was carried out in part. No new file
// comes in before all old ones are aside.
func (i *Inspection) swap(plan []string) error {
	if i.db != nil {
		var err error
		if err, i.db = i.db.Close(), nil; err != nil {
			return err
		}
	}
	from, aside := filepath.Join(i.dir, journal.Rebuilding), filepath.Join(i.dir, plan[0])
	if _, err := i.fs.Stat(filepath.Join(from, journal.Moved)); err != nil {
		if err := i.fs.MkdirAll(aside, 0o700); err != nil {
			return err
		}
		for _, name := range plan[1:] {
			if err := i.move(name, i.dir, aside); err != nil {
				return err
			}
		}
		if err := errors.Join(syncDir(i.fs, aside), syncDir(i.fs, i.dir)); err != nil {
			return err
		}
		if err := errors.Join(i.fs.Rename(filepath.Join(from, journal.Plan), filepath.Join(from, journal.Moved)), syncDir(i.fs, from)); err != nil {
			return err
		}
	}
	names, err := i.fs.List(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !journal.IsOurs(name) || name == "LOCK" || name == journal.Ballast {
			continue
		}
		if err := i.move(name, from, i.dir); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(i.fs, i.dir), i.fs.RemoveAll(from), syncDir(i.fs, i.dir))
}

// move moves a file, unless it has been moved already.
func (i *Inspection) move(name, from, to string) error {
	err := i.fs.Rename(filepath.Join(from, name), filepath.Join(to, name))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	return err
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
