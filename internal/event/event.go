// Package event is the envelope: what a producer hands in, what every target
// receives, and the limits between the two.
//
// An event is one byte slice from ingest to target. [New] builds it once, with
// the keys in the order in which EventBridge delivers them; the same bytes are
// matched, stored and sent, and [Parse] finds the fields in them again.
//
// The detail is the producer's own text without its white space: numbers keep
// their spelling, keys their order and their duplicates, strings their escapes
// and everything beyond ASCII. What New accepts is valid JSON in valid UTF-8,
// so whoever reads an envelope later may rely on it.
//
// Errors about an entry are faults whose Code is the error code that PutEvents
// answers for that entry. The limit on the size of a whole request belongs to
// the caller, who sums up [Size]; so does permission, except for [CheckSource].
//
// All functions may be called from many goroutines at once.
package event

import "time"

// MaxDepth is how many objects and arrays may stand inside one another in a
// detail, the detail itself included.
const MaxDepth = 1000

// maxNumber is how many characters a number in a detail may have. EventBridge
// parses with a library that refuses longer ones.
const maxNumber = 1000

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
	// Resources is nil when there are none.
	Resources []string
	// JSON is the envelope, as matched and as delivered.
	JSON []byte
	// Detail is the part of JSON that holds the detail object.
	Detail []byte
	// UniqueKeys says that no object in Detail has the same key twice, nor a key
	// with an escape or a dot. It may be false although that is so.
	UniqueKeys bool
}
