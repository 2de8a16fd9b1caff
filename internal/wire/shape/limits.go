package shape

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// Limits maps "Type.Member" to what the member must satisfy, where Type is the
// Go name of the struct that holds it: an operation's input, or a struct
// nested in one.
type Limits map[string]Limit

// A Limit is what one member must satisfy. The zero Limit asks for nothing.
type Limit struct {
	// Required members must not be null.
	Required bool
	// Min and Max bound the length of a string (in characters), list or map, and
	// the value of a number. HasMin tells a Min of zero from none.
	Min, Max int
	HasMin   bool
	// Pattern is a regular expression that the whole string must match, in
	// AWS's spelling, which is also what the error prints.
	Pattern string
	// Enum lists the permitted values in the order in which AWS prints them.
	Enum []string
	// Secret values are not repeated in errors and not shown in trails.
	Secret bool
	// Each is what every element of a list and every value of a map must satisfy,
	// Keys what every key of a map must. Members of structs in a list have lines
	// of their own; Each is for lists and maps of scalars.
	Each, Keys *Limit
	// Expr is Pattern in Go's syntax, for the few patterns that Go cannot read
	// as AWS prints them.
	Expr string
}

// A limit is a [Limit] made ready: its expression compiled, its sentences
// written.
type limit struct {
	required, secret bool
	hasMin, hasMax   bool
	min, max         int64
	enum             []string
	pattern          *regexp.Regexp
	// lastGood is a short value that lately matched pattern. Callers repeat
	// themselves, above all with the names of buses and queues, and comparing is
	// far cheaper than matching.
	lastGood atomic.Pointer[string]

	// The constraints in words.
	tooSmall, tooBig, noMatch, notInEnum string
	// each and keys are for the elements of lists and the entries of maps; their
	// words name all that an element must satisfy.
	each, keys           *limit
	eachWords, keysWords string
}

const notNull = "Member must not be null"

// limit returns what the limits say of the member key, nil for nothing.
func (c *Compiler) limit(key string, s *Shape) (*limit, error) {
	l, ok := c.limits[key]
	if !ok {
		return nil, nil
	}
	c.used[key] = true
	return compileLimit(l, s)
}

// Finish makes the shapes ready for [Check] once all types are compiled. It
// returns an error that names the limits no member was found for.
func (c *Compiler) Finish() error {
	c.mark()
	if err := c.misplaced(); err != nil {
		return err
	}
	var names []string
	for _, key := range slices.Sorted(maps.Keys(c.limits)) {
		if !c.used[key] {
			names = append(names, key)
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("limits name members that no input has: %s", strings.Join(names, ", "))
	}
	return nil
}

func compileLimit(l Limit, s *Shape) (*limit, error) {
	c := &limit{
		required: l.Required, secret: l.Secret, enum: l.Enum,
		min: int64(l.Min), hasMin: l.HasMin || l.Min != 0,
		max: int64(l.Max), hasMax: l.Max != 0,
	}
	if err := fits(l, s); err != nil {
		return nil, err
	}
	measure := "length"
	if s.Kind == KindInt || s.Kind == KindFloat {
		measure = "value"
	}
	c.tooSmall = fmt.Sprintf("Member must have %s greater than or equal to %d", measure, l.Min)
	c.tooBig = fmt.Sprintf("Member must have %s less than or equal to %d", measure, l.Max)
	c.notInEnum = "Member must satisfy enum value set: [" + strings.Join(l.Enum, ", ") + "]"
	if l.Pattern != "" {
		c.noMatch = "Member must satisfy regular expression pattern: " + l.Pattern
		expr := l.Expr
		if expr == "" {
			expr = javaEscapes.ReplaceAllString(l.Pattern, `\x{$1}`)
		}
		var err error
		if c.pattern, err = regexp.Compile(`\A(?:` + expr + `)\z`); err != nil {
			return nil, fmt.Errorf("pattern: %w; give Expr in Go's syntax", err)
		}
	}
	return c, c.compileParts(l, s)
}

// javaEscapes are the code points that Java writes in a way Go does not read.
var javaEscapes = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// compileParts compiles what is asked of elements, values and keys.
func (c *limit) compileParts(l Limit, s *Shape) (err error) {
	if l.Each != nil {
		if c.each, err = compileLimit(*l.Each, s.Elem); err != nil {
			return fmt.Errorf("each: %w", err)
		}
		lead := "Member"
		if s.Kind == KindMap {
			lead = "Map value"
		}
		c.eachWords = lead + " must satisfy constraint: [" + c.each.words() + "]"
	}
	if l.Keys != nil {
		if c.keys, err = compileLimit(*l.Keys, &Shape{Kind: KindString, Ptr: true}); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
		c.keysWords = "Map keys must satisfy constraint: [" + c.keys.words() + "]"
	}
	return nil
}

// fits says whether l asks for something that a value of shape s can have. A
// limit that could never fail is a mistake in the table.
func fits(l Limit, s *Shape) error {
	text := s.Kind == KindString
	sized := text || s.Kind == KindList || s.Kind == KindMap || s.Kind == KindBlob
	number := s.Kind == KindInt || s.Kind == KindFloat
	nullable := s.Ptr || s.Kind == KindList || s.Kind == KindMap || s.Kind == KindBlob
	switch {
	case l.Required && !nullable:
		return fmt.Errorf("a required member must be a pointer, or null cannot be told from zero")
	case (l.Pattern != "" || l.Enum != nil) && !text:
		return fmt.Errorf("only strings have patterns and enums")
	case (l.Min != 0 || l.Max != 0 || l.HasMin) && !sized && !number:
		return fmt.Errorf("only strings, lists, maps, bytes and numbers have a minimum and a maximum")
	case l.Each != nil && (s.Kind != KindList && s.Kind != KindMap || s.Elem.Kind == KindStruct):
		return fmt.Errorf("only lists and maps of scalars can have limits on each element")
	case l.Keys != nil && s.Kind != KindMap:
		return fmt.Errorf("only maps have limits on keys")
	}
	return nil
}

// words lists all that c asks for, the longest length first.
func (c *limit) words() string {
	var w []string
	if c.hasMax {
		w = append(w, c.tooBig)
	}
	if c.hasMin {
		w = append(w, c.tooSmall)
	}
	if c.pattern != nil {
		w = append(w, c.noMatch)
	}
	if c.enum != nil {
		w = append(w, c.notInEnum)
	}
	return strings.Join(w, ", ")
}

// broken returns the constraints that v does not satisfy, in words. v is not
// null, and no pointer.
func (c *limit) broken(v reflect.Value, s *Shape) []string {
	if s.Kind == KindString {
		if str := v.String(); !c.admits(str) {
			return c.brokenText(str)
		}
		return nil
	}
	var words []string
	if n, ok := size(v, s); ok {
		if c.hasMax && n > float64(c.max) {
			words = append(words, c.tooBig)
		}
		if c.hasMin && n < float64(c.min) {
			words = append(words, c.tooSmall)
		}
	}
	if c.each != nil && !c.eachHolds(v, s) {
		words = append(words, c.eachWords)
	}
	if c.keys != nil && !c.keysHold(v) {
		words = append(words, c.keysWords)
	}
	return words
}

// size is the number that minimum and maximum are about. Limits are small
// enough for a float to hold them exactly.
func size(v reflect.Value, s *Shape) (float64, bool) {
	switch s.Kind {
	case KindInt:
		return float64(v.Int()), true
	case KindFloat:
		return v.Float(), true
	case KindList, KindMap, KindBlob:
		return float64(v.Len()), true
	default:
		return 0, false
	}
}

// admits says whether s satisfies everything.
func (c *limit) admits(s string) bool {
	return c.lengthHolds(s) && c.enumHolds(s) && c.patternHolds(s)
}

// brokenText names a wrong value, then a wrong form, then a wrong length.
func (c *limit) brokenText(s string) []string {
	var words []string
	if !c.enumHolds(s) {
		words = append(words, c.notInEnum)
	}
	if !c.patternHolds(s) {
		words = append(words, c.noMatch)
	}
	switch {
	case c.lengthHolds(s):
	case c.hasMax && int64(utf8.RuneCountInString(s)) > c.max:
		words = append(words, c.tooBig)
	default:
		words = append(words, c.tooSmall)
	}
	return words
}

func (c *limit) enumHolds(s string) bool { return c.enum == nil || slices.Contains(c.enum, s) }

// lengthHolds counts characters only where the number of bytes leaves a doubt.
func (c *limit) lengthHolds(s string) bool {
	n := int64(len(s))
	if (!c.hasMax || n <= c.max) && (!c.hasMin || n/utf8.UTFMax >= c.min) {
		return true
	}
	n = int64(utf8.RuneCountInString(s))
	return (!c.hasMax || n <= c.max) && (!c.hasMin || n >= c.min)
}

// maxRemembered bounds the memory that remembering a value costs, in bytes.
const maxRemembered = 256

func (c *limit) patternHolds(s string) bool {
	if c.pattern == nil {
		return true
	}
	if last := c.lastGood.Load(); last != nil && *last == s {
		return true
	}
	if !c.pattern.MatchString(s) {
		return false
	}
	if len(s) <= maxRemembered {
		good := strings.Clone(s) // s may be part of something bigger
		c.lastGood.Store(&good)
	}
	return true
}

func (c *limit) eachHolds(v reflect.Value, s *Shape) bool {
	if s.Kind == KindList {
		for i := range v.Len() {
			if !c.each.holds(v.Index(i), s.Elem) {
				return false
			}
		}
		return true
	}
	for _, value := range v.Seq2() {
		if !c.each.holds(value, s.Elem) {
			return false
		}
	}
	return true
}

func (c *limit) keysHold(v reflect.Value) bool {
	for key := range v.Seq() {
		if !c.keys.admits(key.String()) {
			return false
		}
	}
	return true
}

func (c *limit) holds(v reflect.Value, s *Shape) bool {
	if s.Ptr {
		if v.IsNil() {
			return !c.required
		}
		v = v.Elem()
	}
	return len(c.broken(v, s)) == 0
}
