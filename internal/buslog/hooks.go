package buslog

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/watch"
)

// Hooks returns the hooks that fill the log.
func (l *Log) Hooks() watch.Hooks {
	return watch.Hooks{Accepted: l.accepted, Matched: l.matched, Refused: l.refused, Attempted: l.attempted, Settled: l.settled}
}

// aws says whether an event is one of AWS's own, which nobody asked for by name: it
// is not logged unless a rule wants it.
func aws(e *event.Event) bool { return strings.HasPrefix(e.Source, "aws.") }

func (l *Log) accepted(a *watch.Accepted) {
	level, detail := l.opt.Wants(a.Bus)
	if level < Info || aws(a.Event) && a.Deliveries == 0 {
		return
	}
	r := record{Bus: a.Bus, RequestID: a.RequestID, EventID: a.Event.ID, Details: details{
		Caller: a.Event.Account, Happened: a.Event.Time.UnixMilli(), Source: a.Event.Source, DetailType: a.Event.DetailType, Resources: a.Event.Resources,
	}}
	if detail {
		r.Details.EventDetail = a.Event.Detail
	}
	l.step(level, Trace, "EVENT_RECEIPT", r)
	l.step(level, Info, "EVENT_INGEST_SUCCESS", r)
}

func (l *Log) refused(f *watch.Refused) {
	level, _ := l.opt.Wants(f.Bus)
	if level == Off {
		return
	}
	l.step(level, Error, "EVENT_INGEST_FAILURE", record{
		Bus: f.Bus, RequestID: f.RequestID, Details: details{Source: f.Source, DetailType: f.DetailType}, Error: &failure{f.Code + ": " + f.Message},
	})
}

func (l *Log) matched(m *watch.Matched) {
	level, _ := l.opt.Wants(m.Bus)
	if level < Info || aws(m.Event) && len(m.Rules) == 0 {
		return
	}
	r := record{Bus: m.Bus, EventID: m.Event.ID}
	l.step(level, Trace, "RULE_MATCH_START", r)
	if len(m.Rules) == 0 {
		l.step(level, Info, "NO_STANDARD_RULES_MATCHED", r)
	}
	for _, rule := range m.Rules {
		r.Details.Rule = rule
		l.step(level, Info, "RULE_MATCH", r)
	}
}

func (l *Log) attempted(a *watch.Attempt) {
	level, detail := l.opt.Wants(a.Source)
	permanent := a.Err != nil && !a.Retryable && !a.Throttled
	if level < Trace && !(level >= Error && permanent) {
		return
	}
	r := invocation(&a.Route)
	r.Details.Attempt, r.Details.AttemptType = a.Number, "RETRY"
	switch {
	case a.Throttled:
		r.Details.AttemptType = "THROTTLE"
	case a.Number == 1:
		r.Details.AttemptType = "FIRST"
		l.step(level, Trace, "INVOCATION_START", r)
	}
	if detail {
		r.Details.Input = string(a.Input)
	}
	l.step(level, Trace, "INVOCATION_ATTEMPT_START", r)
	r.Details.Took = millis(a.Took)
	if a.Err != nil {
		r.Error = &failure{a.Code + ": " + a.Err.Error()}
	}
	switch {
	case a.Throttled:
		l.step(level, Trace, "INVOCATION_ATTEMPT_THROTTLE", r)
	case a.Err == nil:
		l.step(level, Trace, "INVOCATION_ATTEMPT_SUCCESS", r)
	case permanent:
		l.step(level, Error, "INVOCATION_ATTEMPT_PERMANENT_FAILURE", r)
	default:
		l.step(level, Trace, "INVOCATION_ATTEMPT_RETRYABLE_FAILURE", r)
	}
}

func (l *Log) settled(s *watch.Settlement) {
	level, _ := l.opt.Wants(s.Source)
	if level == Off || level < Info && s.Outcome == watch.Delivered {
		return
	}
	r := invocation(&s.Route)
	r.Details.Attempts, r.Details.Complete = s.Attempts, millis(s.Latency)
	if s.Outcome == watch.Delivered {
		r.Details.Status, r.Details.Success = "SUCCESS", r.Details.Complete
		l.step(level, Info, "INVOCATION_SUCCESS", r)
		return
	}
	r.Details.Status = "FAILURE"
	r.Error = &failure{strings.TrimPrefix(s.Code+": "+s.Message, ": ")}
	if s.Outcome == watch.Abandoned {
		r.Error.Message = "The rule or its target was deleted."
	}
	l.step(level, Error, "INVOCATION_FAILURE", r)
	if s.Outcome == watch.DeadLettered {
		l.step(level, Error, "INVOCATION_DLQ", r)
	}
}

// step adds a record of a level if it is wanted.
func (l *Log) step(wanted, level Level, name string, r record) {
	if level <= wanted {
		r.Type, r.Level = name, level.String()
		l.add(r.Bus, r)
	}
}

// invocation begins a record about a delivery. Its id is made of what it is about.
func invocation(to *watch.Route) record {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(to.EventID+"\x00"+to.Owner+"\x00"+to.TargetID))
	return record{Bus: to.Source, EventID: to.EventID, InvocationID: id.String(), Details: details{Rule: to.Owner, Target: to.Target}}
}

func millis(d time.Duration) *int64 {
	n := d.Milliseconds()
	return &n
}
