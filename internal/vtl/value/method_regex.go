package value

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/regex"
)

// The bounds of a regular expression: its length, and how many instructions it has.
const (
	maxRegexText  = 1024
	maxRegexSteps = 2000
)

// regex compiles a regular expression, or finds it compiled.
func (r *Run) regex(text string) (*regex.Regex, error) {
	if re := r.regexes[text]; re != nil {
		return re, nil
	}
	if len(text) > maxRegexText {
		return nil, fmt.Errorf("a regular expression has at most %d bytes", maxRegexText)
	}
	re, err := regex.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q is not one that is offered: %w", text, err)
	}
	// What it takes to compile one, which is most of the work with a short text.
	if err := r.Take(64 * re.Steps); err != nil {
		return nil, err
	}
	if err := r.Work(64 * 20 * re.Steps); err != nil {
		return nil, err
	}
	if re.Steps > maxRegexSteps {
		return nil, errors.New("the regular expression is too large")
	}
	if r.regexes == nil {
		r.regexes = map[string]*regex.Regex{}
	}
	r.regexes[text] = re
	return re, nil
}

// tried are a text, a regular expression that is the first argument, and what it costs to
// go over the text with it.
func tried(r *Run, v Value, a []Value) (s string, re *regex.Regex, ok bool, err error) {
	s, pattern, ok, err := twoTexts(r, v, a)
	if !ok || err != nil {
		return "", nil, ok, err
	}
	if re, err = r.regex(pattern); err != nil {
		return "", nil, true, err
	}
	return s, re, true, r.Work(min(len(s)*re.Steps, math.MaxInt32*64) * 4)
}

// places are where a regular expression matches, the first n of them or, for -1, all.
func places(r *Run, re *regex.Regex, s string, n int) ([][]int, error) {
	size := 16*(re.NumSubexp()+1) + 64
	most := r.left.Memory/size + 1
	if n < 0 || n > most {
		n = most
	}
	found := re.FindAllStringSubmatchIndex(s, n)
	return found, r.Take(len(found) * size)
}

func matches(r *Run, v Value, a []Value) (Value, error) {
	s, pattern, ok, err := twoTexts(r, v, a)
	if !ok || err != nil {
		return nil, err
	}
	s, re, _, err := tried(r, s, []Value{`^(?:` + pattern + `)$`})
	if err != nil {
		return nil, err
	}
	return re.MatchString(s), nil
}

func replaceAll(r *Run, v Value, a []Value) (Value, error)   { return replaced(r, v, a, -1) }
func replaceFirst(r *Run, v Value, a []Value) (Value, error) { return replaced(r, v, a, 1) }

func replaced(r *Run, v Value, a []Value, n int) (Value, error) {
	with, isString := a[1].(string)
	s, re, ok, err := tried(r, v, a)
	if !ok || !isString || err != nil {
		return nil, err
	}
	found, err := places(r, re, s, n)
	if err != nil || len(found) == 0 {
		return s, err
	}
	return r.Capture(func() error {
		end := 0
		for _, at := range found {
			if err := r.Write(s[end:at[0]]); err != nil {
				return err
			}
			if err := r.replacement(with, s, at); err != nil {
				return err
			}
			end = at[1]
		}
		return r.Write(s[end:])
	})
}

// replacement writes what stands in the place of a match: $1 is a part of it, and a
// backslash makes the character behind it plain.
func (r *Run) replacement(with, s string, at []int) error {
	for with != "" {
		i := strings.IndexAny(with, `\$`)
		if i < 0 {
			return r.Write(with)
		}
		if err := r.Write(with[:i]); err != nil {
			return err
		}
		sign := with[i]
		if with = with[i+1:]; with == "" {
			return fmt.Errorf("a replacement cannot end with %c: %c%c is that character", sign, '\\', sign)
		}
		if sign == '\\' {
			if err := r.Write(with[:1]); err != nil {
				return err
			}
			with = with[1:]
			continue
		}
		if !isDigit(with[0]) {
			return errors.New(`behind $ a replacement has the number of a group: \$ is that character`)
		}
		group := int(with[0] - '0')
		if with = with[1:]; 2*group >= len(at) {
			return fmt.Errorf("the regular expression has no group %d", group)
		}
		if at[2*group] >= 0 {
			if err := r.Write(s[at[2*group]:at[2*group+1]]); err != nil {
				return err
			}
		}
	}
	return nil
}

// split cuts a text where a regular expression matches. As Java has it, empty parts at the
// end do not count unless a limit says so, and nothing at the front has no part.
func split(r *Run, v Value, a []Value) (Value, error) {
	limit := int64(0)
	if len(a) == 2 {
		var ok bool
		if limit, ok = a[1].(int64); !ok {
			return nil, nil
		}
	}
	s, re, ok, err := tried(r, v, a)
	if !ok || err != nil {
		return nil, err
	}
	n := -1
	if limit > 0 {
		n = int(min(limit, math.MaxInt32))
	}
	found, err := places(r, re, s, n)
	if err != nil {
		return nil, err
	}
	var parts []Value
	end := 0
	for _, at := range found {
		if at[1] == 0 || at[0] == len(s) && at[0] == at[1] || n > 0 && len(parts) == n-1 {
			continue
		}
		parts = append(parts, s[end:at[0]])
		end = at[1]
	}
	parts = append(parts, s[end:])
	if limit == 0 && len(parts) > 1 {
		last := len(parts)
		for last > 0 && parts[last-1] == "" {
			last--
		}
		parts = slices.Clip(parts[:last])
	}
	return &List{items: parts}, r.Take(len(parts) * sizeOfValue)
}
