package bus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

func TestEachEntryGetsItsOwnResult(t *testing.T) {
	h := newHouse(t)
	h.bus("b")
	h.ruleTo("r", "a")
	entries := []Entry{
		entry("a"),
		{Entry: event.Entry{DetailType: "t", Detail: "{}"}},
		{Entry: event.Entry{Source: "a", Detail: "{}"}},
		{Entry: event.Entry{Source: "a", DetailType: "t"}},
		{Entry: event.Entry{Source: "a", DetailType: "t", Detail: "[]"}},
		{Entry: event.Entry{Source: "aws.ec2", DetailType: "t", Detail: "{}"}},
		{Entry: event.Entry{Source: "a", DetailType: "t", Detail: "{}"}, Bus: "nope"},
		{Entry: event.Entry{Source: "a", DetailType: "t", Detail: "{}"}, Bus: "b"},
		{Entry: event.Entry{Source: "a", DetailType: "t", Detail: "{}"}, Bus: "arn:aws:events:eu-central-1:444455556666:event-bus/default"},
		{Entry: event.Entry{Source: "a", DetailType: "t", Detail: "{}"}, Bus: homeBus},
	}
	results := h.put(entries...)
	required := func(member string) Result {
		return Result{Code: "InvalidArgument", Message: "Parameter " + member + " is not valid. Reason: " + member + " is a required argument."}
	}
	want := []Result{
		{ID: "ok"}, required("Source"), required("DetailType"), required("Detail"),
		{Code: "MalformedDetail", Message: "Detail is malformed."},
		{Code: "NotAuthorizedForSourceException", Message: "Not authorized for the source."},
		{ID: "ok"}, {ID: "ok"},
		{Code: "AccessDeniedException", Message: "User: arn:aws:iam::111122223333:root is not authorized to perform: events:PutEvents on resource: arn:aws:events:eu-central-1:444455556666:event-bus/default because no resource-based policy allows the events:PutEvents action"},
		{ID: "ok"},
	}
	for i := range results {
		if id := results[i].ID; id != "" {
			if u, err := uuid.Parse(id); err != nil || u.String() != id || u.Version() != 4 {
				t.Errorf("entry %d has the id %q", i, id)
			}
			results[i].ID = "ok"
		}
	}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"r/q: a", "r/q: a"}, h.outbox.went()); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if h.outbox.started != 2 {
		t.Errorf("%d events were started; want 2", h.outbox.started)
	}
}

func TestEventIsStampedWithTheCallerNotTheBus(t *testing.T) {
	h := newHouse(t)
	guest := access.Root(stranger, home.Region)
	h.ok(h.PutPermission(t.Context(), home, permission("s", stranger)))
	h.ruleTo("r", "a")
	e := entry("a")
	e.Bus, e.Resources, e.Time = homeBus, []string{"x"}, time.Unix(1700000000, 5e8)
	results, err := h.Put(t.Context(), guest, []Entry{e})
	h.ok(err)
	want := `{"version":"0","id":"` + results[0].ID + `","detail-type":"t","source":"a","account":"444455556666",` +
		`"time":"2023-11-14T22:13:20Z","region":"eu-central-1","resources":["x"],"detail":{"n":1}}`
	if got := string(h.outbox.items[0].Body); got != want {
		t.Errorf("event\n%s\nwant\n%s", got, want)
	}
}

func TestRequestsOverTheSizeLimitAreRefusedWhole(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.Limits = DefaultLimits()
		o.Limits.RequestBytes = 2 * (len("a") + len("t") + len(`{"n":1}`))
	})
	h.ruleTo("r", "a")
	h.put(entry("a"), entry("a"))
	_, err := h.Put(t.Context(), from, []Entry{entry("a"), entry("ab")})
	wantFault(t, err, fault.Invalid("Total size of the entries in the request is over the limit."))
	if n := len(h.outbox.items); n != 2 {
		t.Errorf("%d events were accepted; want 2", n)
	}
}

func TestTraceOfTheEntryComesBeforeThatOfTheRequest(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("r", "a")
	own := entry("a")
	own.Trace = "entry"
	origin := from
	origin.Trace = "request"
	_, err := h.Put(t.Context(), origin, []Entry{own, entry("a")})
	h.ok(err)
	if got := h.outbox.items[0].Trace + " " + h.outbox.items[1].Trace; got != "entry request" {
		t.Errorf("traces %q", got)
	}
}

func TestHooksHearOfEveryEntry(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("b", "a")
	h.ruleTo("a", "a")
	h.rule(NewRule{Name: "no-target", Pattern: `{"source":["a"]}`})
	e := entry("a")
	e.Bus = "nope"
	h.put(entry("a"), entry("nobody"), entry(""), e)
	const rule = "arn:aws:events:eu-central-1:111122223333:rule/"
	want := []string{
		"accepted a on " + homeBus + " from AKIATEST req-1: 2",
		"matched a [" + rule + "a " + rule + "b " + rule + "no-target]",
		"accepted nobody on " + homeBus + " from AKIATEST req-1: 0",
		"matched nobody []",
		"accepted a on arn:aws:events:eu-central-1:111122223333:event-bus/nope from AKIATEST req-1: 0",
		"matched a []",
		"refused  t on " + homeBus + ": InvalidArgument Parameter Source is not valid. Reason: Source is a required argument.",
	}
	if diff := cmp.Diff(want, h.log.lines); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
}

func TestEventsThatNobodyWantsCostNoWrite(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("r", "a")
	h.rule(NewRule{Name: "no-target", Pattern: `{"source":["b"]}`})
	h.opt.Store = failing{h.store, errors.New("written")}
	h.reopen()
	h.put(entry("b"), entry("c"), entry("c"))
	if _, err := h.Put(t.Context(), from, []Entry{entry("c"), entry("a")}); err == nil {
		t.Error("an event that somebody wants was not written")
	}
}

func TestOnlyEnabledRulesTakeEvents(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ruleTo("r", "a")
	for _, c := range []struct {
		name string
		call func() error
		want int
	}{
		{"enabled", func() error { return nil }, 1},
		{"disabled", func() error { return h.DisableRule(ctx, home, "", "r") }, 0},
		{"reopened", func() error { h.reopen(); return nil }, 0},
		{"enabled again", func() error { return h.EnableRule(ctx, home, "", "r") }, 1},
		{"for another source", func() error {
			_, err := h.PutRule(ctx, home, NewRule{Name: "r", Pattern: `{"source":["b"]}`})
			return err
		}, 0},
		{"with a schedule only", func() error { _, err := h.PutRule(ctx, home, NewRule{Name: "r", Schedule: "rate(1 day)"}); return err }, 0},
		{"with a pattern again", func() error { _, err := h.PutRule(ctx, home, NewRule{Name: "r", Pattern: somePattern}); return err }, 1},
		{"reopened again", func() error { h.reopen(); return nil }, 1},
		{"without targets", func() error { _, err := h.RemoveTargets(ctx, home, "", "r", []string{"q"}); return err }, 0},
		{"deleted", func() error { return h.DeleteRule(ctx, home, "", "r") }, 0},
	} {
		h.ok(c.call())
		before := len(h.outbox.items)
		h.put(entry("a"))
		if got := len(h.outbox.items) - before; got != c.want {
			t.Errorf("%s: %d deliveries; want %d", c.name, got, c.want)
		}
	}
}

func TestReadOnlyAPICallsGoToRulesThatAskForThem(t *testing.T) {
	h := newHouse(t)
	for name, state := range map[string]State{"all": EnabledWithAllManagementEvents, "some": Enabled} {
		h.rule(NewRule{Name: name, Pattern: `{"detail-type":["AWS API Call via CloudTrail","x"]}`, State: state})
		h.ok(h.PutTargets(t.Context(), home, "", name, []target.Target{queue("q")}))
	}
	emit := func(source, detailType, detail string) {
		t.Helper()
		m, err := h.Prepare(from, event.Entry{Source: source, DetailType: detailType, Detail: detail})
		h.ok(err)
		h.ok(h.store.Update(t.Context(), m.Owe))
		m.End(true)
	}
	for _, c := range []struct {
		source, detailType, detail string
		want                       string
	}{
		{"aws.s3", "AWS API Call via CloudTrail", `{"eventName":"ListBuckets","readOnly":true,"managementEvent":true}`, "[all]"},
		{"aws.s3", "AWS API Call via CloudTrail", `{"readOnly":false}`, "[all some]"},
		{"aws.s3", "AWS API Call via CloudTrail", `{}`, "[all some]"},
		{"aws.s3", "AWS API Call via CloudTrail", `{"readOnly":"yes","managementEvent":true}`, "[all some]"},
		{"aws.s3", "AWS API Call via CloudTrail", `{"readOnly":true,"managementEvent":false}`, "[all some]"},
		{"mine", "AWS API Call via CloudTrail", `{"readOnly":true,"managementEvent":true}`, "[all some]"},
		{"aws.s3", "x", `{"readOnly":true,"managementEvent":true}`, "[all some]"},
	} {
		h.outbox.items = nil
		emit(c.source, c.detailType, c.detail)
		var rules []string
		for _, it := range h.outbox.items {
			for _, l := range it.Lanes {
				rules = append(rules, ruleName(h.outbox.plans[l]))
			}
		}
		slices.Sort(rules)
		if got := fmt.Sprint(rules); got != c.want {
			t.Errorf("%s %s %s went to %s; want %s", c.source, c.detailType, c.detail, got, c.want)
		}
	}
}

func TestPolicyDecidesForEachEntry(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ruleTo("r", "a")
	h.ok(h.PutPermission(ctx, home, Permission{Policy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"events:PutEvents","Resource":"*",
		 "Condition":{"StringEquals":{"events:source":"a","events:detail-type":"t","events:eventBusInvocation":"false"}}},
		{"Effect":"Deny","Principal":"*","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"events:source":"secret"}}}]}`}))
	for _, c := range []struct {
		account, source string
		want            bool
	}{
		{stranger, "a", true},
		{stranger, "b", false},
		{"777788889999", "a", false},
		{home.Account, "b", true},
		{home.Account, "secret", false},
	} {
		e := entry(c.source)
		e.Bus = homeBus
		results, err := h.Put(ctx, access.Root(c.account, home.Region), []Entry{e})
		h.ok(err)
		if got := results[0].Code == ""; got != c.want || !got && results[0].Code != "AccessDeniedException" {
			t.Errorf("%s puts %s: %+v; want allowed: %v", c.account, c.source, results[0], c.want)
		}
	}
}

func TestBusOfAnotherRegionIsNotThere(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("r", "a")
	e := entry("a")
	e.Bus = homeBus
	results, err := h.Put(t.Context(), access.Root(home.Account, "us-east-1"), []Entry{e})
	h.ok(err)
	if results[0].ID == "" || len(h.outbox.items) != 0 {
		t.Errorf("result %+v, deliveries %v; want it accepted and dropped", results[0], h.outbox.items)
	}
}

func TestTargetThatIsReplacedWhileAnEventComesInIsStillReached(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("r", "a")
	changed := queue("q")
	changed.RoleARN = anyRole
	// The change happens after the event was matched and before it is written.
	h.opt.Store = &meddling{Store: h.store, before: func() {
		h.ok(h.PutTargets(t.Context(), home, "", "r", []target.Target{changed}))
	}}
	s := h.Service
	s.opt.Store = h.opt.Store
	h.put(entry("a"))
	if diff := cmp.Diff([]string{"r/q: a"}, h.outbox.went()); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if got := string(h.outbox.plans[h.outbox.items[0].Lanes[0]].Spec); !strings.Contains(got, anyRole) {
		t.Errorf("the event went to the target as it was: %s", got)
	}
}

func TestDeepDetailIsMatched(t *testing.T) {
	h := newHouse(t)
	h.ruleTo("r", "a")
	depth := event.MaxDepth - 1 // the envelope is one level more
	e := entry("a")
	e.Detail = strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
	if r := h.put(e)[0]; r.ID == "" || len(h.outbox.items) != 1 {
		t.Errorf("result %+v, %d events", r, len(h.outbox.items))
	}
}

// meddling is a store in front of whose first update something else happens.
type meddling struct {
	store.Store
	before func()
}
