package logs

import (
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/live"
)

// A Tail says what a live session shows. Groups are ARNs; streams are asked for by
// their names or by what their names begin with, or not at all.
type Tail struct {
	Groups, Streams, Prefixes []string
	Pattern                   string
}

// Tail begins a live session.
func (s *Service) Tail(by access.Caller, t Tail) (*live.Session, error) {
	if t.Streams != nil && t.Prefixes != nil {
		return nil, fault.Invalid("LogStream names and LogStream name prefixes are mutually exclusive parameters.")
	}
	if len(t.Groups) > 1 && (t.Streams != nil || t.Prefixes != nil) {
		return nil, fault.Invalid("Streams can be chosen in a live session of one log group only; this one is of %d.", len(t.Groups))
	}
	pattern, err := compile(t.Pattern)
	if err != nil {
		return nil, err
	}
	groups := map[uint64]string{}
	for _, identifier := range t.Groups {
		if !arn.Is(identifier) {
			return nil, fault.Invalid("A live session names its log groups by their ARNs; %q is none.", identifier)
		}
		at, name, err := of(by, nil, &identifier)
		if err != nil {
			return nil, err
		}
		if err := s.allow(by, at, "StartLiveTail", resource(at, name, "")); err != nil {
			return nil, err
		}
		g, err := s.groups.Get(groupKey(at, name))
		if err != nil {
			return nil, err
		}
		if g.Class == Infrequent || g.Class == Vended {
			return nil, fault.Invalid("The log group %s is of the class %s; live sessions are for those of the class STANDARD.", name, g.Class).WithCode("InvalidOperationException")
		}
		if _, twice := groups[g.Number]; twice {
			return nil, fault.Invalid("The log group %s is named twice.", name)
		}
		groups[g.Number] = at.Account + ":" + name
	}
	return s.live.Open(live.Watch{Owner: by.Account + "/" + by.Region, Groups: groups, Stream: t.wants, Match: pattern.Match})
}

// wants says whether a stream is asked for.
func (t *Tail) wants(stream string) bool {
	switch {
	case t.Streams != nil:
		return slices.Contains(t.Streams, stream)
	case t.Prefixes != nil:
		return slices.ContainsFunc(t.Prefixes, func(p string) bool { return strings.HasPrefix(stream, p) })
	}
	return true
}
