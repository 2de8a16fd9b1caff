package quote

import (
	"encoding/json"
	"testing"
)

// What is printed is JSON that encoding/json reads back as the same string.
func FuzzStrings(f *testing.F) {
	f.Add("a\"\\\n\x00é😀\xff")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		b := JSON(nil, s)
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if want := string([]rune(s)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := Size([]byte(s)); n != len(b) {
			t.Errorf("%s has %d bytes, not %d", b, len(b), n)
		}
	})
}
