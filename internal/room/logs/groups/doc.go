// Package groups keeps log groups, their streams, and the events in these.
//
// An event that [Service.Put] took is on disk. It is compressed with those it came
// with, by store/blocks, and later merged with its neighbours.
//
// Retention is kept: what is older than a group's retention is not read any more
// from that millisecond on, and is deleted from the disk within a day and a
// minute, in whole days of UTC. [Service.Run] does that, and merges.
//
// The groups are in the one store of the house, though they write much: packing,
// which takes time, is done outside of the store's turn, in which there is only
// a copy of what is compressed already. So what a rule sends to a group has the
// order of the outbox that sends it, and one sync serves both.
//
// # Ways in
//
// [Service.Put] is PutLogEvents. Others of the house write a [Line] at a time: by
// [Service.Deliver], in a transaction of its own; by a [Batch] or a [Draft], in a
// transaction of the caller's, which leaves groups with subscribers out or owes these
// their messages, too; and [Service.Vend] appends the log of a service.
//
// # Memory
//
// Streams and groups are records in memory; their events are not. What reading and
// merging take has a bound, [Options.Memory], and what writing takes has another,
// [Options.Ingest], of which an account has at most half.
//
// # Who may
//
// Each method that takes an [access.Caller] asks the guard, about the resource that AWS
// asks about: also for what concerns a whole group it ends with ":log-stream:".
// Resource policies are those of the account, and are for services and guests. Errors
// that are faults are meant for the caller, in AWS's words where it has some.
package groups
