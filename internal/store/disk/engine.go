package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/time/rate"
)

// slowDisk is how long one write or sync may take before an operator hears of it.
const slowDisk = 5 * time.Second

// Format is a fixed one: one from which this release can still be read by the
// next, and whose log tells a torn end from damage in the middle.
const Format = pebble.FormatTableFormatV6

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 8 << 20
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = 256
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 8 << 20
	}
	if o.FS == nil {
		o.FS = private{vfs.Default}
	}
	return o
}

// engineOptions are for many small records that live for seconds, and a few
// that stay.
func (s *Store) engineOptions(o Options) *pebble.Options {
	po := &pebble.Options{
		FormatMajorVersion: Format,
		CacheSize:          o.CacheBytes,
		MaxOpenFiles:       o.MaxFiles,

		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		// Most records die young: let flushes gather so that a compaction meets the
		// deletion together with what it deletes, and slow writers only when the
		// disk is far behind.
		L0CompactionThreshold:      8,
		L0StopWritesThreshold:      40,
		LBaseMaxBytes:              64 << 20,
		FlushSplitBytes:            4 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		// A deleted range frees its space only once it has left memory.
		FlushDelayDeleteRange: 30 * time.Second,

		Logger:        diary{s, o.Log},
		EventListener: s.listener(o.Log),
	}
	// Most lookups are for ids that are not there or are still in memory.
	for i := range po.Levels {
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	po.Lock = s.lock
	po.FS, s.health = vfs.WithDiskHealthChecks(o.FS, slowDisk, nil, po.EventListener.DiskSlow)
	po.FS = guard{po.FS, s}
	return po
}

func (s *Store) listener(log *slog.Logger) *pebble.EventListener {
	// The engine repeats a failed compaction at once and for ever.
	background := rate.Sometimes{Interval: 10 * time.Second}
	// A flush that had nothing to write ends with an error, too, but only a failed
	// one is a background error as well.
	var flush atomic.Pointer[error]
	return &pebble.EventListener{
		FlushEnd: func(i pebble.FlushInfo) { flush.Store(&i.Err) },
		BackgroundError: func(err error) {
			// What the system lacks now it may have again. While the store is being
			// opened, there is nobody yet who could see to that.
			goesOn := passing(err) && s.opened.Load()
			if f := flush.Load(); f != nil && errors.Is(err, *f) && !goesOn {
				// Updates would wait for room until a flush succeeds.
				_ = s.fail(fmt.Errorf("write a table: %w", err))
				return
			}
			background.Do(func() { log.Warn("store: work in the background failed", "dir", s.dir, "err", said(err)) })
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			log.Error("store: a file is damaged; dari doctor says what is hit, and how to go on", "dir", s.dir, "file", i.Path, "err", i.Details)
		},
		DiskSlow: func(i pebble.DiskSlowInfo) {
			log.Warn("store: the disk is slow", "dir", s.dir, "file", i.Path, "op", i.OpType.String(), "took", i.Duration)
		},
		LowDiskSpace: func(i pebble.LowDiskSpaceInfo) {
			log.Warn("store: the disk is nearly full", "dir", s.dir, "free_bytes", i.AvailBytes, "total_bytes", i.TotalBytes)
		},
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
			log.Warn("store: updates wait, the disk is behind", "dir", s.dir, "reason", i.Reason)
		},
		WriteStallEnd: func() { log.Info("store: updates go on", "dir", s.dir) },
	}
}

// diary is the engine's logger.
type diary struct {
	s   *Store
	log *slog.Logger
}

// Infof is for those who debug the engine.
func (d diary) Infof(format string, args ...any) {
	if d.log.Enabled(context.Background(), slog.LevelDebug) {
		d.log.Debug("store: engine", "says", fmt.Sprintf(format, args...))
	}
}

// Errorf reports what the engine could work around.
func (d diary) Errorf(format string, args ...any) {
	d.log.Warn("store: engine", "says", fmt.Sprintf(format, args...))
}

// Fatalf stops the store. The engine expects never to come back from here; with
// guard below it, it hardly ever comes here at all.
//
// Where it is safe, it does come back all the same: the callers in question
// return the same error, and commit sees the failure. Otherwise that goroutine
// rests here until the process ends.
func (d diary) Fatalf(format string, args ...any) {
	_ = d.s.fail(fmt.Errorf(format, args...))
	missingFile := format == "%+v"
	if missingFile || strings.HasPrefix(format, "pebble: fatal commit error") {
		return
	}
	select {}
}
