package destination

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
)

func TestAPIDestinationFollowsItsConnection(t *testing.T) {
	s := open(t, Options{})
	c := s.mustConnect(t, basic("c"))
	d, a := s.mustCreate(t, "d", c.ARN, 0)
	if d.Rate != 300 || !d.Active {
		t.Errorf("%+v", d)
	}
	if _, err := s.DeleteConnection(t.Context(), here, "c"); err != nil {
		t.Fatal(err)
	}
	if d, err := s.DescribeAPIDestination(here, "d"); err != nil || d.Active || d.ConnectionARN != c.ARN {
		t.Errorf("%+v, %v", d, err)
	}
	_, err := s.Endpoint(t.Context(), someRule, a)
	if e := target.AsError(err); e == nil || e.Permanent || e.Throttled || !strings.Contains(e.Message, "does not exist") {
		t.Errorf("calling it: %+v", e)
	}
	other := s.mustConnect(t, basic("other"))
	method, endpoint, description, rate := "PATCH", "http://localhost:1/*", "", 5
	got, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{
		ConnectionARN: &other.ARN, Method: &method, Endpoint: &endpoint, Description: &description, Rate: &rate,
	})
	want := APIDestination{Place: here.Place, Name: "d", ARN: d.ARN, ConnectionARN: other.ARN, Endpoint: endpoint, Method: method, Rate: 5, Active: true}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(APIDestination{}, "Created", "Modified")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if e, err := s.Endpoint(t.Context(), someRule, a); err != nil || e.Method != "PATCH" || e.URL != endpoint {
		t.Errorf("%+v, %v", e, err)
	}
	unknown := other.ARN + "x"
	if _, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{ConnectionARN: &unknown}); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("an unknown connection: %v", err)
	}
}

func TestEndpointsAreURLs(t *testing.T) {
	for _, c := range []struct {
		url       string
		httpsOnly bool
		want      string
	}{
		{"https://api.example.com/a/*/b?c=d", true, ""},
		{"http://localhost:8080/hook", false, ""},
		{"http://localhost:8080/hook", true, "it must begin with https://, because this server allows no other."},
		{"ftp://example.com", false, "it must begin with https:// or http://."},
		{"www.example.com", false, "it must be a URL such as https://api.example.com/path."},
		{"https://", false, "it must be a URL such as https://api.example.com/path."},
		{"https://:80/", false, "it must be a URL such as https://api.example.com/path."},
		{"https://a:b:c/", false, "it must be a URL such as https://api.example.com/path."},
		{"https://*.example.com/", false, "path parameters (*) may stand in the path, not in the host."},
	} {
		s := open(t, Options{HTTPSOnly: c.httpsOnly})
		connection := s.mustConnect(t, basic("c"))
		_, err := s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: connection.ARN, Endpoint: c.url, Method: "POST"})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
			continue
		}
		wantFault(t, err, fault.KindInvalid, "Parameter InvocationEndpoint is not valid. Reason: "+c.want)
	}
}

func TestRateLimitIsSharedAndSaysWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		c := s.mustConnect(t, basic("c"))
		_, a := s.mustCreate(t, "d", c.ARN, 10)
		_, other := s.mustCreate(t, "other", c.ARN, 10)
		for range 10 { // one second's worth at once
			if _, err := s.Endpoint(t.Context(), someRule, a); err != nil {
				t.Fatal(err)
			}
		}
		e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if e == nil || !e.Throttled || e.Permanent || e.Code != "THROTTLING" || e.After != 100*time.Millisecond {
			t.Fatalf("the eleventh call: %+v", e)
		}
		if _, err := s.Endpoint(t.Context(), someRule, other); err != nil {
			t.Errorf("another API destination: %v", err)
		}
		// Being turned away costs nothing: 16 lanes that come back whenever they
		// are told to make use of the whole limit.
		started, let := time.Now(), 0
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for time.Since(started) < 10*time.Second {
					e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
					if e == nil {
						mu.Lock()
						let++
						mu.Unlock()
						continue
					}
					time.Sleep(e.After)
				}
			})
		}
		group.Wait()
		if let < 99 || let > 101 {
			t.Errorf("%d calls in ten seconds, want 100", let)
		}
		rate := 1000
		if _, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{Rate: &rate}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i := range 1000 {
			if _, err := s.Endpoint(t.Context(), someRule, a); err != nil {
				t.Fatalf("call %d after the limit was raised: %v", i, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
