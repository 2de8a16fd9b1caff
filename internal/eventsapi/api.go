package eventsapi

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/eventsapi/limits"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
	"github.com/dari-bus/dari/pattern"
)

type api struct {
	bus          *bus.Service
	destinations *destination.Service
}

// API returns the buses and the API destinations as Amazon EventBridge: its
// names and its table, for [wire.NewHandler].
func API(b *bus.Service, d *destination.Service) *wire.Service {
	a := &api{bus: b, destinations: d}
	return &wire.Service{
		Name:       "events",
		Title:      "Amazon EventBridge",
		Target:     "AWSEvents",
		Version:    "2015-10-07",
		Protocols:  []wire.Protocol{wire.JSON11},
		Operations: a.table(),
		Limits:     limits.All(),
		Quotas:     quotas(),
		Deviations: deviations(),
		Error:      spell,
	}
}

// table is the whole surface of EventBridge, offered and refused, by name.
func (a *api) table() []wire.Operation {
	rows := slices.Concat(
		a.buses(),
		a.rules(),
		a.targets(),
		a.events(),
		a.permissions(),
		a.tags(),
		a.connections(),
		a.apiDestinations(),
		refused(),
	)
	slices.SortFunc(rows, func(a, b wire.Operation) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// exceptions are the error shapes of EventBridge, by the kind of fault.
var exceptions = map[fault.Kind]string{
	fault.KindInvalid:     "ValidationException",
	fault.KindNotFound:    "ResourceNotFoundException",
	fault.KindConflict:    "ResourceAlreadyExistsException",
	fault.KindLimit:       "LimitExceededException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "ThrottlingException",
}

// spell says an error in EventBridge's words. All of its mistakes of callers
// have the status 400.
func spell(err error) (wire.Error, bool) {
	if p, ok := errors.AsType[*pattern.Error](err); ok {
		return wire.Error{Code: "InvalidEventPatternException", Message: "Event pattern is not valid. Reason: " + p.Error()}, true
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.KindInternal {
		return wire.Error{}, false
	}
	code := f.Code
	if code == "" {
		code = exceptions[f.Kind]
	}
	return wire.Error{Code: code, Message: f.Message, Kind: f.Kind}, true
}

// caller is who makes a call.
func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// at returns a timestamp in whole seconds.
func at(t time.Time) wire.Time { return wire.At(t.Truncate(time.Second)) }

// A Tag is a label of a resource.
type Tag struct {
	Key, Value *string
}

// A DeadLetterConfig names a queue for what could not be delivered.
type DeadLetterConfig struct {
	Arn *string `json:",omitempty"`
}

func (c *DeadLetterConfig) arn() string {
	if c == nil {
		return ""
	}
	return wire.Val(c.Arn)
}

func deadLetterConfig(arn string) *DeadLetterConfig {
	if arn == "" {
		return nil
	}
	return &DeadLetterConfig{Arn: &arn}
}

func tagsIn(tags []Tag) []bus.Tag {
	out := make([]bus.Tag, len(tags))
	for i, t := range tags {
		out[i] = bus.Tag{Key: wire.Val(t.Key), Value: wire.Val(t.Value)}
	}
	return out
}
