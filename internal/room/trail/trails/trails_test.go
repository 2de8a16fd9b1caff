package trails

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

var owner = access.Root("111111111111", "eu-central-1")

func open(t *testing.T, st store.Store) *Book {
	t.Helper()
	b, err := Open(t.Context(), Options{
		Store: st, Guard: access.Boundary{},
		Act: func(_, role string) (access.Caller, error) {
			if strings.HasSuffix(role, "/stranger") {
				return access.Caller{}, fault.Denied("no")
			}
			return owner, nil
		},
		Writes: func(_ access.Caller, group, stream string) error {
			if stream != "111111111111_CloudTrail_eu-central-1" {
				t.Errorf("the stream is %q", stream)
			}
			switch {
			case strings.HasSuffix(group, ":shut:*"):
				return fault.Denied("no")
			case strings.HasSuffix(group, ":none:*"):
				return fault.NotFound("no")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) string {
	if err == nil {
		return ""
	}
	f, ok := err.(*fault.Error)
	if !ok {
		return err.Error()
	}
	return f.Code + ": " + f.Message
}

func TestNamesOfTrails(t *testing.T) {
	for name, want := range map[string]string{
		"abc": "", "A.b-c_9": "", strings.Repeat("a", 128): "",
		"":                       "Trail name cannot be blank!",
		"ab":                     "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters.",
		strings.Repeat("a", 129): "Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters.",
		"a b c":                  "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).",
		"größe":                  "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).",
		"-ab":                    "Trail name must starts with a letter or number.",
		"ab_":                    "Trail name must ends with a letter or number.",
		"a--b":                   "Trail name must not have two of periods (.), hyphens (-) and underscores (_) in a row.",
		"10.0.0.1":               "Trail name must not be an IP address.",
	} {
		if want != "" {
			want = "InvalidTrailNameException: " + want
		}
		if got := code(checkName(name)); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestWhatATrailMayNotBe(t *testing.T) {
	b := open(t, mem.New())
	const group, role = "arn:aws:logs:eu-central-1:111111111111:log-group:g:*", "arn:aws:iam::111111111111:role/r"
	for _, c := range []struct {
		trail Trail
		want  string
	}{
		{Trail{Everywhere: true}, "InvalidParameterCombinationException: Multi-Region trail must include global service events."},
		{Trail{Group: group}, "InvalidCloudWatchLogsRoleArnException: You must specify a role ARN as well as a log group."},
		{Trail{Role: role}, "InvalidCloudWatchLogsLogGroupArnException: You must specify a log group ARN as well as a role ARN."},
		{Trail{Group: group, Role: "r"}, "InvalidCloudWatchLogsRoleArnException: CloudTrail cannot validate the specified role ARN."},
		{Trail{Group: strings.ReplaceAll(group, "eu-central-1", "us-east-1"), Role: role}, "InvalidCloudWatchLogsLogGroupArnException: CloudTrail cannot validate the specified log group ARN."},
		{Trail{Group: group, Role: strings.ReplaceAll(role, "1111", "2222")}, "InvalidCloudWatchLogsRoleArnException: CloudTrail cannot validate the specified role ARN."},
		{Trail{Group: group, Role: "arn:aws:iam::111111111111:role/stranger"}, "InvalidCloudWatchLogsRoleArnException: Access denied. Check the trust relationships for your role."},
		{Trail{Group: strings.ReplaceAll(group, ":g:", ":shut:"), Role: role}, "InvalidCloudWatchLogsLogGroupArnException: Access denied. Verify in IAM that the role has adequate permissions."},
		{Trail{Group: strings.ReplaceAll(group, ":g:", ":none:"), Role: role}, "InvalidCloudWatchLogsLogGroupArnException: CloudTrail cannot validate the specified log group ARN."},
		{Trail{Tags: []Tag{{"aws:a", "b"}}}, "InvalidTagParameterException: "},
	} {
		c.trail.Name = "abc"
		if _, err := b.Create(t.Context(), owner, c.trail); !strings.HasPrefix(code(err), c.want) {
			t.Errorf("%+v: %q, want %q", c.trail, code(err), c.want)
		}
	}
}

func TestARegionHasFiveTrailsAndSeesThoseOfManyRegions(t *testing.T) {
	st := mem.New()
	b := open(t, st)
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		if _, err := b.Create(t.Context(), owner, Trail{Name: name, Bucket: "b", Global: true, Everywhere: name == "two"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.Create(t.Context(), owner, Trail{Name: "one", Global: true})
	if got := code(err); got != "TrailAlreadyExistsException: Trail one already exists for customer: 111111111111" {
		t.Error(got)
	}
	_, err = b.Create(t.Context(), owner, Trail{Name: "six", Global: true})
	if got := code(err); got != "MaximumNumberOfTrailsExceededException: User: 111111111111 already has 5 trails in eu-central-1." {
		t.Error(got)
	}
	b = open(t, st) // all of it is on disk
	elsewhere := access.Root(owner.Account, "us-east-1")
	for _, c := range []struct {
		by      access.Caller
		ids     []string
		shadows bool
		want    []string
	}{
		{owner, nil, true, []string{"five", "four", "one", "three", "two"}},
		{elsewhere, nil, true, []string{"two"}},
		{elsewhere, nil, false, nil},
		{elsewhere, []string{"two", "arn:aws:cloudtrail:eu-central-1:111111111111:trail/two", "arn:aws:cloudtrail:eu-central-1:111111111111:trail/one"}, true, []string{"two"}},
		{access.Root("222222222222", "eu-central-1"), nil, true, nil},
	} {
		found, err := b.Describe(c.by, c.ids, c.shadows)
		var names []string
		for _, f := range found {
			names = append(names, f.Name)
		}
		if err != nil || !slices.Equal(names, c.want) {
			t.Errorf("%s %v: %v %v, want %v", c.by.Region, c.ids, names, err, c.want)
		}
	}
	err = b.Delete(t.Context(), elsewhere, "arn:aws:cloudtrail:eu-central-1:111111111111:trail/two")
	if !strings.HasPrefix(code(err), "InvalidHomeRegionException: ") {
		t.Error(code(err))
	}
	err = b.Log(t.Context(), owner, "arn:aws:cloudtrail:eu-central-1:111111111111:trail/none", true)
	if got := code(err); got != "TrailNotFoundException: Unknown trail: arn:aws:cloudtrail:eu-central-1:111111111111:trail/none for the user: 111111111111" {
		t.Error(got)
	}
}

// A trail has what happens while it logs, in its region or in all of the account.
func TestWhoWantsAnEvent(t *testing.T) {
	b := open(t, mem.New())
	for _, tr := range []Trail{{Name: "here", Global: true}, {Name: "everywhere", Global: true, Everywhere: true}} {
		if _, err := b.Create(t.Context(), owner, tr); err != nil {
			t.Fatal(err)
		}
	}
	event := &Event{Source: "sqs.amazonaws.com", Name: "CreateQueue"}
	wanting := func(region string) (names []string) {
		for _, tr := range b.Wanting(access.Place{Account: owner.Account, Region: region}, event) {
			names = append(names, tr.Name)
		}
		return names
	}
	if got := wanting("eu-central-1"); got != nil {
		t.Errorf("%v want an event, and none logs", got)
	}
	for _, name := range []string{"here", "everywhere"} {
		if err := b.Log(t.Context(), owner, name, true); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"here", "everywhere"}, wanting("eu-central-1")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"everywhere"}, wanting("us-east-1")); diff != "" {
		t.Error(diff)
	}
	if err := b.Log(t.Context(), owner, "everywhere", false); err != nil {
		t.Fatal(err)
	}
	if got := wanting("us-east-1"); got != nil {
		t.Errorf("%v want an event after StopLogging", got)
	}
}

func TestDataEventsAreWantedOnlyWhenATrailAsks(t *testing.T) {
	b := open(t, mem.New())
	if _, err := b.Create(t.Context(), owner, Trail{Name: "abc", Global: true}); err != nil {
		t.Fatal(err)
	}
	if err := b.Log(t.Context(), owner, "abc", true); err != nil {
		t.Fatal(err)
	}
	event := &Event{Data: true, Source: "sqs.amazonaws.com", Name: "SendMessage", Kind: "AWS::SQS::Queue", Resources: []string{"arn:q"}}
	if b.WantData(owner.Place) || b.Wanting(owner.Place, event) != nil {
		t.Error("data events are wanted, and nobody asked for them")
	}
	_, err := b.Change(t.Context(), owner, "PutEventSelectors", "abc", func(tr *Trail) error {
		tr.Advanced = []Advanced{{Conditions: []Condition{{Field: "eventCategory", Equals: []string{"Data"}}, {Field: "resources.type", Equals: []string{"AWS::SQS::Queue"}}}}}
		return CheckSelectors(nil, tr.Advanced)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !b.WantData(owner.Place) || len(b.Wanting(owner.Place, event)) != 1 {
		t.Error("data events are not wanted, and a trail asked for them")
	}
	if b.WantData(access.Place{Account: owner.Account, Region: "us-east-1"}) || b.WantData(access.Place{Account: "222222222222", Region: owner.Region}) {
		t.Error("a trail's wish for data events counts where it logs nothing")
	}
	if b.Wanting(owner.Place, &Event{Source: "sqs.amazonaws.com", Name: "CreateQueue"}) != nil {
		t.Error("a trail that asked for data events alone has management events")
	}
	if allocs := testing.AllocsPerRun(100, func() { _ = b.WantData(owner.Place) }); allocs != 0 {
		t.Errorf("to ask whether data events are wanted makes %v allocations", allocs)
	}
}

func TestHowADeliveryWentIsKeptWithItsTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := mem.New()
		b := open(t, st)
		settle := func(tr *Trail, failed error) {
			t.Helper()
			if err := st.Update(t.Context(), func(tx store.Tx) error { return b.Settle(tx, tr, failed) }); err != nil {
				t.Fatal(err)
			}
		}
		made, err := b.Create(t.Context(), owner, Trail{Name: "abc", Global: true})
		if err != nil {
			t.Fatal(err)
		}
		first := time.Now().UnixMilli()
		settle(made, nil)
		time.Sleep(time.Millisecond)
		settle(made, nil)
		if want := (Delivery{At: first}); b.Last(made) != want {
			t.Errorf("it is %+v, want %+v", b.Last(made), want)
		}
		settle(made, fault.Denied("no"))
		if b = open(t, st); b.Last(made) != (Delivery{At: first, Err: "no"}) {
			t.Errorf("after another start it is %+v", b.Last(made))
		}
		time.Sleep(time.Second)
		settle(made, nil)
		if want := (Delivery{At: time.Now().UnixMilli()}); b.Last(made) != want {
			t.Errorf("now it is %+v, want %+v", b.Last(made), want)
		}
		if err := b.Delete(t.Context(), owner, "abc"); err != nil {
			t.Fatal(err)
		}
		settle(made, nil)
		if made, err = b.Create(t.Context(), owner, Trail{Name: "abc", Global: true}); err != nil || b.Last(made) != (Delivery{}) {
			t.Errorf("a new trail under the name has %+v, %v", b.Last(made), err)
		}
	})
}

// A trail of all regions counts in each, so that what is called in one is looked at by
// few trails, however many regions there are.
func TestATrailOfAllRegionsCountsInEach(t *testing.T) {
	b := open(t, mem.New())
	in := func(i int) access.Caller { return access.Root(owner.Account, fmt.Sprintf("eu-west-%d", i)) }
	for i := range Max {
		if _, err := b.Create(t.Context(), in(i), Trail{Name: "abc", Global: true, Everywhere: true}); err != nil {
			t.Fatal(err)
		}
	}
	full := "MaximumNumberOfTrailsExceededException"
	if _, err := b.Create(t.Context(), in(7), Trail{Name: "abc", Global: true}); !strings.HasPrefix(code(err), full) {
		t.Error(code(err))
	}
	if _, err := b.Create(t.Context(), access.Root("222222222222", "eu-west-7"), Trail{Name: "abc", Global: true}); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), in(0), "abc"); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := b.Create(t.Context(), in(8+i), Trail{Name: "abc", Global: true}); err != nil {
			t.Fatal(err)
		}
	}
	widen := func(tr *Trail) error { tr.Everywhere = true; return nil }
	if _, err := b.Change(t.Context(), in(8), "UpdateTrail", "abc", widen); err != nil {
		t.Error(err)
	}
	if _, err := b.Change(t.Context(), in(9), "UpdateTrail", "abc", widen); !strings.HasPrefix(code(err), full) {
		t.Error(code(err))
	}
}
