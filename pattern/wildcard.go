package pattern

import (
	"fmt"
	"strings"
)

// A wildcard is a text in which * stands for any run of characters. It is kept
// as the literal pieces between the stars: n+1 pieces around n stars.
type wildcard []string

func (w wildcard) holds(v *value) bool {
	s := v.str()
	if s == "" {
		return false
	}
	return w.match(s[1 : len(s)-1])
}

// match places the pieces from left to right, each as far left as it goes. That
// is never worse than any other way, so nothing has to be tried twice.
func (w wildcard) match(s string) bool {
	first, last := w[0], w[len(w)-1]
	if len(w) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !hasPrefix(s, first) || !hasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, piece := range w[1 : len(w)-1] {
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
	return true
}

// newWildcard takes the operand apart. \* and \\ stand for themselves, any
// other escape and two stars in a row are refused. Positions are byte offsets
// counted with an opening quote.
func newWildcard(s string) (wildcard, string) {
	var w wildcard
	var piece []byte
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			if i+1 < len(s) && s[i+1] == '*' {
				return nil, fmt.Sprintf("Consecutive wildcard characters at pos %d", i+1)
			}
			w = append(w, string(piece))
			piece = nil
		case '\\':
			if i+1 == len(s) || s[i+1] != '*' && s[i+1] != '\\' {
				return nil, fmt.Sprintf("Invalid escape character at pos %d", i+1)
			}
			i++
			piece = append(piece, s[i])
		default:
			piece = append(piece, s[i])
		}
	}
	return append(w, string(piece)), ""
}

// parseWildcard reads {"wildcard": "s"}.
func parseWildcard(p *parser) (test, error) {
	s, err := p.operand("wildcard match pattern must be a string")
	if err != nil {
		return nil, err
	}
	w, reason := newWildcard(s)
	if reason != "" {
		return nil, p.fail("%s", reason)
	}
	return w, p.close(oneKey)
}
