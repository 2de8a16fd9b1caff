package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
)

func TestExactlyTheMatchingEventsArrive(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	c.bus("orders")
	q := c.queue("paid", nil)
	c.rule("orders", "paid", `{"source":["shop"],"detail":{"state":["paid"],"total":[{"numeric":[">",100]}]}}`, target("q", q.arn))

	began := time.Now().UTC().Truncate(time.Second)
	want := map[string]string{} // bodies by event id
	for n := 0; n < 1000; n += 10 {
		var entries []eb.PutEventsRequestEntry
		for i := n; i < n+10; i++ {
			state := []string{"paid", "open", "paid", "lost"}[i%4]
			detail := fmt.Sprintf(`{"state":"%s","total":%d,"id":12345678901234567890,"note":"é \"%d\""}`, state, i, i)
			e := entry("orders", "shop", "Order", detail)
			e.Resources = []string{fmt.Sprintf("arn:aws:shop:::order/%d", i)}
			e.Time = aws.Time(time.Date(2024, 2, 29, 12, 0, i%60, 500_000_000, time.UTC))
			entries = append(entries, e)
		}
		for j, id := range c.put(entries...) {
			e, i := entries[j], n+j
			if i%4 == 0 && i > 100 || i%4 == 2 && i > 100 {
				want[id] = fmt.Sprintf(`{"version":"0","id":"%s","detail-type":"Order","source":"shop","account":"%s","time":"%s","region":"%s","resources":["%s"],"detail":%s}`,
					id, account, e.Time.Format("2006-01-02T15:04:05Z"), region, e.Resources[0], *e.Detail)
			}
		}
	}
	got := map[string]string{}
	for _, m := range c.take(q, len(want), 60*time.Second) {
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Fatalf("%v in %s", err, *m.Body)
		}
		if got[e.ID] != "" {
			t.Errorf("%s arrived twice", e.ID)
		}
		got[e.ID] = *m.Body
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expected (-) and arrived (+):\n%s", diff)
	}
	if more := c.receive(q, 1); len(more) > 0 {
		t.Errorf("%d messages too many, the first: %s", len(more), *more[0].Body)
	}

	// Without a time of its own, an event carries the time of its arrival.
	id := c.put(entry("orders", "shop", "Order", `{"state":"paid","total":101}`))[0]
	var e struct {
		ID        string
		Time      time.Time
		Resources []string
	}
	if err := json.Unmarshal([]byte(*c.one(q).Body), &e); err != nil {
		t.Fatal(err)
	}
	if e.ID != id || e.Time.Before(began) || e.Time.After(time.Now()) || e.Resources == nil {
		t.Errorf("got %+v, want the id %s, a time since %v and an empty list of resources", e, id, began)
	}
}

func TestInputsAreShaped(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	whole, constant, path, text, object := c.queue("whole", nil), c.queue("constant", nil), c.queue("path", nil), c.queue("text", nil), c.queue("object", nil)
	with := func(id string, q queueRef, change func(*eb.Target)) eb.Target {
		tg := target(id, q.arn)
		change(&tg)
		return tg
	}
	c.rule("default", "shape", `{"source":["build"]}`,
		target("whole", whole.arn),
		with("constant", constant, func(t *eb.Target) { t.Input = aws.String(`{"fixed": [1, 2]}`) }),
		with("path", path, func(t *eb.Target) { t.InputPath = aws.String("$.detail.project") }),
		with("text", text, func(t *eb.Target) {
			t.InputTransformer = &eb.InputTransformer{
				InputPathsMap: map[string]string{"project": "$.detail.project", "state": "$.detail.state", "gone": "$.detail.gone"},
				InputTemplate: aws.String(`"Build of <project>: <state><gone> (<aws.events.rule-name>)"`),
			}
		}),
		with("object", object, func(t *eb.Target) {
			t.InputTransformer = &eb.InputTransformer{
				InputPathsMap: map[string]string{"phases": "$.detail.phases", "project": "$.detail.project", "n": "$.detail.n"},
				InputTemplate: aws.String(`{"p": <project>, "all": <phases>, "n": <n>, "rule": <aws.events.rule-arn>}`),
			}
		}),
	)
	id := c.put(entry("default", "build", "State", `{"project":"api","state":"FAILED","phases":["A","B"],"n":1.50}`))[0]

	var envelope struct{ ID string }
	if err := json.Unmarshal([]byte(*c.one(whole).Body), &envelope); err != nil || envelope.ID != id {
		t.Errorf("the whole event has the id %q (%v), want %s", envelope.ID, err, id)
	}
	for _, tt := range []struct {
		q    queueRef
		want string
	}{
		{constant, `{"fixed": [1, 2]}`},
		{path, `"api"`},
		{text, `"Build of api: FAILED (shape)"`},
	} {
		if got := *c.one(tt.q).Body; got != tt.want {
			t.Errorf("%s received %s, want %s", tt.q.arn, got, tt.want)
		}
	}
	want := fmt.Sprintf(`{"p":"api","all":["A","B"],"n":1.50,"rule":"%s"}`, ruleARN("default", "shape"))
	if diff := diffJSON(t, []byte(want), []byte(*c.one(object).Body)); diff != "" {
		t.Errorf("object template:\n%s", diff)
	}
}

func TestAnEventTakesOneHopBetweenBusesAndNoMore(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	second, third := c.bus("second"), c.bus("third")
	arrived, dead, beyond := c.queue("arrived", nil), c.queue("dead", nil), c.queue("beyond", nil)
	c.rule("default", "on", `{"source":["hop"]}`, target("bus", second))
	hop := target("bus", third)
	hop.DeadLetterConfig = &eb.DeadLetterConfig{Arn: &dead.arn}
	c.rule("second", "on", `{"source":["hop"]}`, target("q", arrived.arn), hop)
	c.rule("third", "on", `{"source":["hop"]}`, target("q", beyond.arn))

	id := c.put(entry("default", "hop", "Hop", `{"n":1}`))[0]
	m := c.one(arrived)
	var e struct{ ID, Account string }
	if err := json.Unmarshal([]byte(*m.Body), &e); err != nil || e.ID != id || e.Account != account {
		t.Errorf("after the hop the event is %s, want the id %s", *m.Body, id)
	}
	d := c.one(dead)
	if *d.Body != *m.Body {
		t.Errorf("the dead letter is %s, want the event %s", *d.Body, *m.Body)
	}
	got := attributes(d)
	if got["ERROR_CODE"] != "THIRD_ACCOUNT_HOP_DETECTED" || got["RULE_ARN"] != ruleARN("second", "on") || got["TARGET_ARN"] != third || got["RETRY_ATTEMPTS"] != "0" {
		t.Errorf("the dead letter's attributes are %v", got)
	}
	if _, ok := got["EXHAUSTED_RETRY_CONDITION"]; ok {
		t.Errorf("a second hop is not retried, but the dead letter says %v", got)
	}
	if more := c.receive(beyond, 0); len(more) > 0 {
		t.Errorf("the event came through: %s", *more[0].Body)
	}
}

func TestDeletingARuleStopsItsEvents(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	q := c.queue("q", nil)
	c.rule("default", "r", `{"source":["s"]}`, target("q", q.arn))
	first := c.put(entry("default", "s", "t", `{"n":1}`))
	must(c.ev.DisableRule(t.Context(), disableRule("r")))(t)
	c.put(entry("default", "s", "t", `{"n":2}`))
	must(c.ev.EnableRule(t.Context(), enableRule("r")))(t)
	third := c.put(entry("default", "s", "t", `{"n":3}`))

	var got []string
	for _, m := range c.take(q, 2, 20*time.Second) {
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID)
	}
	want := []string{first[0], third[0]}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expected (-) and arrived (+):\n%s", diff)
	}
	if more := c.receive(q, 1); len(more) > 0 {
		t.Errorf("a disabled rule delivered %s", *more[0].Body)
	}
}
