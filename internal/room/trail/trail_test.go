package trail

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
)

const account = "111111111111"

var anna = access.Root(account, "eu-central-1")

// A house is the room, the bus that hears of its events, and log groups.
type house struct {
	*Service
	groups groups
	events []event.Entry
	places []access.Place
	owed   int
}

func (h *house) emit(from access.Caller, e event.Entry) (Emission, error) {
	h.events, h.places = append(h.events, e), append(h.places, from.Place)
	return owing{h}, nil
}

type owing struct{ h *house }

func (o owing) Owe(tx store.Tx) error { return tx.Put([]byte("bus/owed"), nil) }

func (o owing) End(kept bool) {
	if kept {
		o.h.owed++
	}
}

func open(t *testing.T, st store.Store, change func(*Options)) *house {
	t.Helper()
	h := &house{}
	opt := Options{Store: st, Guard: access.Boundary{}, Emit: h.emit, Act: act, Logs: &h.groups, MaxBytes: 16 << 20, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&opt)
	}
	var err error
	if h.Service, err = Open(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	return h
}

// call is a record of a call by the caller; change makes it another one.
func call(by access.Caller, name string, change func(*Record)) *Record {
	r := &Record{
		EventVersion: eventVersion, UserIdentity: identityOf(&by), EventTime: time.Now().UTC().Format(timeLayout), EventSource: "sqs.amazonaws.com",
		EventName: name, AWSRegion: by.Region, RequestParameters: []byte("null"), ResponseElements: []byte("null"),
		EventID: fmt.Sprintf("id-%s-%d", name, time.Now().UnixNano()), EventType: apiCall, ManagementEvent: true, RecipientAccountID: by.Account, EventCategory: "Management",
	}
	if change != nil {
		change(r)
	}
	return r
}

func (h *house) keep(t *testing.T, r *Record) {
	t.Helper()
	if err := h.Keep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// names looks all pages up and returns the names of the events.
func (h *house) names(t *testing.T, by access.Caller, q Query) (names []string) {
	t.Helper()
	if q.Max == 0 {
		q.Max = 50
	}
	for {
		rows, next, err := h.Lookup(t.Context(), by, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			names = append(names, r.EventName)
		}
		if q.Token = next; next == "" {
			return names
		}
	}
}

func TestRecordsAreLookedUpByEachAttribute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, mem.New(), nil)
		role := access.Caller{Place: anna.Place, KeyID: "ASIA1", Principal: "arn:aws:sts::111111111111:assumed-role/dev/bob", Identity: &access.Identity{
			ID: "AROA1:bob", Role: "arn:aws:iam::111111111111:role/ops/dev", Temporary: true, Issued: time.Now(),
		}}
		user := access.Caller{Place: anna.Place, KeyID: "AKIA2", Principal: "arn:aws:iam::111111111111:user/eve", Identity: &access.Identity{ID: "AIDA1", User: "eve"}}
		h.keep(t, call(anna, "CreateQueue", func(r *Record) {
			r.EventID = "one"
			r.RequestParameters, r.ResponseElements = []byte(`{"queueName":"q"}`), []byte(`{"queueUrl":"http://localhost/111111111111/q"}`)
		}))
		time.Sleep(time.Second)
		h.keep(t, call(role, "ListRules", func(r *Record) { r.EventSource, r.ReadOnly = "events.amazonaws.com", true }))
		time.Sleep(time.Second)
		h.keep(t, call(user, "PutRule", func(r *Record) {
			r.EventSource, r.RequestParameters = "events.amazonaws.com", []byte(`{"name":"r","eventBusName":"b","state":1}`)
		}))
		for _, c := range []struct {
			attribute, value string
			want             []string
		}{
			{"", "", []string{"PutRule", "ListRules", "CreateQueue"}},
			{"EventId", "one", []string{"CreateQueue"}},
			{"EventName", "ListRules", []string{"ListRules"}},
			{"EventName", "List", nil},
			{"ReadOnly", "true", []string{"ListRules"}},
			{"ReadOnly", "false", []string{"PutRule", "CreateQueue"}},
			{"Username", "root", []string{"CreateQueue"}},
			{"Username", "bob", []string{"ListRules"}},
			{"Username", "eve", []string{"PutRule"}},
			{"EventSource", "events.amazonaws.com", []string{"PutRule", "ListRules"}},
			{"AccessKeyId", "ASIA1", []string{"ListRules"}},
			{"ResourceType", "AWS::Events::Rule", []string{"PutRule"}},
			{"ResourceType", "AWS::SQS::Queue", []string{"CreateQueue"}},
			{"ResourceName", "b", []string{"PutRule"}},
			{"ResourceName", "http://localhost/111111111111/q", []string{"CreateQueue"}},
			{"ResourceName", `"q"`, nil},
		} {
			for _, max := range []int{1, 50} {
				if diff := cmp.Diff(c.want, h.names(t, anna, Query{Attribute: c.attribute, Value: c.value, Max: max})); diff != "" {
					t.Errorf("%s=%s, %d at a time: %s", c.attribute, c.value, max, diff)
				}
			}
		}
		middle := time.Now().Add(-time.Second).Truncate(time.Second)
		if got := h.names(t, anna, Query{From: middle, To: middle}); !slices.Equal(got, []string{"ListRules"}) {
			t.Errorf("of the second in the middle there is %v", got)
		}
		_, token, err := h.Lookup(t.Context(), anna, Query{Max: 1})
		if err != nil || token == "" {
			t.Fatal(token, err)
		}
		for _, other := range []access.Caller{access.Root("222222222222", "eu-central-1"), access.Root(account, "us-east-1")} {
			if got := h.names(t, other, Query{}); got != nil {
				t.Errorf("%v sees %v", other.Place, got)
			}
			if _, _, err := h.Lookup(t.Context(), other, Query{Max: 1, Token: token}); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("%v goes on where another one was: %v", other.Place, err)
			}
		}
		for _, q := range []Query{{Attribute: "Color", Value: "red"}, {Token: "made up"}} {
			if _, _, err := h.Lookup(t.Context(), anna, q); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

func TestARecordIsAnEventOfItsPlaceWithTheTimeOfTheCall(t *testing.T) {
	h := open(t, mem.New(), nil)
	r := call(anna, "CreateQueue", nil)
	h.keep(t, r)
	text, err := r.text()
	if err != nil {
		t.Fatal(err)
	}
	at, err := r.time()
	if err != nil {
		t.Fatal(err)
	}
	want := []event.Entry{{Source: "aws.sqs", DetailType: "AWS API Call via CloudTrail", Detail: string(text), Time: at}}
	if diff := cmp.Diff(want, h.events); diff != "" || h.places[0] != anna.Place || h.owed != 1 {
		t.Errorf("%s, in %v, %d owed", diff, h.places, h.owed)
	}
	strict := open(t, mem.New(), func(o *Options) { o.Strict = true })
	strict.keep(t, r)
	if strict.events != nil {
		t.Errorf("without a trail, strictly: %v", strict.events)
	}
	if got := strict.names(t, anna, Query{}); len(got) != 1 {
		t.Errorf("the history has %v", got)
	}
}

func TestARecordAndItsEventAreWrittenTogetherOrNotAtAll(t *testing.T) {
	broken := false
	st := faulty.New(mem.New(), func(op faulty.Op) error {
		if broken && op.Kind == faulty.Put && string(op.Key) == "bus/owed" {
			return errors.New("it breaks")
		}
		return nil
	})
	h := open(t, st, nil)
	h.keep(t, call(anna, "CreateQueue", nil))
	broken = true
	if err := h.Keep(t.Context(), call(anna, "DeleteQueue", nil)); err == nil || h.owed != 1 {
		t.Errorf("%v, %d events", err, h.owed)
	}
	if got := h.names(t, anna, Query{}); !slices.Equal(got, []string{"CreateQueue"}) {
		t.Errorf("the history has %v", got)
	}
}

// A stranger's refused calls, and what a guest only looks at, push out nothing that was
// done.
func TestRefusedCallsPushOutNoneThatDidSomething(t *testing.T) {
	h := open(t, mem.New(), func(o *Options) { o.MaxBytes = 64 << 10 })
	h.keep(t, call(anna, "DeleteQueue", nil))
	for range 200 {
		h.keep(t, call(anna, "CreateQueue", func(r *Record) { r.ErrorCode = "AccessDenied" }))
		h.keep(t, call(anna, "GetCallerIdentity", func(r *Record) { r.ReadOnly = true }))
	}
	got := h.names(t, anna, Query{})
	if len(got) == 401 || !slices.Contains(got, "DeleteQueue") {
		t.Errorf("of 401 records there are %d, up to %s", len(got), got[len(got)-1])
	}
}

func TestATextSaysWhoseRecordItIs(t *testing.T) {
	text, err := call(anna, "DeleteQueue", nil).text()
	if err != nil || placeOf(text) != anna.Place {
		t.Errorf("%s is of %v, %v", text, placeOf(text), err)
	}
}

func TestTheLargestRecordIsNoLargerThanAnEvent(t *testing.T) {
	h := open(t, mem.New(), nil)
	long := []byte(`"` + strings.Repeat("x", 100<<10) + `"`)
	text := cut(strings.Repeat("\x01", 2*maxText))
	r := call(anna, "CreateQueue", func(r *Record) {
		r.RequestParameters, r.ResponseElements, r.UserAgent, r.ErrorMessage = long, long, text, text
		r.TLSDetails = &TLSDetails{text}
	})
	h.keep(t, r)
	if n := event.Size(h.events[0]); n > 256<<10 || !json.Valid([]byte(h.events[0].Detail)) {
		t.Errorf("it has %d bytes", n)
	}
}
