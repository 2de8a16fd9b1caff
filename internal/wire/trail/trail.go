// Package trail prints the inputs and outputs of calls as CloudTrail does.
//
// Members are named in lower camel case as it has them, which is the member's
// own name but for its first letter (mD5OfMessageBody); the keys of maps are as
// they were sent. What is absent is left out, streams always, and a structure of
// which nothing is left is null. Times are those of Java's default locale, in UTC.
//
// What is hidden says so in CloudTrail's words in the place of its value, whatever
// that was: members whose limit is secret, or whose tag is `trail:"hidden"`, with
// all that is below them, and every blob and document. Members whose tag is
// `trail:"omitted"` are left out instead, as CloudTrail does with some; those whose tag is `trail:"only"`
// are in trails and not in answers. What comes to more than [MaxBytes] is
// not printed; that it is left out is. Messages of errors are searched for what is
// hidden in their input.
package trail

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// MaxBytes is how long a printed input or output is at most, in bytes.
const MaxBytes = 100 << 10

// hidden is what CloudTrail says in the place of a value, and hiddenText in that of
// a part of a text.
const (
	hiddenText = "HIDDEN_DUE_TO_SECURITY_REASONS"
	hidden     = `"` + hiddenText + `"`
)

// timeLayout is MMM d, yyyy h:mm:ss a.
const timeLayout = "Jan 2, 2006 3:04:05 PM"

// Input prints an input, which is a structure of shape s. Where its members in the body
// are within a wrapper they are printed so, and a member "template" with them, as API
// Gateway has it.
func Input(v reflect.Value, s *shape.Shape) []byte {
	p := printer{absent: (*shape.Field).Null}
	if s.Wrapper() == "" {
		p.structure(v, s)
	} else {
		p.wrapped(v, s)
	}
	return p.whole()
}

// Output prints an output, which is a structure of shape s.
func Output(v reflect.Value, s *shape.Shape) []byte {
	p := printer{absent: (*shape.Field).Unset}
	p.structure(v, s)
	return p.whole()
}

// whole is what was printed, if that is not too much.
func (p *printer) whole() []byte {
	switch {
	case p.full():
		return fmt.Appendf(nil, `{"omitted":true,"reason":"it is larger than %d bytes"}`, MaxBytes)
	case string(p.b) == "{}":
		return []byte("null")
	}
	return p.b
}

// A printer prints until it has too much.
type printer struct {
	b      []byte
	absent func(*shape.Field, reflect.Value) bool
}

func (p *printer) full() bool { return len(p.b) > MaxBytes }

func (p *printer) text(s string) { p.b = append(p.b, s...) }

// str prints s. Of what is too long anyway it prints enough to be full.
func (p *printer) str(s string) {
	p.b = quote.JSON(p.b, shape.Cut(s, MaxBytes))
}

func (p *printer) structure(v reflect.Value, s *shape.Shape) {
	p.text("{")
	p.members(v, s, func(*shape.Field) bool { return true })
	p.text("}")
}

// wrapped prints an input whose members in the body are within a structure of their own.
func (p *printer) wrapped(v reflect.Value, s *shape.Shape) {
	p.text("{")
	p.members(v, s, func(f *shape.Field) bool { return f.Location != shape.InBody })
	body := printer{absent: p.absent}
	body.members(v, s, func(f *shape.Field) bool { return f.Location == shape.InBody })
	if len(body.b) > 0 {
		p.comma()
		p.str(s.Wrapper())
		p.text(":{" + string(body.b) + "}")
	}
	p.comma()
	p.text(`"template":false}`)
}

func (p *printer) comma() {
	if len(p.b) > 1 {
		p.text(",")
	}
}

// members prints those members of a structure that it shall.
func (p *printer) members(v reflect.Value, s *shape.Shape, shall func(*shape.Field) bool) {
	first := true
	for i := range s.Fields {
		f := &s.Fields[i]
		m := f.Of(v)
		if p.full() || f.Shape.Kind.Streams() || f.Omitted() || p.absent(f, m) || !shall(f) {
			continue
		}
		if !first {
			p.text(",")
		}
		first = false
		p.str(f.Camel())
		p.text(":")
		if f.Hidden() {
			p.text(hidden)
		} else {
			p.value(m, f.Shape)
		}
	}
}

func (p *printer) value(v reflect.Value, s *shape.Shape) {
	if s.Ptr {
		if v.IsNil() {
			p.text("null") // in a list or a map
			return
		}
		v = v.Elem()
	}
	switch s.Kind {
	case shape.KindString:
		p.str(v.String())
	case shape.KindBool:
		p.b = strconv.AppendBool(p.b, v.Bool())
	case shape.KindInt:
		p.b = strconv.AppendInt(p.b, v.Int(), 10)
	case shape.KindFloat:
		p.float(v.Float(), v.Type().Bits())
	case shape.KindTime:
		p.str(shape.TimeOf(v).UTC().Format(timeLayout))
	case shape.KindList:
		p.list(v, s)
	case shape.KindMap:
		p.entries(v, s)
	case shape.KindStruct:
		p.structure(v, s)
	default:
		p.text(hidden)
	}
}

// float prints f; what JSON has no number for is a string.
func (p *printer) float(f float64, bits int) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		p.str(strconv.FormatFloat(f, 'g', -1, bits))
		return
	}
	p.b = strconv.AppendFloat(p.b, f, 'g', -1, bits)
}

func (p *printer) list(v reflect.Value, s *shape.Shape) {
	p.text("[")
	for i := 0; i < v.Len() && !p.full(); i++ {
		if i > 0 {
			p.text(",")
		}
		p.value(v.Index(i), s.Elem)
	}
	p.text("]")
}

func (p *printer) entries(v reflect.Value, s *shape.Shape) {
	p.text("{")
	for i, key := range shape.SortedKeys(v) {
		if p.full() {
			break
		}
		if i > 0 {
			p.text(",")
		}
		p.str(key.String())
		p.text(":")
		p.value(v.MapIndex(key), s.Elem)
	}
	p.text("}")
}
