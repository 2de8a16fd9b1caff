// Package delivery carries payloads to targets until they arrive or the retry
// policy runs out.
//
// Delivery is at least once. A payload is written to the outbox in the same
// transaction as its event, so a crash repeats an attempt but never forgets
// one. Two payloads for one target may arrive in either order.
package delivery
