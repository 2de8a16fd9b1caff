// Package mapping has functions work on what is in queues: the event source mappings of
// Lambda.
//
// A mapping names a queue and a function. While it is enabled messages are received from
// the queue with the rights of the function's role, in batches, and the function is run
// with each. Those that it has worked on are deleted. When it fails, nothing is done: the
// messages come back when the queue shows them again, and go to the dead-letter queue of
// the queue after as many times as that says. A function may say which of a batch it has
// not worked on. What no filter of the mapping matches is deleted and never seen.
//
// A message is in its queue until its function is done, so that a crash repeats work and
// forgets none. What is in memory comes from a share that no account has more than half
// of. Messages of a FIFO queue come in order within their groups, as the queue sees to it
// that nobody has two parts of a group at a time.
package mapping
