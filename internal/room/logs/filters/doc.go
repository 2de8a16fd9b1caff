// Package filters keeps what log groups have beside their events: subscription
// filters, which send the events that match on as they come in, and metric filters.
//
// What a subscriber is to get is owed to it in the transaction that takes the
// events in: whoever was told that its events are kept knows that subscribers will
// get them, at least once. The [Outbox] tries for a day, and keeps what failed.
// A group without a subscription pays for none.
//
// Metric filters are kept, listed and checked. They count nothing: there is no
// room for metrics yet.
package filters
