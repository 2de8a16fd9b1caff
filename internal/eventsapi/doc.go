// Package eventsapi is the door of EventBridge: its 57 operations under the
// names and in the sentences of the AWS API, on top of the buses and the API
// destinations. It stands in for the service "events", version 2015-10-07.
//
// Handlers begin where the input has passed its limits (package limits), translate,
// and leave every decision to the room behind them. What is not offered is a
// row all the same, with the reason in it (refused.go); what else is different
// from AWS, here and in the rooms behind, is said in deviations.go.
package eventsapi
