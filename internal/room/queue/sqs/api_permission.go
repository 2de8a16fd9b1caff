package sqs

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) permissions() []wire.Operation {
	return []wire.Operation{
		wire.Op("AddPermission", a.AddPermission),
		wire.Op("RemovePermission", a.RemovePermission),
	}
}

// policyJSON is a resource policy as far as labels are concerned. The statements
// stay as they are.
type policyJSON struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement statements
}

// statements are a list, or one statement without a list around it.
type statements []json.RawMessage

// UnmarshalJSON reads either.
func (s *statements) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]json.RawMessage)(s))
	}
	*s = statements{slices.Clone(b)}
	return nil
}

// labelled returns the place of the statement with a label, -1 for none.
func (s statements) labelled(label string) int {
	return slices.IndexFunc(s, func(raw json.RawMessage) bool {
		var st struct{ Sid string }
		return json.Unmarshal(raw, &st) == nil && st.Sid == label
	})
}

type permissionJSON struct {
	Sid, Effect string
	Principal   struct{ AWS oneOrMore }
	Action      oneOrMore
	Resource    string
}

// oneOrMore is printed as a string when it is one.
type oneOrMore []string

// MarshalJSON prints a string or a list.
func (o oneOrMore) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return json.Marshal(o[0])
	}
	return json.Marshal([]string(o))
}

type addPermissionRequest struct {
	QueueUrl      *string `query:"QueueUrl,url"`
	Label         *string
	AWSAccountIds []string `query:"AWSAccountId,flat"`
	Actions       []string `query:"ActionName,flat"`
}

// maxActions is how many actions one permission can be for.
const maxActions = 7

// AddPermission adds a statement to the policy of a queue.
func (a api) AddPermission(ctx context.Context, in *addPermissionRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "AddPermission")
	if err != nil {
		return nil, err
	}
	label := wire.Val(in.Label)
	if !word(label, 80) {
		return nil, fault.Invalid("Value %s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", label)
	}
	p := permissionJSON{Sid: label, Effect: "Allow", Resource: at.ARN()}
	if p.Principal.AWS, err = accountRoots(in.AWSAccountIds); err != nil {
		return nil, err
	}
	if p.Action, err = a.actions(in.Actions); err != nil {
		return nil, err
	}
	return &wire.None{}, a.Configure(ctx, at, func(s *queue.Settings) error {
		doc, err := readPolicy(s, at)
		if err != nil {
			return err
		}
		if doc.Statement.labelled(label) >= 0 {
			return fault.Invalid("Value %s for parameter Label is invalid. Reason: Already exists.", label)
		}
		doc.Statement = append(doc.Statement, json.RawMessage(printJSON(p)))
		s.Policy = printJSON(doc)
		return nil
	})
}

func accountRoots(ids []string) (oneOrMore, error) {
	if len(ids) == 0 {
		return nil, wants("AWSAccountIds")
	}
	var roots oneOrMore
	for _, id := range ids {
		if len(id) != 12 || slices.ContainsFunc([]byte(id), func(c byte) bool { return c < '0' || c > '9' }) {
			return nil, fault.Invalid("Value [%s] for parameter PrincipalId is invalid. Reason: Unable to verify.", id)
		}
		roots = append(roots, arn.ARN{Partition: "aws", Service: "iam", Account: id, Resource: "root"}.String())
	}
	return roots, nil
}

// actions reads the names of the operations that a permission is for.
func (a api) actions(names []string) (oneOrMore, error) {
	if len(names) == 0 {
		return nil, wants("Actions")
	}
	if len(names) > maxActions {
		return nil, fault.Limit("%d Actions were found, maximum allowed is %d.", len(names), maxActions)
	}
	var actions oneOrMore
	for _, name := range names {
		if name != "*" && !slices.ContainsFunc(API(a.Service).Operations, func(o wire.Operation) bool { return o.Name == name }) {
			return nil, fault.Invalid("Value SQS:%s for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions.", name)
		}
		if queue.OwnerOnly(name) {
			return nil, fault.Invalid("Value SQS:%s for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.", name)
		}
		actions = append(actions, "SQS:"+name)
	}
	return actions, nil
}

// readPolicy returns the policy of a queue, an empty one when it has none.
func readPolicy(s *queue.Settings, at queue.Address) (policyJSON, error) {
	doc := policyJSON{Version: "2008-10-17", ID: at.ARN() + "/SQSDefaultPolicy"}
	if s.Policy == "" {
		return doc, nil
	}
	doc = policyJSON{}
	if err := json.Unmarshal([]byte(s.Policy), &doc); err != nil {
		return doc, fault.Invalid("The policy of the queue cannot be added to: %v.", err).WithCode(queue.CodeAttributeValue)
	}
	return doc, nil
}

type removePermissionRequest struct {
	QueueUrl *string `query:"QueueUrl,url"`
	Label    *string
}

// RemovePermission removes a statement from the policy of a queue, and the
// policy with its last one.
func (a api) RemovePermission(ctx context.Context, in *removePermissionRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "RemovePermission")
	if err != nil {
		return nil, err
	}
	label := wire.Val(in.Label)
	return &wire.None{}, a.Configure(ctx, at, func(s *queue.Settings) error {
		doc, err := readPolicy(s, at)
		if err != nil {
			return err
		}
		i := doc.Statement.labelled(label)
		if i < 0 || label == "" {
			return fault.Invalid("Value %s for parameter Label is invalid. Reason: can't find label.", label)
		}
		if doc.Statement = slices.Delete(doc.Statement, i, i+1); len(doc.Statement) == 0 {
			s.Policy = ""
			return nil
		}
		s.Policy = printJSON(doc)
		return nil
	})
}
