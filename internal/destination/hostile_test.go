package destination

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/target"
)

// attack F1: a token server that switches protocols and keeps the connection.
func TestTokenServerThatSwitchesProtocolsIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() // when the test is over
			go func() {
				_, _ = c.Read(make([]byte, 4096))
				_, _ = fmt.Fprint(c, "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
			}()
		}
	}()
	s := open(t, Options{})
	run(t, s) // and stops it
	n := oauth("c")
	n.Auth.OAuth.Endpoint = "http://" + l.Addr().String()
	s.mustConnect(t, n)
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		c, err := s.DescribeConnection(here, "c")
		if err != nil {
			t.Fatal(err)
		}
		if c.State == Deauthorized && strings.Contains(c.StateReason, "answered 101 Switching Protocols") {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %s", c.State, c.StateReason)
		}
	}
}

// attack F1: an answer that breaks off at the deadline is no refusal.
func TestSlowTokenIsATimeout(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, `{"access_token":"t`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	n := oauth("c")
	n.Auth.OAuth.Endpoint = srv.URL
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := n.Auth.OAuth.fetch(ctx, outbound.New(outbound.Options{}), "c", "")
	if e := outbound.AsError(err); e == nil || e.Permanent || e.Code != outbound.CodeTimeout {
		t.Errorf("%+v", e)
	}
}

// attack F13: a token server that says "in three thousand years" is asked again
// within the hour, and the connection says meanwhile what it waits for.
func TestTokenServerIsNotLeftAloneForEver(t *testing.T) {
	for _, later := range []string{"99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			s := open(t, Options{Client: over(func(*http.Request) (*http.Response, error) {
				if asked++; asked > 1 {
					return answer(200, `{"access_token":"t"}`), nil
				}
				a := answer(503, "later")
				a.Header.Set("Retry-After", later)
				return a, nil
			})})
			run(t, s)
			s.mustConnect(t, oauth("c"))
			if c := settled(t, s, Deauthorized); !strings.Contains(c.StateReason, "503 Service Unavailable: later") {
				t.Errorf("reason %q", c.StateReason)
			}
			time.Sleep(outbound.MaxRetryAfter)
			settled(t, s, Authorized)
		})
	}
}

// attack F10: what did not get its turn says nothing of the token server.
func TestTokenThatWasNotAskedForIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := outbound.New(outbound.Options{Calls: 1, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "slow" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200, `{"access_token":"t"}`), nil
		})})
		go func() {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://slow", nil)
			_, _ = client.Call(req, outbound.Terms{For: "slow", Within: time.Minute})
		}()
		synctest.Wait()
		s := open(t, Options{Client: client})
		run(t, s)
		s.mustConnect(t, oauth("c"))
		time.Sleep(50 * time.Second)
		settled(t, s, Authorizing)
		time.Sleep(15 * time.Second)
		settled(t, s, Authorized)
	})
}

// attack F14: whatever a token server or an API says of a secret, in whatever
// spelling, no reason and no error has it.
func TestNothingRepeatsASecret(t *testing.T) {
	const secret = `s3cr3t"&<x y`
	escaped, _ := json.Marshal(secret)
	n := oauth("c")
	n.Auth.OAuth.ClientSecret = secret
	n.Auth.OAuth.Parameters = &Parameters{Body: []Parameter{{Key: "otp", Value: "0ne-time", Secret: true}}}
	for _, c := range []struct {
		status int
		body   string
	}{
		{200, fmt.Sprintf(`{"error":"invalid_client","error_description":"the secret %s is wrong"}`, strings.Trim(string(escaped), `"`))},
		{200, `{"error":"invalid_client","error_description":"\u0030ne-time"}`},
		{200, `{"error":"0ne-time"}`},
		{400, fmt.Sprintf(`{"client_id":"id","client_secret":%s,"otp":"0ne-time"}`, escaped)},
		{503, "you sent client_secret=s3cr3t%22%26%3Cx+y&otp=0ne%2dtime"},
		{403, "<p>s3cr3t&quot;&amp;&lt;x y</p> MG5lLXRpbWU="},
	} {
		_, err := n.Auth.OAuth.fetch(t.Context(), over(func(*http.Request) (*http.Response, error) { return answer(c.status, c.body), nil }), "c", "")
		if err == nil || !strings.Contains(err.Error(), "[hidden]") {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		for _, part := range []string{"s3cr3t", "0ne", "MG5l"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v", c.body, err)
			}
		}
	}

	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		_, a := s.mustCreate(t, "d", s.mustConnect(t, NewConnection{Name: "b", Type: Basic, Auth: Auth{
			Basic:      &BasicAuth{User: "user", Password: "p4ss/word"},
			Parameters: &Parameters{Query: []Parameter{{Key: "key", Value: "k 1&2", Secret: true}}},
		}}).ARN, 0)
		sink := target.APIDestination(s, over(func(r *http.Request) (*http.Response, error) {
			return answer(400, r.Header.Get("Authorization")+` p4ss\/word p4ss%2Fword `+r.URL.RawQuery), nil
		}))
		err := sink.Send(t.Context(), &target.Delivery{Owner: someRule, Target: &target.Target{}, ARN: a, Input: []byte("{}")})
		if want := "POST to https://api.example.com answered 400 Bad Request: Basic [hidden] [hidden] [hidden] key=[hidden]"; err == nil || err.Error() != want {
			t.Errorf("error %v", err)
		}
	})
}
