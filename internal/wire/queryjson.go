package wire

import (
	"mime"
	"reflect"
	"strings"
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
func appendQueryJSON(c *call, action string, s *shape, out reflect.Value) (_ []byte, err error) {
	c.answer.header.Set("Content-Type", "application/json")
	b := append(appendString(append(c.answer.body, '{'), action+"Response"), ":{"...)
	if s.typ != noneType {
		b = append(appendString(b, action+"Result"), ':')
		if b, err = appendJSONAs(b, out, s, true); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	b = appendString(append(b, `"ResponseMetadata":{"RequestId":`...), c.caller.RequestID)
	return append(b, "}}}"...), nil
}

func appendQueryJSONError(c *call, side, code, message string) []byte {
	c.answer.header.Set("Content-Type", "application/json")
	b := appendString(append(c.answer.body, `{"Error":{"Type":`...), side)
	b = appendString(append(b, `,"Code":`...), code)
	b = appendString(append(b, `,"Message":`...), message)
	b = appendString(append(b, `},"RequestId":`...), c.caller.RequestID)
	return append(b, '}')
}
