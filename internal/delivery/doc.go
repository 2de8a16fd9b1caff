// Package delivery carries payloads to targets until they arrive or the retry
// policy runs out.
//
// Delivery is at least once. A payload is written to the outbox in the same
// transaction as its event, so a crash repeats an attempt but never forgets
// one. Two payloads for one target may arrive in either order.
//
// Nobody's consent is needed for it to go on: what targets do, what templates
// make of events, and how many targets there are, all of it has bounds in time
// and in memory. DESIGN.md has the life of a delivery and the figures.
package delivery
