package trail

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
)

// A Visit is a call of a function by its URL: no operation of an API, and at AWS a data
// event all the same, as InvokeFunctionUrl.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
type Visit struct {
	// By has no account where nobody knows who it is.
	By access.Caller
	// At is where the function is, and Function its ARN without the qualifier.
	At                  access.Place
	Function, Qualifier string
	Host                string
	// Code and Message say why the function did not run, "" when it did.
	Code, Message string
}

// nobody is the account of a caller whom nobody knows, in CloudTrail's words.
const nobody = "ANONYMOUS_PRINCIPAL"

// RecordVisit keeps the record of a visit that a trail asks for: of the account that has
// the function, and of that of the visitor.
func (s *Service) RecordVisit(ctx context.Context, v Visit) {
	known := v.By.Account != ""
	if !s.trails.WantData(v.At) && !(known && s.trails.WantData(v.By.Place)) || known && s.opt.IdentitiesOnly && v.By.Identity == nil {
		return
	}
	r := visitOf(&v, time.Now())
	all := []*Record{r}
	if r.RecipientAccountID != v.At.Account {
		r.SharedEventID = uuid.NewString()
		all = append(all, r.forOwner(v.At.Account, uuid.NewString()))
	}
	for _, r := range all {
		if err := s.Keep(ctx, r); err != nil {
			s.lose(r, err)
		}
	}
}

// visitOf makes the record of a visit that ends now. Its parameters are those of Invoke
// that a visit has.
func visitOf(v *Visit, now time.Time) *Record {
	parameters, _ := json.Marshal(struct { // texts always can be
		Function  string `json:"functionName"`
		Qualifier string `json:"qualifier,omitempty"`
	}{v.Function, v.Qualifier})
	r := &Record{
		EventVersion: eventVersion, UserIdentity: identityOf(&v.By), EventTime: now.UTC().Format(timeLayout),
		EventSource: "lambda.amazonaws.com", EventName: "InvokeFunctionUrl", AWSRegion: v.At.Region,
		SourceIPAddress: v.By.SourceIP, UserAgent: cut(v.By.UserAgent), ErrorCode: v.Code, ErrorMessage: cut(v.Message),
		RequestParameters: parameters, ResponseElements: []byte("null"),
		RequestID: v.By.RequestID, EventID: uuid.NewString(), EventType: apiCall, RecipientAccountID: v.By.Account, EventCategory: "Data",
		TLSDetails: &TLSDetails{cut(v.Host)},
	}
	if v.By.Account == "" {
		r.UserIdentity, r.RecipientAccountID = UserIdentity{Type: "AWSAccount", AccountID: nobody}, v.At.Account
	}
	r.Touched = r.touched()
	return r
}
