package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Parse finds the fields of an envelope that New has built, or that another
// bus has delivered: the keys may stand in any order, with white space around
// them, and keys that an envelope does not have are passed over. Resources and
// detail may be missing. Of a repeated key the last one counts.
//
// The event keeps data as its JSON, and its Detail is a part of it.
func Parse(data []byte) (*Event, error) {
	f, err := findFields(data)
	if err != nil {
		return nil, err
	}
	ev := &Event{JSON: data}
	head := f.head(data)
	for _, m := range []struct {
		key string
		at  span
		to  *string
	}{
		{"id", f.id, &ev.ID},
		{"detail-type", f.detailType, &ev.DetailType},
		{"source", f.source, &ev.Source},
		{"account", f.account, &ev.Account},
		{"region", f.region, &ev.Region},
		{"replay-name", f.replayName, &ev.ReplayName},
	} {
		if m.at.empty() && m.key == "replay-name" {
			continue
		}
		if *m.to, err = head.text(m.key, m.at); err != nil {
			return nil, err
		}
	}
	if ev.Time, err = head.time(f.time); err != nil {
		return nil, err
	}
	if ev.Resources, err = head.texts("resources", f.resources); err != nil {
		return nil, err
	}
	if d := f.detail; !d.empty() {
		if data[d.from] != '{' {
			return nil, errors.New(`event: "detail" is not a JSON object`)
		}
		ev.Detail, ev.UniqueKeys = data[d.from:d.to:d.to], f.unique
	}
	return ev, nil
}

// A span is a part of the envelope: one value, quotes and brackets included.
type span struct{ from, to int }

func (s span) empty() bool { return s.from == s.to }

// fields says where the values of an envelope are.
type fields struct {
	id, detailType, source, account, time, region, replayName, resources, detail span

	unique bool // the detail's keys are, see [Event.UniqueKeys]
}

// findFields checks that data is one JSON object and finds the fields in it.
func findFields(data []byte) (*fields, error) {
	var f fields
	s := scanner{buf: data}
	s.space()
	if !s.accept('{') {
		return nil, errors.New("event is not a JSON object")
	}
	s.space()
	if !s.accept('}') {
		if !s.members(&f) {
			return nil, fmt.Errorf("event is not valid JSON at byte %d of %d", s.r, len(data))
		}
	}
	s.space()
	if s.r != len(data) {
		return nil, fmt.Errorf("event has text after its JSON, at byte %d of %d", s.r, len(data))
	}
	return &f, nil
}

// members steps over the members of the envelope and its closing brace.
func (s *scanner) members(f *fields) bool {
	for {
		from := s.r
		if !s.str() {
			return false
		}
		where := f.field(s.buf[from:s.r])
		s.space()
		if !s.accept(':') {
			return false
		}
		s.space()
		from = s.r
		s.unique = where == &f.detail
		// The detail is at depth 1 here too, so that Parse takes what New makes.
		if !s.value(1) {
			return false
		}
		if where != nil {
			*where = span{from, s.r}
		}
		if where == &f.detail {
			f.unique = s.unique
		}
		s.space()
		if !s.accept(',') {
			return s.accept('}')
		}
		s.space()
	}
}

// field returns where to note the value of a key, given with its quotes.
func (f *fields) field(key []byte) *span {
	if slices.Contains(key, '\\') {
		var text string
		if json.Unmarshal(key, &text) != nil {
			return nil
		}
		key = []byte(`"` + text + `"`)
	}
	switch string(key) {
	case `"id"`:
		return &f.id
	case `"detail-type"`:
		return &f.detailType
	case `"source"`:
		return &f.source
	case `"account"`:
		return &f.account
	case `"time"`:
		return &f.time
	case `"region"`:
		return &f.region
	case `"replay-name"`:
		return &f.replayName
	case `"resources"`:
		return &f.resources
	case `"detail"`:
		return &f.detail
	}
	return nil
}

// head copies the envelope up to the end of the last field that an Event keeps
// as text. In an envelope made by New that leaves out the detail.
func (f *fields) head(data []byte) head {
	end := max(f.id.to, f.detailType.to, f.source.to, f.account.to, f.time.to, f.region.to, f.replayName.to, f.resources.to)
	return head(data[:end])
}

// A head is the front of a valid envelope: one string that the fields share.
type head string

// text decodes the string at the span.
func (h head) text(key string, at span) (string, error) {
	if at.empty() {
		return "", fmt.Errorf("event has no %q", key)
	}
	if h[at.from] != '"' {
		return "", fmt.Errorf("event: %q is not a string", key)
	}
	raw := string(h[at.from:at.to])
	if !strings.Contains(raw, `\`) {
		return raw[1 : len(raw)-1], nil
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return "", fmt.Errorf("event: %q: %w", key, err)
	}
	return s, nil
}

// time decodes the time, cut to whole seconds.
func (h head) time(at span) (time.Time, error) {
	s, err := h.text("time", at)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf(`event: "time" is %q; want a time such as 2006-01-02T15:04:05Z`, s)
	}
	return time.Unix(t.Unix(), 0).UTC(), nil
}

// texts decodes the list of strings at the span.
func (h head) texts(key string, at span) ([]string, error) {
	if at.empty() {
		return nil, nil
	}
	s := scanner{buf: []byte(h[at.from:at.to])}
	if !s.accept('[') {
		return nil, fmt.Errorf("event: %q is not a list", key)
	}
	var out []string
	for s.space(); !s.accept(']'); s.space() {
		from := s.r
		if !s.str() {
			return nil, fmt.Errorf("event: %q holds something that is not a string", key)
		}
		text, err := h.text(key, span{at.from + from, at.from + s.r})
		if err != nil {
			return nil, err
		}
		out = append(out, text)
		s.space()
		s.accept(',')
	}
	return out, nil
}
