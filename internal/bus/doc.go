// Package bus is the event buses: their rules and targets, and what happens to
// an event between its arrival and its delivery. It stands in for EventBridge
// without the wire: no HTTP, no JSON requests.
//
// Everything belongs to an account in a region, an [access.Place]; a bus named
// "default" is in every place without being created. Buses are named as
// EventBridge names them, by name or by ARN.
//
// Promises:
//
//   - When [Service.Put] says that an entry was accepted, the event and the
//     deliveries it caused are on disk, written in one transaction. An event
//     that no target wants costs no write.
//   - One event is judged by one set of rules. Changes to rules and targets are
//     ordered with events: a Put that begins after a change has returned sees
//     it, and an event in flight goes to a target as it was or as it has
//     become, never to neither.
//   - A change is on disk when its method returns. A change that could not be
//     written was not made.
//   - A rule with a schedule fires once for each time it is due: the event and
//     the next time are written in one transaction, so a crash does not repeat
//     a firing. Times that pass while the service is down are skipped, except
//     for the last of them when it is no older than
//     [Options.ScheduleTolerance]; that one fires once at the start.
//
// All methods may be called from many goroutines at once. Put does not wait
// for changes, and readers do not wait for the disk.
//
// What it leaves out: archives, replays, partner event sources and global
// endpoints. What else clients may notice is said by package eventsapi.
package bus
