package pattern

import "fmt"

// An EventError says why a text is not an event.
type EventError struct {
	// Reason is a sentence without a position.
	Reason string
	// Offset is the byte at which the text stops making sense.
	Offset int
}

// Error returns the reason and the offset.
func (e *EventError) Error() string {
	return fmt.Sprintf("event is not valid: %s at byte %d", e.Reason, e.Offset)
}

// A value is one scalar of an event, under one path.
type value struct {
	// text is the decoded string with quotes around it, a number's spelling, or
	// true, false or null.
	text string
	// node is the innermost array element around the value that is itself an
	// object or array, 0 if there is none. A scalar that is an array's direct
	// element is not tied to its place in that array.
	node int32
	numeral
}

// A numeral is what is known of a value as a number.
type numeral struct {
	low, high               float64 // a number lies between them, or is both
	roughState, numberState lazy
}

// between returns the numeral of a number between two that are equal if it is
// exactly that.
func between(low, high float64) numeral {
	n := numeral{low: low, high: high, roughState: yes}
	if low == high {
		n.numberState = yes
	}
	return n
}

// lazy is what is known of something that is worked out on demand.
type lazy uint8

const (
	unknown lazy = iota
	yes
	no
)

func known(ok bool) lazy {
	if ok {
		return yes
	}
	return no
}

// str returns the text of a string, quotes included, and "" for other types.
func (v *value) str() string {
	if v.text[0] == '"' {
		return v.text
	}
	return ""
}

// near says whether the value is a number that may lie between two others. It
// takes a rough look, since most numbers of events are far from those of
// patterns and a close look takes long.
func (v *value) near(low, high float64) bool {
	if v.roughState == unknown {
		v.roughState = no
		if c := v.text[0]; c == '-' || c >= '0' && c <= '9' {
			v.numeral = between(rough(v.text))
		}
	}
	return v.roughState == yes && v.low <= high && v.high >= low
}

// number returns the value of a number that is comparable and near something.
func (v *value) number() (float64, bool) {
	if v.numberState == unknown {
		x, ok := byValue(v.text)
		v.numberState = known(ok)
		if ok {
			v.low, v.high = x, x
		}
	}
	return v.low, v.numberState == yes
}

// address returns the address that a string spells.
func (v *value) address() (address, bool) {
	if v.text[0] != '"' {
		return address{}, false
	}
	return parseAddress(v.text[1 : len(v.text)-1])
}

// An element is an array element that is an object or an array. Elements are
// numbered in document order, so those inside one have the numbers behind it.
type element struct {
	parent int32 // the element around it, 0 if there is none
	array  int32
	end    int32 // the first element behind everything inside it
}

// An event is the flattened form of one event: the values of the paths that
// were asked for, by slot, and where they stand in arrays.
type event struct {
	values   [][]value
	elements []element // [0] stands for "in no array"
	arrays   []int32   // for each array, the first element behind it
	detours  int       // how many more its searches may take
	search   search    // used again and again

	text    string
	pos     int
	decoded []byte // strings that had escapes; only ever appended to
}

// read flattens text, keeping the values that lie under root. Every token is
// checked, used or not. What follows the closing bracket is ignored. The event
// refers to text until it is read anew.
func (e *event) read(text string, root *fields, slots int) error {
	if len(text) > maxEvent {
		return tooLong
	}
	for i := range e.values {
		e.values[i] = e.values[i][:0]
	}
	for len(e.values) < slots {
		e.values = append(e.values, nil)
	}
	e.text, e.pos, e.detours = text, 0, maxDetours
	e.elements = append(e.elements[:0], element{})
	e.arrays = e.arrays[:0]
	e.decoded = e.decoded[:0]
	e.space()
	if e.peek() != '{' {
		return e.fail("a JSON object was expected")
	}
	err := e.object(root, 0, 1)
	e.elements[0].end = int32(len(e.elements))
	return err
}

// release lets go of the text.
func (e *event) release() {
	for _, list := range e.values {
		clear(list)
	}
	e.text = ""
}

// object reads an object whose path so far led to f, inside an element.
func (e *event) object(f *fields, in int32, depth int) error {
	if depth > maxDepth {
		return e.fail("objects and arrays may nest at most 1000 deep")
	}
	e.pos++
	e.space()
	if e.peek() == '}' {
		e.pos++
		return nil
	}
	for {
		key, err := e.str()
		if err != nil {
			return err
		}
		e.space()
		if err := e.expect(':'); err != nil {
			return err
		}
		e.space()
		key = key[1 : len(key)-1]
		if err := e.value(f.step(key), in, depth, key == "" && depth > 1); err != nil {
			return err
		}
		e.space()
		if e.peek() == '}' {
			e.pos++
			return nil
		}
		if err := e.expect(','); err != nil {
			return err
		}
		e.space()
	}
}

// value reads any value. The service does not see scalars directly under an
// empty key, other than at the top; of those, only what is nested deeper is
// kept.
func (e *event) value(f *fields, in int32, depth int, unseen bool) error {
	start := e.pos
	text := ""
	var err error
	switch c := e.peek(); c {
	case '{':
		return e.object(f, in, depth+1)
	case '[':
		return e.array(f, in, depth+1, unseen)
	case '"':
		text, err = e.str()
	case 't':
		err = e.word("true")
	case 'f':
		err = e.word("false")
	case 'n':
		err = e.word("null")
	default:
		err = e.number()
	}
	if err != nil {
		return err
	}
	if f == nil || f.slot == 0 || unseen {
		return nil
	}
	if text == "" {
		text = e.text[start:e.pos]
	}
	e.values[f.slot-1] = append(e.values[f.slot-1], value{text: text, node: in})
	return nil
}

// array reads an array. It adds nothing to the path.
func (e *event) array(f *fields, in int32, depth int, unseen bool) error {
	if depth > maxDepth {
		return e.fail("objects and arrays may nest at most 1000 deep")
	}
	e.pos++
	e.space()
	if e.peek() == ']' {
		e.pos++
		return nil
	}
	id := int32(len(e.arrays))
	if f != nil {
		e.arrays = append(e.arrays, 0)
	}
	for {
		if err := e.arrayElement(f, in, id, depth, unseen); err != nil {
			return err
		}
		e.space()
		if e.peek() == ']' {
			e.pos++
			break
		}
		if err := e.expect(','); err != nil {
			return err
		}
		e.space()
	}
	if f != nil {
		e.arrays[id] = int32(len(e.elements))
	}
	return nil
}

func (e *event) arrayElement(f *fields, in, array int32, depth int, unseen bool) error {
	if c := e.peek(); f == nil || c != '{' && c != '[' {
		return e.value(f, in, depth, unseen)
	}
	n := int32(len(e.elements))
	e.elements = append(e.elements, element{parent: in, array: array})
	err := e.value(f, n, depth, unseen)
	e.elements[n].end = int32(len(e.elements))
	return err
}
