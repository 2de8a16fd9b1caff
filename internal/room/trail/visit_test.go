package trail

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
)

// Calls of the URLs of functions are recorded when a trail asks for what is done with the
// function, of whoever called.
func TestVisitsAreRecordedWhenATrailAsks(t *testing.T) {
	d := openDoor(t, false)
	here := access.Place{Account: account, Region: "eu-central-1"}
	owner, other := access.Root(account, here.Region), access.Root("222222222222", here.Region)
	owner.RequestID = "request"
	visit := func(by access.Caller, function, code string) (all []Record) {
		t.Helper()
		d.events = nil
		d.RecordVisit(t.Context(), Visit{By: by, At: here, Function: here.ARN("lambda", "function:"+function).String(), Qualifier: "live", Host: "x.lambda-url.eu-central-1.localhost", Code: code})
		for _, e := range d.events {
			var r Record
			if err := json.Unmarshal([]byte(e.Detail), &r); err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		return all
	}
	d.must("CreateTrail", withGroup)
	d.must("StartLogging", `{"Name":"abc"}`)
	if got := visit(owner, "fn", ""); len(got) > 0 {
		t.Errorf("nobody asked for %+v", got)
	}
	d.must("PutEventSelectors", `{"TrailName":"abc","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
		{"Field":"resources.type","Equals":["AWS::Lambda::Function"]},{"Field":"resources.ARN","Equals":["arn:aws:lambda:eu-central-1:111111111111:function:fn"]}]}]}`)
	if got := visit(owner, "g", ""); len(got) > 0 {
		t.Errorf("nobody asked for those of another function: %+v", got)
	}
	got := visit(owner, "fn", "TooManyRequestsException")
	if len(got) != 1 {
		t.Fatalf("the owner: %+v", got)
	}
	r := got[0]
	if r.EventName != "InvokeFunctionUrl" || r.EventSource != "lambda.amazonaws.com" || r.EventCategory != "Data" || r.ManagementEvent || r.ReadOnly ||
		r.ErrorCode != "TooManyRequestsException" || r.RequestID != "request" || r.UserIdentity.Type != "Root" || r.RecipientAccountID != account {
		t.Errorf("the owner: %+v", r)
	}
	if diff := cmp.Diff(`{"functionName":"arn:aws:lambda:eu-central-1:111111111111:function:fn","qualifier":"live"}`, string(r.RequestParameters)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Touched{{account, "AWS::Lambda::Function", "arn:aws:lambda:eu-central-1:111111111111:function:fn"}}, r.Touched); diff != "" {
		t.Error(diff)
	}
	if got := visit(access.Caller{}, "fn", ""); len(got) != 1 || got[0].RecipientAccountID != account || got[0].ErrorCode != "" || !cmp.Equal(got[0].UserIdentity, UserIdentity{Type: "AWSAccount", AccountID: "ANONYMOUS_PRINCIPAL"}) {
		t.Errorf("nobody: %+v", got)
	}
	if got := visit(other, "fn", ""); len(got) != 1 || got[0].RecipientAccountID != account || got[0].SharedEventID == "" || got[0].UserIdentity.Type != "AWSAccount" || got[0].UserIdentity.AccountID != other.Account {
		t.Errorf("another account: %+v", got)
	}
}
