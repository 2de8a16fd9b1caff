package pattern

import "fmt"

// A token is one step of the JSON reader.
type token uint8

const (
	tokenEnd token = iota // the text is over
	tokenObject
	tokenObjectEnd
	tokenArray
	tokenArrayEnd
	tokenName
	tokenString
	tokenNumber
	tokenTrue
	tokenFalse
	tokenNull
)

// maxDepth is how deep arrays and objects may nest, in patterns and in events.
const maxDepth = 1000

// A scope is an object or array being read.
type scope struct {
	array bool
	start int // where its bracket is
	items int // how many of its members have begun
}

func (s scope) String() string {
	if s.array {
		return "Array"
	}
	return "Object"
}

// A reader takes a pattern's text apart. It is our own, because the errors of
// the service tell how far its reader had come, and that follows rules:
//
//   - a name is handed out only after the start of its value was read, so that
//     a position just after a name is behind the value's opening quote or
//     bracket, or behind the whole number or word;
//   - a string is not read before somebody asks for it or goes on, so that a
//     position at a string nobody wanted is behind its opening quote;
//   - a character that cannot be there is reported at its own column, a word
//     or number that cannot be there behind it.
type reader struct {
	text string
	path string // of the field being read, for errors

	pos    int
	scopes []scope
	last   token
	ahead  token  // what follows the name that was handed out last
	at     int    // where the last token, or the one ahead, starts
	name   string // the last name
	number string // the last number's spelling
	unread bool   // the last token is a string that was not read yet
}

// fail returns an error at the place the reader has come to.
func (r *reader) fail(format string, args ...any) *Error {
	return r.failAt(r.pos, format, args...)
}

func (r *reader) failAt(offset int, format string, args ...any) *Error {
	reason := format
	if len(args) > 0 {
		reason = fmt.Sprintf(format, args...)
	}
	line, column := position(r.text, offset)
	return &Error{Reason: reason, Line: line, Column: column, Path: r.path, text: r.text}
}

// failBare returns an error that the service reports without a position.
func (r *reader) failBare(format string, args ...any) *Error {
	e := r.fail(format, args...)
	e.Line, e.Column = 0, 0
	return e
}

// next returns the next token. After tokenEnd it must not be called again.
func (r *reader) next() (token, error) {
	t, err := r.advance()
	if err != nil {
		return tokenEnd, err
	}
	r.last = t
	if t == tokenObject || t == tokenArray {
		if len(r.scopes) == maxDepth {
			return tokenEnd, r.failBare("Document nesting depth (%d) exceeds the maximum allowed (%d, from `StreamReadConstraints.getMaxNestingDepth()`)", maxDepth+1, maxDepth)
		}
		r.scopes = append(r.scopes, scope{array: t == tokenArray, start: r.at})
	}
	return t, nil
}

func (r *reader) advance() (token, error) {
	if r.last == tokenName {
		return r.ahead, nil
	}
	if r.unread {
		if _, err := r.str(); err != nil {
			return tokenEnd, err
		}
	}
	if err := r.space(); err != nil {
		return tokenEnd, err
	}
	if r.pos == len(r.text) {
		return r.end()
	}
	if c := r.text[r.pos]; c == ']' || c == '}' {
		return r.closeScope(c)
	}
	if len(r.scopes) == 0 {
		return r.value()
	}
	return r.member(&r.scopes[len(r.scopes)-1])
}

// end is where the text is over. That is an error inside an object or array.
func (r *reader) end() (token, error) {
	if len(r.scopes) == 0 {
		return tokenEnd, nil
	}
	s := r.scopes[len(r.scopes)-1]
	line, column := position(r.text, s.start)
	return tokenEnd, r.fail("Unexpected end-of-input: expected close marker for %s (start marker at %s)", s, source(r.text, line, column))
}

// closeScope reads a closing bracket, which must be the one that fits.
func (r *reader) closeScope(c byte) (token, error) {
	if len(r.scopes) == 0 {
		return tokenEnd, r.misfit(c, "root", source(r.text, 1, 0))
	}
	s := r.scopes[len(r.scopes)-1]
	if s.array != (c == ']') {
		line, column := position(r.text, s.start)
		return tokenEnd, r.misfit(c, s.String(), source(r.text, line, column))
	}
	r.pos++
	r.scopes = r.scopes[:len(r.scopes)-1]
	if s.array {
		return tokenArrayEnd, nil
	}
	return tokenObjectEnd, nil
}

func (r *reader) misfit(c byte, scope, start string) error {
	other := '}'
	if c == '}' {
		other = ']'
	}
	return r.fail("Unexpected close marker '%c': expected '%c' (for %s starting at %s)", c, other, scope, start)
}

// member reads the comma before a member if one is due, and the member's name
// and the start of its value if the scope is an object.
func (r *reader) member(s *scope) (token, error) {
	s.items++
	if s.items > 1 {
		if r.text[r.pos] != ',' {
			return tokenEnd, r.unexpected("was expecting comma to separate %s entries", s)
		}
		r.pos++
		if err := r.spaceBetween(); err != nil {
			return tokenEnd, err
		}
	}
	if s.array {
		return r.value()
	}
	if r.text[r.pos] != '"' {
		return tokenEnd, r.unexpected("was expecting double-quote to start field name")
	}
	r.pos++
	var err error
	if r.name, err = r.quoted("name", " in field name"); err != nil {
		return tokenEnd, err
	}
	if err := r.spaceBetween(); err != nil {
		return tokenEnd, err
	}
	if r.text[r.pos] != ':' {
		return tokenEnd, r.unexpected("was expecting a colon to separate field name and value")
	}
	r.pos++
	if err := r.spaceBetween(); err != nil {
		return tokenEnd, err
	}
	if r.ahead, err = r.value(); err != nil {
		return tokenEnd, err
	}
	return tokenName, nil
}

// value reads a bracket, a number, a word, or a string's opening quote.
func (r *reader) value() (token, error) {
	r.at = r.pos
	switch c := r.text[r.pos]; c {
	case '"':
		r.pos++
		r.unread = true
		return tokenString, nil
	case '{':
		r.pos++
		return tokenObject, nil
	case '[':
		r.pos++
		return tokenArray, nil
	case '}':
		return tokenEnd, r.unexpected("expected a value")
	case 't':
		return tokenTrue, r.word("true")
	case 'f':
		return tokenFalse, r.word("false")
	case 'n':
		return tokenNull, r.word("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return tokenNumber, r.digits()
	default:
		return tokenEnd, r.oddValue(c)
	}
}

// str returns the string whose opening quote was the last token.
func (r *reader) str() (string, error) {
	r.unread = false
	return r.quoted("string value", ": was expecting closing quote for a string value")
}

// spelling returns what stands in the text for the last token, for errors that
// quote it.
func (r *reader) spelling(t token) string {
	switch t {
	case tokenObject:
		return "{"
	case tokenObjectEnd:
		return "}"
	case tokenArray:
		return "["
	case tokenArrayEnd:
		return "]"
	case tokenTrue:
		return "true"
	case tokenFalse:
		return "false"
	case tokenNull:
		return "null"
	default:
		return r.number
	}
}
