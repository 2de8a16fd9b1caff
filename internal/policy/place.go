package policy

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// A Position is a line and a column of a document, both from 1.
type Position struct{ Line, Column int }

// A Place is from where to where a statement stands.
type Place struct{ Start, End Position }

// Places returns where the statements of a document stand that one of the parsers
// took, as AWS counts it: a statement ends after its brace, and starts after what is
// before it, which is the end of the last one or the bracket of the list. One that
// is in no list starts after its own brace.
func Places(text string) []Place {
	d := json.NewDecoder(strings.NewReader(text))
	_, _ = d.Token() // the brace: all of it has been read before
	for d.More() {
		key, _ := d.Token()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		if key == "Statement" {
			return places(text, value, int(d.InputOffset())-len(value))
		}
	}
	return nil
}

// places is where the statements of a value are that stands at an offset.
func places(text string, value json.RawMessage, at int) (all []Place) {
	c := counter{text: text, at: Position{1, 1}}
	start := c.to(at + 1)
	if value[0] != '[' {
		return []Place{{start, c.to(at + len(value))}}
	}
	d := json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token()
	for d.More() {
		var statement json.RawMessage
		if d.Decode(&statement) != nil {
			return all
		}
		end := c.to(at + int(d.InputOffset()))
		all = append(all, Place{start, end})
		start = end
	}
	return all
}

// A counter goes through a text and knows where it is.
type counter struct {
	text   string
	offset int
	at     Position
}

// to goes on to an offset.
func (c *counter) to(offset int) Position {
	passed := c.text[c.offset:offset]
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		c.at = Position{c.at.Line + strings.Count(passed, "\n"), 1}
		passed = passed[i+1:]
	}
	c.at.Column += utf8.RuneCountInString(passed)
	c.offset = offset
	return c.at
}
