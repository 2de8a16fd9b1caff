package transform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Spec says what a target is to receive, as the caller of PutTargets gave it.
// At most one of Input, InputPath and Template may be set; with none of them
// the target receives the whole event.
type Spec struct {
	// Target is the id of the target; errors name it.
	Target string
	// Input is a constant JSON text.
	Input *string
	// InputPath leads to the part of the event that is sent.
	InputPath *string
	// Template is filled with the values at Paths.
	Template *string
	// Paths are the variables of the template by name, each a path into the event.
	Paths map[string]string
}

// Vars are what a template may use besides the event.
type Vars struct {
	// RuleARN and RuleName say which rule the target belongs to.
	RuleARN, RuleName string
	// IngestionTime is when the event arrived; it is written in UTC and whole
	// seconds, like the time in the event.
	IngestionTime time.Time
}

// The dead-letter codes of an [Error].
const (
	CodeInvalidJSON      = "INVALID_JSON"
	CodeInvalidParameter = "INVALID_PARAMETER"
)

// An Error says why no input could be made out of an event. Another attempt
// would fail in the same way.
type Error struct {
	// Code is one of the dead-letter codes of EventBridge.
	Code    string
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// A SpecError says what is wrong with a setting: a sentence to whoever called
// PutTargets.
type SpecError struct{ Message string }

// Error returns the sentence.
func (e *SpecError) Error() string { return e.Message }

func refuse(format string, args ...any) error {
	return &SpecError{fmt.Sprintf(format, args...)}
}

// An Input makes what a target receives. Exactly one of its parts is used.
type Input struct {
	constant []byte
	path     *Path
	pathText string
	template *template
}

// Compile checks a setting and prepares it for use. An error is a [*SpecError].
func Compile(spec Spec) (*Input, error) {
	if set := countSet(spec); set > 1 {
		return nil, refuse("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", spec.Target)
	}
	switch {
	case spec.Input != nil:
		if !json.Valid([]byte(*spec.Input)) {
			return nil, refuse("Input for target %s is not valid JSON.", spec.Target)
		}
		return &Input{constant: []byte(*spec.Input)}, nil
	case spec.InputPath != nil:
		p, err := ParsePath(*spec.InputPath)
		if err != nil {
			return nil, refuse("Invalid InputPath for target %s.", spec.Target)
		}
		return &Input{path: &p, pathText: *spec.InputPath}, nil
	case spec.Template != nil:
		return compileTransformer(spec)
	}
	return &Input{}, nil
}

func countSet(spec Spec) int {
	n := 0
	for _, s := range []*string{spec.Input, spec.InputPath, spec.Template} {
		if s != nil {
			n++
		}
	}
	return n
}

func compileTransformer(spec Spec) (*Input, error) {
	paths := make(map[string]Path, len(spec.Paths))
	for _, name := range slices.Sorted(maps.Keys(spec.Paths)) {
		if !isKey(name) {
			return nil, refuse("InputPathsMap for target %s contains invalid key %s: a key has 1 to 256 letters, digits, dashes and underscores and does not begin with AWS.", spec.Target, name)
		}
		p, err := ParsePath(spec.Paths[name])
		if err != nil {
			return nil, refuse("InputPathsMap for target %s contains invalid path %s for key %s.", spec.Target, spec.Paths[name], name)
		}
		paths[name] = p
	}
	t, unknown, ok := parseTemplate(*spec.Template, paths)
	if !ok {
		return nil, refuse("InputTemplate for target %s contains invalid placeholder %s.", spec.Target, unknown)
	}
	return &Input{template: t}, nil
}

// isKey reports whether a variable may have that name.
func isKey(name string) bool {
	return name != "" && len(name) <= 256 && !strings.HasPrefix(name, "AWS") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '.' || !isNameRune(r) })
}

// MaxOutput is the most that a template may make of an event, in bytes: no
// target takes more.
const MaxOutput = 1 << 20

func tooLong() error {
	return &Error{CodeInvalidParameter, fmt.Sprintf("The input template makes more than %d bytes of this event, and no target takes more.", MaxOutput)}
}

// Cost returns about how much memory Render needs for an event of that length,
// at most, and how much of it the result keeps. What the result shares with the
// event or with the Input is not counted.
func (in *Input) Cost(event int) (needs, keeps int) {
	switch {
	case in.path != nil && in.path.copies():
		return 2 * event, event
	case in.template != nil:
		return in.template.cost(event), in.template.size(event)
	}
	return 0, 0
}

// Render returns what the target receives for the event. Without a template
// the result is shared with event or with the Input, and must not be changed.
// An error is an [*Error].
func (in *Input) Render(event []byte, vars Vars) ([]byte, error) {
	switch {
	case in.constant != nil:
		return in.constant, nil
	case in.path != nil:
		v, ok := in.path.Find(event)
		if !ok {
			return nil, &Error{CodeInvalidParameter, fmt.Sprintf("The InputPath %s leads to nothing in the event.", in.pathText)}
		}
		return v, nil
	case in.template != nil:
		return in.template.render(event, vars)
	}
	return event, nil
}
