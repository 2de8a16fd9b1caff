// Package logs is the logs room: it stands in for Amazon CloudWatch Logs.
//
// Groups hold streams, and streams hold events. An event that PutLogEvents
// acknowledged is on disk. It is compressed with those it came with, by
// store/blocks, and later merged with its neighbours.
//
// Retention is kept: what is older than a group's retention is not read any more
// from that millisecond on, and is deleted from the disk within a day and a
// minute, in whole days of UTC.
//
// The room is in the one store of the house, though it writes much: packing,
// which takes time, is done outside of the store's turn, in which there is only
// a copy of what is compressed already. So what a rule sends to a group has the
// order of the outbox that sends it, and one sync serves both.
//
// Streams and groups are records in memory; their events are not. What reading
// and packing take has a bound, [Options.Memory].
//
// Who may do what is asked about the resource that AWS asks about: also for what
// concerns a whole group it ends with ":log-stream:". Resource policies are those
// of the account, and are for services and guests.
package logs
