package destination

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/target"
)

func TestTokenIsSharedAndRenewedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 100}
		s, a := authorized(t, server)
		time.Sleep(89 * time.Second)
		wantHeader(t, s, a, "Authorization", "Bearer t1")
		time.Sleep(time.Second)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { wantHeader(t, s, a, "Authorization", "Bearer t2") })
		}
		group.Wait()
		if server.count() != 2 {
			t.Errorf("%d requests for a token", server.count())
		}
	})
}

func TestOldTokenIsUsedToItsEndWhenThereIsNoNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 100}
		s, a := authorized(t, server)
		server.set(func(s *tokenServer) { s.status = 500 })
		time.Sleep(91 * time.Second)
		wantHeader(t, s, a, "Authorization", "Bearer t1") // after asking in vain
		wantHeader(t, s, a, "Authorization", "Bearer t1") // without asking again
		if server.count() != 2 {
			t.Errorf("%d requests for a token", server.count())
		}
		time.Sleep(10 * time.Second)
		e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if e == nil || e.Permanent || e.Throttled || e.Code != target.CodeFromTarget || e.After <= 0 {
			t.Errorf("after the end: %+v", e)
		}
		again := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if server.count() != 3 || again == nil || again.After <= 0 || again.Message != e.Message {
			t.Errorf("a moment later: %d requests, %+v", server.count(), again)
		}
		settled(t, s, Authorized) // it is the token server that is at fault
		server.set(func(s *tokenServer) { s.status = 0 })
		time.Sleep(e.After)
		wantHeader(t, s, a, "Authorization", "Bearer t4")
	})
}

func TestTokenThatADestinationRefusesIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600}
		s, a := authorized(t, server)
		valid := "Bearer t1"
		var sent []string
		api := over(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.Header.Get("Authorization"))
			if r.Header.Get("Authorization") != valid {
				return answer(401, "who are you, "+r.Header.Get("Authorization")), nil
			}
			return answer(200, ""), nil
		})
		sink := target.APIDestination(s, api)
		d := &target.Delivery{Owner: someRule, Target: &target.Target{}, ARN: a, Input: []byte("{}")}
		send := func() *target.Error { return target.AsError(sink.Send(t.Context(), d)) }

		if e := send(); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Minute)
		valid = "Bearer t2"
		e := send()
		if e == nil || e.Permanent || e.Message != "POST to https://api.example.com answered 401 Unauthorized: who are you, Bearer [hidden]" {
			t.Errorf("the old token: %+v", e)
		}
		if e := send(); e != nil {
			t.Errorf("the new token: %v", e)
		}
		// One that refuses everything has a new token fetched once a second.
		valid = "none"
		before := server.count()
		for started := time.Now(); time.Since(started) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
			send()
		}
		if n := server.count() - before; n < 5 || n > 10 {
			t.Errorf("%d requests for a token in ten seconds", n)
		}
		settled(t, s, Authorized)
	})
}

func TestLateRefusalDoesNotCostANewToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600}
		s, a := authorized(t, server)
		time.Sleep(time.Minute)
		var calls []*target.Endpoint
		for range 3 {
			e, err := s.Endpoint(t.Context(), someRule, a)
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, e)
		}
		calls[0].Refused()
		wantHeader(t, s, a, "Authorization", "Bearer t2")
		time.Sleep(time.Minute)
		calls[1].Refused()
		calls[2].Refused()
		wantHeader(t, s, a, "Authorization", "Bearer t2")
	})
}

func TestTokenServerThatRefusesLaterDeauthorizes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 100}
		s, a := authorized(t, server)
		server.set(func(s *tokenServer) { s.status = 403 })
		time.Sleep(100 * time.Second)
		e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if e == nil || e.Permanent || e.Code != target.CodeNoPermission {
			t.Errorf("%+v", e)
		}
		settled(t, s, Deauthorized)
		server.set(func(s *tokenServer) { s.status = 0 })
		time.Sleep(10 * time.Second)
		settled(t, s, Authorized)
		if _, err := s.Endpoint(t.Context(), someRule, a); err != nil {
			t.Error(err)
		}
	})
}

func TestCancelledWaitForATokenSaysNothingOfTheTokenServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600}
		s, a := authorized(t, server)
		server.set(func(s *tokenServer) { s.hang = true })
		time.Sleep(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 3 { // one asks, two wait for it
			group.Go(func() {
				if _, err := s.Endpoint(ctx, someRule, a); err != context.Canceled {
					t.Errorf("error %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		group.Wait()
		server.set(func(s *tokenServer) { s.hang = false })
		if _, err := s.Endpoint(t.Context(), someRule, a); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
