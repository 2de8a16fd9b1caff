package bus

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
)

// hop is a delivery of an event from the default bus of an account and region.
func hop(t *testing.T, from access.Caller) *target.Delivery {
	t.Helper()
	ev, err := event.New(event.Entry{Source: "aws.made.up", DetailType: "t", Detail: `{"n": 1.0}`, Resources: []string{"x"}, Time: time.Unix(1700000000, 0)},
		event.Stamp{ID: "11111111-1111-4111-8111-111111111111", Account: "123456789012", Region: "us-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	return &target.Delivery{
		ID: ev.ID, Body: ev.JSON, Owner: key{from.Place, DefaultName}.ruleARN("sender"), Trace: "trace",
		Target: &target.Target{RoleARN: "arn:aws:iam::" + from.Account + ":role/r"},
	}
}

func mustARN(t *testing.T, s string) arn.ARN {
	t.Helper()
	a, err := arn.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestForwardedEventStaysWhatItIs(t *testing.T) {
	h := newHouse(t)
	h.bus("b")
	h.rule(NewRule{Name: "r", Bus: "b", Pattern: `{"account":["123456789012"]}`})
	h.ok(h.PutTargets(t.Context(), home, "b", "r", []target.Target{queue("q")}))
	d := hop(t, home)
	h.ok(h.Forward(t.Context(), mustARN(t, ownBus), d))
	want := []delivery.Item{{ID: d.ID, Body: d.Body, Source: ownBus, Forwarded: true, Trace: "trace", Lanes: []delivery.Lane{1}}}
	if diff := cmp.Diff(want, h.outbox.items, cmpopts.IgnoreFields(delivery.Item{}, "Ingested"), cmpopts.IgnoreUnexported(delivery.Item{})); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if h.outbox.started != 1 {
		t.Errorf("%d events were started", h.outbox.started)
	}
}

func TestForwardedEventGetsANewIDInAnotherRegion(t *testing.T) {
	h := newHouse(t)
	h.rule(NewRule{Name: "r", Pattern: `{"account":["123456789012"]}`})
	h.ok(h.PutTargets(t.Context(), home, "", "r", []target.Target{queue("q")}))
	d := hop(t, access.Root(home.Account, "us-east-1"))
	h.ok(h.Forward(t.Context(), mustARN(t, homeBus), d))
	got := h.outbox.items[0]
	if got.ID == d.ID || len(got.ID) != 36 {
		t.Errorf("id %s; it was %s", got.ID, d.ID)
	}
	if text := strings.ReplaceAll(string(got.Body), got.ID, d.ID); text != string(d.Body) {
		t.Errorf("event\n%s\nwant but for the id\n%s", got.Body, d.Body)
	}
	h.ok(h.Forward(t.Context(), mustARN(t, homeBus), d))
	if again := h.outbox.items[1].ID; again != got.ID {
		t.Errorf("repeated, the delivery has the id %s; it was %s", again, got.ID)
	}
	d.Owner += "2"
	h.ok(h.Forward(t.Context(), mustARN(t, homeBus), d))
	if other := h.outbox.items[2].ID; other == got.ID {
		t.Errorf("another rule's delivery has the same id %s", other)
	}
}

func TestForwardAsksThePolicyOfTheBus(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ok(h.Forward(ctx, mustARN(t, homeBus), hop(t, home)))
	guest := access.Root(stranger, home.Region)
	for _, c := range []struct {
		policy string
		want   fault.Kind
	}{
		{``, fault.KindDenied},
		{`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"events:PutEvents","Resource":"` + homeBus + `"}`, 0},
		{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/r"},"Action":"events:PutEvents","Resource":"*"}`, 0},
		{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/other"},"Action":"events:PutEvents","Resource":"*"}`, fault.KindDenied},
		{`{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-central-1:444455556666:rule/sender"}}}`, 0},
		{`{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-central-1:444455556666:rule/x"}}}`, fault.KindDenied},
		{`{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"444455556666"},"Bool":{"events:eventBusInvocation":"true"}}}`, 0},
	} {
		p := Permission{Policy: `{"Version":"2012-10-17","Statement":[` + c.policy + `]}`}
		h.ok(h.PutPermission(ctx, home, p))
		err := h.Forward(ctx, mustARN(t, homeBus), hop(t, guest))
		if c.want == 0 && err != nil || c.want != 0 && fault.KindOf(err) != c.want {
			t.Errorf("policy %s: %v", c.policy, err)
		}
	}
}

func TestForwardToNoBusIsAnError(t *testing.T) {
	h := newHouse(t)
	err := h.Forward(t.Context(), mustARN(t, ownBus), hop(t, home))
	wantFault(t, err, fault.NotFound("Event bus b does not exist."))
}
