package eventstream

import (
	"fmt"
	"reflect"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Of makes the message for an event, a structure of the shape union with one
// member set, which says of which kind the event is. A member whose location is
// the payload is that, and nothing else; other events are spelled by write, which
// makes what is of the media type contentType.
func Of(event reflect.Value, union *shape.Shape, contentType string, write func([]byte, reflect.Value, *shape.Shape) ([]byte, error)) (*Message, error) {
	for i := range union.Fields {
		f := &union.Fields[i]
		v := f.Of(event)
		if v.IsNil() {
			continue
		}
		s := f.Shape
		for j := range s.Fields {
			if p := &s.Fields[j]; p.Location == shape.InPayload {
				v, s = p.Of(v.Elem()), p.Shape
				break
			}
		}
		switch {
		case s.Ptr && v.IsNil():
			return Event(f.Name, contentType, nil), nil
		case s.Kind == shape.KindBlob:
			return Event(f.Name, "application/octet-stream", v.Bytes()), nil
		case s.Kind == shape.KindString:
			return Event(f.Name, "text/plain", shape.AppendText(nil, v, s)), nil
		}
		payload, err := write(nil, v, s)
		return Event(f.Name, contentType, payload), err
	}
	return nil, fmt.Errorf("an event of %s has no member that says of which kind it is", union.Type)
}
