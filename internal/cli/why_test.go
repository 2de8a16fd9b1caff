package cli

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestWhySaysWhichStatementsDecide(t *testing.T) {
	endpoint := serveForTest(t, nil)
	c := client{endpoint: endpoint, region: "us-east-1", key: "dari", secret: "dari"}
	must := func(op string, in url.Values) {
		t.Helper()
		in.Set("Action", op)
		in.Set("Version", "2010-05-08")
		resp, err := c.do(t.Context(), "iam", http.MethodPost, "/", []byte(in.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	must("CreateUser", url.Values{"UserName": {"anna"}})
	must("PutUserPolicy", url.Values{"UserName": {"anna"}, "PolicyName": {"own"}, "PolicyDocument": {`{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":"sqs:*","Resource":"*"},
{"Effect":"Deny","Action":"sqs:DeleteQueue","Resource":"*"}]}`}})
	const anna, queue = "arn:aws:iam::000000000000:user/anna", "arn:aws:sqs:us-east-1:000000000000:q"
	for _, tt := range []struct {
		action string
		status int
		want   []string
	}{
		{"sqs:SendMessage", 0, []string{anna + " may do sqs:SendMessage with " + queue, "allowed by the statement from line 1, column 38 to line 2, ", "user_anna_own"}},
		{"sqs:DeleteQueue", 1, []string{anna + " may not do sqs:DeleteQueue", "denied by the statement from line 2, column 51 to line 3, "}},
		{"logs:PutLogEvents", 1, []string{"because no statement of its policies allows it"}},
	} {
		out, errs, status := call(t, "", "why", "-endpoint", endpoint, "-can", anna, tt.action, queue)
		if status != tt.status {
			t.Errorf("%s: %d %s %s", tt.action, status, out, errs)
		}
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q lacks %q", tt.action, out, want)
			}
		}
	}
	_, errs, status := call(t, "", "why", "-endpoint", endpoint, "-can", "arn:aws:iam::000000000000:user/bob", "sqs:SendMessage", queue)
	if status != 1 || !strings.Contains(errs, "NoSuchEntity: The user with name bob cannot be found.") {
		t.Errorf("somebody who is not there: %d %s", status, errs)
	}
	if _, errs, status := call(t, "", "why", anna); status != 2 || !strings.Contains(errs, "want -can") {
		t.Errorf("without a question: %d %s", status, errs)
	}
}
