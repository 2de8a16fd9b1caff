package watch

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The kinds of a Record, in the order in which an event meets them.
const (
	KindRefused   = "refused"
	KindAccepted  = "accepted"
	KindMatched   = "matched"
	KindAttempted = "attempted"
	KindSettled   = "settled"
	// KindMissed says that the reader was too slow and how many records it lost.
	KindMissed = "missed"
)

// A Record is one thing that happened, for people and their programs. Its JSON
// is a line of the live tail; what does not apply to a kind is left out.
type Record struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"`

	EventID    string `json:"event_id,omitempty"`
	Bus        string `json:"bus,omitempty"`
	Source     string `json:"source,omitempty"`
	DetailType string `json:"detail_type,omitempty"`
	Caller     string `json:"caller,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	// Event is the envelope, in accepted records.
	Event      json.RawMessage `json:"event,omitempty"`
	Deliveries int             `json:"deliveries,omitempty"`
	Rules      []string        `json:"rules,omitempty"`

	Rule     string `json:"rule,omitempty"`
	TargetID string `json:"target_id,omitempty"`
	Target   string `json:"target,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
	// Input is what the target was sent. It need not be JSON.
	Input     string        `json:"input,omitempty"`
	Took      time.Duration `json:"took_ns,omitempty"`
	Next      *time.Time    `json:"next,omitempty"`
	Throttled bool          `json:"throttled,omitempty"`

	Outcome       Outcome `json:"outcome,omitempty"`
	Code          string  `json:"code,omitempty"`
	Message       string  `json:"message,omitempty"`
	Exhausted     string  `json:"exhausted,omitempty"`
	DeadLetterErr string  `json:"dead_letter_error,omitempty"`
	Missed        uint64  `json:"missed,omitempty"`
}

// Account returns the account that a record is about: that of the rule whose
// delivery it is, else that of the bus. It is "" where neither is an ARN, for
// what a reader missed, and for an event that was refused because no bus could be
// meant.
func (r *Record) Account() string {
	part := strings.SplitN(cmp.Or(r.Rule, r.Bus), ":", 6)
	if len(part) < 6 || part[0] != "arn" {
		return ""
	}
	return part[4]
}

// Hooks returns the hooks that fill the feed.
func (f *Feed) Hooks() Hooks {
	return Hooks{
		Refused: func(e *Refused) {
			if f.readers.Load() > 0 {
				f.show(Record{
					Time: time.Now(), Kind: KindRefused, Bus: e.Bus, Source: e.Source, DetailType: e.DetailType,
					Caller: e.Caller, RequestID: e.RequestID, Code: e.Code, Message: e.Message,
				})
			}
		},
		Matched: func(m *Matched) {
			if f.readers.Load() > 0 {
				f.show(Record{Time: time.Now(), Kind: KindMatched, EventID: m.Event.ID, Bus: m.Bus, Rules: slices.Clone(m.Rules)})
			}
		},
		Accepted: func(a *Accepted) {
			if f.readers.Load() > 0 {
				f.show(Record{
					Time: time.Now(), Kind: KindAccepted, EventID: a.Event.ID, Bus: a.Bus, Source: a.Event.Source,
					DetailType: a.Event.DetailType, Caller: a.Caller, RequestID: a.RequestID,
					Event: a.Event.JSON, Deliveries: a.Deliveries,
				})
			}
		},
		Attempted: func(a *Attempt) {
			if f.readers.Load() > 0 {
				f.show(attemptRecord(a))
			}
		},
		Settled: func(s *Settlement) {
			if f.readers.Load() > 0 {
				r := routeRecord(s.Route, KindSettled)
				r.Attempt, r.Outcome, r.Code, r.Message = s.Attempts, s.Outcome, s.Code, s.Message
				r.Exhausted, r.DeadLetterErr, r.Took = s.Exhausted, s.DeadLetterErr, s.Latency
				f.show(r)
			}
		},
	}
}

func attemptRecord(a *Attempt) Record {
	r := routeRecord(a.Route, KindAttempted)
	r.Attempt, r.Input, r.Took, r.Code, r.Throttled = a.Number, string(a.Input), a.Took, a.Code, a.Throttled
	if a.Err != nil {
		r.Message = a.Err.Error()
	}
	if next := a.Next; !next.IsZero() {
		r.Next = &next
	}
	return r
}

func routeRecord(to Route, kind string) Record {
	return Record{
		Time: time.Now(), Kind: kind, EventID: to.EventID, Bus: to.Source,
		Rule: to.Owner, TargetID: to.TargetID, Target: to.Target,
	}
}
