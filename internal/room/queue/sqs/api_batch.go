package sqs

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) batches() []wire.Operation {
	return []wire.Operation{
		wire.Op("ChangeMessageVisibilityBatch", a.ChangeMessageVisibilityBatch).OnData(),
		wire.Op("DeleteMessageBatch", a.DeleteMessageBatch).OnData(),
		wire.Op("SendMessageBatch", a.SendMessageBatch).OnData(),
	}
}

const (
	// maxEntries is how many entries a batch may have.
	maxEntries = 10
	// maxBatch bounds the messages of a batch together, in bytes.
	maxBatch = 1 << 20
)

// A batchError is what became of an entry that failed.
type batchError struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

// A batchID is an entry that succeeded.
type batchID struct{ Id string }

// batchFault turns the fault of an entry into a row of the answer.
func batchFault(id string, err error) batchError {
	e, _ := spell(err)
	return batchError{Id: id, SenderFault: e.Status < 500, Code: e.QueryCode, Message: e.Message}
}

// checkBatch refuses a batch as a whole. row names what the request should hold.
func checkBatch[E any](entries []E, id func(*E) *string, row string) error {
	if len(entries) == 0 {
		return fault.Invalid("There should be at least one %s in the request.", row).WithCode("EmptyBatchRequest")
	}
	if len(entries) > maxEntries {
		return fault.Invalid("Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries)).WithCode("TooManyEntriesInBatchRequest")
	}
	seen := map[string]bool{}
	for i := range entries {
		name := wire.Val(id(&entries[i]))
		if !word(name, 80) {
			return fault.Invalid("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.").WithCode("InvalidBatchEntryId")
		}
		if seen[name] {
			return fault.Invalid("Id %s repeated.", name).WithCode("BatchEntryIdsNotDistinct")
		}
		seen[name] = true
	}
	return nil
}

type sendBatchEntry struct {
	Id *string
	messageInput
}

type sendMessageBatchRequest struct {
	QueueUrl *string          `query:"QueueUrl,url"`
	Entries  []sendBatchEntry `query:"SendMessageBatchRequestEntry,flat"`
}

type sendBatchResult struct {
	Id string
	sendMessageResult
}

type sendMessageBatchResult struct {
	Successful []sendBatchResult `json:",omitempty" query:"SendMessageBatchResultEntry,flat"`
	Failed     []batchError      `json:",omitempty" query:"BatchResultErrorEntry,flat"`
}

// SendMessageBatch puts up to ten messages on a queue, in their order.
func (a api) SendMessageBatch(ctx context.Context, in *sendMessageBatchRequest) (*sendMessageBatchResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "SendMessage")
	if err != nil {
		return nil, err
	}
	set, err := a.Settings(at)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e *sendBatchEntry) *string { return e.Id }, "SendMessageBatchRequestEntry"); err != nil {
		return nil, err
	}
	out := &sendMessageBatchResult{}
	var drafts []queue.Draft
	var taken []*sendBatchEntry
	size := 0
	for i := range in.Entries {
		e := &in.Entries[i]
		d, err := e.draft(ctx)
		if err != nil {
			out.Failed = append(out.Failed, batchFault(*e.Id, err))
			continue
		}
		if err := checkOrdered(at, set, &d); err != nil {
			return nil, err
		}
		if size += d.Size(); d.Size() > set.MaxSize {
			out.Failed = append(out.Failed, batchFault(*e.Id, queue.TooLong("cannot be validated", set.MaxSize)))
			continue
		}
		drafts, taken = append(drafts, d), append(taken, e)
	}
	if size > maxBatch {
		return nil, fault.Invalid("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBatch, size).WithCode("BatchRequestTooLong")
	}
	outcomes, err := a.Send(ctx, at, drafts)
	if err != nil {
		return nil, err
	}
	for i, o := range outcomes {
		if o.Err != nil {
			out.Failed = append(out.Failed, batchFault(*taken[i].Id, o.Err))
			continue
		}
		out.Successful = append(out.Successful, sendBatchResult{*taken[i].Id, *taken[i].result(&drafts[i], o)})
	}
	return out, nil
}

// checkOrdered refuses what makes SQS refuse a whole batch for a FIFO queue.
func checkOrdered(at queue.Address, set *queue.Settings, d *queue.Draft) error {
	switch {
	case !at.FIFO():
		return nil
	case d.Group == "":
		return fault.Invalid("The request must contain the parameter MessageGroupId.")
	case d.DedupID == "" && !set.ContentDedup:
		return queue.NoDedupID()
	}
	return nil
}

type deleteBatchEntry struct{ Id, ReceiptHandle *string }

type deleteMessageBatchRequest struct {
	QueueUrl *string            `query:"QueueUrl,url"`
	Entries  []deleteBatchEntry `query:"DeleteMessageBatchRequestEntry,flat"`
}

type deleteMessageBatchResult struct {
	Successful []batchID    `json:",omitempty" query:"DeleteMessageBatchResultEntry,flat"`
	Failed     []batchError `json:",omitempty" query:"BatchResultErrorEntry,flat"`
}

// DeleteMessageBatch deletes up to ten messages.
func (a api) DeleteMessageBatch(ctx context.Context, in *deleteMessageBatchRequest) (*deleteMessageBatchResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "DeleteMessage")
	if err != nil {
		return nil, err
	}
	if _, err := a.Settings(at); err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e *deleteBatchEntry) *string { return e.Id }, "DeleteMessageBatchRequestEntry"); err != nil {
		return nil, err
	}
	receipts := make([]string, len(in.Entries))
	for i, e := range in.Entries {
		receipts[i] = wire.Val(e.ReceiptHandle)
	}
	fates, err := a.Remove(ctx, at, receipts)
	if err != nil {
		return nil, err
	}
	out := &deleteMessageBatchResult{}
	for i, e := range in.Entries {
		out.Successful, out.Failed = tell(out.Successful, out.Failed, *e.Id, fates[i])
	}
	return out, nil
}

// tell appends the fate of an entry to one of the two lists.
func tell(good []batchID, bad []batchError, id string, err error) ([]batchID, []batchError) {
	if err != nil {
		return good, append(bad, batchFault(id, err))
	}
	return append(good, batchID{id}), bad
}

type visibilityBatchEntry struct {
	Id, ReceiptHandle *string
	VisibilityTimeout *int
}

type changeVisibilityBatchRequest struct {
	QueueUrl *string                `query:"QueueUrl,url"`
	Entries  []visibilityBatchEntry `query:"ChangeMessageVisibilityBatchRequestEntry,flat"`
}

type changeVisibilityBatchResult struct {
	Successful []batchID    `json:",omitempty" query:"ChangeMessageVisibilityBatchResultEntry,flat"`
	Failed     []batchError `json:",omitempty" query:"BatchResultErrorEntry,flat"`
}

// ChangeMessageVisibilityBatch changes the timeouts of up to ten messages.
func (a api) ChangeMessageVisibilityBatch(ctx context.Context, in *changeVisibilityBatchRequest) (*changeVisibilityBatchResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "ChangeMessageVisibility")
	if err != nil {
		return nil, err
	}
	if _, err := a.Settings(at); err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e *visibilityBatchEntry) *string { return e.Id }, "ChangeMessageVisibilityBatchRequestEntry"); err != nil {
		return nil, err
	}
	out := &changeVisibilityBatchResult{}
	var timeouts []queue.Timeout
	var ids []string
	for _, e := range in.Entries {
		t, err := timeout(wire.Val(e.ReceiptHandle), e.VisibilityTimeout)
		if err != nil {
			out.Failed = append(out.Failed, batchFault(*e.Id, err))
			continue
		}
		timeouts, ids = append(timeouts, t), append(ids, *e.Id)
	}
	fates, err := a.Extend(ctx, at, timeouts)
	if err != nil {
		return nil, err
	}
	for i, fate := range fates {
		out.Successful, out.Failed = tell(out.Successful, out.Failed, ids[i], fate)
	}
	return out, nil
}
