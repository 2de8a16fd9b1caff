// Package outbound is the one HTTP client for everything that leaves the house:
// calls to API destinations, to their token servers, and whatever a room has
// to call in the world.
//
// A call ends with an [Answer] or with an [Error], which says what to do about
// the failure, in a sentence that repeats what was answered and no secret.
package outbound
