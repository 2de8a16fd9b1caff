package eventsapi

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestPutEventsOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t)
		h.want("PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}"}`, `{"RuleArn":"`+ruleARN+`r"}`)
		h.want("PutTargets", `{"Rule":"r","Targets":[{"Id":"q","Arn":"arn:aws:sqs:eu-central-1:123456789012:q"}]}`, `{"FailedEntryCount":0,"FailedEntries":[]}`)
		h.want("PutEvents", `{"Entries":[
				{"Source":"a","DetailType":"t","Detail":"{ \"n\": 12345678901234567890 }","Resources":["x"],"Time":1700000000.25,"TraceHeader":"Root=1"},
				{"Source":"b","DetailType":"t","Detail":"{}"},
				{"Source":"a","DetailType":"t","Detail":"[]"},
				{"Source":"a","DetailType":"t","Detail":"{}","EventBusName":"nope"},
				{}]}`,
			`{"FailedEntryCount":2,"Entries":[{"EventId":"UUID"},{"EventId":"UUID"},
				{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."},{"EventId":"UUID"},
				{"ErrorCode":"InvalidArgument","ErrorMessage":"Parameter Source is not valid. Reason: Source is a required argument."}]}`)
		synctest.Wait()
		want := []string{`{"version":"0","id":"UUID","detail-type":"t","source":"a","account":"123456789012","time":"2023-11-14T22:13:20Z",` +
			`"region":"eu-central-1","resources":["x"],"detail":{"n":12345678901234567890}}`}
		h.mu.Lock()
		defer h.mu.Unlock()
		if diff := cmp.Diff(want, h.sent); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

func TestPutEventsSaysWhatIsWrong(t *testing.T) {
	h := openHouse(t)
	one := `{"Source":"a","DetailType":"t","Detail":"{}"}`
	h.fails("PutEvents", `{}`, "ValidationException", "1 validation error detected: Value null at 'entries' failed to satisfy constraint: Member must not be null")
	h.fails("PutEvents", `{"Entries":[]}`, "ValidationException",
		"1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	// as-aws 19, with one member of each kind.
	h.fails("PutEvents", `{"Entries":[`+strings.Repeat(one+",", 10)+`{"Time":1700000000,"Resources":["x","y"],"TraceHeader":"Root=1"}]}`, "ValidationException",
		"1 validation error detected: Value '["+
			strings.Repeat("PutEventsRequestEntry(time=null, source=a, resources=null, detailType=t, detail={}, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null), ", 10)+
			"PutEventsRequestEntry(time=Tue Nov 14 22:13:20 UTC 2023, source=null, resources=[x, y], detailType=null, detail=null, eventBusName=null, traceHeader=Root=1, kmsKeyIdentifier=null, internalMetadata=null)"+
			"]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
	h.fails("PutEvents", `{"Entries":[{"EventBusName":"a/b"}]}`, "ValidationException",
		`1 validation error detected: Value 'a/b' at 'entries.1.member.eventBusName' failed to satisfy constraint: `+
			`Member must satisfy regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+`)
	h.fails("PutEvents", `{"Entries":[{"Source":"`+strings.Repeat("a", 1<<20)+`","DetailType":"t"}]}`, "ValidationException",
		"Total size of the entries in the request is over the limit.")
	h.fails("PutEvents", `{"Entries":[`+one+`],"EndpointId":"abc.def"}`, "ValidationException",
		"Endpoint abc.def does not exist. dari does not offer global endpoints.")
}
