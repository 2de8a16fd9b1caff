package signature

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// Who may sign for one service has not signed for what is dari's own.
func TestASignatureIsForOneService(t *testing.T) {
	keys := access.Keys{}
	if err := keys.Add("A", "secret", "111111111111"); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 29, 12, 0, 0, 0, time.UTC)
	for service, passes := range map[string]bool{"dari": true, "events": false, "": false} {
		r := httptest.NewRequest("GET", "http://localhost:4566/_dari/dead", nil)
		if err := Sign(r, nil, Credentials{AccessKey: "A", Secret: "secret", Region: "us-east-1", Service: service}, now); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(r, nil, "dari", keys, access.Place{}, now); (err == nil) != passes {
			t.Errorf("signed for %q: %v", service, err)
		}
	}
}
