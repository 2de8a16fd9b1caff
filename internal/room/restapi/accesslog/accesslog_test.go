package accesslog

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The formats that the console offers.
const (
	clf     = `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId`
	asJSON  = `{ "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }`
	asXML   = `<request id="$context.requestId"> <extendedRequestId>$context.extendedRequestId</extendedRequestId> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>`
	asCSV   = `$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId`
	hostile = "a\"b\\c,d</user>&e'f\n{\"g\":1}\x00\x7f\xffé"
)

var request = map[string]string{
	"requestId": "id-1", "extendedRequestId": "Vt4=", "identity.sourceIp": "127.0.0.1", "requestTime": "14/Sep/2026:10:20:30 +0000",
	"httpMethod": "GET", "resourcePath": "/pets", "status": "200", "protocol": "HTTP/1.1", "responseLength": "12",
}

func render(t *testing.T, format string, raw bool, values map[string]string) string {
	t.Helper()
	f, err := Compile(format, raw)
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return string(f.Append(nil, func(name string) string { return values[name] }))
}

func TestFormatsOfTheConsoleAreFilledIn(t *testing.T) {
	for format, want := range map[string]string{
		clf:    `127.0.0.1 - - [14/Sep/2026:10:20:30 +0000] "GET /pets HTTP/1.1" 200 12 id-1 Vt4=`,
		asJSON: `{ "requestId":"id-1", "extendedRequestId":"Vt4=", "ip": "127.0.0.1", "caller":"-", "user":"-", "requestTime":"14/Sep/2026:10:20:30 +0000", "httpMethod":"GET", "resourcePath":"/pets", "status":"200", "protocol":"HTTP/1.1", "responseLength":"12" }`,
		asXML:  `<request id="id-1"> <extendedRequestId>Vt4=</extendedRequestId> <ip>127.0.0.1</ip> <caller>-</caller> <user>-</user> <requestTime>14/Sep/2026:10:20:30 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/pets</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>12</responseLength> </request>`,
		asCSV:  `127.0.0.1,-,-,14/Sep/2026:10:20:30 +0000,GET,/pets,HTTP/1.1,200,12,id-1,Vt4=`,
	} {
		for _, raw := range []bool{false, true} {
			if got := render(t, format, raw, request); got != want {
				t.Errorf("%s\nis  %s\nnot %s", format, got, want)
			}
		}
	}
}

func TestNamesEndWhereWordsEnd(t *testing.T) {
	values := map[string]string{"requestId": "R", "authorizer.claims.sub": "S", "status": "200"}
	for format, want := range map[string]string{
		"$context.requestId.":               "R.",
		"$context.requestId..status":        "R..status",
		"$context.requestId $context.":      "R $context.",
		"$context.requestId$context.status": "R200",
		"$context.authorizer.claims.sub/$context.requestId $contextstatus $input.body $$": "S/R $contextstatus $input.body $$",
		"$context.requestId $context.no.such.name":                                        "R -",
		"$context.requestId\n": "R",
	} {
		if got := render(t, format, false, values); got != want {
			t.Errorf("%q is %q and not %q", format, got, want)
		}
	}
}

func TestHostileValuesStayWhereTheyStand(t *testing.T) {
	values := map[string]string{"requestId": "R", "identity.user": hostile, "status": "200"}
	clean := strings.ToValidUTF8(hostile, "\ufffd")

	var object struct{ RequestID, User, Status string }
	if err := json.Unmarshal([]byte(render(t, asJSON, false, values)), &object); err != nil || object.User != clean || object.Status != "200" {
		t.Errorf("JSON: %+v, %v", object, err)
	}
	var element struct {
		User   string `xml:"user"`
		Status string `xml:"status"`
		ID     string `xml:"id,attr"`
	}
	if err := xml.Unmarshal([]byte(render(t, asXML, false, values)), &element); err != nil || element.Status != "200" || element.ID != "R" {
		t.Errorf("XML: %+v, %v", element, err)
	}
	if want := strings.NewReplacer("\n", "\ufffd", "\x00", "\ufffd").Replace(clean); element.User != want {
		t.Errorf("XML: the user is %q and not %q", element.User, want)
	}
	for _, format := range []string{asCSV, `"$context.requestId","$context.identity.user","$context.status"`} {
		r := csv.NewReader(strings.NewReader(render(t, format, false, values)))
		fields, err := r.Read()
		if _, more := r.Read(); err != nil || more != io.EOF || len(fields) != strings.Count(format, "$") {
			t.Errorf("CSV: %q, %v, then %v", fields, err, more)
		}
	}
	if got, want := render(t, `$context.requestId "$context.identity.user" $context.status`, false, values),
		`R "a\"b\\c,d</user>&e'f\x0a{\"g\":1}\x00\x7f`+"\xff"+`é" 200`; got != want {
		t.Errorf("a line is %q and not %q", got, want)
	}
}

func TestJSONHasValuesOutsideOfQuotes(t *testing.T) {
	const format = `{"id":$context.requestId,"status":$context.status,"latency":$context.integrationLatency,"message":$context.error.messageString,"user":$context.identity.user}`
	got := render(t, format, false, map[string]string{"requestId": "r-1", "status": "200", "error.messageString": `"no \"way\""`, "identity.user": `1,"status":500`})
	if want := `{"id":"r-1","status":200,"latency":"-","message":"no \"way\"","user":"1,\"status\":500"}`; got != want {
		t.Errorf("it is %s and not %s", got, want)
	}
}

func TestRawValuesAreCopied(t *testing.T) {
	if got, want := render(t, `{"id":"$context.requestId","user":"$context.identity.user"}`, true, map[string]string{"requestId": "R", "identity.user": `a"b`}), `{"id":"R","user":"a"b"}`; got != want {
		t.Errorf("it is %s and not %s", got, want)
	}
}

// R25
func TestFormatsAreOfOneLine(t *testing.T) {
	const lines = "Access Log format must be single line, new line character is allowed only at end of the format"
	var got []string
	for _, format := range []string{"{\n\"id\":\"$context.requestId\"\n}", "$context.requestId\n", "$context.requestId\r\n", "$context.requestId\n\n", "$context.status", "$context.requestIdentity", "", strings.Repeat("x", MaxLength) + "$context.requestId"} {
		_, err := Compile(format, false)
		if err == nil {
			got = append(got, "")
			continue
		}
		got = append(got, err.Error())
	}
	const needs = "Access Log format must be single line, and must contain at least $context.requestId or $context.extendedRequestId"
	if diff := cmp.Diff([]string{lines, "", "", lines, needs, needs, "Access Log value must not be empty", "Access Log format must have at most 3072 bytes, this one has 3090"}, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAppend(b *testing.B) {
	f, err := Compile(asJSON, false)
	if err != nil {
		b.Fatal(err)
	}
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = f.Append(line[:0], func(name string) string { return request[name] })
	}
}
