// Package disk keeps a store on disk with Pebble, an embedded log-structured
// engine.
//
// # What it promises
//
// An Update that returned nil survives kill -9 and a power cut, provided that
// the disk keeps what it was told to sync. Closures run one at a time; their
// batches go to the write-ahead log in that order, and a log is read back up to
// its first hole. What is there after a crash is therefore always a beginning of
// the history of updates: nothing is missing before something that is there.
//
// The wait for the disk happens after the next closure may run, so callers that
// wait together share a sync. An Unsynced update arms a timer; if no synced one
// has come by, the timer syncs after half of [store.SyncWithin]. An idle store
// runs no goroutine of its own.
//
// One process has the directory. A second one gets [ErrLocked].
//
// # When the disk fails
//
// A read that fails, or meets a damaged block, is the error of the View or Update
// that read. Damage within the log is an error of Open as far as the log itself
// testifies that the place had once been synced; damage close to its end cannot
// be told from an end torn by a power cut.
//
// A failed write or sync is final: after it nobody can know what the
// disk holds, so the store stops. The update at hand and every later call return
// an error that wraps [ErrFailed], Run returns it, and nothing is acknowledged
// any more. What was acknowledged before is on disk and is there when the
// directory is opened again. The engine cannot unwind from such a failure, so
// Close then leaves it as it is, and the directory stays locked until the process
// ends: a server whose store failed should stop and be started again. An update
// that waits for the engine at that very moment (for room in memory, which only a
// flush can make) may never return; it is not acknowledged either.
//
// # What it leaves out
//
// Backups, replication, and any encryption of the files: whoever may read the
// directory may read the events. It is made readable for its owner only.
package disk
