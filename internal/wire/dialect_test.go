package wire

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/wire/awsquery"
	"github.com/google/go-cmp/cmp"
)

func TestAnswersInTheDialectOfTheRequest(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	xmlError := func(code, message string) string {
		return `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message><Detail/></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	h := newHandler(t, Options{})
	for _, c := range []struct {
		name        string
		r           *http.Request
		status      int
		contentType string
		body        string
		queryError  string
	}{
		{name: "JSON 1.1", r: request(t, "POST", "/", `{"Word":"héllo"}`, "Content-Type", "application/x-amz-json-1.1; charset=utf-8", "X-Amz-Target", "AWSEvents.Echo", "X-Amzn-Trace-Id", "Root=1"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Word":"héllo","Names":[],"Caller":{"AccessKey":"","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":"Root=1"}}`},
		{name: "JSON 1.1, signed", r: request(t, "POST", "/?x=y", `{}`, "X-Amz-Target", "AWSEvents.Echo", "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"events/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Names":[],"Caller":{"AccessKey":"123456789012","Account":"123456789012","At":"http://localhost:4566","Region":"eu-central-1","Trace":""}}`},
		{name: "JSON 1.1, signed for a set of regions", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Echo", "X-Amz-Date", "20260129T120000Z", "X-Amz-Region-Set", "*",
			"Authorization", "AWS4-ECDSA-P256-SHA256 Credential=AKID/20260129/events/aws4_request, SignedHeaders=host, Signature=00"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Names":[],"Caller":{"AccessKey":"AKID","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":""}}`},
		{name: "no output", r: request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Forget"), status: 200, contentType: "application/x-amz-json-1.1"},
		{name: "empty output", r: request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch"), status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "a target with dots", r: request(t, "POST", "/", "{}", "X-Amz-Target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.Touch"),
			status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "a target without its front", r: request(t, "POST", "/", "{}", "X-Amz-Target", "CloudTrail_20131101.Touch"),
			status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "JSON 1.1, a fault", r: request(t, "POST", "/", `{"Fail":"missing"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"ResourceNotFoundException","message":"Rule r does not exist on EventBus default."}`},
		{name: "JSON 1.1, a limit", r: request(t, "POST", "/", `{"Word":"longer"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"ValidationException","message":"1 validation error detected: Value 'longer' at 'word' failed to satisfy constraint: Member must have length less than or equal to 5"}`},
		{name: "JSON 1.1, bad JSON", r: request(t, "POST", "/", `{"Word":1}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"SerializationException","message":"Word: expected a string, found a number."}`},
		{name: "JSON 1.1, unknown", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Ecko"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"Amazon EventBridge has no operation Ecko."}`},
		{name: "JSON 1.1, refused", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.ActivateEventSource"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnsupportedOperationException","message":"dari does not offer ActivateEventSource: partner event sources need a partner account."}`},
		{name: "JSON 1.0", r: request(t, "POST", "/", `{"Word":"w"}`, "Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "AmazonSQS.Echo", "X-Amzn-Query-Mode", "true"),
			status: 200, contentType: "application/x-amz-json-1.0",
			body: `{"Word":"w","Names":[],"Caller":{"AccessKey":"","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":""}}`},
		{name: "JSON 1.0, an error with two names", r: request(t, "POST", "/", `{"Fail":"queue"}`, "X-Amz-Target", "AmazonSQS.Echo"), status: 400, contentType: "application/x-amz-json-1.0",
			body: `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`, queryError: "AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{name: "JSON 1.1, an error with two names", r: request(t, "POST", "/", `{"Fail":"queue"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"QueueDoesNotExist","message":"The specified queue does not exist."}`},
		{name: "a form, action last", r: request(t, "POST", "/", "Word=a%26b&Name.1=x&Name.2=%3Cy&Action=Echo&Version=2012-11-05", "Content-Type", form), status: 200, contentType: "text/xml",
			body: `<EchoResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><EchoResult><Word>a&amp;b</Word><Name>x</Name><Name>&lt;y</Name>` +
				`<Caller><entry><key>AccessKey</key><value></value></entry><entry><key>Account</key><value>000000000000</value></entry><entry><key>At</key><value>http://localhost:4566</value></entry>` +
				`<entry><key>Region</key><value>us-east-1</value></entry><entry><key>Trace</key><value></value></entry></Caller></EchoResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></EchoResponse>`},
		{name: "a form, no output", r: request(t, "POST", "/000000000000/q", "Action=Forget&Version=2012-11-05", "Content-Type", form), status: 200, contentType: "text/xml",
			body: `<ForgetResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ForgetResponse>`},
		{name: "a form, empty output", r: request(t, "POST", "/?Version=2012-11-05", "Action=Touch"), status: 200, contentType: "text/xml",
			body: `<TouchResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><TouchResult></TouchResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></TouchResponse>`},
		{name: "a query string", r: request(t, "GET", "/?Action=Touch", ""), status: 200, contentType: "text/xml",
			body: `<TouchResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><TouchResult></TouchResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></TouchResponse>`},
		{name: "a form, signed, of an older version", r: request(t, "POST", "/", "Action=Forget&Version=2009-02-01", "Content-Type", form, "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"sqs/aws4_request, SignedHeaders=host, Signature=00"), status: 200, contentType: "text/xml",
			body: `<ForgetResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ForgetResponse>`},
		{name: "a form, an error with two names", r: request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Fail=queue", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version.")},
		{name: "a form, unknown", r: request(t, "POST", "/", "Action=Ecko&Version=2012-11-05", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("InvalidAction", "The action Ecko is not valid for this endpoint.")}, // as-aws 12
		{name: "a form, unknown and of no version", r: request(t, "GET", "/000000000000/q?Action=Ecko", ""), status: 400, contentType: "text/xml",
			body: `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The action Ecko is not valid for this endpoint.</Message><Detail/></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{name: "a form, not at the URL of a queue", r: request(t, "POST", "/000000000000/q", "Action=List&Version=2012-11-05", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("InvalidAction", "The action List is not valid for this endpoint.")}, // as-aws 12
		{name: "a form, at the address of the service", r: request(t, "POST", "/", "Action=List&Version=2012-11-05", "Content-Type", form), status: 200, contentType: "text/xml",
			body: `<ListResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ListResult></ListResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListResponse>`},
		{name: "JSON at the URL of a queue", r: request(t, "POST", "/000000000000/q", "{}", "X-Amz-Target", "AmazonSQS.List"), status: 200, contentType: "application/x-amz-json-1.0", body: "{}"},
		{name: "nothing asked of a queue's URL", r: request(t, "GET", "/000000000000/q", "", "Accept", "application/json"), status: 404, contentType: "text/xml",
			body: `<UnknownOperationException/>`}, // as-aws 12
		{name: "nothing asked of a queue's URL, signed", r: request(t, "GET", "/000000000000/q/", "", "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"sqs/aws4_request, SignedHeaders=host, Signature=00"), status: 404, contentType: "text/xml", body: `<UnknownOperationException/>`},
		{name: "a form, answered in JSON", r: request(t, "GET", "/000000000000/q?Action=Echo&Version=2012-11-05&Name.1=x", "", "Accept", "application/json, text/plain, */*"), status: 200, contentType: "application/json",
			body: `{"EchoResponse":{"EchoResult":{"names":["x"],"Caller":{"AccessKey":"","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":""},"Url":"http://localhost:4566/000000000000/q"},"ResponseMetadata":{"RequestId":"ID"}}}`}, // as-aws 12
		{name: "a form without output, answered in JSON", r: request(t, "POST", "/", "Action=Forget&Version=2012-11-05", "Content-Type", form, "Accept", "application/json;q=0.9,text/xml"), status: 200, contentType: "application/json",
			body: `{"ForgetResponse":{"ResponseMetadata":{"RequestId":"ID"}}}`},
		{name: "a form, XML before JSON", r: request(t, "POST", "/", "Action=Forget&Version=2012-11-05", "Content-Type", form, "Accept", "text/xml, application/json"), status: 200, contentType: "text/xml",
			body: `<ForgetResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ForgetResponse>`},
		{name: "a form, an error in JSON", r: request(t, "GET", "/000000000000/q?Action=List&Version=2012-11-05", "", "Accept", "application/json"), status: 400, contentType: "application/json",
			body: `{"Error":{"Type":"Sender","Code":"InvalidAction","Message":"The action List is not valid for this endpoint."},"RequestId":"ID"}`},
		{name: "a form, refused", r: request(t, "POST", "/", "Action=ActivateEventSource&Version=2012-11-05", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("UnsupportedOperation", "dari does not offer ActivateEventSource: partner event sources need a partner account.")},
		{name: "a form that is none", r: request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Word=%zz", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("MalformedInput", "The parameters of the request cannot be read: invalid URL escape &quot;%zz&quot;.")},
		{name: "a form for a service that speaks JSON", r: request(t, "POST", "/", "Action=PutEvents&Version=2015-10-07", "Content-Type", form), status: 404, contentType: "text/xml",
			body: `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The action PutEvents with version &quot;2015-10-07&quot; is of no service that dari offers in this protocol.</Message><Detail/></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{name: "a target of another service than signed", r: request(t, "POST", "/", "{}", "X-Amz-Target", "AmazonSQS.Echo", "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"events/aws4_request, SignedHeaders=host, Signature=00"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation AmazonSQS.Echo is none of events, which the request is signed for."}`},
		{name: "a target of no service", r: request(t, "POST", "/", "{}", "X-Amz-Target", "Kinesis_20131202.PutRecord", "Content-Type", "application/x-amz-json-1.1"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation Kinesis_20131202.PutRecord is of no service that dari offers; it offers events, sqs, cloudtrail."}`},
		{name: "GET with a target", r: request(t, "GET", "/", "", "X-Amz-Target", "AWSEvents.Echo"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation AWSEvents.Echo must be called with POST."}`},
		{name: "a target without an operation, by host", r: newRequest(t, "POST", "http://events.eu-central-1.localhost:4566/", "{}"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"POST / is no AWS request: neither X-Amz-Target nor Action names an operation."}`},
		{name: "nothing at all", r: request(t, "GET", "/favicon.ico", ""), status: 404, contentType: "application/json",
			body: `{"__type":"UnknownOperationException","message":"GET /favicon.ico is no AWS request: neither X-Amz-Target nor Action names an operation."}`},
		{name: "HEAD", r: request(t, "HEAD", "/", ""), status: 404, contentType: "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(h, c.r)
			if w.Code != c.status || w.Header().Get("Content-Type") != c.contentType || w.Header().Get("X-Amzn-Query-Error") != c.queryError {
				t.Errorf("got %d %s, query error %q", w.Code, w.Header().Get("Content-Type"), w.Header().Get("X-Amzn-Query-Error"))
			}
			if diff := cmp.Diff(c.body, mask(t, w)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServicesThatAreNotThereAnswerInTheirDialect(t *testing.T) {
	h := newHandler(t, Options{})
	ask := func(service, method, body string, header ...string) *httptest.ResponseRecorder {
		header = append(header, "X-Amz-Date", "20260129T120000Z", "Authorization", scope+service+"/aws4_request, SignedHeaders=host, Signature=00")
		return do(h, request(t, method, "/2015-03-31/functions", body, header...))
	}
	const message = "dari does not offer the service lambda; it offers events, sqs, cloudtrail."
	says := func(service string) string { return strings.Replace(message, "lambda", service, 1) }

	w := ask("lambda", "GET", "")
	if got := w.Header().Get("X-Amzn-Errortype"); w.Code != 400 || got != "UnsupportedOperationException" || !strings.Contains(w.Body.String(), message) {
		t.Errorf("REST: got %d %s %s", w.Code, got, w.Body)
	}
	w = ask("dynamodb", "POST", "{}", "X-Amz-Target", "DynamoDB_20120810.ListTables", "Content-Type", "application/x-amz-json-1.0")
	if want := `{"__type":"UnsupportedOperationException","message":"` + says("dynamodb") + `"}`; w.Body.String() != want || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("JSON: got %s", w.Body)
	}
	w = ask("iam", "POST", "Action=ListUsers&Version=2010-05-08", "Content-Type", awsquery.FormType)
	if !strings.Contains(w.Body.String(), "<Code>UnsupportedOperation</Code><Message>"+says("iam")) {
		t.Errorf("query: got %s", w.Body)
	}
	w = ask("s3", "GET", "")
	if !strings.HasPrefix(w.Body.String(), "<Error><Code>NotImplemented</Code><Message>"+says("s3")) || w.Header().Get("X-Amz-Request-Id") == "" {
		t.Errorf("S3: got %s", w.Body)
	}
	w = ask("monitoring", "POST", "\xa0", "Smithy-Protocol", "rpc-v2-cbor", "Content-Type", "application/cbor")
	want := "\xa3\x66__type\x78\x1dUnsupportedOperationException\x67message\x78\x4e" + says("monitoring") + "\x67Message\x78\x4e" + says("monitoring")
	if w.Body.String() != want || w.Header().Get("Smithy-Protocol") != "rpc-v2-cbor" || w.Header().Get("Content-Type") != "application/cbor" {
		t.Errorf("CBOR: got %q, want %q", w.Body, want)
	}
}
