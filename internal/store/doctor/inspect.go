// Package doctor looks at a data directory that something is wrong with. It says
// in which file, and what is hit; and it makes a store of all that can be read,
// when whoever runs the server accepts the loss of the rest.
//
// A look changes nothing. What is lost is given up in the order of time: of the
// logs, all that comes after the first place that cannot be read, since each
// update may build on those before; of a table, the keys around a block that
// cannot be read, or, where nothing of the table can be, all that was in it, so
// that older versions of its keys may be back. The damaged files are moved into a
// folder of the directory, for whoever can do more with them, and never deleted.
package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/journal"
)

// An Inspection is a look at a directory that no server has open. It reads every
// log, manifest and table that counts, and changes nothing. It must be closed.
type Inspection struct {
	dir  string
	fs   vfs.FS
	lock *pebble.Lock
	view *view
	db   *pebble.DB // nil if nothing can be read

	// Findings are what is wrong. None means that all is well.
	Findings []Finding
	// Tables and Logs were read; Records are there.
	Tables, Logs, Records int
	// GivenUp are the changes in the logs that would have to be given up, the first
	// of them by key; there are Changes of them in Updates.
	GivenUp          []Change
	Updates, Changes int
	// Lost are the keys that cannot be read in the tables.
	Lost []Span

	size   int // of GivenUp
	splits [][]byte
}

// A Finding is what is wrong with one file.
type Finding struct{ File, Says string }

// A Change is one of an update. Value is nil if it is a deletion.
type Change struct{ Key, Value []byte }

// The most of what is given up that is kept, to be named.
const (
	maxGivenUp      = 10_000
	maxGivenUpBytes = 32 << 20
)

// Inspect looks at the directory of o. What is wrong with it is no error.
func Inspect(o disk.Options) (*Inspection, error) {
	fs, lock, err := disk.Lock(o)
	if err != nil {
		return nil, err
	}
	i := &Inspection{dir: o.Dir, fs: fs, lock: lock, view: newView(fs, o.Dir)}
	i.view.found, i.view.givenUp = i.found, i.giveUp
	if err := i.look(); err != nil {
		return nil, errors.Join(fmt.Errorf("look at %s: %w", o.Dir, err), i.Close())
	}
	return i, nil
}

func (i *Inspection) found(file, format string, args ...any) {
	i.Findings = append(i.Findings, Finding{file, fmt.Sprintf(format, args...)})
}

// giveUp notes a batch that is not in the store any more, and reports whether it
// changed anything.
func (i *Inspection) giveUp(batch []byte) bool {
	h, ok := batchrepr.ReadHeader(batch)
	if !ok || h.Count == 0 {
		return false
	}
	i.Updates++
	for r := batchrepr.Read(batch); ; {
		kind, key, value, ok, err := r.Next()
		if !ok || err != nil {
			return true
		}
		if kind == journal.KindLogData {
			continue
		}
		i.Changes++
		if i.size += len(key) + len(value); len(i.GivenUp) >= maxGivenUp || i.size > maxGivenUpBytes {
			continue
		}
		c := Change{Key: bytes.Clone(key)}
		if kind == pebble.InternalKeyKindSet {
			c.Value = append([]byte{}, value...)
		}
		i.GivenUp = append(i.GivenUp, c)
	}
}

// look does all the looking.
func (i *Inspection) look() error {
	names, err := i.fs.List(i.dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	var logs []string
	for _, name := range names {
		if journal.IsLog(name) {
			logs = append(logs, filepath.Join(i.dir, name))
			i.view.newest = max(i.view.newest, name)
		}
	}
	i.Logs = len(logs)
	if plan, err := journal.ReadPlan(i.fs, i.dir); err != nil {
		return err
	} else if plan != nil {
		i.found(journal.Rebuilding, "holds the store that was made when loss was accepted; it was cut off while it took the place of the old one")
		return nil
	}
	manifest, err := i.view.manifest(names)
	if err != nil {
		return err
	}
	if !slices.Contains(names, manifest) {
		if slices.ContainsFunc(names, func(n string) bool { return journal.IsLog(n) || journal.IsTable(n) || manifest != "" }) {
			i.found("MANIFEST-…", "is missing; without it, nothing of the rest can be read")
		}
		return nil
	}
	newest, err := journal.MarkedLog(i.fs, i.dir)
	if err == nil {
		err = i.judge(newest+".log", journal.CheckLogs(newest, logs))
	}
	if err == nil {
		path := filepath.Join(i.dir, manifest)
		if err = i.judge(manifest, journal.CheckManifest(i.fs, path, logs)); err == nil {
			if w, e := journal.ReadFile(i.fs, path, nil); e == nil && w.Bad >= 0 {
				i.view.ends[manifest] = w.Good
			}
		}
	}
	if err != nil {
		return err
	}
	if err := i.open(manifest); err != nil || i.db == nil {
		return err
	}
	if err := i.tables(); err != nil {
		return err
	}
	i.Lost, err = explore(i.db, i.splits, func(_, _ []byte) error { i.Records++; return nil })
	return err
}

// judge makes a finding of damage; any other error is one.
func (i *Inspection) judge(file string, err error) error {
	d, ok := errors.AsType[*journal.Damage](err)
	if ok {
		i.found(file, "%s", d.Says)
		return nil
	}
	return err
}

// inTable finds the tables in what the engine says of those that are not as the
// manifest has them.
var inTable = regexp.MustCompile(`L\d+: (\d{6,}): ([^\n]*)`)

// open opens the engine on what can be read.
func (i *Inspection) open(manifest string) (err error) {
	po := &pebble.Options{
		FS: i.view, ReadOnly: true, Lock: i.lock, FormatMajorVersion: disk.Format,
		Logger: silent{},
		// What is damaged is found all the same.
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	i.db, err = pebble.Open(i.dir, po)
	if err == nil {
		return nil
	}
	for _, m := range inTable.FindAllStringSubmatch(err.Error(), -1) {
		name := m[1] + ".sst"
		if _, e := i.fs.Stat(filepath.Join(i.dir, name)); errors.Is(e, iofs.ErrNotExist) {
			i.found(name, "is missing; what was in it is lost, and older versions of it may be back")
			i.view.added = append(i.view.added, name)
		} else {
			i.found(name, "has not the size that it had (%s); what was in it is lost, and older versions of it may be back", m[2])
		}
		if e := i.view.empty(name); e != nil {
			return e
		}
		po.DisableConsistencyCheck = true
	}
	if po.DisableConsistencyCheck {
		if i.db, err = pebble.Open(i.dir, po); err == nil {
			return nil
		}
	}
	i.found(manifest, "cannot be used, and without it nothing of the rest can be read: %v", err)
	i.db = nil
	return nil
}

// tables reads every block of every table.
func (i *Inspection) tables() error {
	levels, err := i.db.SSTables()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, level := range levels {
		for _, t := range level {
			i.splits = append(i.splits, bytes.Clone(t.Smallest.UserKey), append(bytes.Clone(t.Largest.UserKey), 0))
			name := fmt.Sprintf("%s.sst", t.BackingSSTNum)
			if seen[name] {
				continue
			}
			seen[name] = true
			if _, err := i.view.hopeless.Stat(name); err == nil {
				continue
			}
			i.Tables++
			damage, hopeless := checkTable(i.fs, filepath.Join(i.dir, name))
			if hopeless {
				if err := i.view.empty(name); err != nil {
					return err
				}
				i.found(name, "cannot be read at all, so what was in it is lost, and older versions of it may be back: %v", damage)
			} else if damage != nil {
				i.found(name, "has a damaged block: %v", damage)
			}
		}
	}
	slices.SortFunc(i.splits, bytes.Compare)
	i.splits = slices.CompactFunc(i.splits, bytes.Equal)
	return nil
}

// checkTable reads every block of a table. One is hopeless if it cannot be read
// around the damage.
func checkTable(fs vfs.FS, name string) (damage error, hopeless bool) {
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return err, true
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close()), true
	}
	var o pebble.Options
	o.EnsureDefaults()
	r, err := sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close()), true
	}
	defer r.Close() // It was only read.
	if _, err := r.Layout(); err != nil {
		return err, true
	}
	err = r.ValidateBlockChecksums()
	if err == nil {
		return nil, false
	}
	deletions, e := r.NewRawRangeDelIter(context.Background(), sstable.NoFragmentTransforms, sstable.NoReadEnv)
	if e != nil {
		return e, true
	}
	if deletions != nil {
		deletions.Close()
	}
	return err, false
}

// silent is the engine's logger: what it has to say is found otherwise.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

// View runs fn on what can be read.
func (i *Inspection) View(fn func(store.Tx) error) error {
	if i.db == nil {
		return nil
	}
	return disk.Read(i.db, fn)
}

// Close ends the look. It may be called twice.
func (i *Inspection) Close() (err error) {
	if i.db != nil {
		err, i.db = i.db.Close(), nil
	}
	if i.lock != nil {
		err, i.lock = errors.Join(err, i.lock.Close()), nil
	}
	return err
}
