package wire

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
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
			return nil, &Error{
				Code: "SerializationException", QueryCode: "MalformedInput",
				Message: fmt.Sprintf("The parameter name %s has more than %d parts.", clip(name), maxFormDepth),
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

// readForm decodes the branch b into v, a structure of shape s.
func readForm(b *branch, s *shape, v reflect.Value) error {
	for i := range s.fields {
		f := &s.fields[i]
		br := b.below[f.form.name]
		if br == nil {
			continue
		}
		if err := readParameter(br, f.form, f.shape, f.of(v)); err != nil {
			return within(err, "."+f.form.name)
		}
	}
	return nil
}

// readParameter decodes b into v; how lists and maps are spelled is up to fm.
func readParameter(b *branch, fm form, s *shape, v reflect.Value) error {
	if s.ptr {
		p := reflect.New(s.typ)
		v.Set(p)
		v = p.Elem()
	}
	switch s.kind {
	case kindStruct:
		return readForm(b, s, v)
	case kindList:
		return readFormList(b, fm, s, v)
	case kindMap:
		return readFormMap(b, fm, s, v)
	default:
		return readScalar(b, s, v)
	}
}

// inner is how a list or map within a list or map is spelled.
var inner = form{member: "member", key: "key", value: "value"}

// readFormList decodes Name.1 or Name.member.1. A name with an empty value is
// the empty list; one with a value is a list of one, as SQS has always
// understood AttributeName=All.
func readFormList(b *branch, fm form, s *shape, v reflect.Value) error {
	v.Set(reflect.MakeSlice(s.typ, 0, 0))
	entries, lead := b.numbered(), "."
	if !fm.flat {
		entries, lead = b.below[fm.member].numbered(), "."+fm.member+"."
	}
	if len(entries) == 0 && b.set && b.value != "" {
		entries = []*branch{{value: b.value, set: true}}
	}
	v.Grow(len(entries))
	for i, e := range entries {
		v.SetLen(i + 1)
		if err := readParameter(e, inner, s.elem, v.Index(i)); err != nil {
			return within(err, lead+strconv.Itoa(i+1))
		}
	}
	return nil
}

// readFormMap decodes Name.1.Key and Name.1.Value, or Name.entry.1.key and
// Name.entry.1.value.
func readFormMap(b *branch, fm form, s *shape, v reflect.Value) error {
	v.Set(reflect.MakeMap(s.typ))
	entries, lead := b.numbered(), "."
	if !fm.flat {
		entries, lead = b.below["entry"].numbered(), ".entry."
	}
	for i, e := range entries {
		at := lead + strconv.Itoa(i+1)
		key := e.below[fm.key]
		if key == nil || !key.set {
			return within(mistyped("a "+fm.key+" and a "+fm.value, "no "+fm.key), at)
		}
		elem := reflect.New(s.typ.Elem()).Elem()
		value := e.below[fm.value]
		if value == nil {
			value = &branch{set: true} // clients leave empty values out
		}
		if err := readParameter(value, inner, s.elem, elem); err != nil {
			return within(err, at+"."+fm.value)
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(s.typ.Key()), elem)
	}
	return nil
}

func readScalar(b *branch, s *shape, v reflect.Value) error {
	text := b.value
	if !b.set {
		return mistyped(s.kind.String(), "a name with further parts")
	}
	wrong := func() error { return mistyped(s.kind.String(), strconv.Quote(clip(text))) }
	switch s.kind {
	case kindString:
		v.SetString(text)
	case kindBool:
		switch strings.ToLower(text) {
		case "true", "1":
			v.SetBool(true)
		case "false", "0":
			v.SetBool(false)
		default:
			return wrong()
		}
	case kindInt:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return wrong()
		}
		v.SetInt(n)
	case kindFloat:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return wrong()
		}
		v.SetFloat(f)
	case kindTime:
		t, err := parseTime(text)
		if err != nil {
			return wrong()
		}
		v.Set(reflect.ValueOf(t))
	case kindBlob:
		blob, err := base64.StdEncoding.AppendDecode([]byte{}, []byte(text))
		if err != nil {
			return wrong()
		}
		v.SetBytes(blob)
	}
	return nil
}
