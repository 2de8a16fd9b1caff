package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotJSON means that a document is not a JSON object.
var ErrNotJSON = errors.New("policy is not a JSON object")

// A member is one member of a JSON object.
type member struct {
	key   string
	value json.RawMessage
}

// object splits an object into its members. Unlike encoding/json it refuses a
// key that is given twice: of two Conditions, neither may be lost.
func object(raw json.RawMessage) ([]member, error) {
	if !isObject(raw) {
		return nil, fmt.Errorf("%.40s is not a JSON object", raw)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var members []member
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		if seen[m.key] {
			return nil, fmt.Errorf("%q is given twice", m.key)
		}
		seen[m.key] = true
		members = append(members, m)
	}
	return members, nil
}

func isObject(raw json.RawMessage) bool {
	return json.Valid(raw) && bytes.HasPrefix(bytes.TrimSpace(raw), []byte{'{'})
}

// listOf returns the elements of an array, and any other value as the only one.
func listOf(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte{'['}) && json.Unmarshal(raw, &list) == nil {
		return list
	}
	return []json.RawMessage{raw}
}

func oneString(m member) (string, error) {
	var s *string
	if err := json.Unmarshal(m.value, &s); err != nil || s == nil {
		return "", fmt.Errorf("%s is %.40s; want a string", m.key, m.value)
	}
	return *s, nil
}

// someStrings returns a string, or a list of at least one, as a list.
func someStrings(m member) ([]string, error) {
	var out []string
	for _, raw := range listOf(m.value) {
		s, err := oneString(member{m.key, raw})
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is empty", m.key)
	}
	return out, nil
}

// someScalars is someStrings for values that may also be numbers and truth
// values; these become their text.
func someScalars(m member) ([]string, error) {
	var out []string
	for _, raw := range listOf(m.value) {
		switch c := bytes.TrimSpace(raw)[0]; c {
		case '{', '[', 'n':
			return nil, fmt.Errorf("%s is %.40s; want a string, number or truth value", m.key, raw)
		case '"':
			s, err := oneString(member{m.key, raw})
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		default:
			out = append(out, string(bytes.TrimSpace(raw)))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no values", m.key)
	}
	return out, nil
}
