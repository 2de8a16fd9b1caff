// Package queue is a message queue service; it stands in for Amazon SQS.
//
// # What it promises
//
// A message that was accepted is on disk when [Service.Send] or
// [Service.DeliverDurably] returns nil, and stays until it is deleted, purged or
// older than the retention of its queue. [Service.Deliver] is the exception; its
// comment says why it need not wait for the disk. What a [Post] brings is as
// durable as the transaction that it comes with.
//
// A message is handed out at least once. It is then invisible to other
// receivers for the visibility timeout, to the nanosecond; a receiver that
// neither deletes it nor asks for more time will see it again. What is known of
// a handed-out message (how often, until when it is invisible) reaches the disk
// within a second: a crash before that may make a message visible that was still
// being worked on. A deletion is on disk when it is acknowledged.
//
// Standard queues hand out messages in the order in which they became visible.
// FIFO queues keep the order within each message group: a group gives from its
// front up to the first message that is hidden, so that while a message is with
// a receiver nobody gets the next ones. The groups are served in turn. What
// repeats a deduplication id within five minutes is dropped, also across a
// restart, but not across a purge.
//
// A long poll ends as soon as there is something to hand out: a new message, one
// whose delay is over, or one that has become visible again. Waiting receivers
// are served in the order in which they came. Nothing is handed out to a caller
// whose context has ended before the message was marked as handed out; one that
// leaves later loses nothing, since the message becomes visible again.
//
// # Many messages
//
// The bodies are on disk. A message in a standard queue that waits for its first
// receiver costs no memory at all: such messages have consecutive numbers, and
// the queue knows the first and the last. One that is delayed, is or was handed
// out, or lives in a FIFO queue has an entry of about 130 bytes; a FIFO queue
// spends as much again for the five minutes in which it recognises a repetition.
// Opening reads the entries and not the messages.
//
// # Concurrency
//
// All methods may be called from many goroutines at once. A queue's memory
// changes only inside a transaction of the store, and the store runs those one
// at a time; so memory and disk agree on the order of things. Locks are taken in
// the order transaction, queue, tasks, directory of queues, and no transaction
// begins under a lock. Only a transaction holds two queues at once: the second
// one, which gets a dead letter, comes after everything but the directory.
//
// # Its door
//
// Amazon SQS's operations are in sqs, below this package, which knows no HTTP and
// no JSON of callers. What memory holds of a queue's messages is in ledger.
//
// # What it leaves out
//
// What clients may notice is said in sqs/deviations.go, from where it is printed in
// docs/compatibility.md.
package queue
