package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

type putEventsInput struct {
	Entries    []PutEventsRequestEntry
	EndpointId *string
}

// PutEventsRequestEntry has the name that AWS prints in errors.
type PutEventsRequestEntry struct {
	Time         *Time
	Source       *string
	Resources    []string
	DetailType   *string
	Detail       *string
	EventBusName *string
	TraceHeader  *string
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []putEventsResult
}

type putEventsResult struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

var putEventsLimits = Limits{
	"putEventsInput.Entries":             {Required: true, Min: 1, Max: 10},
	"putEventsInput.EndpointId":          {Min: 1, Max: 50, Pattern: `^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$`},
	"PutEventsRequestEntry.EventBusName": {Min: 1, Max: 1600, Pattern: `(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+`},
	"PutEventsRequestEntry.TraceHeader":  {Min: 1, Max: 500},
}

func putEvents(_ context.Context, in *putEventsInput) (*putEventsOutput, error) {
	out := &putEventsOutput{Entries: make([]putEventsResult, len(in.Entries))}
	for i := range in.Entries {
		out.Entries[i].EventId = "11710aed-b79e-4468-a20b-bb3c0c3b4860"
	}
	return out, nil
}

// putEventsBody is ten entries in about ten kilobytes, as an SDK sends them.
func putEventsBody() string {
	detail := `{"orderId":"0192f0c1-7d1e-7a33-9f0e-5f7a1c2b3d4e","customer":{"id":90071992547409931,"name":"Zoë Müller"},"items":[` +
		strings.Repeat(`{"sku":"A-100","quantity":2,"price":19.90},`, 12) + `{"sku":"Z-9","quantity":1,"price":5}],"state":"placed"}`
	quoted, _ := json.Marshal(detail)
	var entries []string
	for i := range 10 {
		entries = append(entries, fmt.Sprintf(
			`{"Time":17000000%02d.25,"Source":"shop.orders","Resources":["arn:aws:s3:::bucket/%d"],"DetailType":"OrderPlaced","Detail":%s,"EventBusName":"orders"}`,
			i, i, quoted))
	}
	return `{"Entries":[` + strings.Join(entries, ",") + `]}`
}

func eventsService() *Service {
	return &Service{
		Name: "events", Title: "Amazon EventBridge", Target: "AWSEvents", Version: "2015-10-07",
		Protocols:  []Protocol{JSON11},
		Operations: []Operation{Op("PutEvents", putEvents)},
		Limits:     putEventsLimits,
	}
}

// The hot path may not quietly grow: ten entries cost a string each for their
// members, and little more.
func TestPutEventsAllocatesLittle(t *testing.T) {
	s := compileService(t, eventsService())
	op := s.operations["PutEvents"]
	body := []byte(putEventsBody())
	var buf []byte
	got := testing.AllocsPerRun(100, func() {
		in := reflect.New(op.In)
		if err := awsjson.Read(body, op.in, in.Elem()); err != nil {
			t.Fatal(err)
		}
		if err := shape.Check(op.in, in.Elem()); err != nil {
			t.Fatal(err)
		}
		out, err := op.call(t.Context(), in.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if buf, err = awsjson.Append(buf[:0], reflect.ValueOf(out).Elem(), op.out); err != nil {
			t.Fatal(err)
		}
	})
	if got > 115 {
		t.Errorf("%v allocations for ten entries, want no more than 115", got)
	}
}

func BenchmarkPutEventsCodec(b *testing.B) {
	s, err := compile(eventsService())
	if err != nil {
		b.Fatal(err)
	}
	op := s.operations["PutEvents"]
	body := []byte(putEventsBody())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		in := reflect.New(op.In)
		if err := awsjson.Read(body, op.in, in.Elem()); err != nil {
			b.Fatal(err)
		}
		if err := shape.Check(op.in, in.Elem()); err != nil {
			b.Fatal(err)
		}
		out, err := op.call(b.Context(), in.Interface())
		if err != nil {
			b.Fatal(err)
		}
		if buf, err = awsjson.Append(buf[:0], reflect.ValueOf(out).Elem(), op.out); err != nil {
			b.Fatal(err)
		}
	}
}

// The same work by encoding/json, without the checks: what the codec saves.
func BenchmarkPutEventsEncodingJSON(b *testing.B) {
	body := []byte(putEventsBody())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var in putEventsInput
		if err := json.Unmarshal(body, &in); err != nil {
			b.Fatal(err)
		}
		out, _ := putEvents(b.Context(), &in)
		if _, err := json.Marshal(out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutEventsHandler(b *testing.B) {
	for _, signed := range []bool{false, true} {
		b.Run(fmt.Sprintf("signed=%t", signed), func(b *testing.B) {
			o := Options{Services: []*Service{eventsService()}}
			if signed {
				o.Keys = access.Keys{"AKIDEXAMPLE": {Secret: "secret"}}
			}
			h, err := NewHandler(o)
			if err != nil {
				b.Fatal(err)
			}
			body := putEventsBody()
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
			sign(b, r, body, "events")
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				setBody(r, body)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
