// Package sqs is the door of the queues: Amazon SQS's operations, its types and
// its spelling, in JSON and in forms, over [queue.Service].
//
// It reads what callers send and asks whether they may do it; what a queue takes,
// keeps and hands out is decided behind it.
package sqs
