package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/doctor"
)

// Doctor looks at a data directory that no server has open and says on w what it
// finds: what is wrong with which file, whose records are hit, and what to do. It
// changes nothing, unless it is told to accept the loss: then it goes on with
// what can be read, and moves the damaged files aside. It reports whether a
// server can go on. Of a directory that is well it says what is there, and what
// somebody should know who serves it with these settings.
func Doctor(ctx context.Context, opt Options, accept bool, w io.Writer) (well bool, err error) {
	dir := opt.Data
	i, err := doctor.Inspect(disk.Options{Dir: dir})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	given := opt.check()
	if given != nil {
		opt = Defaults()
	}
	a, err := openToLook(ctx, i, opt)
	if err != nil {
		i.Findings = append(i.Findings, doctor.Finding{File: "records", Says: err.Error()})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Looked at %s: %s, %s, %s that can be read.\n", dir, count(i.Tables, "table", "tables"), count(i.Logs, "log", "logs"), count(i.Records, "record", "records"))
	if len(i.Findings) == 0 {
		b.WriteString("All is well.\n")
		a.checkup(&b, given)
		if given == nil && opt.Starts {
			level, noSandbox := a.opt.findLevel(ctx)
			a.opt.sayWhereCodeRuns(&b, level, noSandbox, a.opt.pingEngine(ctx))
		}
		_, err := w.Write(b.Bytes())
		return true, err
	}
	for _, f := range i.Findings {
		fmt.Fprintf(&b, "\n%s\n  %s.\n", f.File, f.Says)
	}
	a.sayWhatIsHit(&b, i)
	if !accept {
		fmt.Fprintf(&b, "\nNothing was changed. If there is no better copy of the directory, this goes on with what can be read, and moves\nthe damaged files into a folder of it:\n\n  dari doctor -data %s -accept-loss\n", dir)
		_, err := w.Write(b.Bytes())
		return false, err
	}
	aside, err := i.Rebuild()
	if err != nil {
		return false, err
	}
	fmt.Fprintf(&b, "\nThe loss is accepted: %d records are kept. The damaged files are in %s; nothing was deleted.\n", i.Records, aside)
	_, err = w.Write(b.Bytes())
	return true, err
}

// openToLook opens the rooms on what can be read: that they can be is part of
// all being well, and they know the names of what is theirs. The App it returns
// may lack rooms.
func openToLook(ctx context.Context, i *doctor.Inspection, opt Options) (*App, error) {
	a := &App{opt: opt, store: unchanged{i}, guard: access.Boundary{}, rooms: &rooms{}}
	a.opt.Log = slog.New(slog.DiscardHandler)
	if err := a.opt.check(); err != nil {
		return a, err
	}
	if i.Records == 0 {
		return a, nil
	}
	a.client = a.newClient()
	var err error
	a.rooms, err = a.openRooms(ctx)
	return a, err
}

// unchanged is the store that an inspection can read.
type unchanged struct{ *doctor.Inspection }

func (u unchanged) View(_ context.Context, fn func(store.Tx) error) error {
	return u.Inspection.View(fn)
}

func (u unchanged) Update(context.Context, func(store.Tx) error, ...store.Option) error {
	return store.ErrReadOnly
}

// maxNamed is how many things that are hit are named.
const maxNamed = 100

// sayWhatIsHit names, as far as they are known, those whose records are lost.
func (a *App) sayWhatIsHit(b *bytes.Buffer, i *doctor.Inspection) {
	if i.Changes > 0 {
		fmt.Fprintf(b, "\nGiven up of the logs: %d changes in %d updates, of which the first are about\n", i.Changes, i.Updates)
		about := map[string]int{}
		for _, c := range i.GivenUp {
			about[a.describe(c.Key, c.Value)]++
		}
		for n, name := range slices.Sorted(maps.Keys(about)) {
			if n == maxNamed {
				fmt.Fprintf(b, "  and %d more\n", len(about)-n)
				break
			}
			fmt.Fprintf(b, "  %s: %d\n", name, about[name])
		}
	}
	if len(i.Lost) == 0 {
		return
	}
	b.WriteString("\nLost in the tables is what there was of\n")
	for n, s := range i.Lost {
		if n == maxNamed {
			fmt.Fprintf(b, "  and in %d more places\n", len(i.Lost)-n)
			break
		}
		first, last := a.describe(s.From, nil), "the end"
		if s.To != nil {
			last = a.describe(s.To, nil)
		}
		if first == last {
			fmt.Fprintf(b, "  %s, keys from %q to before %q\n", first, s.From, s.To)
		} else {
			fmt.Fprintf(b, "  %s up to %s, keys from %q to before %q\n", first, last, s.From, s.To)
		}
	}
}

// describe says what a record is about.
func (a *App) describe(key, value []byte) string {
	room, _, _ := bytes.Cut(key, []byte("/"))
	switch {
	case len(key) == 0:
		return "the beginning"
	case string(room) == "queue" && a.queues != nil:
		return a.queues.Describe(key)
	case string(room) == "delivery":
		return delivery.Describe(key, value)
	}
	return fmt.Sprintf("%q", key) // Those of the others are words.
}
