package shape

import (
	"context"
	"fmt"
	"io"
	"reflect"
)

// A Stream is an output member that is the body of an answer, written while it
// comes into being. It is called once the head of the answer is on its way, and
// what it writes is sent at once. When it returns an error, or a write fails
// because the client has left or does not read, the answer breaks off.
type Stream func(ctx context.Context, w io.Writer) error

// Events are an output member that is a stream of events, each with one member
// of the structure E set, which says what kind of event it is. They are called
// once the head of the answer is on its way, and what they send is sent at once;
// send is for one goroutine at a time. When they return an error, the stream ends
// with it.
type Events[E any] func(ctx context.Context, send func(*E) error) error

// events is what all types of Events have in common.
type events interface {
	union() reflect.Type
	run(ctx context.Context, send func(reflect.Value) error) error
}

func (Events[E]) union() reflect.Type { return reflect.TypeFor[E]() }

func (e Events[E]) run(ctx context.Context, send func(reflect.Value) error) error {
	return e(ctx, func(event *E) error { return send(reflect.ValueOf(event).Elem()) })
}

// Run runs the stream of events v, which is of a shape of KindEvents, and calls
// send with each event, a structure of the shape's Elem.
func Run(ctx context.Context, v reflect.Value, send func(event reflect.Value) error) error {
	if v.IsNil() {
		return nil
	}
	return v.Interface().(events).run(ctx, send)
}

// streamed fills in s for a type that streams, and says whether it does.
func (c *Compiler) streamed(s *Shape) (ok bool, err error) {
	switch {
	case s.Type == reflect.TypeFor[io.Reader]():
		s.Kind = KindReader
	case s.Type == reflect.TypeFor[Stream]():
		s.Kind = KindWriter
	case s.Type.Implements(reflect.TypeFor[events]()):
		s.Kind = KindEvents
		s.Elem, err = c.compile(reflect.Zero(s.Type).Interface().(events).union())
		if err == nil {
			err = s.Elem.isUnion()
		}
	default:
		return false, nil
	}
	if s.Ptr {
		err = fmt.Errorf("%s: a stream is no pointer", s.Type)
	}
	return true, err
}

// isUnion checks that s is a structure whose members are pointers to structures.
func (s *Shape) isUnion() error {
	if s.Kind != KindStruct || s.Ptr {
		return fmt.Errorf("%s: the kinds of events are the members of a structure", s.Type)
	}
	for i := range s.Fields {
		if f := &s.Fields[i]; !f.Shape.Ptr || f.Shape.Kind != KindStruct {
			return fmt.Errorf("%s.%s: an event is a pointer to a structure", s.Type.Name(), f.Name)
		}
	}
	return nil
}

// Has says whether a value of kind k is anywhere in what was compiled.
func (c *Compiler) Has(k Kind) bool {
	for _, s := range c.made {
		if s.Kind == k {
			return true
		}
	}
	return false
}

// Streams says whether values of kind k are streams.
func (k Kind) Streams() bool { return k == KindReader || k == KindWriter || k == KindEvents }

// misplaced returns an error for a stream that is no member of an input or
// output itself.
func (c *Compiler) misplaced() error {
	for _, s := range c.made {
		if s.Elem != nil && s.Kind != KindEvents && s.Elem.Kind.Streams() {
			return fmt.Errorf("%s: there are no lists and maps of streams", s.Type)
		}
		for i := range s.Fields {
			if f := &s.Fields[i]; f.Shape.Kind.Streams() && !s.whole {
				return fmt.Errorf("%s.%s: a stream is a member of an input or output itself", s.Type.Name(), f.Name)
			}
		}
	}
	return nil
}
