package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
)

const rule = "arn:aws:events:eu-central-1:123456789012:rule/r"

func to(a Address) arn.ARN { return arn.New("sqs", a.Region, a.Account, a.Name) }

func TestDeliveredMessageCarriesGroupAndTrace(t *testing.T) {
	r := newRig(t)
	a := r.create("q", nil)
	f := r.create("f.fifo", func(s *Settings) { s.ContentDedup = true })
	for _, q := range []Address{a, f} {
		if err := r.Deliver(t.Context(), to(q), Mail{Body: []byte(`{"a":1}`), Group: "g", Trace: "Root=1", Source: rule}); err != nil {
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
	err := r.SendDeadLetter(t.Context(), to(a), rule, []byte("event"), map[string]string{"RULE_ARN": rule, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": ""})
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
	elsewhere := Address{account, "us-east-1", "q"}
	if err := r.Create(t.Context(), elsewhere, DefaultSettings(), nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		to   Address
		mail Mail
		kind fault.Kind
		want string
	}{
		{at("missing"), Mail{Body: []byte("m")}, fault.KindNotFound, "The queue arn:aws:sqs:eu-central-1:123456789012:missing does not exist."},
		{elsewhere, Mail{Body: []byte("m"), Source: rule}, fault.KindNotFound, "is not in the region eu-central-1"},
		{a, Mail{Body: []byte(strings.Repeat("x", 1<<20+1))}, fault.KindInvalid, "Message must be shorter than 1048576 bytes."},
		{a, Mail{}, fault.KindInvalid, "MessageBody"},
		{f, Mail{Body: []byte("m"), Group: "g"}, fault.KindInvalid, "ContentBasedDeduplication"},
		{g, Mail{Body: []byte("m")}, fault.KindInvalid, "MessageGroupId"},
	} {
		wantFault(t, r.Deliver(t.Context(), to(tt.to), tt.mail), tt.kind, tt.want)
	}
}

// enforcing opens the service with policies that count.
func (r *rig) enforcing() {
	s, err := Open(r.store, Options{EnforcePolicies: true, Logger: quiet})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Service = s
}

func TestPolicyDecidesAboutRulesAndOtherAccounts(t *testing.T) {
	r := newRig(t)
	policy := func(statement string) func(*Settings) {
		return func(s *Settings) {
			s.Policy = `{"Version":"2012-10-17","Statement":[` + statement + `]}`
		}
	}
	own := r.create("own", nil)
	open := r.create("open", policy(`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"`+rule+`"},"StringEquals":{"aws:SourceAccount":"`+account+`"}}}`))
	shared := r.create("shared", policy(`{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"sqs:ReceiveMessage","Resource":"*"}`))
	shut := r.create("shut", policy(`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`))
	odd := r.create("odd", policy(`{"Effect":"Maybe"}`))

	for _, a := range []Address{own, open, shared, shut, odd} {
		if err := r.Deliver(t.Context(), to(a), Mail{Body: []byte("m"), Source: rule}); err != nil {
			t.Errorf("%s, policies do not count: %v", a.Name, err)
		}
	}
	r.enforcing()
	for _, tt := range []struct {
		to      Address
		source  string
		allowed bool
	}{
		{own, rule, false},
		{open, rule, true},
		{open, strings.Replace(rule, "rule/r", "rule/other", 1), false},
		{open, "", false},
		{shut, rule, false},
		{odd, rule, false},
	} {
		err := r.Deliver(t.Context(), to(tt.to), Mail{Body: []byte("m"), Source: tt.source})
		if tt.allowed != (err == nil) {
			t.Errorf("rule %q to %s: %v", tt.source, tt.to.Name, err)
		} else if err != nil {
			wantFault(t, err, fault.KindDenied, "Access to the resource "+tt.to.ARN()+" is denied")
		}
	}
	if err := r.Allow(own, account, "sqs:SendMessage"); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := r.Allow(shared, "999999999999", "sqs:ReceiveMessage"); err != nil {
		t.Errorf("another account that the policy names: %v", err)
	}
	wantFault(t, r.Allow(shared, "999999999999", "sqs:SendMessage"), fault.KindDenied, "does not allow sqs:SendMessage")
	// Now that they count, a policy has to be one.
	err := r.Configure(t.Context(), own, func(s *Settings) error { policy(`{"Effect":"Maybe"}`)(s); return nil })
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
					err = r.Deliver(t.Context(), to(a), Mail{Body: []byte("m"), Source: rule})
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
