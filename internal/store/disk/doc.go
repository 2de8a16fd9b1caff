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
// has come by, the timer syncs after half of [store.SyncWithin].
//
// One process has the directory. A second one gets [ErrLocked].
//
// # When the disk fails
//
// A read that fails, or meets a damaged block, is the error of the View or Update
// that read.
//
// Open looks at the directory before the engine does, which goes on without what
// it cannot read, and takes a store without its marker for a new one. What it
// finds is a [journal.Damage]: nothing was changed, and package doctor says more.
//
// Every batch begins with a promise: so much of that log, and of that manifest,
// was on disk when the batch was written. What a promise says was there and
// cannot be read is damage. Where a log just ends, the power was cut, and nothing
// is lost that was acknowledged. Some time after an update, and when the store is
// closed, a promise is written for its own sake, so that the last updates have
// something behind them as well. A marker names the newest log, and the sequence
// numbers of logs that follow each other leave no gap.
//
// What remains that nothing testifies to: damage to the very last updates before
// a crash, within [store.SyncWithin] of it; a newest log that was cut shorter from
// outside; and the oldest of several logs that wait for a table, if it is lost. A
// walk reads about a gigabyte a second; a log has a few megabytes. The blocks of
// tables are checked when they are read.
//
// What the system lacks for a while is no failure. Room on the disk is kept
// back, as a ballast: when the disk is full, updates are refused with
// [store.ErrFull] except for those that are [store.Draining], and when the last
// byte is gone, the ballast is given up for them, and for the next Open, until
// there is room to take it again. A few file descriptors are kept back too, and
// when they are gone as well, the engine waits for one, for minutes.
//
// A directory that is removed, moved or replaced is noticed before anything more
// is acknowledged, and by [Store.Run] within a second.
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
// directory may read the events. Its files are for their owner only, whatever the
// umask and the directory say.
package disk
