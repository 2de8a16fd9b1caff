// Package event is the envelope: what a producer hands in, what every target
// receives, and the limits between the two.
//
// An event is one byte slice from ingest to target. [New] builds it once, with
// the keys in the order in which EventBridge delivers them; the same bytes are
// matched, stored and sent.
package event

import "time"

// An Entry is one event as a producer hands it in.
type Entry struct {
	Source, DetailType string
	// Detail is the text of a JSON object.
	Detail    string
	Resources []string
	// Time is when it happened. Zero means when it arrives.
	Time time.Time
}

// A Stamp is what the bus adds to an entry.
type Stamp struct {
	// ID is a lower-case UUID; it names the event everywhere.
	ID string
	// Account and Region are those of the caller, not of the bus.
	Account, Region string
	// Now is the time of arrival.
	Now time.Time
}

// An Event is one accepted event. It must not be changed: its slices are
// shared by everybody who handles it.
type Event struct {
	ID, DetailType, Source, Account, Region string
	// Time is in whole seconds, UTC.
	Time       time.Time
	ReplayName string
	Resources  []string
	// JSON is the envelope, as matched and as delivered.
	JSON []byte
	// Detail is the part of JSON that holds the detail object.
	Detail []byte
}
