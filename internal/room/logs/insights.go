package logs

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/query"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// maxQueried is how many groups a query may be about, and maxDefinitions how many
// queries a place may have written down.
const (
	maxQueried     = 50
	maxDefinitions = 1000
)

// openQueries makes the desk of the queries.
func (s *Service) openQueries() {
	s.queries = query.New(query.Options{
		Events: s.events, Memory: s.opt.Memory,
		Streams:     func(g *query.Group) func(uint64) (string, bool) { return s.streamsBy(g.Place, g.Number) },
		StreamsCost: maxStreams * 8,
		Pointer: func(g *query.Group, _ uint64, e *blocks.Entry) string {
			return page.Encode(fmt.Sprintf("%d %d %s/%s", e.Time, e.Number, g.Place.Account, g.Name))
		},
		Failed: func(j *query.Job, err error) {
			s.opt.Log.Warn("logs: a query failed", "account", j.Place.Account, "region", j.Place.Region, "query", j.ID, "err", err)
		},
	})
}

// streamsBy finds the names of a group's streams by their numbers.
func (s *Service) streamsBy(at access.Place, group uint64) func(number uint64) (string, bool) {
	var all []*Stream
	return func(number uint64) (string, bool) {
		if all == nil {
			all = make([]*Stream, 0, s.streams.Count(at, streamsOf(&Group{Number: group})))
			for st := range s.streams.Each(at, streamsOf(&Group{Number: group})) {
				all = append(all, st)
			}
			slices.SortFunc(all, func(a, b *Stream) int { return cmp.Compare(a.Number, b.Number) })
		}
		i, ok := slices.BinarySearchFunc(all, number, func(st *Stream, n uint64) int { return cmp.Compare(st.Number, n) })
		if !ok {
			return "", false
		}
		return all[i].Name, true
	}
}

// A place and a name of a group.
type named struct {
	at   access.Place
	name string
}

// StartQuery takes a query in.
func (s *Service) StartQuery(by access.Caller, groups []named, from, to int64, text string, limit int) (*query.Job, error) {
	if from > to {
		return nil, fault.Invalid("End time should not be less than start time.")
	}
	if len(groups) > maxQueried {
		return nil, fault.Invalid("A query is about at most %d log groups, not %d.", maxQueried, len(groups))
	}
	spec := query.Spec{Place: by.Place, By: by.Principal, Text: text, From: from, To: min(to, math.MaxInt64/2), Limit: limit}
	seen := map[uint64]bool{}
	for _, n := range groups {
		if err := s.allow(by, n.at, "StartQuery", resource(n.at, n.name, "")); err != nil {
			return nil, err
		}
		g := s.groups.Find(groupKey(n.at, n.name))
		if g == nil {
			return nil, fault.NotFound("Log group '%s' does not exist for account ID '%s' (Service: AWSLogs; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: %s; Proxy: null)", n.name, n.at.Account, by.RequestID)
		}
		if g.Class == Vended {
			return nil, fault.Invalid("The log group %s is of the class %s, which queries do not look into.", n.name, g.Class)
		}
		if seen[g.Number] {
			continue
		}
		seen[g.Number] = true
		spec.Groups = append(spec.Groups, query.Group{Place: n.at, Name: n.name, Number: g.Number, From: g.begin(time.Now())})
	}
	var err error
	if spec.Query, err = insights.Compile(text); err != nil {
		return nil, err
	}
	return s.queries.Start(spec)
}

// Query returns a query of the caller's.
func (s *Service) Query(by access.Caller, action, id string) (*query.Job, error) {
	if err := s.allow(by, by.Place, action, resource(by.Place, "", "")); err != nil {
		return nil, err
	}
	return s.queries.Find(by.Place, id)
}

// Queries returns the queries of the caller.
func (s *Service) Queries(by access.Caller) ([]*query.Job, error) {
	if err := s.allow(by, by.Place, "DescribeQueries", resource(by.Place, "", "")); err != nil {
		return nil, err
	}
	return s.queries.List(by.Place), nil
}

// Record returns the fields of the event that a pointer leads to.
func (s *Service) Record(ctx context.Context, by access.Caller, pointer string) (map[string]string, error) {
	invalid := fault.Invalid("The specified log record pointer is invalid.")
	text, err := page.Decode(pointer)
	if err != nil {
		return nil, invalid
	}
	var p blocks.Position
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 {
		return nil, invalid
	}
	if n, err := fmt.Sscan(parts[0]+" "+parts[1], &p.Time, &p.Number); n != 2 || err != nil || p.Time < 0 {
		return nil, invalid
	}
	at := by.Place
	var name string
	at.Account, name, _ = strings.Cut(parts[2], "/")
	if !access.IsAccount(at.Account) || name == "" {
		return nil, invalid
	}
	if err := s.allow(by, at, "GetLogRecord", resource(at, name, "")); err != nil {
		return nil, err
	}
	g, err := s.groups.Get(groupKey(at, name))
	if err != nil {
		return nil, err
	}
	q := Span{&p.Time, &p.Time}.query(g)
	q.Match = func(_ uint64, e *blocks.Entry) bool { return e.Number == p.Number }
	var found []blocks.Found
	if q.From <= q.To {
		r, err := s.events.Read(ctx, &q, blocks.Page{Max: 1, MaxBytes: maxPageBytes, Within: searchWithin})
		if err != nil {
			return nil, err
		}
		found = r.Entries
	}
	if len(found) == 0 {
		return nil, fault.NotFound("The specified log record does not exist.")
	}
	stream, _ := s.streamsBy(at, g.Number)(found[0].Source)
	out := map[string]string{"@ptr": pointer}
	insights.Fields(recordOf(at, g, stream, &found[0].Entry), func(name, value string) bool {
		out[name] = value
		return true
	})
	return out, nil
}

func recordOf(at access.Place, g *Group, stream string, e *blocks.Entry) *insights.Record {
	return &insights.Record{Time: e.Time, Arrived: e.Arrived, Text: e.Text, Stream: stream, Group: at.Account + ":" + g.Name}
}

// sampled is how many events are looked at for the fields of a group.
const sampled = 1000

// Fields returns the fields that the latest events of a group have in a span, each
// with the number of those that have it, and how many were looked at.
func (s *Service) Fields(ctx context.Context, by access.Caller, at access.Place, group string, span Span) (map[string]int, int, error) {
	if err := s.allow(by, at, "GetLogGroupFields", resource(at, group, "")); err != nil {
		return nil, 0, err
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return nil, 0, err
	}
	q := span.query(g)
	if q.From > q.To {
		return nil, 0, nil
	}
	r, err := s.events.Read(ctx, &q, blocks.Page{Backward: true, Max: sampled, MaxBytes: maxPageBytes, Within: searchWithin})
	if err != nil {
		return nil, 0, err
	}
	fields := map[string]int{}
	for i := range r.Entries {
		insights.Fields(recordOf(at, g, "", &r.Entries[i].Entry), func(name, _ string) bool {
			if fields[name] > 0 || len(fields) < sampled {
				fields[name]++
			}
			return true
		})
	}
	return fields, len(r.Entries), nil
}

// A Definition is a query that is written down.
type Definition struct {
	ID, Name, Text string
	Groups         []string         `json:",omitempty"`
	Parameters     []QueryParameter `json:",omitempty"`
	Changed        int64
}

// A QueryParameter is a place in a definition where something else may stand.
type QueryParameter struct{ Name, Default, Description string }

var errNoDefinition = fault.NotFound("The specified query definition does not exist.")

// PutDefinition writes a query down: anew, or, if it has an id, in the place of the
// one that has it. The same token makes the same definition.
func (s *Service) PutDefinition(ctx context.Context, by access.Caller, d Definition, token string) (string, error) {
	if err := s.allow(by, by.Place, "PutQueryDefinition", resource(by.Place, "", "")); err != nil {
		return "", err
	}
	d.Changed = time.Now().UnixMilli()
	key := table.Key{Place: by.Place, Name: d.ID}
	if d.ID != "" {
		_, err := s.definitions.Change(ctx, key, func(old *Definition) error {
			*old = d
			return nil
		})
		return d.ID, err
	}
	d.ID = uuid.NewString()
	if token != "" {
		d.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(by.Account+"/"+by.Region+"/"+token)).String()
	}
	key.Name = d.ID
	return d.ID, s.opt.Store.Update(ctx, func(tx store.Tx) error { return s.definitions.In(tx).Put(key, &d) })
}

// DeleteDefinition deletes a query that was written down.
func (s *Service) DeleteDefinition(ctx context.Context, by access.Caller, id string) error {
	if err := s.allow(by, by.Place, "DeleteQueryDefinition", resource(by.Place, "", "")); err != nil {
		return err
	}
	_, err := s.definitions.Delete(ctx, table.Key{Place: by.Place, Name: id})
	return err
}

// Definitions returns a page of what the caller has written down, whose names begin
// with prefix.
func (s *Service) Definitions(by access.Caller, prefix, token string, limit int) ([]*Definition, string, error) {
	if err := s.allow(by, by.Place, "DescribeQueryDefinitions", resource(by.Place, "", "")); err != nil {
		return nil, "", err
	}
	rows, next, err := s.definitions.List(by.Place, "", func(d *Definition) bool { return strings.HasPrefix(d.Name, prefix) }, token, limit)
	return rows, next, badToken(err)
}
