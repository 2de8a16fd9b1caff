package trail

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
)

// owned are the parameters that name what a call is about in an account, by services:
// ARNs, or URLs of queues.
var owned = map[string][]string{
	"sts.amazonaws.com":    {"roleArn"},
	"events.amazonaws.com": {"eventBusName", "resourceARN"},
	"sqs.amazonaws.com":    {"queueUrl"},
	"logs.amazonaws.com":   {"logGroupIdentifier", "resourceArn"},
}

// owner is the account whose resource another one has called something of, "" for
// calls that stay in their account. What was refused is nothing to the owner.
func (r *Record) owner() string {
	if r.ErrorCode != "" {
		return ""
	}
	in := members(r.RequestParameters)
	for _, name := range owned[r.EventSource] {
		if account := accountOf(in.text(name)); account != "" && account != r.RecipientAccountID {
			return account
		}
	}
	return ""
}

// accountOf is the account in an ARN or the URL of a queue, "" for others.
func accountOf(name string) string {
	if a, err := arn.Parse(name); err == nil && access.IsAccount(a.Account) {
		return a.Account
	}
	if parts := strings.Split(name, "/"); len(parts) == 5 && access.IsAccount(parts[3]) {
		return parts[3]
	}
	return ""
}

// forOwner is the record as the owner of the resource has it: of the caller it says
// from which account it is.
func (r *Record) forOwner(owner, eventID string) *Record {
	o := *r
	o.UserIdentity = UserIdentity{Type: "AWSAccount", PrincipalID: r.UserIdentity.PrincipalID, AccountID: r.RecipientAccountID}
	o.RecipientAccountID, o.EventID = owner, eventID
	return &o
}
