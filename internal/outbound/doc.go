// Package outbound is the one HTTP client for everything that leaves the house:
// calls to API destinations, to their token servers, and whatever a room has
// to call in the world.
//
// A call ends with an [Answer] or with an [Error], which says what to do about
// the failure, in a sentence that repeats what was answered and no secret.
//
// # What it promises
//
// A call ends at its deadline, whatever the other side does with the
// connection, and reads no more than a megabyte. Its time begins when its turn
// has come: so many calls are under way at once in all, and so many for one
// name, and what waits for that has not been tried. Calls for different names do not
// wait for each other when they go to the same host.
//
// A server that says when to come back is believed for [MaxRetryAfter] at most.
//
// Where calls may go is a [Reach], judged by the address that is about to be
// connected to, so that neither a name nor its next resolution gets round it.
// Redirects are not followed, and the proxies of the environment are used only
// where every address may be called.
package outbound
