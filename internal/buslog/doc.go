// Package buslog writes down what becomes of the events of a bus, for buses that ask
// for it with a LogConfig: a JSON record for each step, as EventBridge writes them.
//
// It hangs on the tap and never holds it up: what a bus has to say waits in memory,
// up to a bound, and is written in the background. What is beyond the bound, of which an
// account has half, is dropped, and so is what a log group does not take for two seconds:
// it is counted, and a record says how much it was. Records are not durable before they
// are written, and a crash loses what waits.
//
// What it writes goes past no bus, so it never logs what its own records cause.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html
package buslog
