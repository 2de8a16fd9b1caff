package shape

import (
	"fmt"
	"strings"
)

// A Location is where restJson1 has a member.
type Location uint8

// The locations.
const (
	InBody    Location = iota // a member of the JSON that is the body
	InLabel                   // a label of the path
	InQuery                   // a parameter of the query string
	InParams                  // all parameters of the query string, in a map
	InHeader                  // a header
	InPrefix                  // the headers whose names begin alike, in a map
	InPayload                 // the body, or the payload of an event
	InStatus                  // the HTTP status
)

var locations = map[string]Location{
	"": InBody, "label": InLabel, "query": InQuery, "params": InParams, "header": InHeader,
	"prefix": InPrefix, "payload": InPayload, "status": InStatus,
}

// locate reads a tag such as `rest:"header=X-Amz-Function-Error"`.
func (f *Field) locate(tag string) error {
	word, name, named := strings.Cut(tag, "=")
	var ok bool
	if f.Location, ok = locations[word]; !ok {
		return fmt.Errorf("the rest option %q is not understood; there are label, query, params, header, prefix, payload and status", tag)
	}
	f.LocationName = name
	switch f.Location {
	case InLabel, InQuery:
		if !named {
			f.LocationName = f.Name
		}
	case InHeader, InPrefix:
		if name == "" {
			return fmt.Errorf("the rest option %q needs the name of a header", tag)
		}
	default:
		if named {
			return fmt.Errorf("the rest option %q has no name", tag)
		}
	}
	return nil
}

// A Format is how a timestamp is spelled.
type Format uint8

// The formats.
const (
	Usual        Format = iota // as its dialect, and its location, has it
	EpochSeconds               // 1700000000.25
	ISO8601                    // 2023-11-14T22:13:20.250Z
	HTTPDate                   // Tue, 14 Nov 2023 22:13:20 GMT
)

var formats = map[string]Format{"": Usual, "epoch-seconds": EpochSeconds, "date-time": ISO8601, "http-date": HTTPDate}

// format gives the timestamps of f the format of its tag, such as
// `time:"date-time"`, or that of its location.
func (f *Field) format(tag string) error {
	format, ok := formats[tag]
	if !ok {
		return fmt.Errorf("the time format %q is not understood; there are epoch-seconds, date-time and http-date", tag)
	}
	if format == Usual && f.Location == InHeader {
		format = HTTPDate
	}
	if format == Usual {
		return nil
	}
	s := f.Shape.formatted(format)
	if s == nil && tag != "" {
		return fmt.Errorf("it has no timestamps that could be in the format %q", tag)
	}
	if s != nil {
		f.Shape = s
	}
	return nil
}

// formatted returns s with its timestamps in a format, nil when it is neither a
// timestamp nor a list or map of them.
func (s *Shape) formatted(format Format) *Shape {
	c := *s
	switch s.Kind {
	case KindTime:
		c.Format = format
	case KindList, KindMap:
		if c.Elem = s.Elem.formatted(format); c.Elem == nil {
			return nil
		}
	default:
		return nil
	}
	return &c
}

// Only returns s with those of its members that keep is true of.
func (s *Shape) Only(keep func(*Field) bool) *Shape {
	c := *s
	c.Fields, c.Index = nil, map[string]int{}
	for i := range s.Fields {
		if f := &s.Fields[i]; keep(f) {
			c.Index[f.Name] = len(c.Fields)
			c.Fields = append(c.Fields, *f)
		}
	}
	return &c
}
