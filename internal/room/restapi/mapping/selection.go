package mapping

import (
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/regex"
)

// The bounds of a selection pattern: its length, and its instructions.
const (
	maxPattern      = 1024
	maxPatternSteps = 2000
)

// A Selection says which of the responses of an integration is meant.
type Selection struct{ patterns []*regex.Regex }

// CompileSelection compiles the selection patterns of integration responses, in the order
// of their status codes. An empty one is that of the default response. An error is a
// fault.
func CompileSelection(patterns []string) (*Selection, error) {
	s := &Selection{make([]*regex.Regex, len(patterns))}
	for i, pattern := range patterns {
		if pattern == "" {
			continue
		}
		if len(pattern) > maxPattern {
			return nil, fault.Invalid("A selection pattern has at most %d bytes.", maxPattern)
		}
		re, err := regex.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			return nil, fault.Invalid("The selection pattern %q is not one that is offered: %v. It is a regular expression without lookaround and backreferences.", pattern, err)
		}
		if re.Steps > maxPatternSteps {
			return nil, fault.Invalid("The selection pattern %q is too large.", pattern)
		}
		s.patterns[i] = re
	}
	return s, nil
}

// Select returns the place of the first pattern that matches all of a text, which is a
// status code, or the error message of a function; else that of the default response. It
// is not ok if there is none. A text that is long is asked about: when it is over, nothing
// matches any more.
func (s *Selection) Select(text string, over func() bool) (place int, ok bool) {
	place = -1
	for i, re := range s.patterns {
		switch {
		case re == nil && place < 0:
			place = i
		case re != nil && text != "" && re.Matches([]byte(text), over):
			return i, true
		}
	}
	return place, place >= 0
}
