// Package page cuts sorted lists into pages with opaque tokens.
//
// A token carries the key of the last row handed out, not an offset, so a row
// that is deleted while a caller pages never makes another one skip.
package page

import (
	"encoding/base64"
	"sort"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// Default is the page size when a caller names none.
const Default = 100

const mark = "dari1:"

// ErrToken says that a token is none that was given out here. Doors whose service has
// other words for it replace them.
var ErrToken = fault.Invalid("Parameter NextToken is not valid.")

// Clip returns the rows after the token, at most limit of them (Default when
// limit is 0), and the token of the next page: empty on the last one. The rows
// must be sorted by key, ascending. A token that Clip did not make is
// ErrToken.
func Clip[T any](rows []T, key func(T) string, token string, limit int) ([]T, string, error) {
	if token != "" {
		last, err := Decode(token)
		if err != nil {
			return nil, "", err
		}
		rows = rows[sort.Search(len(rows), func(i int) bool { return key(rows[i]) > last }):]
	}
	if limit == 0 {
		limit = Default
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	return rows[:limit], Encode(key(rows[limit-1])), nil
}

// Encode makes the token that continues after key.
func Encode(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(mark + key))
}

// Decode returns the key that a token continues after.
func Decode(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || !strings.HasPrefix(string(b), mark) {
		return "", ErrToken
	}
	return string(b[len(mark):]), nil
}
