// Package table keeps the records of a room: what people make by name, such as
// topics, roles or connections, in an account and a region.
//
// A [Table] has all of its records in memory, where reading takes no lock and
// does not wait for anybody, and in the store, under its prefix:
//
//	<prefix><account>/<region>/<name>   <version> <JSON>
//
// It is for what people make and look at again, thousands in an account, each
// of which [Options.Max] bounds. What programs pile up, such as messages and
// events, belongs into the store alone.
//
// # Changes
//
// A change is made in a transaction of the store, by [Table.In], together with
// whatever else is written there; or in one of its own, by [Table.Create],
// [Table.Change] and [Table.Delete], which return when it is on disk. Closures
// of the store take turns, so what is asked within one, such as whether a name
// is taken, is still so when the change is made: a room needs no lock for it.
//
// All that a transaction changes in a table is seen by readers at one moment,
// when its closure has returned, and hence a moment before it is on disk. A
// transaction that fails changes nothing, in memory or in the store. Two tables
// may be seen a moment apart.
//
// Records are pointers that all readers share. Nobody may change what they
// point to: a change copies the record and replaces it, and what hangs on it,
// a slice or a map, must be replaced as well rather than changed.
//
// # Errors
//
// What the caller of the room did wrong is a fault in the room's words: the
// name is missing or taken, the account has as many as it may. Everything else
// is an error of the store, [store.ErrFull] among them, which deleting never
// gives.
//
// # Versions
//
// [Options.Version] counts the formats that a record's JSON has had. It is part
// of every record, and [Options.Migrate] brings older ones up to date as they
// are read; in the store they change when they are next written. A record of a
// later version than the program knows is an error of [Open], which says so.
// Another member in a record is no other format: it is zero in older ones.
//
// # Opening
//
// A Table has no goroutine and nothing to close: who is done with it drops it,
// and another Open finds what is in the store. There must not be two for one
// prefix at the same time, since neither would see what the other changes.
package table
