package shape

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Time is a timestamp member.
//
// In JSON it is Unix seconds, which may have a fraction; a string in ISO 8601
// is understood as well. In the query protocol and in XML it is ISO 8601.
// Answers carry milliseconds at most, and none when they are zero. An output
// member of this type with a tag that omits is absent when the time is zero.
type Time struct{ time.Time }

// At returns t as a timestamp member.
func At(t time.Time) Time { return Time{Time: t} }

// MarshalJSON prints Unix seconds.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendEpoch(nil), nil }

// UnmarshalJSON reads Unix seconds or a string in ISO 8601.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if unquoted, err := strconv.Unquote(s); err == nil {
		s = unquoted
	}
	parsed, err := ParseTime(s)
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// AppendEpoch appends Unix seconds with up to three decimals.
func (t Time) AppendEpoch(b []byte) []byte {
	ms := t.UnixMilli()
	if ms < 0 && ms%1000 != 0 {
		// The remainder would count backwards; such times do not occur in answers,
		// but must not come out as another time.
		return strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	frac := ms % 1000
	if frac == 0 {
		return b
	}
	digits := strconv.Itoa(int(1000 + frac))[1:]
	b = append(b, '.')
	return append(b, strings.TrimRight(digits, "0")...)
}

// appendISO appends ISO 8601 in UTC.
func (t Time) appendISO(b []byte) []byte {
	if t.Nanosecond() < int(time.Millisecond) {
		return t.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	}
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}

// isoLayouts are the spellings of ISO 8601 that clients use, and that of headers.
// A time without a zone is UTC.
var isoLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z0700",
	"20060102T150405Z",
	"2006-01-02",
	httpDate,
}

var errTime = errors.New("expected a timestamp: Unix seconds such as 1700000000, or ISO 8601 such as 2023-11-14T22:13:20Z")

// ParseTime reads Unix seconds or ISO 8601.
func ParseTime(s string) (Time, error) {
	if t, ok := parseEpoch(s); ok {
		return t, nil
	}
	for _, layout := range isoLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return Time{t.UTC()}, nil
		}
	}
	return Time{}, errTime
}

// MaxEpoch bounds Unix seconds: the end of the year 9999, the last that ISO
// 8601 can print.
const MaxEpoch = 253402300799

// httpDate is the spelling of timestamps in headers. Fractions of seconds are read
// and not written.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// parseEpoch reads Unix seconds. Decimals are taken as they are written, up to
// nanoseconds, rather than through a float.
func parseEpoch(s string) (Time, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err == nil && digitsOnly(frac) {
		if seconds < -MaxEpoch || seconds > MaxEpoch {
			return Time{}, false
		}
		nanos, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64) // nine digits always fit
		if strings.HasPrefix(whole, "-") {
			nanos = -nanos
		}
		return Time{time.Unix(seconds, nanos).UTC()}, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > MaxEpoch {
		return Time{}, false
	}
	sec, part := math.Modf(f)
	return Time{time.Unix(int64(sec), int64(part*1e9)).UTC()}, true
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
