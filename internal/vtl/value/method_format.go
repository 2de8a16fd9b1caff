package value

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// verb is a place for an argument in the text that String.format is given, behind its %.
var verb = regexp.MustCompile(`^([-+ 0#]*)(\d{0,4})(\.\d{1,3})?([a-zA-Z%])`)

// maxWidth is how wide format makes a place.
const maxWidth = 1000

var errFormat = errors.New("format offers %s, %S, %b, %c, %d, %x, %X, %o, %f, %e, %n and %%, with flags, width and precision, and an argument of its kind for each")

// format is Java's static String.format, which templates call on any string: the text is
// the first argument.
func format(r *Run, _ Value, a []Value) (Value, error) {
	if !IsText(a[0]) {
		return nil, nil
	}
	layout, err := r.Text(a[0])
	if err != nil {
		return nil, err
	}
	arguments := a[1:]
	if len(arguments) == 1 {
		if l, ok := arguments[0].(*List); ok {
			arguments = l.items
		}
	}
	return r.Capture(func() error {
		for {
			before, after, found := strings.Cut(layout, "%")
			if err := r.Write(before); err != nil || !found {
				return err
			}
			m := verb.FindStringSubmatch(after)
			if m == nil {
				return errFormat
			}
			layout = after[len(m[0]):]
			var s string
			switch {
			case m[4] == "%":
				s = "%"
			case m[4] == "n":
				s = "\n"
			case len(arguments) == 0:
				return errFormat
			default:
				var err error
				if s, err = r.formatted(m, arguments[0]); err != nil {
					return err
				}
				arguments = arguments[1:]
			}
			if err := r.Write(s); err != nil {
				return err
			}
		}
	})
}

// formatted is an argument in its place, of which m has the parts.
func (r *Run) formatted(m []string, v Value) (string, error) {
	if width, err := strconv.Atoi(m[2]); err == nil && width > maxWidth {
		return "", fmt.Errorf("format makes nothing wider than %d", maxWidth)
	}
	layout := "%" + m[1] + m[2] + m[3]
	switch kind := m[4]; kind {
	case "s", "S", "b", "c":
		s, err := r.Text(v)
		if err != nil {
			return "", err
		}
		if kind == "b" {
			s = strconv.FormatBool(Truth(v))
		}
		if s = fmt.Sprintf(layout+"s", s); kind == "S" {
			s = strings.ToUpper(s)
		}
		return s, nil
	case "d", "x", "X", "o":
		switch v.(type) {
		case int64, *big.Int:
			return fmt.Sprintf(layout+kind, v), nil
		}
	case "f", "e":
		if f, ok := v.(float64); ok {
			return fmt.Sprintf(layout+kind, f), nil
		}
	}
	return "", errFormat
}
