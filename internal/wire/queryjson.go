package wire

import (
	"mime"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// wantsJSON says whether a client of the query protocol accepts JSON, and does
// not name XML before it.
func (c *call) wantsJSON() bool {
	for part := range strings.SplitSeq(strings.Join(c.r.Header.Values("Accept"), ","), ",") {
		switch media, _, _ := mime.ParseMediaType(part); media { // "" will do
		case "application/json":
			return true
		case "text/xml", "application/xml":
			return false
		}
	}
	return false
}

// appendQueryJSON appends an answer as JSON:
// {"<action>Response":{"<action>Result":{…},"ResponseMetadata":{"RequestId":"…"}}}.
func appendQueryJSON(c *call, action string, s *shape.Shape, out reflect.Value) (_ []byte, err error) {
	c.answer.header.Set("Content-Type", "application/json")
	b := append(awsjson.AppendString(append(c.answer.body, '{'), action+"Response"), ":{"...)
	if !s.IsNone() {
		b = append(awsjson.AppendString(b, action+"Result"), ':')
		if b, err = awsjson.AppendAs(b, out, s, true); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	b = awsjson.AppendString(append(b, `"ResponseMetadata":{"RequestId":`...), c.caller.RequestID)
	return append(b, "}}}"...), nil
}

func appendQueryJSONError(c *call, side, code, message string) []byte {
	c.answer.header.Set("Content-Type", "application/json")
	b := awsjson.AppendString(append(c.answer.body, `{"Error":{"Type":`...), side)
	b = awsjson.AppendString(append(b, `,"Code":`...), code)
	b = awsjson.AppendString(append(b, `,"Message":`...), message)
	b = awsjson.AppendString(append(b, `},"RequestId":`...), c.caller.RequestID)
	return append(b, '}')
}
