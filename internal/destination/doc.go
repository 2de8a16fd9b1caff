// Package destination keeps API destinations, the HTTP endpoints that rules
// can call, with the connections that authorize the calls.
//
// A connection of the type BASIC or API_KEY is AUTHORIZED as soon as it is
// there. One that uses OAuth client credentials is AUTHORIZING until [Service.Run]
// has fetched a first token for it; a token server that refuses makes it
// DEAUTHORIZED with the reason, as does an endpoint that nobody can ask, and one
// that cannot be reached does so after a few tries, or at once when it asks to be
// left alone for long. Each is tried again in the background, more and more
// seldom but within the hour whatever a token server asks for, so that a
// connection recovers with its token server. An API destination is ACTIVE while
// its connection is AUTHORIZED. Nothing calls an inactive one.
//
// Tokens stand in memory only. They are fetched by the first delivery that
// needs one, by one request at a time for each connection, and again shortly
// before they expire or when the destination answers 401 or 407.
//
// A change is durable when the method that makes it returns, and is seen by
// all later calls. Everything may be called from many goroutines at once;
// looking up an endpoint takes no lock that a change holds while it waits for
// the disk.
//
// # Secrets
//
// Passwords, keys and client secrets are part of the records in the store,
// where who can read the data directory can read them: there is no Secrets
// Manager behind a secret's ARN, which only names what AWS would have made.
// No method returns a secret, and no error contains one, also when a
// destination or a token server repeats it in its answer, in whatever spelling;
// see [outbound.Secrets].
//
// # What it leaves out
//
// Private connectivity through VPC Lattice, mutual TLS, and encryption with a
// KMS key. What clients may notice is said by package eventsapi.
package destination
