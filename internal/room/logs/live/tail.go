package live

import (
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Tail says what a live session shows. Streams are asked for by their names or by
// what their names begin with, or not at all.
type Tail struct {
	Groups            []table.Key
	Streams, Prefixes []string
	Pattern           string
}

// Tail begins a live session of a caller's. [Session.Close] ends it.
func (h *Hub) Tail(of *groups.Service, by access.Caller, t Tail) (*Session, error) {
	if t.Streams != nil && t.Prefixes != nil {
		return nil, fault.Invalid("LogStream names and LogStream name prefixes are mutually exclusive parameters.")
	}
	if len(t.Groups) > 1 && (t.Streams != nil || t.Prefixes != nil) {
		return nil, fault.Invalid("Streams can be chosen in a live session of one log group only; this one is of %d.", len(t.Groups))
	}
	pattern, err := filters.Compile(t.Pattern)
	if err != nil {
		return nil, err
	}
	watched := map[uint64]string{}
	for _, k := range t.Groups {
		if err := of.Allow(by, k.Place, "StartLiveTail", k.Name); err != nil {
			return nil, err
		}
		g, err := of.Group(k.Place, k.Name)
		if err != nil {
			return nil, err
		}
		if g.Class == groups.Infrequent || g.Class == groups.Vended {
			return nil, fault.Invalid("The log group %s is of the class %s; live sessions are for those of the class STANDARD.", k.Name, g.Class).WithCode("InvalidOperationException")
		}
		if _, twice := watched[g.Number]; twice {
			return nil, fault.Invalid("The log group %s is named twice.", k.Name)
		}
		watched[g.Number] = k.Account + ":" + k.Name
	}
	return h.Open(Watch{Account: by.Account, Owner: by.Account + "/" + by.Region, Groups: watched, Stream: t.wants, Match: pattern.Match, Settled: of.Settle})
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
