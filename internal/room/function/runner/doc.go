// Package runner runs functions: for callers who wait for the answer, and for events
// that were accepted without one, which come back from the outbox until they are done.
//
// It joins the catalog of functions with the pool of environments. What becomes of an
// event that failed for good, and of one whose function wants successes to be told, is
// said here too.
package runner
