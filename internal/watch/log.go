package watch

import (
	"context"
	"log/slog"
	"time"
)

// Log returns hooks that write a line per event, match, attempt and settled
// delivery at the Debug level. Above it are only the deliveries that failed for
// good: Info when the dead-letter queue took one, Warn when it is kept as dead.
// Nothing of an event's detail is logged.
func Log(log *slog.Logger) Hooks {
	l := lines{log}
	return Hooks{Accepted: l.accepted, Matched: l.matched, Refused: l.refused, Attempted: l.attempted, Settled: l.settled}
}

type lines struct{ log *slog.Logger }

// on reports whether a line would be written: if not, nothing is put together.
func (l lines) on(level slog.Level) bool { return l.log.Enabled(context.Background(), level) }

func (l lines) write(level slog.Level, msg string, attrs ...slog.Attr) {
	l.log.LogAttrs(context.Background(), level, msg, attrs...)
}

func (l lines) accepted(a *Accepted) {
	if l.on(slog.LevelDebug) {
		l.write(slog.LevelDebug, "event accepted",
			slog.String("bus", a.Bus), slog.String("event", a.Event.ID), slog.String("source", a.Event.Source),
			slog.String("detail_type", a.Event.DetailType), slog.Int("deliveries", a.Deliveries),
			slog.String("caller", a.Caller), slog.String("request", a.RequestID))
	}
}

func (l lines) matched(m *Matched) {
	if l.on(slog.LevelDebug) {
		l.write(slog.LevelDebug, "event matched",
			slog.String("bus", m.Bus), slog.String("event", m.Event.ID), slog.Any("rules", m.Rules))
	}
}

func (l lines) refused(r *Refused) {
	if l.on(slog.LevelDebug) {
		l.write(slog.LevelDebug, "event refused",
			slog.String("bus", r.Bus), slog.String("source", r.Source), slog.String("detail_type", r.DetailType),
			slog.String("code", r.Code), slog.String("err", r.Message),
			slog.String("caller", r.Caller), slog.String("request", r.RequestID))
	}
}

func (l lines) attempted(a *Attempt) {
	if !l.on(slog.LevelDebug) {
		return
	}
	attrs := append(route(&a.Route), slog.Int("attempt", a.Number), slog.Duration("took", a.Took))
	msg := "attempt succeeded"
	if a.Err != nil {
		attrs = append(attrs, slog.String("code", a.Code), slog.String("err", a.Err.Error()))
		msg = "attempt failed"
	}
	if a.Throttled {
		msg = "attempt held back"
	}
	if !a.Next.IsZero() {
		attrs = append(attrs, slog.String("next", a.Next.UTC().Format(time.RFC3339Nano)))
	}
	l.write(slog.LevelDebug, msg, attrs...)
}

func (l lines) settled(s *Settlement) {
	level, msg := slog.LevelDebug, "delivered"
	switch s.Outcome {
	case DeadLettered:
		level, msg = slog.LevelInfo, "delivery failed, dead-letter queue took it"
	case Dead:
		level, msg = slog.LevelWarn, "delivery failed, kept as dead"
	case Abandoned:
		msg = "delivery abandoned"
	}
	if !l.on(level) {
		return
	}
	attrs := append(route(&s.Route), slog.Int("attempt", s.Attempts), slog.Duration("latency", s.Latency))
	if s.Code != "" {
		attrs = append(attrs, slog.String("code", s.Code), slog.String("err", s.Message))
	}
	if s.Exhausted != "" {
		attrs = append(attrs, slog.String("exhausted", s.Exhausted))
	}
	if s.DeadLetterErr != "" {
		attrs = append(attrs, slog.String("dead_letter_err", s.DeadLetterErr))
	}
	l.write(level, msg, attrs...)
}

func route(r *Route) []slog.Attr {
	return append(make([]slog.Attr, 0, 12),
		slog.String("bus", r.Source), slog.String("rule", r.Owner), slog.String("target", r.Target),
		slog.String("event", r.EventID))
}
