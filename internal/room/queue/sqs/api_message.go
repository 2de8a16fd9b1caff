package sqs

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) messages() []wire.Operation {
	return []wire.Operation{
		wire.Op("ChangeMessageVisibility", a.ChangeMessageVisibility).OnData(),
		wire.Op("DeleteMessage", a.DeleteMessage).OnData(),
		wire.Op("ReceiveMessage", a.ReceiveMessage).Reads().OnData(),
		wire.Op("SendMessage", a.SendMessage).OnData(),
	}
}

// messageInput are the members of a message to send.
type messageInput struct {
	MessageBody             *string `trail:"hidden"`
	DelaySeconds            *int
	MessageAttributes       map[string]messageAttribute `query:"MessageAttribute,flat,key=Name,value=Value" trail:"hidden"`
	MessageSystemAttributes map[string]messageAttribute `query:"MessageSystemAttribute,flat,key=Name,value=Value"`
	MessageDeduplicationId  *string
	MessageGroupId          *string
}

type sendMessageRequest struct {
	QueueUrl *string `query:"QueueUrl,url"`
	messageInput
}

type sendMessageResult struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	SequenceNumber               string `json:",omitempty"`
}

// SendMessage puts one message on a queue.
func (a api) SendMessage(ctx context.Context, in *sendMessageRequest) (*sendMessageResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "SendMessage")
	if err != nil {
		return nil, err
	}
	d, err := in.draft(ctx)
	if err != nil {
		return nil, err
	}
	out, err := a.Send(ctx, at, []queue.Draft{d})
	if err != nil {
		return nil, err
	}
	return in.result(&d, out[0]), out[0].Err
}

func (in *messageInput) result(d *queue.Draft, o queue.Outcome) *sendMessageResult {
	r := &sendMessageResult{
		MessageId: o.ID, MD5OfMessageBody: BodyDigest(d.Body), MD5OfMessageAttributes: AttributesDigest(d.Attributes),
	}
	if len(in.MessageSystemAttributes) > 0 { // the digest is of what the sender sent as one
		r.MD5OfMessageSystemAttributes = AttributesDigest([]queue.Attribute{{Name: traceHeader, Type: "String", Value: d.Trace}})
	}
	if o.Sequence != 0 {
		r.SequenceNumber = strconv.FormatUint(o.Sequence, 10)
	}
	return r
}

// draft returns the message in the room's own terms.
func (in *messageInput) draft(ctx context.Context) (d queue.Draft, err error) {
	d = queue.Draft{Body: wire.Val(in.MessageBody), Group: wire.Val(in.MessageGroupId), DedupID: wire.Val(in.MessageDeduplicationId)}
	// The service takes an empty id for none; callers who send one mean something.
	if in.MessageGroupId != nil && d.Group == "" {
		return d, queue.PlainFault("MessageGroupId", "")
	}
	if in.MessageDeduplicationId != nil && d.DedupID == "" {
		return d, queue.PlainFault("MessageDeduplicationId", "")
	}
	if in.DelaySeconds != nil {
		delay := clampSeconds(*in.DelaySeconds)
		d.Delay = &delay
	}
	caller := wire.CallerFrom(ctx)
	if d.Sender = caller.KeyID; d.Sender == "" {
		d.Sender = caller.Account
	}
	if d.Attributes, err = readAttributes(in.MessageAttributes); err != nil {
		return d, err
	}
	d.Trace, err = readTrace(in.MessageSystemAttributes)
	if d.Trace == "" && queue.CheckText("trace header", caller.Trace) == nil {
		// Instrumented clients send the trace along with every request, and do not
		// mean a message to fail because of it.
		d.Trace = caller.Trace
	}
	return d, err
}

// clampSeconds keeps numbers that are far out of every range from overflowing.
func clampSeconds(n int) time.Duration {
	return time.Duration(min(max(n, -1), 1e9)) * time.Second
}

type receiveMessageRequest struct {
	QueueUrl                    *string  `query:"QueueUrl,url"`
	AttributeNames              []string `query:"AttributeName,flat"`
	MessageSystemAttributeNames []string `query:"MessageSystemAttributeName,flat"`
	MessageAttributeNames       []string `query:"MessageAttributeName,flat"`
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     *string
}

type receiveMessageResult struct {
	Messages []message `json:",omitempty" query:"Message,flat,json=messages"`
}

type message struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string                      `trail:"hidden"`
	Attributes             map[string]string           `json:",omitempty" query:"Attribute,flat,key=Name,value=Value"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
	MessageAttributes      map[string]messageAttribute `json:",omitempty" query:"MessageAttribute,flat,key=Name,value=Value" trail:"hidden"`
}

// maxWait is the longest that a receiver can wait.
const maxWait = 20 * time.Second

// ReceiveMessage hands out messages, and waits for the first if there is none.
func (a api) ReceiveMessage(ctx context.Context, in *receiveMessageRequest) (*receiveMessageResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "ReceiveMessage")
	if err != nil {
		return nil, err
	}
	r, err := in.request(at)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for _, name := range names {
		if name != "All" && !slices.Contains(systemAttributes, name) && findAttribute(name) == nil {
			return nil, unknownAttribute(name)
		}
	}
	found, err := a.Receive(ctx, at, r)
	if err != nil {
		return nil, err
	}
	out := &receiveMessageResult{}
	for i := range found {
		out.Messages = append(out.Messages, show(&found[i], names, in.MessageAttributeNames))
	}
	return out, nil
}

// request checks the numbers.
func (in *receiveMessageRequest) request(at queue.Address) (r queue.Request, err error) {
	r = queue.Request{Max: 1, Attempt: wire.Val(in.ReceiveRequestAttemptId)}
	if in.MaxNumberOfMessages != nil {
		if r.Max = *in.MaxNumberOfMessages; r.Max < 1 || r.Max > 10 {
			return r, fault.Invalid("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", r.Max)
		}
	}
	if in.WaitTimeSeconds != nil {
		wait := clampSeconds(*in.WaitTimeSeconds)
		if r.Wait = &wait; wait < 0 || wait > maxWait {
			return r, fault.Invalid("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *in.WaitTimeSeconds)
		}
	}
	if in.VisibilityTimeout != nil {
		hide := clampSeconds(*in.VisibilityTimeout)
		if r.Visibility = &hide; hide < 0 || hide > queue.MaxVisibility {
			return r, queue.VisibilityFault(*in.VisibilityTimeout)
		}
	}
	switch {
	case in.ReceiveRequestAttemptId == nil:
	case !at.FIFO():
		return r, queue.WrongType("ReceiveRequestAttemptId", r.Attempt)
	case !queue.Plain(r.Attempt):
		return r, queue.PlainFault("ReceiveRequestAttemptId", r.Attempt)
	}
	return r, nil
}

// show returns a message with the attributes that are asked for.
func show(m *queue.Message, system, names []string) message {
	chosen := slices.DeleteFunc(slices.Clone(m.Attributes), func(a queue.Attribute) bool { return !asked(names, a.Name) })
	return message{
		MessageId: m.ID, ReceiptHandle: m.Receipt, MD5OfBody: BodyDigest(m.Body), Body: m.Body,
		Attributes:             showSystem(m, system),
		MD5OfMessageAttributes: AttributesDigest(chosen), MessageAttributes: showAttributes(chosen),
	}
}

// asked says whether names ask for an attribute: by its name, by All or "*", or
// by the beginning of its name and ".*". A "*" after anything else is none.
func asked(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		prefix, pattern := strings.CutSuffix(n, ".*")
		return n == name || n == "All" || n == "*" || pattern && strings.HasPrefix(name, prefix)
	})
}

type deleteMessageRequest struct {
	QueueUrl      *string `query:"QueueUrl,url"`
	ReceiptHandle *string
}

// DeleteMessage deletes a message that was received.
func (a api) DeleteMessage(ctx context.Context, in *deleteMessageRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "DeleteMessage")
	if err != nil {
		return nil, err
	}
	if in.ReceiptHandle == nil {
		return nil, wants("ReceiptHandle")
	}
	fates, err := a.Remove(ctx, at, []string{*in.ReceiptHandle})
	return &wire.None{}, first(fates, err)
}

// first returns the error of a batch of one.
func first(fates []error, err error) error {
	if err != nil {
		return err
	}
	return fates[0]
}

type changeVisibilityRequest struct {
	QueueUrl          *string `query:"QueueUrl,url"`
	ReceiptHandle     *string
	VisibilityTimeout *int
}

// ChangeMessageVisibility gives a receiver more time, or less.
func (a api) ChangeMessageVisibility(ctx context.Context, in *changeVisibilityRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "ChangeMessageVisibility")
	if err != nil {
		return nil, err
	}
	if in.ReceiptHandle == nil {
		return nil, wants("ReceiptHandle")
	}
	t, err := timeout(*in.ReceiptHandle, in.VisibilityTimeout)
	if err != nil {
		return nil, err
	}
	fates, err := a.Extend(ctx, at, []queue.Timeout{t})
	return &wire.None{}, first(fates, err)
}

func timeout(receipt string, seconds *int) (queue.Timeout, error) {
	if seconds == nil {
		return queue.Timeout{}, wants("VisibilityTimeout")
	}
	t := queue.Timeout{Receipt: receipt, Hide: clampSeconds(*seconds)}
	if t.Hide < 0 || t.Hide > queue.MaxVisibility {
		return t, queue.VisibilityFault(*seconds)
	}
	return t, nil
}
