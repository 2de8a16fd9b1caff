package awsjson

import (
	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// AppendError appends e as an object, with the name as __type unless it is "".
// What it says beside its message is a structure of shape s, nil for nothing.
func AppendError(b []byte, name string, e *shape.Error, s *shape.Shape) []byte {
	b = append(b, '{')
	start := len(b)
	if name != "" {
		b = quote.JSON(append(b, `"__type":`...), name)
	}
	member := func(b []byte, name string) []byte {
		if len(b) > start {
			b = append(b, ',')
		}
		return append(quote.JSON(b, name), ':')
	}
	if !s.HasMessage() {
		b = quote.JSON(member(b, "message"), e.Message)
	}
	if s != nil {
		v := e.Details()
		for i := range s.Fields {
			f := &s.Fields[i]
			if f.Location != shape.InBody || f.Absent(f.Of(v)) {
				continue
			}
			if whole, err := Append(member(b, f.Name), f.Of(v), f.Shape); err == nil {
				b = whole
			}
		}
	}
	return append(b, '}')
}
