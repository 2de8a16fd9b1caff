// Package awsquery reads the forms and writes the XML of awsQuery. Lists and maps
// are spelled in two styles, which the tags of members say: SQS flattens them, SNS
// and IAM do not.
package awsquery

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// A branch is the part of a form below one name: the parameters Tag.1.Key and
// Tag.1.Value are the branch Tag with the branch 1 below it.
type branch struct {
	value string
	set   bool
	below map[string]*branch
}

// newBranch sorts the parameters of a form into a tree.
func newBranch(form url.Values) (*branch, error) {
	root := &branch{}
	for name, values := range form {
		if strings.Count(name, ".") >= maxFormDepth {
			return nil, &shape.Error{
				Code: "SerializationException", QueryCode: "MalformedInput",
				Message: fmt.Sprintf("The parameter name %s has more than %d parts.", shape.Clip(name), maxFormDepth),
			}
		}
		at := root
		for part := range strings.SplitSeq(name, ".") {
			if at.below == nil {
				at.below = map[string]*branch{}
			}
			next := at.below[part]
			if next == nil {
				next = &branch{}
				at.below[part] = next
			}
			at = next
		}
		at.value, at.set = values[0], true
	}
	return root, nil
}

// maxFormDepth bounds the parts of a parameter's name; no API comes near it.
const maxFormDepth = 10

// numbered returns the branches with numbers for names, in their order. Gaps
// are closed up.
func (b *branch) numbered() []*branch {
	if b == nil {
		return nil
	}
	byNumber := make(map[int]*branch, len(b.below))
	for name, br := range b.below {
		if n, err := strconv.Atoi(name); err == nil && n > 0 {
			byNumber[n] = br
		}
	}
	out := make([]*branch, 0, len(byNumber))
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		out = append(out, byNumber[n])
	}
	return out
}

// Read decodes form into v, a structure of shape s.
func Read(form url.Values, s *shape.Shape, v reflect.Value) error {
	root, err := newBranch(form)
	if err != nil {
		return err
	}
	return shape.Serialization(readBranch(root, s, v))
}

// readBranch decodes the branch b into v, a structure of shape s.
func readBranch(b *branch, s *shape.Shape, v reflect.Value) error {
	for i := range s.Fields {
		f := &s.Fields[i]
		br := b.below[f.Form.Name]
		if br == nil {
			continue
		}
		if err := readParameter(br, f.Form, f.Shape, f.Of(v)); err != nil {
			return shape.Within(err, "."+f.Form.Name)
		}
	}
	return nil
}

// readParameter decodes b into v; how lists and maps are spelled is up to fm.
func readParameter(b *branch, fm shape.Form, s *shape.Shape, v reflect.Value) error {
	if s.Scalar() {
		return readScalar(b, s, v)
	}
	if s.Ptr {
		p := reflect.New(s.Type)
		v.Set(p)
		v = p.Elem()
	}
	switch s.Kind {
	case shape.KindStruct:
		return readBranch(b, s, v)
	case shape.KindList:
		return readFormList(b, fm, s, v)
	case shape.KindMap:
		return readFormMap(b, fm, s, v)
	default:
		return shape.Mistyped(s.Kind.String(), "a form, which has none")
	}
}

// inner is how a list or map within a list or map is spelled.
var inner = shape.Form{Member: "member", Key: "key", Value: "value"}

// readFormList decodes Name.1 or Name.member.1. A name with an empty value is
// the empty list; one with a value is a list of one, as SQS has always
// understood AttributeName=All.
func readFormList(b *branch, fm shape.Form, s *shape.Shape, v reflect.Value) error {
	v.Set(reflect.MakeSlice(s.Type, 0, 0))
	entries, lead := b.numbered(), "."
	if !fm.Flat {
		entries, lead = b.below[fm.Member].numbered(), "."+fm.Member+"."
	}
	if len(entries) == 0 && b.set && b.value != "" {
		entries = []*branch{{value: b.value, set: true}}
	}
	v.Grow(len(entries))
	for i, e := range entries {
		v.SetLen(i + 1)
		if err := readParameter(e, inner, s.Elem, v.Index(i)); err != nil {
			return shape.Within(err, lead+strconv.Itoa(i+1))
		}
	}
	return nil
}

// readFormMap decodes Name.1.Key and Name.1.Value, or Name.entry.1.key and
// Name.entry.1.value.
func readFormMap(b *branch, fm shape.Form, s *shape.Shape, v reflect.Value) error {
	v.Set(reflect.MakeMap(s.Type))
	entries, lead := b.numbered(), "."
	if !fm.Flat {
		entries, lead = b.below["entry"].numbered(), ".entry."
	}
	for i, e := range entries {
		at := lead + strconv.Itoa(i+1)
		key := e.below[fm.Key]
		if key == nil || !key.set {
			return shape.Within(shape.Mistyped("a "+fm.Key+" and a "+fm.Value, "no "+fm.Key), at)
		}
		elem := reflect.New(s.Type.Elem()).Elem()
		value := e.below[fm.Value]
		if value == nil {
			value = &branch{set: true} // clients leave empty values out
		}
		if err := readParameter(value, inner, s.Elem, elem); err != nil {
			return shape.Within(err, at+"."+fm.Value)
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(s.Type.Key()), elem)
	}
	return nil
}

func readScalar(b *branch, s *shape.Shape, v reflect.Value) error {
	if !b.set {
		return shape.Mistyped(s.Kind.String(), "a name with further parts")
	}
	return shape.ReadText(b.value, s, v)
}
