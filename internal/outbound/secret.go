package outbound

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Secrets are texts that must not be repeated: passwords, keys, tokens.
//
// Whoever was sent one may send it back as it is, escaped as JSON, URLs, forms,
// HTML and programming languages escape, in base64 or hexadecimal with something
// before and after it, several of these over another, or broken off in its midst.
type Secrets []string

const (
	hidden = "[hidden]"
	// short is the length below which a secret, or the beginning of one, is not
	// looked for in what only decoding shows, since it would be found by chance.
	short = 4
	// layers is how many layers of encoding are taken off, beside one of escapes.
	layers = 2
)

// hide returns text with everything that spells a secret replaced.
func (s Secrets) hide(text string) string {
	var wanted []string
	for _, secret := range s {
		// A header is sent without the blanks at its ends.
		if secret = strings.TrimSpace(secret); secret != "" {
			wanted = append(wanted, secret)
		}
	}
	found := view{text: text}.find(wanted, layers, nil)
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	end := 0
	for _, f := range found {
		if f.from >= end {
			out.WriteString(text[end:f.from])
			out.WriteString(hidden)
		}
		end = max(end, f.to)
	}
	out.WriteString(text[end:])
	return out.String()
}

// A span is a part of the text, from one byte to another.
type span struct{ from, to int }

// A view is what a text says when it is decoded.
type view struct {
	text string
	// spans are where each byte comes from. Without them, all of it comes from
	// whole, or, when that is nil too, it is the text itself.
	spans []span
	whole *span
}

func (v view) span(from, to int) span {
	switch {
	case v.spans != nil:
		return span{v.spans[from].from, v.spans[to-1].to}
	case v.whole != nil:
		return *v.whole
	}
	return span{from, to}
}

// An encoding spells texts in letters and digits. What is decoded need not begin
// where the encoding does.
type encoding struct {
	runs  *regexp.Regexp
	group int                     // so many characters stand for whole bytes
	clean func(run string) string // leaves only those
	plain func(clean string) (string, error)
}

var (
	toStandard = strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "", "=", "")

	encodings = []encoding{{
		// Lines may end in it, and both alphabets are in use.
		regexp.MustCompile(`[0-9A-Za-z+/_-](?:[\r\n]*[0-9A-Za-z+/_-]){5,}={0,2}`), 4,
		toStandard.Replace,
		func(run string) (string, error) {
			if len(run)%4 == 1 {
				run = run[:len(run)-1]
			}
			b, err := base64.RawStdEncoding.DecodeString(run)
			return string(b), err
		},
	}, {
		regexp.MustCompile(`[0-9A-Fa-f]{8,}`), 2,
		func(run string) string { return run },
		func(run string) (string, error) {
			b, err := hex.DecodeString(run[:len(run)&^1])
			return string(b), err
		},
	}}
)

// find appends to found the parts of the original text that spell one of the
// secrets in v, or in what v says when up to depth layers are taken off.
func (v view) find(secrets []string, depth int, found []span) []span {
	for _, secret := range secrets {
		for i := 0; i < len(v.text); {
			n := spelled(v.text[i:], secret)
			if n > 0 {
				found = append(found, v.span(i, i+n))
			}
			i += max(n, 1)
		}
	}
	if depth == 0 {
		return found
	}
	for i := range len(escapes) {
		if strings.IndexByte(v.text, escapes[i]) >= 0 {
			found = v.unescaped(escapes[i]).find(secrets, depth-1, found)
		}
	}
	for _, e := range encodings {
		for _, run := range e.runs.FindAllStringIndex(v.text, -1) {
			found = v.decode(e, run[0], run[1], secrets, depth-1, found)
		}
	}
	return found
}

// decode is find in what a run of v says.
func (v view) decode(e encoding, from, to int, secrets []string, depth int, found []span) []span {
	var wanted []string
	for _, s := range secrets {
		// Only at the end of the text may there be less than all of a secret.
		if len(s) >= short && (len(s) <= to-from || to == len(v.text)) {
			wanted = append(wanted, s)
		}
	}
	if wanted == nil {
		return found
	}
	whole := v.span(from, to)
	run := e.clean(v.text[from:to])
	for skip := range e.group {
		if plain, err := e.plain(run[skip:]); err == nil {
			found = view{text: plain, whole: &whole}.find(wanted, depth, found)
		}
	}
	return found
}

// unescaped returns v with every escape undone that begins with that byte.
func (v view) unescaped(kind byte) view {
	text, spans := make([]byte, 0, len(v.text)), make([]span, 0, len(v.text))
	for i := 0; i < len(v.text); {
		plain, n := v.text[i:i+1], 1
		if plain[0] == kind {
			if c, m := unescape(v.text[i:]); m > 0 {
				plain, n = c, m
			}
		}
		from := v.span(i, i+n)
		for j := range len(plain) {
			text, spans = append(text, plain[j]), append(spans, from)
		}
		i += n
	}
	return view{text: string(text), spans: spans}
}

const (
	// escapes are what an escape begins with.
	escapes       = `\%&`
	longestEscape = 12
)

// spelled returns how many bytes of text, from its beginning, spell the secret,
// each of its characters as it is or escaped, or 0. A text that ends within the
// secret spells it, too, and so does one in which too much may stand for itself
// and for an escape to go through it all.
func spelled(text, secret string) int {
	if text[0] != secret[0] && text[0] != '+' && strings.IndexByte(escapes, text[0]) < 0 {
		return 0
	}
	type place struct{ text, secret int }
	open := []place{{0, 0}}
	longest, furthest := 0, 0
	for steps := 16 * len(secret); len(open) > 0; steps-- {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		furthest = max(furthest, at.text)
		rest, wanted := text[at.text:], secret[at.secret:]
		switch {
		case steps == 0:
			return max(longest, furthest)
		case wanted == "":
			longest = max(longest, at.text)
			continue
		case at.secret >= short && len(rest) <= longestEscape && brokenOff.MatchString(rest):
			return len(text)
		case rest == "":
			continue
		}
		if rest[0] == wanted[0] || rest[0] == '+' && wanted[0] == ' ' {
			open = append(open, place{at.text + 1, at.secret + 1})
		}
		if plain, n := unescape(rest); n > 0 && strings.HasPrefix(wanted, plain) {
			open = append(open, place{at.text + n, at.secret + len(plain)})
		}
	}
	return longest
}

var (
	// brokenOff is an escape at the end of a text that is not complete, or nothing.
	brokenOff = regexp.MustCompile(`^(?:|%[0-9A-Fa-f]?|&#?[0-9A-Za-z]{0,8}|\\(?:[uUx][0-9A-Fa-f]{0,7})?)$`)
	entity    = regexp.MustCompile(`^&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});`)
)

// unescape returns the character that an escape at the beginning of s stands
// for and the length of the escape, or 0 when there is none.
func unescape(s string) (plain string, n int) {
	switch s[0] {
	case '%':
		if len(s) >= 3 {
			if b, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
				return string([]byte{byte(b)}), 3
			}
		}
	case '&':
		if e := entity.FindString(s); e != "" {
			if plain := character(e); plain != e {
				return plain, len(e)
			}
		}
	case '\\':
		return backslashed(s)
	}
	return "", 0
}

// character returns what an entity stands for, or the entity. A number is that of
// the character: package html reads 128 to 159 as what browsers make of them.
func character(e string) string {
	number, ok := strings.CutPrefix(e[:len(e)-1], "&#")
	if !ok {
		return html.UnescapeString(e)
	}
	base := 10
	if number[0] == 'x' || number[0] == 'X' {
		number, base = number[1:], 16
	}
	n, err := strconv.ParseInt(number, base, 32)
	if err != nil || n > utf8.MaxRune {
		return e
	}
	return string(rune(n))
}

// backslashed undoes an escape of JSON, JavaScript, Python or Go.
func backslashed(s string) (plain string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	if strings.IndexByte(`"'/`, s[1]) >= 0 {
		return s[1:2], 2
	}
	if high, ok := unit(s); ok && utf16.IsSurrogate(high) {
		if low, ok := unit(s[6:]); ok {
			if r := utf16.DecodeRune(high, low); r != '\uFFFD' {
				return string(r), 12
			}
		}
		return "", 0
	}
	r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
	if err != nil {
		return "", 0
	}
	if !multibyte {
		return string([]byte{byte(r)}), len(s) - len(rest)
	}
	return string(r), len(s) - len(rest)
}

// unit reads \uXXXX.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	v, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(v), err == nil
}
