// Package delivery carries payloads to targets until they arrive or the retry
// policy runs out.
//
// Delivery is at least once. A payload is written to the outbox in the same
// transaction as what causes it, so a crash repeats an attempt but never forgets
// one. Two payloads for one target may arrive in either order.
//
// What is owed, by whom and why is not its business. An [Owner] is the side of
// those who owe, such as the rules of buses: it says for each [Plan] what is sent,
// by which sink, when that is repeated and who is told that it failed for good. A
// room owes through a small interface of its own, which the roof joins to
// [Outbox.AddPlan] and [Outbox.Owe].
//
// Nobody's consent is needed for it to go on: what targets do, what templates
// make of events, and how many targets there are, all of it has bounds in time
// and in memory. DESIGN.md has the life of a delivery and the figures.
package delivery
