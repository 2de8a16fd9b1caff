package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

var (
	place = access.Place{Account: "210987654321", Region: "eu-central-1"}
	me    = access.Root(place.Account, place.Region)
	fn    = Address{Place: place, Name: "fn"}
)

const role = "arn:aws:iam::210987654321:role/r"

// A shop is a catalog with what is around it: an outbox that notes what it is told.
type shop struct {
	*Catalog
	t     *testing.T
	store store.Store
	told  []string
	lanes uint64
}

func (*shop) Check(_ Address, role string) error {
	if strings.HasSuffix(role, "/not-for-functions") {
		return errors.New("its trust policy says no")
	}
	return nil
}

func (s *shop) Begin(_ store.Tx, of Address, _ *Async) (uint64, error) {
	s.lanes++
	s.told = append(s.told, "begin "+of.ARN()[len(fn.ARN()):])
	return s.lanes, nil
}

func (s *shop) Retire(_ store.Tx, lane uint64) error {
	s.told = append(s.told, "retire")
	return nil
}

func (s *shop) Abandon(_ store.Tx, lane uint64) error {
	s.told = append(s.told, "abandon")
	return nil
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, store: mem.New()}
	s.reopen()
	return s
}

// reopen is a restart.
func (s *shop) reopen() {
	s.t.Helper()
	keeper, err := code.Open(code.Options{Store: s.store, Dir: func(context.Context) (string, error) { return s.t.TempDir(), nil }})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.Catalog, err = Open(s.t.Context(), Options{Store: s.store, Guard: access.Boundary{}, Code: keeper, Roles: s, Outbox: s}); err != nil {
		s.t.Fatal(err)
	}
}

// zipOf is a zip with that text in it.
func zipOf(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("a.py")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ptr[T any](v T) *T { return &v }

// make makes the function fn with a code of this text.
func (s *shop) make(text string) *Version {
	s.t.Helper()
	d := Draft{Change: Change{Runtime: ptr("python3.12"), Handler: ptr("a.h"), Role: ptr(role)}, Zip: zipOf(s.t, text)}
	v, err := s.Create(s.t.Context(), me, fn, d)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s *shop) publish(want string) *Version {
	s.t.Helper()
	v, err := s.Publish(s.t.Context(), me, fn, nil, "", "")
	if err != nil || v.Number != want {
		s.t.Fatalf("published %+v, %v; want %s", v, err, want)
	}
	return v
}

func (s *shop) recode(text string) *Version {
	s.t.Helper()
	v, err := s.UpdateCode(s.t.Context(), me, fn, CodeChange{Zip: zipOf(s.t, text)})
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// has says whether the code of a version is kept.
func (s *shop) has(v *Version) bool {
	s.t.Helper()
	dir := s.t.TempDir()
	fresh, err := code.Open(code.Options{Store: s.store, Dir: func(context.Context) (string, error) { return dir, nil }}) // without folders yet
	if err != nil {
		s.t.Fatal(err)
	}
	_, release, err := fresh.Folder(s.t.Context(), v.Code)
	if err == nil {
		release()
	}
	return err == nil
}

// wrong demands an error with a text in it.
func wrong(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %q", err, text)
	}
}

func TestFunctionsAreNamedInManyWays(t *testing.T) {
	const arn = "arn:aws:lambda:eu-central-1:210987654321:function:fn"
	other := Address{Place: access.Place{Account: "111122223333", Region: "eu-central-1"}, Name: "fn"}
	for text, want := range map[string]Address{
		"fn": fn, "fn:live": fn.With("live"), "fn:$LATEST": fn.With(Latest), "function:fn": fn, "210987654321:fn": fn, "210987654321:function:fn": fn,
		"210987654321:function:fn:7": fn.With("7"), "eu-central-1:210987654321:function:fn": fn, arn: fn, arn + ":7": fn.With("7"),
		"111122223333:function:fn": other, strings.Replace(arn, place.Account, "111122223333", 1) + ":live": other.With("live"),
	} {
		if got, err := ParseAddress(place, text, ""); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", text, got, err, want)
		}
	}
	if got, err := ParseAddress(place, "fn:7", "7"); err != nil || got != fn.With("7") {
		t.Errorf("a qualifier that stands twice: %+v, %v", got, err)
	}
	for _, c := range []struct{ text, qualifier, want string }{
		{"fn:1", "2", "The derived qualifier from the function name does not match the specified qualifier."}, // row F5
		{strings.Replace(arn, "central", "west", 1), "", "Functions from 'eu-west-1' are not reachable in this region ('eu-central-1')"},
		{"a:b:c", "", "names no function"},
		{"", "", "names no function"},
	} {
		_, err := ParseAddress(place, c.text, c.qualifier)
		wrong(t, err, c.want)
	}
}

func TestARestartKeepsFunctionsWithAllTheyHave(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	s.make("one")
	s.publish("1")
	two := s.recode("two")
	if _, err := s.CreateAlias(ctx, me, fn.With("live"), AliasChange{Version: ptr("1"), Description: ptr("d")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddPermission(ctx, me, fn.With("live"), Permission{Sid: "s", Action: "lambda:InvokeFunction", Principal: "events.amazonaws.com"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(ctx, me, fn, ptr(7)); err != nil {
		t.Fatal(err)
	}
	alias, err := s.Alias(me, fn.With("live"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Find(fn.With("live"))
	if err != nil {
		t.Fatal(err)
	}

	s.reopen()
	again, err := s.Alias(me, fn.With("live"))
	if diff := cmp.Diff(alias, again); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	refound, err := s.Find(fn.With("live"))
	if diff := cmp.Diff(found, refound); diff != "" || err != nil || refound.Number != "1" || *refound.Reserved != 7 {
		t.Errorf("%v %s", err, diff)
	}
	if !s.has(found.Version) || !s.has(two) {
		t.Error("code is gone")
	}
	rule, err := access.Service(access.Events, "arn:aws:events:eu-central-1:210987654321:rule/r")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LetsIn(rule, fn.With("live"), "lambda:InvokeFunction"); err != nil {
		t.Errorf("the policy of the alias does not let a rule in: %v", err)
	}
	wrong(t, s.LetsIn(rule, fn, "lambda:InvokeFunction"), "no resource-based policy allows the lambda:InvokeFunction action")
}

func TestNothingIsLeftOfAFunctionThatWasDeleted(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	one := s.make("one")
	s.publish("1")
	two := s.recode("two")
	if _, err := s.CreateAlias(ctx, me, fn.With("live"), AliasChange{Version: ptr("1")}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []Address{fn, fn.With("live"), fn.With("1")} {
		if _, err := s.AddPermission(ctx, me, at, Permission{Sid: "s", Action: "lambda:InvokeFunction", Principal: "*"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetAsync(ctx, me, at, AsyncSettings{Retries: ptr(1)}, false); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Update(ctx, func(tx store.Tx) error { _, err := s.Lane(tx, at); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, me, fn); err != nil {
		t.Fatal(err)
	}
	if want := []string{"begin ", "begin :live", "begin :1", "abandon", "abandon", "abandon"}; !slices.Equal(s.told, want) {
		t.Errorf("the outbox was told %q, want %q", s.told, want)
	}
	if s.has(one) || s.has(two) {
		t.Error("code of a function that is gone is kept")
	}
	if bytes, functions := s.Usage(place); bytes != 0 || functions != 0 {
		t.Errorf("%d bytes of %d functions are left", bytes, functions)
	}
	// One of the same name begins anew.
	s.make("three")
	s.publish("1")
	_, err := s.Policy(me, fn)
	wrong(t, err, "The resource you requested does not exist.")
	_, err = s.Alias(me, fn.With("live"))
	wrong(t, err, "Cannot find alias arn: "+fn.With("live").ARN())
	_, err = s.Async(me, fn)
	wrong(t, err, "doesn't have an EventInvokeConfig")
}

func TestCodeIsKeptAsLongAsAVersionOrALayerHasIt(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	one := s.make("one")
	s.publish("1")
	two := s.recode("two")
	s.recode("three")
	if !s.has(one) || s.has(two) {
		t.Errorf("code of a version: %v, want true; code of none: %v, want false", s.has(one), s.has(two))
	}
	l, err := s.PublishLayer(ctx, me, LayerAddress{place, "words", 0}, Layer{}, zipOf(t, "one"))
	if err != nil || l.Code.Hash != one.Code.Hash {
		t.Fatalf("%+v, %v", l, err)
	}
	if err := s.Delete(ctx, me, fn.With("1")); err != nil {
		t.Fatal(err)
	}
	if !s.has(one) {
		t.Error("code that a layer has too is gone with the version")
	}
	if err := s.DeleteLayer(ctx, me, LayerAddress{place, "words", 1}); err != nil {
		t.Fatal(err)
	}
	if s.has(one) {
		t.Error("code that nothing has is kept")
	}
	// Numbers are not given twice.
	s.publish("2")
	if l, err = s.PublishLayer(ctx, me, LayerAddress{place, "words", 0}, Layer{}, zipOf(t, "one")); err != nil || l.Number != 2 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAliasesDivideInvocationsByTheirWeights(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	s.make("one")
	s.publish("1")
	s.recode("two")
	s.publish("2")
	live := fn.With("live")
	if _, err := s.CreateAlias(ctx, me, live, AliasChange{Version: ptr("1"), Weights: map[string]float64{"2": 0.25}}); err != nil {
		t.Fatal(err)
	}
	for dice, want := range map[float64]Address{0: fn.With("2"), 0.2499: fn.With("2"), 0.25: live, 0.999: live} {
		if got := s.Choose(live, dice); got != want {
			t.Errorf("%v leads to %s, want %s", dice, got.ARN(), want.ARN())
		}
	}
	for _, weights := range []map[string]float64{{"2": 1.5}, {"2": -0.1}, {"live": 0.5}} {
		if _, err := s.UpdateAlias(ctx, me, live, AliasChange{Weights: weights}); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("weights %v: %v", weights, err)
		}
	}
	_, err := s.UpdateAlias(ctx, me, live, AliasChange{Weights: map[string]float64{"9": 0.5}})
	wrong(t, err, "Function not found: "+fn.With("9").ARN())
	if s.Choose(live, 0) != fn.With("2") {
		t.Error("a change that was refused has changed the alias")
	}
}

func TestVariablesThatCannotBeAreRefused(t *testing.T) {
	s := openShop(t)
	s.make("one")
	for text, env := range map[string]map[string]string{
		"Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT": {"LAMBDA_TASK_ROOT": "x", "AWS_REGION": "x", "OK": "x"},
		`"1A" must have a name of letters`:                                 {"1A": "x"},
		"exceeded the 4KB limit":                                           {"LARGE": strings.Repeat("x", 4092)},
	} {
		_, err := s.UpdateConfiguration(t.Context(), me, fn, &Change{Environment: &env}, "")
		wrong(t, err, text)
	}
	most := map[string]string{"LARGE": strings.Repeat("x", 4091)}
	if v, err := s.UpdateConfiguration(t.Context(), me, fn, &Change{Environment: &most}, ""); err != nil || len(v.Environment["LARGE"]) != 4091 {
		t.Error(err)
	}
}

func TestRolesAreOfTheAccountAndForFunctions(t *testing.T) {
	s := openShop(t)
	s.make("one")
	for to, text := range map[string]string{
		"arn:aws:iam::111122223333:role/r":                 "Cross-account pass role is not allowed.",
		"arn:aws:iam::210987654321:role/not-for-functions": "The role defined for the function cannot be assumed by Lambda.",
	} {
		_, err := s.UpdateConfiguration(t.Context(), me, fn, &Change{Role: &to}, "")
		wrong(t, err, text)
	}
}

func TestOthersSeeAFunctionWhenItsPolicyLetsThemIn(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	s.make("one")
	other := access.Root("111122223333", place.Region)
	if _, err := s.Get(other, fn, "GetFunction"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("another account: %v", err)
	}
	// What is not there is denied alike.
	if _, err := s.Get(other, Address{Place: place, Name: "none"}, "GetFunction"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("another account, of what is not there: %v", err)
	}
	if _, err := s.AddPermission(ctx, me, fn, Permission{Sid: "see", Action: "lambda:GetFunction", Principal: "111122223333"}); err != nil {
		t.Fatal(err)
	}
	if f, err := s.Get(other, fn, "GetFunction"); err != nil || f.Handler != "a.h" {
		t.Errorf("%+v, %v", f, err)
	}
	if err := s.Delete(ctx, other, fn); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("another account deletes: %v", err)
	}
	if err := s.RemovePermission(ctx, me, fn, "see", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(other, fn, "GetFunction"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("another account, later: %v", err)
	}
}

func TestPoliciesHaveABound(t *testing.T) {
	s := openShop(t)
	s.make("one")
	add := func(sid string) error {
		_, err := s.AddPermission(t.Context(), me, fn, Permission{
			Sid: sid, Action: "lambda:InvokeFunction", Principal: "events.amazonaws.com", SourceARN: "arn:aws:events:eu-central-1:210987654321:rule/" + strings.Repeat("x", 1500),
		})
		return err
	}
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = add(strings.Repeat("a", n+1))
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != "PolicyLengthExceededException" || n < 10 {
		t.Errorf("after %d statements: %v", n, err)
	}
	if p, err := s.Policy(me, fn); err != nil || len(p.Text()) > maxPolicy {
		t.Errorf("%d bytes, %v", len(p.Text()), err)
	}
}

func TestSettingsOfEventsAreMergedAndReplaced(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	s.make("one")
	const queue = "arn:aws:sqs:eu-central-1:210987654321:q"
	_, err := s.SetAsync(ctx, me, fn, AsyncSettings{Retries: ptr(0)}, true)
	wrong(t, err, "doesn't have an EventInvokeConfig")
	if _, err := s.SetAsync(ctx, me, fn, AsyncSettings{Retries: ptr(0), OnFailure: queue}, false); err != nil {
		t.Fatal(err)
	}
	as, err := s.SetAsync(ctx, me, fn.With(Latest), AsyncSettings{MaxAge: ptr(60)}, true) // which is the same
	if err != nil || *as.Retries != 0 || *as.MaxAge != 60 || as.OnFailure != queue {
		t.Errorf("merged: %+v, %v", as, err)
	}
	// What waits has its lane; with other settings what comes has another one.
	lane := func() (n uint64) {
		if err := s.store.Update(ctx, func(tx store.Tx) (err error) { n, err = s.Lane(tx, fn); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := lane()
	if again := lane(); again != first {
		t.Errorf("the lane is %d, and then %d", first, again)
	}
	as, err = s.SetAsync(ctx, me, fn, AsyncSettings{MaxAge: ptr(90)}, false)
	if err != nil || as.Tries() != 2 || as.Age().Seconds() != 90 || as.OnFailure != "" {
		t.Errorf("replaced: %+v, %v", as, err)
	}
	if lane() == first || !slices.Contains(s.told, "retire") {
		t.Errorf("the lane is the old one: %q", s.told)
	}
	for to, text := range map[string]string{
		"q": "is no ARN", fn.ARN(): "You can't specify the function as a destination for itself.", fn.With("1").ARN(): "You can't specify the function as a destination for itself.",
		queue + ".fifo": "is not offered", "arn:aws:sns:eu-central-1:210987654321:t": "is not offered",
	} {
		_, err := s.SetAsync(ctx, me, fn, AsyncSettings{OnSuccess: to}, false)
		wrong(t, err, text)
	}
}
