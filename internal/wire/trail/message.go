package trail

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// maxSecrets is how many secrets a message is searched for. One about an input with
// more of them is hidden as a whole.
const maxSecrets = 100

// Message returns the message of an error about an input, which is a structure of
// shape s, with CloudTrail's words in the place of every hidden text of the input.
func Message(message string, in reflect.Value, s *shape.Shape) string {
	found := secrets{longest: len(message)}
	found.below(in, s, false)
	if len(found.texts) > maxSecrets {
		return hiddenText
	}
	// The longest first: one may be part of another.
	slices.SortFunc(found.texts, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range found.texts {
		quoted := strconv.Quote(secret)
		pairs = append(pairs, secret, hiddenText, quoted[1:len(quoted)-1], hiddenText)
	}
	return strings.NewReplacer(pairs...).Replace(message)
}

// secrets are the hidden texts of an input, one more than are searched for at most.
type secrets struct {
	texts   []string
	longest int
}

// below adds the texts in v, which is hidden itself or not.
func (f *secrets) below(v reflect.Value, s *shape.Shape, hidden bool) {
	if len(f.texts) > maxSecrets {
		return
	}
	if s.Ptr {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch s.Kind {
	case shape.KindString:
		f.add(v.String(), hidden)
	case shape.KindBlob, shape.KindDocument:
		f.add(string(v.Bytes()), true)
	case shape.KindList:
		for i := range v.Len() {
			f.below(v.Index(i), s.Elem, hidden)
		}
	case shape.KindMap:
		for key, value := range v.Seq2() {
			f.add(key.String(), hidden)
			f.below(value, s.Elem, hidden)
		}
	case shape.KindStruct:
		for i := range s.Fields {
			if field := &s.Fields[i]; !field.Shape.Kind.Streams() {
				f.below(field.Of(v), field.Shape, hidden || field.Hidden())
			}
		}
	}
}

func (f *secrets) add(text string, hidden bool) {
	if hidden && text != "" && len(text) <= f.longest && !slices.Contains(f.texts, text) {
		f.texts = append(f.texts, text)
	}
}
