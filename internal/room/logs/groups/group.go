package groups

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Group is a log group, as it is stored.
type Group struct {
	Name   string
	Number uint64
	// Created is in Unix milliseconds.
	Created int64
	// Retention is in days; 0 keeps events for ever.
	Retention int    `json:",omitempty"`
	Class     string `json:",omitempty"`
	// Protected groups cannot be deleted.
	Protected bool              `json:",omitempty"`
	Tags      map[string]string `json:",omitempty"`
}

// The classes of groups.
const (
	Standard   = "STANDARD"
	Infrequent = "INFREQUENT_ACCESS"
	Vended     = "DELIVERY"
)

// Retentions are the days for which a group may keep events.
var Retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// Begin is the time from which on, at a time now, events have not expired, in Unix
// milliseconds.
func (g *Group) Begin(now time.Time) int64 {
	days := g.Retention
	if g.Class == Vended {
		days = 2 // whatever it is set to, as at AWS
	}
	if days == 0 {
		return 0
	}
	return now.Add(-time.Duration(days) * 24 * time.Hour).UnixMilli()
}

func groupKey(at access.Place, name string) table.Key { return table.Key{Place: at, Name: name} }

// CreateGroup makes a group.
func (s *Service) CreateGroup(ctx context.Context, by access.Caller, g Group) error {
	if err := s.allow(by, by.Place, "CreateLogGroup", resource(by.Place, g.Name, "")); err != nil {
		return err
	}
	if len(g.Tags) > 0 {
		if err := s.allow(by, by.Place, "TagResource", ARN(by.Place, g.Name).String()); err != nil {
			return err
		}
	}
	g.Created = time.Now().UnixMilli()
	return s.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		if g.Number, err = nextNumber(tx); err != nil {
			return err
		}
		return s.groups.In(tx).Create(groupKey(by.Place, g.Name), &g)
	})
}

// DeleteGroup deletes a group and what is in it.
func (s *Service) DeleteGroup(ctx context.Context, by access.Caller, at access.Place, name string) error {
	if err := s.allow(by, at, "DeleteLogGroup", resource(at, name, "")); err != nil {
		return err
	}
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		g, err := s.groups.In(tx).Delete(groupKey(at, name))
		if err != nil {
			return err
		}
		if g.Protected {
			return fault.Invalid("The log group %s is protected from deletion. Turn that off with PutLogGroupDeletionProtection first.", name).WithCode("OperationAbortedException")
		}
		gone := binary.BigEndian.AppendUint64([]byte(keyGone), g.Number)
		if err := tx.Put(gone, []byte(at.Account+"/"+at.Region)); err != nil {
			return err
		}
		if err := s.events.Drop(tx, g.Number); err != nil {
			return err
		}
		return s.Filters.Drop(tx, at, g.Number)
	}, store.Draining)
	s.piles.Sweep()
	return err
}

// Group returns a group, or the fault that there is none. Nobody is asked whether
// the caller may know.
func (s *Service) Group(at access.Place, name string) (*Group, error) {
	return s.groups.Get(groupKey(at, name))
}

// filtered is what filters know of their groups.
type filtered struct{ *Service }

// Number returns the number of a group, or the fault that there is none.
func (s filtered) Number(at access.Place, group string) (uint64, error) {
	g, err := s.Group(at, group)
	if err != nil {
		return 0, err
	}
	return g.Number, nil
}

// change changes a group.
func (s *Service) change(ctx context.Context, by access.Caller, at access.Place, name, action, resource string, fn func(*Group) error) error {
	if err := s.allow(by, at, action, resource); err != nil {
		return err
	}
	_, err := s.groups.Change(ctx, groupKey(at, name), fn)
	return err
}

// SetRetention says for how many days events are kept; 0 is for ever.
func (s *Service) SetRetention(ctx context.Context, by access.Caller, name string, days int) error {
	action := "PutRetentionPolicy"
	if days == 0 {
		action = "DeleteRetentionPolicy"
	}
	err := s.change(ctx, by, by.Place, name, action, resource(by.Place, name, ""), func(g *Group) error {
		if g.Class == Vended && days != 0 {
			return fault.Invalid("Events of a log group of the class DELIVERY are kept for two days.")
		}
		g.Retention = days
		return nil
	})
	s.shorter.Store(true)
	s.piles.Sweep()
	return err
}

// Protect says whether a group is protected from deletion.
func (s *Service) Protect(ctx context.Context, by access.Caller, at access.Place, name string, on bool) error {
	return s.change(ctx, by, at, name, "PutLogGroupDeletionProtection", resource(at, name, ""), func(g *Group) error {
		g.Protected = on
		return nil
	})
}

// ofTags is what a guard is asked about for an operation on tags: the old ones are
// about the streams of a group, as all others are.
func ofTags(at access.Place, name, action string) string {
	if strings.HasSuffix(action, "LogGroup") {
		return resource(at, name, "")
	}
	return ARN(at, name).String()
}

// Tag gives tags to a group. AWS has two actions for it.
func (s *Service) Tag(ctx context.Context, by access.Caller, at access.Place, name, action string, tags map[string]string) error {
	return s.change(ctx, by, at, name, action, ofTags(at, name, action), func(g *Group) (err error) {
		g.Tags, err = withTags(g.Tags, tags)
		return err
	})
}

// Untag takes tags from a group.
func (s *Service) Untag(ctx context.Context, by access.Caller, at access.Place, name, action string, keys []string) error {
	return s.change(ctx, by, at, name, action, ofTags(at, name, action), func(g *Group) error {
		g.Tags = maps.Clone(g.Tags)
		for _, k := range keys {
			delete(g.Tags, k)
		}
		return nil
	})
}

// Tags returns the tags of a group.
func (s *Service) Tags(by access.Caller, at access.Place, name, action string) (map[string]string, error) {
	if err := s.allow(by, at, action, ofTags(at, name, action)); err != nil {
		return nil, err
	}
	g, err := s.groups.Get(groupKey(at, name))
	if err != nil {
		return nil, err
	}
	return g.Tags, nil
}

// A Search says which groups are asked for. Empty members do not matter.
type Search struct {
	Prefix string
	// Part is in the name, in large letters or small.
	Part  string
	Class string
	// Names are those of the groups, if they are known.
	Names []string
}

// Groups returns a page of the caller's groups, in the order of their names.
func (s *Service) Groups(by access.Caller, action string, q Search, token string, limit int) ([]*Group, string, error) {
	if err := s.allow(by, by.Place, action, resource(by.Place, "", "")); err != nil {
		return nil, "", err
	}
	part := strings.ToLower(q.Part)
	return s.groups.List(by.Place, q.Prefix, func(g *Group) bool {
		return strings.Contains(strings.ToLower(g.Name), part) && (q.Class == "" || q.Class == g.Class) &&
			(q.Names == nil || slices.Contains(q.Names, g.Name))
	}, token, limit)
}

// Sizes returns the bytes of the events in groups.
func (s *Service) Sizes(ctx context.Context, groups []*Group) ([]int64, error) {
	sizes := make([]int64, len(groups))
	return sizes, s.opt.Store.View(ctx, func(tx store.Tx) error {
		for i, g := range groups {
			sizes[i] = s.events.Size(tx, g.Number, g.Begin(time.Now()))
		}
		return nil
	})
}

// withTags returns tags with more of them, or a fault when they are too many.
func withTags(tags, more map[string]string) (map[string]string, error) {
	const maxTags = 50
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	if len(all) > maxTags {
		return nil, fault.Invalid("The log group would have %d tags; it may have %d.", len(all), maxTags).WithCode("TooManyTagsException")
	}
	return all, nil
}
