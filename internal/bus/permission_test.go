package bus

import (
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
)

const (
	stranger = "444455556666"
	homeBus  = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
)

func permission(sid, principal string) Permission {
	return Permission{Action: "events:PutEvents", Principal: principal, StatementID: sid}
}

func TestPolicyIsShownAsEventBridgeShowsIt(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.bus("b")
	onB := permission("one", stranger)
	onB.Bus = "b"
	all := permission("all", "*")
	all.Condition = &Condition{Type: "StringEquals", Key: "aws:PrincipalOrgID", Value: "o-1"}
	const (
		one   = `{"Sid":"one","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"events:PutEvents","Resource":"` + homeBus + `"}`
		two   = `{"Sid":"one","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::777788889999:root"},"Action":"events:PutEvents","Resource":"` + homeBus + `"}`
		every = `{"Sid":"all","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"` + homeBus + `","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`
		given = `{"Version": "2012-10-17", "Statement": {"Sid":"g", "Effect":"Allow", "Principal":"*", "Action":"events:*", "Resource":"*"}}`
	)
	doc := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	compact := strings.NewReplacer(": ", ":", ", ", ",").Replace
	statement := `{"Sid":"g","Effect":"Allow","Principal":"*","Action":"events:*","Resource":"*"}`
	for _, c := range []struct {
		name string
		call func() error
		want string
	}{
		{"none", func() error { return nil }, ""},
		{"one statement", func() error { return h.PutPermission(ctx, home, permission("one", stranger)) }, doc(one)},
		{"another", func() error { return h.PutPermission(ctx, home, all) }, doc(one, every)},
		{"the first again", func() error { return h.PutPermission(ctx, home, permission("one", "777788889999")) }, doc(two, every)},
		{"without the first", func() error { return h.RemovePermission(ctx, home, "", "one", false) }, doc(every)},
		{"without any", func() error { return h.RemovePermission(ctx, home, "default", "all", false) }, ""},
		{"a whole one", func() error { return h.PutPermission(ctx, home, Permission{Policy: given}) }, compact(given)},
		{"one more than that", func() error { return h.PutPermission(ctx, home, permission("one", stranger)) }, doc(statement, one)},
		{"all removed", func() error { return h.RemovePermission(ctx, home, "", "", true) }, ""},
		{"all removed again", func() error { return h.RemovePermission(ctx, home, "", "", true) }, ""},
		{"a whole one without statements", func() error {
			return h.PutPermission(ctx, home, Permission{Policy: `{"Version":"2012-10-17","Statement":[]}`})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.ok(c.call())
			for range 2 {
				b, err := h.DescribeEventBus(home, "")
				h.ok(err)
				if b.Policy != c.want {
					t.Errorf("policy\n%s\nwant\n%s", b.Policy, c.want)
				}
				h.reopen()
			}
		})
	}
}

func TestPermissionOperationsSayWhatIsWrong(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.PolicyLength = 300 })
	ctx := t.Context()
	h.bus("empty")
	h.ok(h.PutPermission(ctx, home, permission("one", stranger)))
	with := func(fn func(*Permission)) Permission {
		p := permission("s", "*")
		fn(&p)
		return p
	}
	for _, c := range []struct {
		name string
		p    Permission
		want *fault.Error
	}{
		{"unknown bus", with(func(p *Permission) { p.Bus = "nope" }), fault.NotFound("Event bus nope does not exist.")},
		{"no statement id", with(func(p *Permission) { p.StatementID = "" }), fault.Invalid("Parameter StatementId is required.")},
		{"no principal", with(func(p *Permission) { p.Principal = "" }), fault.Invalid("Parameter Principal must be specified.")},
		{"another action", with(func(p *Permission) { p.Action = "events:PutRule" }), fault.Invalid("Provided value in parameter 'action' is not supported.")},
		{"no action", with(func(p *Permission) { p.Action = "" }), fault.Invalid("Provided value in parameter 'action' is not supported.")},
		{"condition on an account", with(func(p *Permission) {
			p.Principal, p.Condition = stranger, &Condition{"StringEquals", "aws:PrincipalOrgID", "o"}
		}), fault.Invalid(`Parameter Condition is for the Principal "*" only.`)},
		{"another condition", with(func(p *Permission) { p.Condition = &Condition{"StringLike", "aws:PrincipalOrgID", "o"} }),
			fault.Invalid("Parameter Condition is not valid. Reason: Only StringEquals on aws:PrincipalOrgID is supported.")},
		{"policy and more", Permission{Policy: "{}", StatementID: "s"},
			fault.Invalid("Parameter Policy replaces the whole policy; it cannot be combined with Action, Principal, StatementId or Condition.")},
		{"policy is not JSON", Permission{Policy: "{"}, fault.Invalid("This policy contains invalid Json")},
		{"too long", permission("two", stranger),
			fault.Limit("The policy of event bus default would be longer than the 300 characters that are allowed.").WithCode("PolicyLengthExceededException")},
		{"longer than any policy", Permission{Policy: `{"Id":"` + strings.Repeat("x", 1<<20) + `"}`},
			fault.Limit("The policy of event bus default would be longer than the 300 characters that are allowed.").WithCode("PolicyLengthExceededException")},
	} {
		t.Run(c.name, func(t *testing.T) { wantFault(t, h.PutPermission(ctx, home, c.p), c.want) })
	}
	err := h.PutPermission(ctx, home, Permission{Policy: `{"Statement":[{"Effect":"Maybe"}]}`})
	if err == nil || !strings.HasPrefix(err.Error(), "This policy is not valid: ") || fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("a policy with another effect: %v", err)
	}
	noStatement := fault.NotFound("Statement with the provided id does not exist.")
	wantFault(t, h.RemovePermission(ctx, home, "", "nope", false), noStatement)
	wantFault(t, h.RemovePermission(ctx, home, "empty", "one", false), noStatement)
	wantFault(t, h.RemovePermission(ctx, home, "nope", "one", false), fault.NotFound("Event bus nope does not exist."))
	wantFault(t, h.RemovePermission(ctx, home, "", "", false), fault.Invalid("Parameter StatementId is required."))
}

// The second condition is that of AWS's own samples, as-aws 16.
func TestPolicyLetsOthersManageRules(t *testing.T) {
	for _, condition := range []string{
		`{"StringEquals":{"events:creatorAccount":"444455556666"}}`,
		`{"StringEqualsIfExists":{"events:creatorAccount":"${aws:PrincipalAccount}"}}`,
	} {
		t.Run(condition, func(t *testing.T) { othersManageRules(t, condition) })
	}
}

func othersManageRules(t *testing.T, condition string) {
	h := newHouse(t)
	ctx := t.Context()
	h.bus("shared")
	guest := access.Root(stranger, home.Region)
	const bus = "arn:aws:events:eu-central-1:111122223333:event-bus/shared"
	const rule = "arn:aws:events:eu-central-1:111122223333:rule/shared/r"
	put := NewRule{Name: "r", Bus: bus, Pattern: somePattern}
	_, err := h.PutRule(ctx, guest, put)
	wantFault(t, err, fault.Denied("User: arn:aws:iam::444455556666:root is not authorized to perform: events:PutRule on resource: %s because no resource-based policy allows the events:PutRule action", rule).
		WithCode("AccessDeniedException"))
	h.ok(h.PutPermission(ctx, home, Permission{Bus: "shared", Policy: `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow",
		"Principal":{"AWS":"444455556666"},"Action":["events:PutRule","events:DescribeRule","events:DeleteRule"],
		"Resource":"arn:aws:events:eu-central-1:111122223333:rule/shared/*",
		"Condition":` + condition + `}]}`}))
	_, err = h.PutRule(ctx, guest, put)
	wantFault(t, err, nil)
	r, err := h.DescribeRule(guest, bus, "r")
	wantFault(t, err, nil)
	if r.ARN != rule || r.CreatedBy != stranger {
		t.Errorf("rule %+v; want %s made by %s", r, rule, stranger)
	}
	h.rule(NewRule{Name: "own", Bus: "shared", Pattern: somePattern})
	if err := h.DeleteRule(ctx, guest, bus, "own"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("deleting a rule of the owner: %v", err)
	}
	if err := h.TagResource(ctx, guest, rule, nil); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("tagging without permission: %v", err)
	}
	wantFault(t, h.DeleteRule(ctx, guest, bus, "r"), nil)
}

// as-aws 16: a condition on what a rule asks for is one on the rule.
func TestPolicyLimitsTheRulesOfOthersByWhatTheyAskFor(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	guest := access.Root(stranger, home.Region)
	const bus = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
	allow := func(action, condition string) {
		t.Helper()
		h.ok(h.PutPermission(ctx, home, Permission{Policy: `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":"444455556666"},
			"Action":["events:PutRule","` + action + `"],"Resource":"*","Condition":` + condition + `}]}`}))
	}
	for _, c := range []struct {
		condition, pattern string
		allowed            bool
	}{
		{`{"StringEqualsIfExists":{"events:source":"aws.ec2"}}`, `{"source":["aws.ec2"]}`, true},
		{`{"StringEqualsIfExists":{"events:source":"aws.ec2"}}`, `{"source":["aws.s3"]}`, false},
		{`{"StringEqualsIfExists":{"events:source":"aws.ec2"}}`, `{"source":[{"prefix":"aws."}]}`, false},
		{`{"StringEqualsIfExists":{"events:source":"aws.ec2"}}`, `{"$or":[{"source":["aws.ec2"]},{"detail-type":["x"]}]}`, false},
		{`{"ForAllValues:StringEquals":{"events:source":["aws.ec2","aws.s3"]}}`, `{"source":["aws.ec2","aws.s3"]}`, true},
		{`{"ForAllValues:StringEquals":{"events:source":["aws.ec2","aws.s3"]}}`, `{"source":["aws.ec2","mine"]}`, false},
		{`{"ForAllValues:StringEquals":{"events:source":"aws.ec2"},"Null":{"events:source":"false"}}`, `{"detail-type":["x"]}`, false},
		{`{"StringEquals":{"events:detail.service":"EC2"}}`, `{"detail":{"service":["EC2"]}}`, true},
		{`{"StringEquals":{"events:detail.service":"EC2"}}`, `{"detail":{"service":["S3"]}}`, false},
		{`{"StringEquals":{"events:detail-type":"x"}}`, `{"detail-type":["x"]}`, true},
	} {
		allow("events:DeleteRule", c.condition)
		_, err := h.PutRule(ctx, guest, NewRule{Name: "r", Bus: bus, Pattern: c.pattern})
		if c.allowed != (err == nil) {
			t.Errorf("%s with %s: %v", c.pattern, c.condition, err)
		}
	}
	allow("events:PutTargets", `{"ArnLikeIfExists":{"events:TargetArn":"arn:aws:sqs:*:*:ours-*"}}`)
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	for arn, allowed := range map[string]bool{"arn:aws:sqs:eu-central-1:111122223333:ours-1": true, "arn:aws:sqs:eu-central-1:111122223333:theirs": false} {
		err := h.PutTargets(ctx, guest, bus, "r", []target.Target{{ID: "1", ARN: arn}})
		if allowed != (err == nil) {
			t.Errorf("a target %s: %v", arn, err)
		}
	}
}

// attack F6: whom nothing lets in makes nothing grow.
func TestStrangersBringNoBusIntoMemory(t *testing.T) {
	h := newHouse(t)
	guest := access.Root(stranger, home.Region)
	if err := h.DisableRule(t.Context(), guest, homeBus, "r"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("got %v, want a refusal", err)
	}
	for k := range h.buses.Range {
		t.Errorf("%v is in memory", k)
	}
}
