package wire

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// A kind is what a value is on the wire, whatever its Go type.
type kind uint8

const (
	kindString kind = iota + 1
	kindBool
	kindInt
	kindFloat
	kindTime
	kindBlob
	kindList
	kindMap
	kindStruct
)

// A shape is a Go type as the dialects see it, with the constraints on its
// members. Shapes are compiled once per service and never change afterwards;
// they refer to each other where types are recursive.
type shape struct {
	kind kind
	// ptr says that the Go type is a pointer to typ.
	ptr bool
	typ reflect.Type
	// size is what a value takes in memory, in bytes, without the text of strings
	// and the elements of lists and maps.
	size uintptr
	// elem is the element of a list and the value of a map.
	elem *shape
	// fields are the members of a structure in the order of the Go type, index
	// their places by wire name.
	fields []field
	index  map[string]int
	// strings counts the members of type *string; a decoder makes room for all
	// of them at once.
	strings int
	// checked says that the shape or something below it has a limit.
	checked bool
}

// A field is one member of a structure.
type field struct {
	// name is the member's name in JSON, camel the same as errors spell it.
	name, camel string
	// at is the way to the Go field; longer than one for embedded structs.
	at    []int
	shape *shape
	omit  bool
	form  form
	limit *limit
}

// A form is how the query protocol spells a member.
type form struct {
	name string
	// flat lists and maps number their entries right after the name, others
	// after a further word.
	flat bool
	// member is the word before the numbers of a list that is not flat.
	member string
	// key and value are the words for the two halves of a map's entry.
	key, value string
	// url marks the member that stands for the path of the request.
	url bool
	// json is the member's name in the protocol's JSON.
	json string
}

// of returns the Go field within the structure v.
func (f *field) of(v reflect.Value) reflect.Value {
	if len(f.at) == 1 {
		return v.Field(f.at[0])
	}
	return v.FieldByIndex(f.at)
}

// absent says whether the output member v is left out of an answer. A nil
// pointer always is: answers never hold null.
func (f *field) absent(v reflect.Value) bool {
	switch {
	case f.shape.ptr:
		return v.IsNil()
	case !f.omit:
		return false
	case f.shape.kind == kindTime:
		return timeOf(v).IsZero()
	case f.shape.kind == kindList, f.shape.kind == kindMap, f.shape.kind == kindBlob:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// shapes compiles the types of one service.
type shapes struct {
	limits Limits
	// used are the keys of limits that a member was found for.
	used map[string]bool
	made map[reflect.Type]*shape
}

var timeType = reflect.TypeFor[Time]()

// compile returns the shape of t. What the wire cannot carry is an error.
func (c *shapes) compile(t reflect.Type) (*shape, error) {
	if s, ok := c.made[t]; ok {
		return s, nil
	}
	s := &shape{typ: t}
	c.made[t] = s // before the members, which may be of this type again
	if t.Kind() == reflect.Pointer {
		s.ptr, s.typ = true, t.Elem()
	}
	var err error
	switch s.typ.Kind() {
	case reflect.String:
		s.kind = kindString
	case reflect.Bool:
		s.kind = kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.kind = kindInt
	case reflect.Float32, reflect.Float64:
		s.kind = kindFloat
	case reflect.Slice:
		if s.typ.Elem().Kind() == reflect.Uint8 {
			s.kind = kindBlob
			break
		}
		s.kind = kindList
		s.elem, err = c.compile(s.typ.Elem())
	case reflect.Map:
		if s.typ.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%s: a map on the wire has strings for keys", t)
		}
		s.kind = kindMap
		s.elem, err = c.compile(s.typ.Elem())
	case reflect.Struct:
		if s.typ == timeType {
			s.kind = kindTime
			break
		}
		if s.typ == reflect.TypeFor[time.Time]() {
			return nil, fmt.Errorf("%s: a timestamp on the wire is a wire.Time", t)
		}
		s.kind = kindStruct
		err = c.members(s)
	default:
		return nil, fmt.Errorf("%s: the wire carries strings, booleans, integers, floats, times, bytes, lists, maps and structures only", t)
	}
	if err != nil {
		return nil, err
	}
	s.measure()
	return s, nil
}

// entrySize is what a map needs for an entry beside the value, and at least for
// itself, about.
const entrySize = 64

// measure sets the size of s from what it is made of. A member of a recursive
// type counts as a pointer: it is there only if the request says so.
func (s *shape) measure() {
	s.size = s.typ.Size()
	if s.ptr {
		s.size += reflect.TypeFor[uintptr]().Size()
	}
	if s.kind == kindMap {
		s.size += 4 * entrySize
	}
	for i := range s.fields {
		if member := s.fields[i].shape; member.ptr {
			s.size += member.typ.Size()
		} else if member.kind == kindMap {
			s.size += 4 * entrySize
		}
	}
}

// members fills in the fields of the structure s.
func (c *shapes) members(s *shape) error {
	s.index = map[string]int{}
	for _, sf := range reflect.VisibleFields(s.typ) {
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" || sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			continue // an embedded struct's members follow as fields of their own
		}
		if !sf.IsExported() {
			continue
		}
		if err := c.member(s, sf, name, opts); err != nil {
			return fmt.Errorf("%s.%s: %w", s.typ.Name(), sf.Name, err)
		}
	}
	return nil
}

func (c *shapes) member(s *shape, sf reflect.StructField, name, opts string) error {
	if name == "" {
		name = sf.Name
	}
	if _, twice := s.index[name]; twice {
		return fmt.Errorf("the name %q is taken by another member", name)
	}
	f := field{name: name, camel: lowerCamel(name), at: sf.Index}
	for opt := range strings.SplitSeq(opts, ",") {
		switch opt {
		case "":
		case "omitempty", "omitzero":
			f.omit = true
		default:
			return fmt.Errorf("the json option %q is not understood", opt)
		}
	}
	var err error
	if f.form, err = parseForm(sf.Tag.Get("query"), name); err != nil {
		return err
	}
	if f.shape, err = c.compile(sf.Type); err != nil {
		return err
	}
	if f.limit, err = c.limit(owner(s.typ, sf)+"."+sf.Name, f.shape); err != nil {
		return err
	}
	if f.shape.ptr && f.shape.typ == reflect.TypeFor[string]() {
		s.strings++
	}
	s.index[name] = len(s.fields)
	s.fields = append(s.fields, f)
	return nil
}

// owner is the name of the struct that declares sf: t, or one that t embeds.
func owner(t reflect.Type, sf reflect.StructField) string {
	for _, i := range sf.Index[:len(sf.Index)-1] {
		t = t.Field(i).Type
	}
	return t.Name()
}

// parseForm reads a tag such as `query:"Attribute,flat,key=Name,value=Value"`.
func parseForm(tag, name string) (form, error) {
	f := form{name: name, json: name, member: "member", key: "key", value: "value"}
	for i, part := range strings.Split(tag, ",") {
		word, arg, hasArg := strings.Cut(part, "=")
		switch {
		case i == 0 && !hasArg:
			if part != "" {
				f.name = part
			}
		case part == "flat":
			f.flat = true
		case part == "url":
			f.url = true
		case word == "member" && arg != "":
			f.member = arg
		case word == "key" && arg != "":
			f.key = arg
		case word == "value" && arg != "":
			f.value = arg
		case word == "json" && arg != "":
			f.json = arg
		default:
			return form{}, fmt.Errorf("the query option %q is not understood; there are flat, url, member=, key=, value= and json=", part)
		}
	}
	return f, nil
}

func lowerCamel(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func timeOf(v reflect.Value) Time {
	t, _ := reflect.TypeAssert[Time](v)
	return t
}
