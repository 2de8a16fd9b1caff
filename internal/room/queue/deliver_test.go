package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

const rule = "arn:aws:events:eu-central-1:123456789012:rule/r"

// sentBy is EventBridge acting for a rule.
func sentBy(tb testing.TB, rule string) access.Caller {
	tb.Helper()
	c, err := access.Service(access.Events, rule)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func to(a Address) arn.ARN { return arn.New("sqs", a.Region, a.Account, a.Name) }

func TestDeliveredMessageCarriesGroupAndTrace(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	f := r.create("f.fifo", func(s *Settings) { s.ContentDedup = true })
	for _, q := range []Address{a, f} {
		if err := r.Deliver(t.Context(), to(q), Mail{Body: []byte(`{"a":1}`), Group: "g", Trace: "Root=1", From: sentBy(t, rule)}); err != nil {
			t.Fatal(err)
		}
		got := r.get(q, 1)
		if len(got) != 1 || got[0].Body != `{"a":1}` || got[0].Group != "g" || got[0].Trace != "Root=1" || got[0].Sender != "events.amazonaws.com" {
			t.Errorf("%s got %+v", q.Name, got)
		}
	}
}

func TestDeadLetterCarriesTheReason(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	err := r.DeliverDurably(t.Context(), to(a), Mail{
		Body: []byte("event"), From: sentBy(t, rule),
		Attributes: map[string]string{"RULE_ARN": rule, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Attribute{{"ERROR_CODE", "String", "NO_RESOURCE"}, {"RULE_ARN", "String", rule}}
	if diff := cmp.Diff(want, r.get(a, 1)[0].Attributes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeliveryThatCannotArriveIsAFault(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	f := r.create("f.fifo", nil)
	g := r.create("g.fifo", func(s *Settings) { s.ContentDedup = true })
	elsewhere := Address{access.Place{Account: account, Region: "us-east-1"}, "q"}
	if err := r.Create(t.Context(), elsewhere, DefaultSettings(), nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		to   Address
		mail Mail
		kind fault.Kind
		want string
	}{
		{at("missing"), Mail{Body: []byte("m"), From: sentBy(t, rule)}, fault.KindNotFound, "The queue arn:aws:sqs:eu-central-1:123456789012:missing does not exist."},
		{elsewhere, Mail{Body: []byte("m"), From: sentBy(t, rule)}, fault.KindNotFound, "is not in the region eu-central-1"},
		{a, Mail{Body: []byte(strings.Repeat("x", 1<<20+1)), From: sentBy(t, rule)}, fault.KindInvalid, "Message must be shorter than 1048576 bytes."},
		{a, Mail{From: sentBy(t, rule)}, fault.KindInvalid, "MessageBody"},
		{f, Mail{Body: []byte("m"), Group: "g", From: sentBy(t, rule)}, fault.KindInvalid, "ContentBasedDeduplication"},
		{g, Mail{Body: []byte("m"), From: sentBy(t, rule)}, fault.KindInvalid, "MessageGroupId"},
	} {
		wantFault(t, r.Deliver(t.Context(), to(tt.to), tt.mail), tt.kind, tt.want)
		wantFault(t, r.NewPost().Add(to(tt.to), tt.mail), tt.kind, tt.want)
	}
}

// statement returns a change of a queue's policy to one statement.
func statement(text string) func(*Settings) {
	return func(s *Settings) {
		s.Policy = `{"Version":"2012-10-17","Statement":[` + text + `]}`
	}
}

// rewrite puts a policy on the disk as it is, as an earlier version might have
// left it.
func (r *rig) rewrite(a Address, text string) {
	r.t.Helper()
	err := r.store.Update(r.t.Context(), func(tx store.Tx) error {
		b, err := tx.Get(definitionKey(a))
		if err != nil {
			return err
		}
		var d definition
		if err := json.Unmarshal(b, &d); err != nil {
			return err
		}
		d.Settings.Policy = text
		return putDefinition(tx, a, d)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestPolicyDecidesAboutRulesAndOtherAccounts(t *testing.T) {
	r := newRig(t)
	own := r.create("own", nil)
	open := r.create("open", statement(`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"`+rule+`"},"StringEquals":{"aws:SourceAccount":"`+account+`"}}}`))
	shared := r.create("shared", statement(`{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"sqs:ReceiveMessage","Resource":"*"}`))
	shut := r.create("shut", statement(`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`))
	odd := r.create("odd", nil)
	r.rewrite(odd, `{"Effect":"Maybe"}`)

	foreign := strings.Replace(rule, account, "999999999999", 1)
	for _, tt := range []struct {
		to     Address
		source string
		// byDefault is whether the rule gets in, and enforced whether it does when
		// services need a policy within the account too.
		byDefault, enforced bool
	}{
		{own, rule, true, false},
		{own, foreign, false, false},
		{open, rule, true, true},
		{open, strings.Replace(rule, "rule/r", "rule/other", 1), true, false},
		{open, foreign, false, false},
		{shared, foreign, false, false},
		{shut, rule, false, false},
		{odd, rule, true, false},
		{odd, foreign, false, false},
	} {
		for enforced, allowed := range map[bool]bool{false: tt.byDefault, true: tt.enforced} {
			s, err := Open(t.Context(), Options{Store: r.store, Guard: access.Boundary{ServicesNeedPolicy: enforced}, Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Deliver(t.Context(), to(tt.to), Mail{Body: []byte("m"), From: sentBy(t, tt.source)})
			if allowed != (err == nil) {
				t.Errorf("enforced %t, %s to %s: %v", enforced, tt.source, tt.to.Name, err)
			} else if err != nil {
				wantFault(t, err, fault.KindDenied, "is not authorized to perform: sqs:SendMessage on resource: "+tt.to.ARN())
			}
		}
	}
}

func TestOnlyWhomThePolicyNamesGetsInFromAnotherAccount(t *testing.T) {
	r := newRig(t)
	shared := r.create("shared", statement(`{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"sqs:*","Resource":"*"}`))
	shut := r.create("shut", statement(`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`))
	none := at("none")
	owner, guest, stranger := access.Root(account, region), access.Root("999999999999", region), access.Root("888888888888", region)
	for _, tt := range []struct {
		by     access.Caller
		to     Address
		action string
		why    string // of a refusal; "" when the action is allowed
	}{
		{owner, shared, "SendMessage", ""},
		{guest, shared, "ReceiveMessage", ""},
		{stranger, shared, "ReceiveMessage", "because no resource-based policy allows the sqs:ReceiveMessage action"},
		{guest, shared, "SetQueueAttributes", "because only the account that owns the resource may do that"},
		{guest, none, "SendMessage", "because no resource-based policy allows"},
		{owner, none, "SendMessage", ""},
		{owner, shut, "SendMessage", "with an explicit deny in a resource-based policy"},
		{owner, shut, "SetQueueAttributes", ""}, // or nobody could ever open it again
		{guest, shut, "SetQueueAttributes", "with an explicit deny"},
	} {
		err := r.Allow(tt.by, tt.to, tt.action)
		if tt.why == "" {
			if err != nil {
				t.Errorf("%s, %s on %s: %v", tt.by.Account, tt.action, tt.to.Name, err)
			}
			continue
		}
		wantFault(t, err, fault.KindDenied, tt.why)
	}
	err := r.Configure(t.Context(), shared, func(s *Settings) error { statement(`{"Effect":"Maybe"}`)(s); return nil })
	wantFault(t, err, fault.KindInvalid, "Invalid value for the parameter Policy.")
}

func TestPolicyHasToBeJSON(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	err := r.Configure(t.Context(), a, func(s *Settings) error { s.Policy = "allow all"; return nil })
	wantFault(t, err, fault.KindInvalid, "Invalid value for the parameter Policy.")
}

func TestDeliveriesShareAQueueWithReceivers(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	const n = 200
	done := make(chan error, 4)
	for range 4 {
		go func() {
			var err error
			for range n {
				if err == nil {
					err = r.Deliver(t.Context(), to(a), Mail{Body: []byte("m"), From: sentBy(t, rule)})
				}
			}
			done <- err
		}()
	}
	second := 5 * time.Second
	for got := 0; got < 4*n; {
		found := r.await(a, Request{Max: 10, Wait: &second})
		if len(found) == 0 {
			t.Fatalf("only %d messages arrived", got)
		}
		r.finish(a, found...)
		got += len(found)
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
