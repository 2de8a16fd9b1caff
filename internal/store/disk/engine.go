package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/time/rate"
)

// slowDisk is how long one write or sync may take before an operator hears of it.
const slowDisk = 5 * time.Second

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 8 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 8 << 20
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	return o
}

// engineOptions are for many small records that live for seconds, and a few
// that stay.
func (s *Store) engineOptions(o Options) *pebble.Options {
	po := &pebble.Options{
		// A fixed format: one from which this release can still be read by the next,
		// and whose log tells a torn end from damage in the middle.
		FormatMajorVersion: pebble.FormatTableFormatV6,
		CacheSize:          o.CacheBytes,
		MaxOpenFiles:       256,

		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		// Most records die young: let flushes gather so that a compaction meets the
		// deletion together with what it deletes, and slow writers only when the
		// disk is far behind.
		L0CompactionThreshold:      4,
		L0StopWritesThreshold:      40,
		LBaseMaxBytes:              64 << 20,
		FlushSplitBytes:            4 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		// A deleted range frees its space only once it has left memory.
		FlushDelayDeleteRange: 30 * time.Second,

		Logger:        diary{s, o.Logger},
		EventListener: s.listener(o.Logger),
	}
	// Most lookups are for ids that are not there or are still in memory.
	for i := range po.Levels {
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	if o.FS != vfs.Default {
		po.FS = o.FS
	}
	return po
}

func (s *Store) listener(log *slog.Logger) *pebble.EventListener {
	// The engine repeats a failed compaction at once and for ever.
	background := rate.Sometimes{Interval: 10 * time.Second}
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			background.Do(func() { log.Warn("store: work in the background failed", "dir", s.dir, "err", err) })
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			log.Error("store: a file is damaged", "dir", s.dir, "file", i.Path, "err", i.Details)
		},
		FlushEnd: func(i pebble.FlushInfo) {
			if i.Err != nil {
				// Updates would wait for room until the flush succeeds.
				_ = s.fail(fmt.Errorf("write a table: %w", i.Err))
			}
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

// Fatalf stops the store. The engine expects never to come back from here.
//
// Where it is safe, it does come back all the same: the callers in question
// return or panic with the same error, and commit sees the failure. Otherwise
// the engine is in the middle of writing down which files it consists of: were
// it to go on, it could delete a log that is still needed. That goroutine rests
// here until the process ends.
func (d diary) Fatalf(format string, args ...any) {
	_ = d.s.fail(errors.New(fmt.Sprintf(format, args...)))
	opening := !d.s.opened.Load()
	missingFile := format == "%+v"
	if opening || missingFile || strings.HasPrefix(format, "pebble: fatal commit error") {
		return
	}
	select {}
}
