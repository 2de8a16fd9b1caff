package function

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/mapping"
)

// sources are queues without messages. Those of some names cannot be used.
type sources struct{ mapping.Queues }

func (sources) Look(_ catalog.Address, _ string, queue arn.ARN) (time.Duration, error) {
	switch queue.Resource {
	case "none":
		return 0, fault.NotFound("The specified queue does not exist.")
	case "closed":
		return 0, fault.Denied("no").WithCode("ReceiveMessage")
	case "quick":
		return time.Second, nil
	}
	return 30 * time.Second, nil
}

func (sources) Await(ctx context.Context, _ catalog.Address, _ string, _ arn.ARN) error {
	<-ctx.Done()
	return ctx.Err()
}

const mappings = "/2015-03-31/event-source-mappings"

func queueARN(name string) string { return "arn:aws:sqs:eu-central-1:210987654321:" + name }

func (d *door) mapping(queue, more string) (int, string) {
	return d.call("POST "+mappings, `{"FunctionName":"fn","EventSourceArn":"`+queueARN(queue)+`"`+more+`}`)
}

// row F28
func TestMappingsSayWhatIsWrongWithThem(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	for _, c := range []struct{ queue, more, text string }{
		{"q", `,"BatchSize":11`, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		{"q.fifo", `,"BatchSize":11`, "Batch size of 11 is more than the 10 that mappings from FIFO queues may have."},
		{"q.fifo", `,"MaximumBatchingWindowInSeconds":1`, "Batching window is not supported for FIFO queues."},
		{"q", `,"FilterCriteria":{"Filters":[{"Pattern":"simple string"}]}`, "Invalid filter pattern definition."},
		{"none", "", "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist."},
		{"closed", "", "The provided execution role does not have permissions to call ReceiveMessage on SQS"},
		{"quick", "", "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds"},
		{"q", `,"StartingPosition":"LATEST"`, "StartingPosition is not offered"},
		{"q", `,"ParallelizationFactor":2`, "ParallelizationFactor is not offered"},
	} {
		if status, answer := d.mapping(c.queue, c.more); status != 400 || !strings.Contains(answer, "InvalidParameterValueException") || !strings.Contains(answer, c.text) {
			t.Errorf("%s%s: %d %s; want %s", c.queue, c.more, status, answer, c.text)
		}
	}
	d.want("POST "+mappings, `{"FunctionName":"fn"}`, 400, "Unrecognized event source.")
	d.want("POST "+mappings, `{"FunctionName":"fn","EventSourceArn":"arn:aws:kinesis:eu-central-1:210987654321:stream/s"}`, 400, "InvalidParameterValueException", "queues of SQS")
	d.want("POST "+mappings, `{"FunctionName":"none","EventSourceArn":"`+queueARN("q")+`"}`, 400, "Function does not exist")
	d.want("POST "+mappings, `{"FunctionName":"fn","EventSourceArn":"`+queueARN("q")+`","ScalingConfig":{"MaximumConcurrency":1}}`, 400, "ValidationException")
	d.want("GET "+mappings+"/nope", "", 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	d.want("DELETE "+mappings+"/nope", "", 404, "The resource you requested does not exist.")
	d.want("PUT "+mappings+"/nope", "{}", 404, "The resource you requested does not exist.")
}

func TestMappingsAreMadeChangedAndDeleted(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	if status, answer := d.mapping("q", `,"Tags":{"a":"`+strings.Repeat("b", 257)+`"}`); status != 400 {
		t.Errorf("a tag that is too long: %d %v", status, answer)
	}
	status, answer := d.mapping("q", `,"Tags":{"a":"b"}`)
	uuid := between(answer, `"UUID":"`, `"`)
	if status != 202 || uuid == "" {
		t.Fatalf("%d %s", status, answer)
	}
	for _, text := range []string{
		`"BatchSize":10`, `"EventSourceArn":"` + queueARN("q") + `"`, `"FunctionArn":"` + arnOf + `"`, `"FunctionResponseTypes":[]`, `"MaximumBatchingWindowInSeconds":0`,
		`"State":"Creating"`, `"StateTransitionReason":"USER_INITIATED"`, `"EventSourceMappingArn":"arn:aws:lambda:eu-central-1:210987654321:event-source-mapping:` + uuid + `"`,
	} {
		if !strings.Contains(answer, text) {
			t.Errorf("%s; want %s", answer, text)
		}
	}
	if strings.Contains(answer, "FilterCriteria") || strings.Contains(answer, "ScalingConfig") || strings.Contains(answer, "LastProcessingResult") {
		t.Errorf("what was not said is answered: %s", answer)
	}
	at := mappings + "/" + uuid
	d.want("GET "+at, "", 200, `"State":"Enabled"`)
	d.want("POST "+mappings, `{"FunctionName":"fn","EventSourceArn":"`+queueARN("q")+`"}`, 409, "ResourceConflictException",
		`An event source mapping with SQS arn (" `+queueARN("q")+` ") and function (" fn ") already exists. Please update or delete the existing mapping with UUID `+uuid)
	d.want("PUT "+at, `{"Enabled":false,"BatchSize":20,"MaximumBatchingWindowInSeconds":1,"FunctionResponseTypes":["ReportBatchItemFailures"],"ScalingConfig":{"MaximumConcurrency":3},"FilterCriteria":{"Filters":[{"Pattern":"{\"body\":[\"x\"]}"}]}}`,
		202, `"State":"Disabling"`, `"BatchSize":20`, `"ReportBatchItemFailures"`, `"MaximumConcurrency":3`)
	d.want("GET "+at, "", 200, `"State":"Disabled"`, `"Pattern":"{\"body\":[\"x\"]}"`)
	d.want("PUT "+at, `{"Enabled":true,"MaximumBatchingWindowInSeconds":0}`, 400, "Maximum batch window in seconds must be greater than 0")
	d.want("PUT "+at, `{"Enabled":true,"FilterCriteria":{},"ScalingConfig":{},"FunctionResponseTypes":[]}`, 202, `"State":"Enabling"`, `"FunctionResponseTypes":[]`)
	if _, answer := d.call("GET "+at, ""); strings.Contains(answer, "FilterCriteria") || strings.Contains(answer, "ScalingConfig") {
		t.Errorf("what was taken away is there: %s", answer)
	}
	d.want("GET "+mappings+"?FunctionName=fn", "", 200, uuid)
	d.want("GET "+mappings+"?EventSourceArn="+queueARN("other"), "", 200, `"EventSourceMappings":[]`)
	tags := "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-central-1%3A210987654321%3Aevent-source-mapping%3A" + uuid
	d.want("GET "+tags, "", 200, `{"Tags":{"a":"b"}}`)
	d.want("POST "+tags, `{"Tags":{"c":"d"}}`, 204)
	d.want("DELETE "+tags+"?tagKeys=a", "", 204)
	d.want("GET "+tags, "", 200, `{"Tags":{"c":"d"}}`)
	d.want("DELETE "+at, "", 202, `"State":"Deleting"`)
	d.want("GET "+at, "", 404)
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

// row F22
func TestProvisionedConcurrency(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	const path = "/2019-09-30/functions/fn/provisioned-concurrency"
	d.want("POST {fn}/versions", `{}`, 201)
	d.want("POST {fn}/aliases", `{"Name":"live","FunctionVersion":"1"}`, 201)
	d.want("POST {fn}/aliases", `{"Name":"next","FunctionVersion":"$LATEST"}`, 201)
	for _, q := range []string{"$LATEST", "next"} {
		d.want("PUT "+path+"?Qualifier="+q, `{"ProvisionedConcurrentExecutions":1}`, 400, "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	}
	d.want("PUT "+path+"?Qualifier=7", `{"ProvisionedConcurrentExecutions":1}`, 404, "Function not found: "+arnOf+":7")
	d.want("PUT "+path+"?Qualifier=1", `{"ProvisionedConcurrentExecutions":0}`, 400, "ValidationException")
	d.want("PUT "+path+"?Qualifier=1", `{"ProvisionedConcurrentExecutions":33}`, 400, "InvalidParameterValueException")
	d.want("GET "+path+"?Qualifier=1", "", 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
	d.want("DELETE "+path+"?Qualifier=1", "", 204)
	d.want("PUT "+path+"?Qualifier=live", `{"ProvisionedConcurrentExecutions":2}`, 202, `"RequestedProvisionedConcurrentExecutions":2`, `"Status":"`)
	d.want("PUT "+path+"?Qualifier=1", `{"ProvisionedConcurrentExecutions":2}`, 400, "Version is pointed by a Provisioned Concurrency alias")
	d.want("GET "+path+"?List=ALL", "", 200, `"FunctionArn":"`+arnOf+`:live"`)
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, answer := d.call("GET "+path+"?Qualifier=live", "")
		if strings.Contains(answer, `"Status":"READY"`) && strings.Contains(answer, `"AllocatedProvisionedConcurrentExecutions":2`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not ready: %s", answer)
		}
	}
	d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":1}`, 200)
	d.want("PUT "+path+"?Qualifier=live", `{"ProvisionedConcurrentExecutions":2}`, 400, "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	d.want("DELETE "+path+"?Qualifier=live", "", 204)
	d.want("GET "+path+"?Qualifier=live", "", 404, "ProvisionedConcurrencyConfigNotFoundException")
}

func TestNothingIsKeptReadyOfAFunctionThatWasDeleted(t *testing.T) {
	d := openDoor(t)
	const path = "/2019-09-30/functions/fn/provisioned-concurrency"
	for range 2 { // a function of the same name is another one
		d.mustCreate("")
		d.want("POST {fn}/versions", `{}`, 201)
		d.want("POST {fn}/aliases", `{"Name":"live","FunctionVersion":"1"}`, 201)
		for _, q := range []string{"1", "live"} {
			d.want("GET "+path+"?Qualifier="+q, "", 404, "ProvisionedConcurrencyConfigNotFoundException")
		}
		d.want("PUT "+path+"?Qualifier=live", `{"ProvisionedConcurrentExecutions":1}`, 202)
		d.want("DELETE {fn}/aliases/live", "", 204)
		d.want("POST {fn}/aliases", `{"Name":"live","FunctionVersion":"1"}`, 201)
		d.want("GET "+path+"?Qualifier=live", "", 404, "ProvisionedConcurrencyConfigNotFoundException")
		d.want("PUT "+path+"?Qualifier=1", `{"ProvisionedConcurrentExecutions":1}`, 202)
		d.want("DELETE {fn}", "", 204)
	}
}
