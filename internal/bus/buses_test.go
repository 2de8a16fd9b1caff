package bus

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
)

func names(buses []Bus) []string {
	var out []string
	for _, b := range buses {
		out = append(out, b.Name)
	}
	return out
}

func TestBusOperationsSayWhatIsWrong(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Buses = 3 })
	h.bus("orders")
	h.rule(NewRule{Name: "r", Bus: "orders", Pattern: `{"source":["a"]}`})
	h.bus("spare")
	ctx := t.Context()
	for _, c := range []struct {
		name string
		call func() error
		want *fault.Error
	}{
		{"create twice", func() error { _, err := h.CreateEventBus(ctx, home, NewBus{Name: "orders"}); return err },
			fault.Conflict("Event bus orders already exists.")},
		{"create default", func() error { _, err := h.CreateEventBus(ctx, home, NewBus{Name: "default"}); return err },
			fault.Conflict("Event bus default already exists.")},
		{"create with slash", func() error { _, err := h.CreateEventBus(ctx, home, NewBus{Name: "a/b"}); return err },
			fault.Invalid("Event bus name must not contain '/'.")},
		{"create for a partner", func() error {
			_, err := h.CreateEventBus(ctx, home, NewBus{Name: "aws.partner/a/b", EventSource: "aws.partner/a/b"})
			return err
		}, fault.NotFound("Event source aws.partner/a/b does not exist.")},
		{"create too many", func() error { _, err := h.CreateEventBus(ctx, home, NewBus{Name: "more"}); return err },
			fault.Limit("The requested resource exceeds the maximum number allowed.")},
		{"create elsewhere", func() error {
			_, err := h.CreateEventBus(ctx, access.Root(home.Account, "us-east-1"), NewBus{Name: "orders"})
			return err
		}, nil},
		{"describe unknown", func() error { _, err := h.DescribeEventBus(home, "nope"); return err },
			fault.NotFound("Event bus nope does not exist.")},
		{"describe unknown by arn", func() error {
			_, err := h.DescribeEventBus(home, "arn:aws:events:eu-central-1:111122223333:event-bus/nope")
			return err
		}, fault.NotFound("Event bus nope does not exist.")},
		{"describe in another region", func() error {
			_, err := h.DescribeEventBus(home, "arn:aws:events:us-east-1:111122223333:event-bus/orders")
			return err
		}, fault.NotFound("Event bus orders does not exist.")},
		{"describe what is no bus", func() error {
			_, err := h.DescribeEventBus(home, "arn:aws:events:eu-central-1:111122223333:rule/x")
			return err
		},
			fault.Invalid("Parameter EventBusName is not valid. Reason: arn:aws:events:eu-central-1:111122223333:rule/x is not the ARN of an event bus.")},
		{"update unknown", func() error { _, err := h.UpdateEventBus(ctx, home, "nope", BusChange{}); return err },
			fault.NotFound("Event bus nope does not exist.")},
		{"delete default", func() error { return h.DeleteEventBus(ctx, home, "default") },
			fault.Invalid("Cannot delete event bus default.")},
		{"delete with rules", func() error { return h.DeleteEventBus(ctx, home, "orders") },
			fault.Invalid("Event bus can't be deleted since it has rules.")},
		{"delete unknown", func() error { return h.DeleteEventBus(ctx, home, "nope") }, nil},
		{"delete", func() error { return h.DeleteEventBus(ctx, home, "spare") }, nil},
		{"describe deleted", func() error { _, err := h.DescribeEventBus(home, "spare"); return err },
			fault.NotFound("Event bus spare does not exist.")},
		{"list with a token of somebody else", func() error { _, _, err := h.ListEventBuses(home, "", "abc", 0); return err },
			fault.Invalid("Parameter NextToken is not valid.")},
	} {
		t.Run(c.name, func(t *testing.T) { wantFault(t, c.call(), c.want) })
	}
}

func TestEveryPlaceHasADefaultBus(t *testing.T) {
	h := newHouse(t)
	for _, at := range []access.Caller{home, access.Root("999999999999", "us-east-1"), access.Root("999999999999", "cn-north-1")} {
		b, err := h.DescribeEventBus(at, "")
		h.ok(err)
		partition := "aws"
		if at.Region == "cn-north-1" {
			partition = "aws-cn"
		}
		want := Bus{Name: "default", ARN: fmt.Sprintf("arn:%s:events:%s:%s:event-bus/default", partition, at.Region, at.Account), Created: h.born, Modified: h.born}
		if diff := cmp.Diff(want, b); diff != "" {
			t.Errorf("default bus of %v (-want +got):\n%s", at, diff)
		}
		all, next, err := h.ListEventBuses(at, "", "", 0)
		h.ok(err)
		if diff := cmp.Diff([]string{"default"}, names(all)); diff != "" || next != "" {
			t.Errorf("buses of %v (-want +got), token %q:\n%s", at, next, diff)
		}
	}
}

func TestBusAttributesChangeOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx := t.Context()
		created, err := h.CreateEventBus(ctx, home, NewBus{
			Name: "b", Description: "d", KMSKey: "k", DeadLetter: "arn:aws:sqs:eu-central-1:111122223333:q",
			Log: &LogConfig{Level: "INFO"},
		})
		h.ok(err)
		time.Sleep(10 * time.Second)
		empty, words := "", "new words"
		_, err = h.UpdateEventBus(ctx, home, "b", BusChange{Description: &words, KMSKey: &empty})
		h.ok(err)
		want := created
		want.Description, want.KMSKey, want.Modified = words, "", created.Created.Add(10*time.Second)
		for range 2 {
			got, err := h.DescribeEventBus(home, "b")
			h.ok(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("bus (-want +got):\n%s", diff)
			}
			h.reopen()
		}
	})
}

func TestBusesAreListedByNameInPages(t *testing.T) {
	h := newHouse(t)
	for _, n := range []string{"c", "a", "ab", "b"} {
		h.bus(n)
	}
	var pages [][]string
	for token := ""; ; {
		page, next, err := h.ListEventBuses(home, "", token, 2)
		h.ok(err)
		pages = append(pages, names(page))
		if token = next; token == "" {
			break
		}
	}
	if diff := cmp.Diff([][]string{{"a", "ab"}, {"b", "c"}, {"default"}}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	some, _, err := h.ListEventBuses(home, "a", "", 0)
	h.ok(err)
	if diff := cmp.Diff([]string{"a", "ab"}, names(some)); diff != "" {
		t.Errorf("with prefix (-want +got):\n%s", diff)
	}
}

func TestNoLimitsLiftsEveryQuota(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits = NoLimits() })
	for i := range 150 {
		h.bus(fmt.Sprintf("bus-%d", i))
	}
	for i := range 350 {
		h.rule(NewRule{Name: fmt.Sprintf("r-%d", i), Pattern: `{"source":[{"wildcard":"a*b"}]}`})
	}
}
