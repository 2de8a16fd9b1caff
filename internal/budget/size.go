package budget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes as people write it: "512MiB", "2GiB",
// "1.5g" or "800000000". K, M, G and T are powers of 1,024, with or without
// "iB" or "B" after them.
func ParseSize(s string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "b"), "i")
	unit := 1.0
	if n := len(text); n > 0 {
		if power := strings.IndexByte("kmgt", text[n-1]); power >= 0 {
			unit = math.Pow(1024, float64(power+1))
			text = strings.TrimSpace(text[:n-1])
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if f *= unit; err != nil || !(f >= 1 && f < math.MaxInt64) {
		return 0, fmt.Errorf("%q is not a size such as 512MiB or 2GiB", s)
	}
	return int64(f), nil
}

// FormatSize prints a number of bytes in the largest unit that leaves at most
// one decimal of interest, such as "512 MiB".
func FormatSize(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0") + " " + unit
}
