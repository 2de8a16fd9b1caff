package queue

import (
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// compile returns the parsed policy, nil when there is none. A stored policy
// that cannot be read, because an earlier version of the server did not look at
// it, lets nobody in from outside.
func (s *Service) compile(q *queue, text string) *policy.Document {
	if text == "" {
		return nil
	}
	d, err := policy.ParseResource(text)
	if err != nil {
		s.opt.Log.Warn("queue policy lets nobody in", "queue", q.arn, "err", err)
	}
	return d
}

// checkPolicy refuses what is no policy.
func checkPolicy(text string) error {
	if text == "" {
		return nil
	}
	if _, err := policy.ParseResource(text); err != nil {
		return fault.Invalid("Invalid value for the parameter Policy. Reason: %v.", err).WithCode(CodeAttributeValue)
	}
	return nil
}

// owners are the operations that an account cannot let another one do.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
var owners = []string{
	"AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueues", "ListQueueTags",
	"RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
}

// OwnerOnly says whether action is one that an account cannot let another one
// do, whatever the policy of the queue says.
func OwnerOnly(action string) bool { return slices.Contains(owners, action) }

// unlocks are the operations by which an owner gets out of a policy that denies
// everything.
var unlocks = []string{"DeleteQueue", "GetQueueAttributes", "RemovePermission", "SetQueueAttributes"}

// Allow returns a Denied fault when the caller may not do action, such as
// SendMessage, with the queue at a. It does not say whether there is one: what
// another account has, only those learn whom it lets in.
func (s *Service) Allow(by access.Caller, a Address, action string) error {
	ask := access.Ask{
		Caller: by, Action: "sqs:" + action, Owner: a.Account,
		OwnerOnly: OwnerOnly(action), Unlocks: slices.Contains(unlocks, action),
	}
	if q := s.lookup(a); q != nil {
		ask.Resource, ask.Policy = q.arn, q.config().policy
	} else {
		ask.Resource = a.ARN()
	}
	return s.opt.Guard.Allow(&ask)
}

// AllowOwn returns a Denied fault when the caller may not do action, such as
// ListQueues, with what is its account's own and is no queue yet.
func (s *Service) AllowOwn(by access.Caller, action, resource string) error {
	return s.opt.Guard.Allow(access.Own(by, "sqs:"+action, resource))
}
