package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/target"
)

// attack, undecided: the setting holds for API destinations and token servers.
func TestCallsGoWhereTheSettingAllows(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	for setting, allowed := range map[string]bool{"any": true, "public": false} {
		o := Defaults()
		o.Listen, o.Ephemeral, o.Outbound = "127.0.0.1:0", true, setting
		a, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer a.listener.Close()
		root := access.Root(o.Account, o.Region)
		c, err := a.destinations.CreateConnection(t.Context(), root, destination.NewConnection{
			Name: "c", Type: destination.Basic, Auth: destination.Auth{Basic: &destination.BasicAuth{User: "u", Password: "p"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := a.destinations.CreateAPIDestination(t.Context(), root, destination.NewAPIDestination{
			Name: "d", ConnectionARN: c.ARN, Endpoint: srv.URL, Method: "POST",
		})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := arn.Parse(d.ARN)
		if err != nil {
			t.Fatal(err)
		}
		sent := a.sinks().Send(t.Context(), &target.Delivery{Owner: a.home().ARN("events", "rule/r").String(), Target: &target.Target{ARN: d.ARN}, ARN: parsed, Input: []byte("{}")})
		req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, asked := a.client.Call(req, outbound.Terms{For: c.ARN, Within: a.stopWithin})
		for _, err := range []error{sent, asked} {
			if e := outbound.AsError(err); (e == nil) != allowed || e != nil && (!e.Permanent || !strings.Contains(e.Message, "-outbound")) {
				t.Errorf("%s: %+v", setting, e)
			}
		}
	}
}
