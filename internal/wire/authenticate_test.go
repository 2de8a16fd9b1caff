package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestAuthenticateAsksForASignatureOfTheService(t *testing.T) {
	now := time.Date(2026, 9, 14, 9, 0, 0, 0, time.UTC)
	keys := KeyMap{"AKIDEXAMPLE": {Secret: "secret"}}
	for _, c := range []struct {
		name, secret, service string
		want                  string
	}{
		{"right", "secret", "dari", ""},
		{"wrong secret", "guess", "dari", "InvalidSignatureException"},
		{"signed for another service", "secret", "events", "IncompleteSignatureException"},
		{"not signed", "", "", "MissingAuthenticationTokenException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://localhost:4566/_dari/tail?bus=default", nil)
			if c.secret != "" {
				if err := Sign(r, nil, Credentials{AccessKey: "AKIDEXAMPLE", Secret: c.secret, Region: "eu-central-1", Service: c.service}, now); err != nil {
					t.Fatal(err)
				}
			}
			got := ""
			if e, ok := errors.AsType[*Error](Authenticate(r, keys, "dari", now)); ok {
				got = e.Code
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
