package value

import (
	"errors"
	"strings"
	"unicode/utf16"
)

// ofString are the methods of strings. Where they count, they count as Java does, in
// UTF-16.
var ofString = map[string]method{
	"length":           {0, 0, ofText(func(s string) Value { return int64(units(s)) })},
	"isEmpty":          {0, 0, ofText(func(s string) Value { return s == "" })},
	"isBlank":          {0, 0, ofText(func(s string) Value { return strings.TrimSpace(s) == "" })},
	"trim":             {0, 0, ofText(func(s string) Value { return strings.TrimFunc(s, func(c rune) bool { return c <= ' ' }) })},
	"strip":            {0, 0, ofText(func(s string) Value { return strings.TrimSpace(s) })},
	"toLowerCase":      {0, 0, making(strings.ToLower)},
	"toUpperCase":      {0, 0, making(strings.ToUpper)},
	"hashCode":         {0, 0, ofText(func(s string) Value { return hash(s) })},
	"contains":         {1, 1, withText(func(s, t string) Value { return strings.Contains(s, t) })},
	"startsWith":       {1, 1, withText(func(s, t string) Value { return strings.HasPrefix(s, t) })},
	"endsWith":         {1, 1, withText(func(s, t string) Value { return strings.HasSuffix(s, t) })},
	"equalsIgnoreCase": {1, 1, withText(func(s, t string) Value { return strings.EqualFold(s, t) })},
	"compareTo":        {1, 1, withText(func(s, t string) Value { return int64(strings.Compare(s, t)) })},
	"compareToIgnoreCase": {1, 1, withText(func(s, t string) Value {
		return int64(strings.Compare(strings.ToLower(s), strings.ToLower(t)))
	})},
	"concat": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		s, t, ok, err := twoTexts(r, v, a)
		if ok && err == nil {
			err = r.Take(len(s) + len(t))
		}
		if !ok || err != nil {
			return nil, err
		}
		return s + t, nil
	}},
	"indexOf": {1, 2, search(func(s, t string, from int) int {
		if from > len(s) {
			return -1
		}
		if i := strings.Index(s[from:], t); i >= 0 {
			return from + i
		}
		return -1
	}, 0)},
	"lastIndexOf": {1, 2, search(func(s, t string, from int) int {
		return strings.LastIndex(s[:min(from+len(t), len(s))], t)
	}, -1)},
	"charAt": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		i, ok := a[0].(int64)
		if !ok {
			return nil, nil
		}
		return part(r, v, i, i+1)
	}},
	"substring": {1, 2, func(r *Run, v Value, a []Value) (Value, error) {
		from, ok := a[0].(int64)
		to := int64(-1)
		if len(a) == 2 {
			var too bool
			if to, too = a[1].(int64); !too {
				return nil, nil
			}
			to = max(to, 0)
		}
		if !ok {
			return nil, nil
		}
		return part(r, v, from, to)
	}},
	"replace": {2, 2, func(r *Run, v Value, a []Value) (Value, error) {
		s, old, ok, err := twoTexts(r, v, a)
		with, too := a[1].(string)
		if !ok || !too || err != nil {
			return nil, err
		}
		return replace(r, s, old, with)
	}},
	"matches": {1, 1, matches}, "split": {1, 2, split},
	"replaceAll": {2, 2, replaceAll}, "replaceFirst": {2, 2, replaceFirst},
	"format":  {1, 20, format}, // this and valueOf are static in Java, and called on any string
	"valueOf": {1, 1, func(r *Run, _ Value, a []Value) (Value, error) { return r.Text(a[0]) }},
}

func ofText(fn func(s string) Value) func(*Run, Value, []Value) (Value, error) {
	return func(r *Run, v Value, _ []Value) (Value, error) {
		s, err := r.Text(v)
		if err != nil {
			return nil, err
		}
		return fn(s), r.Work(len(s))
	}
}

// making makes a method of a function that makes a text of about the same length.
func making(fn func(string) string) func(*Run, Value, []Value) (Value, error) {
	return func(r *Run, v Value, _ []Value) (Value, error) {
		s, err := r.Text(v)
		if err == nil {
			err = r.Take(2 * len(s))
		}
		if err != nil {
			return nil, err
		}
		return fn(s), nil
	}
}

func withText(fn func(s, t string) Value) func(*Run, Value, []Value) (Value, error) {
	return func(r *Run, v Value, a []Value) (Value, error) {
		s, t, ok, err := twoTexts(r, v, a)
		if !ok || err != nil {
			return nil, err
		}
		return fn(s, t), nil
	}
}

// twoTexts are the text of a method and that of its first argument.
func twoTexts(r *Run, v Value, a []Value) (s, t string, ok bool, err error) {
	if _, isObject := a[0].(Object); !isObject && !IsText(a[0]) {
		return "", "", false, nil
	}
	if s, err = r.Text(v); err == nil {
		t, err = r.Text(a[0])
	}
	if err == nil {
		err = r.Work(4 * (len(s) + len(t)))
	}
	return s, t, true, err
}

// search makes a method of a function that looks for a text from a place on, which begins
// there unless it is said; -1 is the end.
func search(fn func(s, t string, from int) int, begin int) func(*Run, Value, []Value) (Value, error) {
	return func(r *Run, v Value, a []Value) (Value, error) {
		s, t, ok, err := twoTexts(r, v, a)
		if !ok || err != nil {
			return nil, err
		}
		from := begin
		if len(a) == 2 {
			n, isNumber := a[1].(int64)
			if !isNumber {
				return nil, nil
			}
			if n < 0 && begin < 0 {
				return int64(-1), nil
			}
			if from = offset(s, max(n, 0)); from < 0 {
				from = len(s) + 1 - int(min(n, 1))*-begin
			}
		} else if begin < 0 {
			from = len(s)
		}
		i := fn(s, t, from)
		if i > 0 {
			i = units(s[:i])
		}
		return int64(i), nil
	}
}

// part is what a text has between two places; a second of -1 is the end.
func part(r *Run, v Value, from, to int64) (Value, error) {
	s, err := r.Text(v)
	if err != nil {
		return nil, err
	}
	if err := r.Work(len(s)); err != nil {
		return nil, err
	}
	i, j := offset(s, from), len(s)
	if to >= 0 {
		j = offset(s, to)
	}
	if i < 0 || j < i {
		return nil, errors.New("the text has no such part: it is shorter, or ends before it begins")
	}
	return s[i:j], nil
}

// units is how long a text is in UTF-16.
func units(s string) int {
	n := 0
	for _, c := range s {
		n += max(utf16.RuneLen(c), 1)
	}
	return n
}

// offset is where a text has its n-th unit of UTF-16, -1 for nowhere.
func offset(s string, n int64) int {
	if n < 0 {
		return -1
	}
	for i, c := range s {
		if n <= 0 {
			return i
		}
		n -= int64(max(utf16.RuneLen(c), 1))
	}
	if n <= 0 {
		return len(s)
	}
	return -1
}

func hash(s string) int64 {
	var h int32
	for _, c := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(c)
	}
	return int64(h)
}

// replace puts a text in the place of another one, wherever that stands.
func replace(r *Run, s, old, with string) (Value, error) {
	n := strings.Count(s, old)
	if n > 0 && len(with) > 0 && n > r.left.Memory/len(with) {
		return nil, r.Take(r.left.Memory + 1)
	}
	if err := r.Take(len(s) + n*len(with)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, old, with), nil
}
