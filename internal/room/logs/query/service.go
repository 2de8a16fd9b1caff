package query

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// MaxGroups is how many groups a query may be about, and maxDefinitions how many
// queries a place may have written down.
const (
	MaxGroups      = 50
	maxDefinitions = 1000
)

const keyDefinitions = "logs/query/"

// ServiceOptions configure a Service. All but Memory must be set.
type ServiceOptions struct {
	Store  store.Store
	Groups *groups.Service
	// Memory bounds what runs keep and what is kept of them. Nil is without a bound.
	Memory *budget.Share
	// Log hears why queries failed.
	Log *slog.Logger
}

// A Service is what callers may do with queries: it asks for them whether they may.
// Its methods may be called from many goroutines at once.
type Service struct {
	groups *groups.Service
	desk   *Desk
	// definitions are queries that are written down, by their ids.
	definitions *table.Table[Definition]
	store       store.Store
}

// Open returns the queries of log groups, among them those that are written down in
// the store. Nothing runs before [Service.Run] does.
func Open(ctx context.Context, opt ServiceOptions) (*Service, error) {
	s := &Service{groups: opt.Groups, store: opt.Store}
	var err error
	s.definitions, err = table.Open(ctx, table.Options[Definition]{Store: opt.Store, Prefix: keyDefinitions, Version: 1, Max: maxDefinitions,
		Missing: func(string) error { return errNoDefinition },
		Full:    fault.Limit("Resource limit exceeded."),
	})
	if err != nil {
		return nil, fmt.Errorf("open queries: %w", err)
	}
	s.desk = New(Options{
		Events: opt.Groups.Events(), Memory: opt.Memory,
		Streams:     func(g *Group) func(uint64) (string, bool) { return opt.Groups.StreamNames(g.Place, g.Number) },
		StreamsCost: groups.MaxStreams * 8,
		Pointer: func(g *Group, _ uint64, e *blocks.Entry) string {
			return page.Encode(fmt.Sprintf("%d %d %s/%s", e.Time, e.Number, g.Place.Account, g.Name))
		},
		Failed: func(j *Job, err error) {
			opt.Log.Warn("logs: a query failed", "account", j.Place.Account, "region", j.Place.Region, "query", j.ID, "err", err)
		},
	})
	return s, nil
}

// Run runs queries until its context ends, and then stops those that run.
func (s *Service) Run(ctx context.Context) { s.desk.Run(ctx) }

// StartQuery takes a query of groups in. The times are Unix milliseconds, both
// inclusive. A text that is no query is an [insights.Error].
func (s *Service) StartQuery(by access.Caller, of []table.Key, from, to int64, text string, limit int) (*Job, error) {
	if from > to {
		return nil, fault.Invalid("End time should not be less than start time.")
	}
	if len(of) > MaxGroups {
		return nil, fault.Invalid("A query is about at most %d log groups, not %d.", MaxGroups, len(of))
	}
	spec := Spec{Place: by.Place, By: by.Principal, Text: text, From: from, To: min(to, math.MaxInt64/2), Limit: limit}
	seen := map[uint64]bool{}
	for _, k := range of {
		if err := s.groups.Allow(by, k.Place, "StartQuery", k.Name); err != nil {
			return nil, err
		}
		g, err := s.groups.Group(k.Place, k.Name)
		if err != nil {
			return nil, fault.NotFound("Log group '%s' does not exist for account ID '%s' (Service: AWSLogs; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: %s; Proxy: null)", k.Name, k.Account, by.RequestID)
		}
		if g.Class == groups.Vended {
			return nil, fault.Invalid("The log group %s is of the class %s, which queries do not look into.", k.Name, g.Class)
		}
		if seen[g.Number] {
			continue
		}
		seen[g.Number] = true
		spec.Groups = append(spec.Groups, Group{Place: k.Place, Name: k.Name, Number: g.Number, From: g.Begin(time.Now())})
	}
	var err error
	if spec.Query, err = insights.Compile(text); err != nil {
		return nil, err
	}
	return s.desk.Start(spec)
}

// Query returns a query of the caller's.
func (s *Service) Query(by access.Caller, action, id string) (*Job, error) {
	if err := s.groups.Allow(by, by.Place, action, ""); err != nil {
		return nil, err
	}
	return s.desk.Find(by.Place, id)
}

// Queries returns the queries of the caller.
func (s *Service) Queries(by access.Caller) ([]*Job, error) {
	if err := s.groups.Allow(by, by.Place, "DescribeQueries", ""); err != nil {
		return nil, err
	}
	return s.desk.List(by.Place), nil
}

// Record returns the fields of the event that a pointer leads to.
func (s *Service) Record(ctx context.Context, by access.Caller, pointer string) (map[string]string, error) {
	invalid := fault.Invalid("The specified log record pointer is invalid.")
	text, err := page.Decode(pointer)
	if err != nil {
		return nil, invalid
	}
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 {
		return nil, invalid
	}
	p, err := groups.ReadPosition(parts[0] + " " + parts[1])
	if err != nil {
		return nil, invalid
	}
	at := by.Place
	var name string
	at.Account, name, _ = strings.Cut(parts[2], "/")
	if !access.IsAccount(at.Account) || name == "" {
		return nil, invalid
	}
	if err := s.groups.Allow(by, at, "GetLogRecord", name); err != nil {
		return nil, err
	}
	g, err := s.groups.Group(at, name)
	if err != nil {
		return nil, err
	}
	q := groups.Span{From: &p.Time, To: &p.Time}.Of(g)
	q.Match = func(_ uint64, e *blocks.Entry) bool { return e.Number == p.Number }
	found, err := s.groups.Find(ctx, &q, false, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("The specified log record does not exist.")
	}
	stream, ok := s.groups.StreamNames(at, g.Number)(found[0].Source)
	if !ok { // it was deleted just now
		return nil, fault.NotFound("The specified log record does not exist.")
	}
	out := map[string]string{"@ptr": pointer}
	insights.Fields(recordOf(at, g, stream, &found[0].Entry), func(name, value string) bool {
		out[name] = value
		return true
	})
	return out, nil
}

func recordOf(at access.Place, g *groups.Group, stream string, e *blocks.Entry) *insights.Record {
	return &insights.Record{Time: e.Time, Arrived: e.Arrived, Text: e.Text, Stream: stream, Group: at.Account + ":" + g.Name}
}

// sampled is how many events are looked at for the fields of a group.
const sampled = 1000

// Fields returns the fields that the latest events of a group have in a span, each
// with the number of those that have it, and how many were looked at.
func (s *Service) Fields(ctx context.Context, by access.Caller, at access.Place, group string, span groups.Span) (map[string]int, int, error) {
	if err := s.groups.Allow(by, at, "GetLogGroupFields", group); err != nil {
		return nil, 0, err
	}
	g, err := s.groups.Group(at, group)
	if err != nil {
		return nil, 0, err
	}
	q := span.Of(g)
	latest, err := s.groups.Find(ctx, &q, true, sampled)
	if err != nil {
		return nil, 0, err
	}
	fields := map[string]int{}
	in := map[string]int{} // the last event that has it: JSON may name a member twice
	for i := range latest {
		insights.Fields(recordOf(at, g, "", &latest[i].Entry), func(name, _ string) bool {
			if (fields[name] > 0 || len(fields) < sampled) && in[name] != i+1 {
				fields[name]++
				in[name] = i + 1
			}
			return true
		})
	}
	return fields, len(latest), nil
}

// A Definition is a query that is written down.
type Definition struct {
	ID, Name, Text string
	Groups         []string    `json:",omitempty"`
	Parameters     []Parameter `json:",omitempty"`
	Changed        int64
}

// A Parameter is a place in a definition where something else may stand.
type Parameter struct{ Name, Default, Description string }

var errNoDefinition = fault.NotFound("The specified query definition does not exist.")

// PutDefinition writes a query down: anew, or, if it has an id, in the place of the
// one that has it. The same token makes the same definition.
func (s *Service) PutDefinition(ctx context.Context, by access.Caller, d Definition, token string) (string, error) {
	if err := s.groups.Allow(by, by.Place, "PutQueryDefinition", ""); err != nil {
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
	return d.ID, s.store.Update(ctx, func(tx store.Tx) error { return s.definitions.In(tx).Put(key, &d) })
}

// DeleteDefinition deletes a query that was written down.
func (s *Service) DeleteDefinition(ctx context.Context, by access.Caller, id string) error {
	if err := s.groups.Allow(by, by.Place, "DeleteQueryDefinition", ""); err != nil {
		return err
	}
	_, err := s.definitions.Delete(ctx, table.Key{Place: by.Place, Name: id})
	return err
}

// Definitions returns a page of what the caller has written down, whose names begin
// with prefix.
func (s *Service) Definitions(by access.Caller, prefix, token string, limit int) ([]*Definition, string, error) {
	if err := s.groups.Allow(by, by.Place, "DescribeQueryDefinitions", ""); err != nil {
		return nil, "", err
	}
	return s.definitions.List(by.Place, "", func(d *Definition) bool { return strings.HasPrefix(d.Name, prefix) }, token, limit)
}
