package outbound

import "testing"

// A proxy would connect to what it likes.
func TestProxyOfTheEnvironmentIsUsedEverywhereOnly(t *testing.T) {
	for text, want := range map[string]bool{"any": true, "public": false, "public,127.0.0.0/8": false} {
		reach, err := ParseReach(text)
		if err != nil {
			t.Fatal(err)
		}
		if uses := network(reach, 1).Proxy != nil; uses != want {
			t.Errorf("%s: uses proxies: %v", text, uses)
		}
	}
}
