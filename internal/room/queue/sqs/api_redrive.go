package sqs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) redrives() []wire.Operation {
	return []wire.Operation{
		wire.Op("CancelMessageMoveTask", a.CancelMessageMoveTask),
		wire.Op("ListDeadLetterSourceQueues", a.ListDeadLetterSourceQueues).Reads().OnData(),
		wire.Op("ListMessageMoveTasks", a.ListMessageMoveTasks).Reads(),
		wire.Op("StartMessageMoveTask", a.StartMessageMoveTask),
	}
}

// redriveJSON and allowJSON are the two policies as JSON.
type redriveJSON struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

type allowJSON struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

func printRedrive(r *queue.Redrive) string {
	if r == nil {
		return ""
	}
	return printJSON(redriveJSON{r.Target, json.Number(strconv.Itoa(r.MaxReceives))})
}

func printAllow(r *queue.RedriveAllow) string {
	if r == nil {
		return ""
	}
	return printJSON(allowJSON{r.Permission, r.Sources})
}

func printJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("queue: a policy of strings and numbers cannot be printed: %v", err))
	}
	return string(b)
}

func setRedrive(s *queue.Settings, v string) error {
	s.Redrive = nil
	if v == "" {
		return nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(v), &given) != nil {
		return badPolicy("RedrivePolicy", v, "Redrive policy is not a valid JSON map.")
	}
	for _, name := range [...]string{"deadLetterTargetArn", "maxReceiveCount"} {
		if given[name] == nil {
			return badPolicy("RedrivePolicy", v, "Redrive policy does not contain mandatory attribute: "+name+".")
		}
	}
	r := &queue.Redrive{Text: v}
	if json.Unmarshal(given["deadLetterTargetArn"], &r.Target) != nil {
		return badPolicy("RedrivePolicy", v, "Invalid value for deadLetterTargetArn.")
	}
	var n json.Number // a number, or a string that holds one
	err := json.Unmarshal(given["maxReceiveCount"], &n)
	if r.MaxReceives, _ = strconv.Atoi(n.String()); err != nil || r.MaxReceives == 0 {
		return badPolicy("RedrivePolicy", v, "Invalid value for maxReceiveCount: "+string(given["maxReceiveCount"])+", valid values are from 1 to 1000 both inclusive.")
	}
	s.Redrive = r
	return nil
}

func setAllow(s *queue.Settings, v string) error {
	s.RedriveAllow = nil
	if v == "" {
		return nil
	}
	var given allowJSON
	if json.Unmarshal([]byte(v), &given) != nil {
		return badPolicy("RedriveAllowPolicy", v, "Redrive allow policy is not a valid JSON map.")
	}
	switch n := len(given.Sources); {
	case given.Permission != queue.AllowAll && given.Permission != queue.DenyAll && given.Permission != queue.ByQueue:
		return badPolicy("RedriveAllowPolicy", v, "redrivePermission must be allowAll, denyAll or byQueue.")
	case given.Permission == queue.ByQueue && n == 0:
		return badPolicy("RedriveAllowPolicy", v, "redrivePermission byQueue needs sourceQueueArns.")
	case given.Permission != queue.ByQueue && n > 0:
		return badPolicy("RedriveAllowPolicy", v, "sourceQueueArns can be given with redrivePermission byQueue only.")
	case n > 10:
		return badPolicy("RedriveAllowPolicy", v, "sourceQueueArns can name 10 queues at most.")
	}
	s.RedriveAllow = &queue.RedriveAllow{Permission: given.Permission, Sources: given.Sources}
	return nil
}

func badPolicy(name, text, reason string) error {
	return fault.Invalid("Value %s for parameter %s is invalid. Reason: %s", text, name, reason)
}

type listSourcesRequest struct {
	QueueUrl   *string `query:"QueueUrl,url"`
	NextToken  *string
	MaxResults *int
}

type listSourcesResult struct {
	QueueUrls []string `json:"queueUrls,omitempty" query:"QueueUrl,flat"`
	NextToken string   `json:",omitempty"`
}

// ListDeadLetterSourceQueues returns the URLs of the queues that send their dead
// letters to a queue.
func (a api) ListDeadLetterSourceQueues(ctx context.Context, in *listSourcesRequest) (*listSourcesResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "ListDeadLetterSourceQueues")
	if err != nil {
		return nil, err
	}
	if _, err := a.Settings(at); err != nil {
		return nil, err
	}
	urls, next, err := urlPage(ctx, a.Sources(at), in.NextToken, in.MaxResults)
	return &listSourcesResult{QueueUrls: urls, NextToken: next}, err
}

type startMoveRequest struct {
	SourceArn                    *string
	DestinationArn               *string
	MaxNumberOfMessagesPerSecond *int
}

type startMoveResult struct{ TaskHandle string }

// maxMoveRate is the most messages in a second that a caller can ask for.
const maxMoveRate = 500

// StartMessageMoveTask begins to move the messages of a dead-letter queue back.
func (a api) StartMessageMoveTask(ctx context.Context, in *startMoveRequest) (*startMoveResult, error) {
	source, err := a.moveFrom(ctx, in.SourceArn, "StartMessageMoveTask")
	if err != nil {
		return nil, err
	}
	rate := wire.Val(in.MaxNumberOfMessagesPerSecond)
	if in.MaxNumberOfMessagesPerSecond != nil && (rate < 1 || rate > maxMoveRate) {
		return nil, fault.Invalid("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and %d, if provided.", rate, maxMoveRate)
	}
	if to, ok := queue.ParseAddress(wire.Val(in.DestinationArn)); ok {
		if err := a.Allow(wire.CallerFrom(ctx).Caller, to, "SendMessage"); err != nil {
			return nil, err
		}
	}
	id, err := a.StartMove(ctx, source, wire.Val(in.DestinationArn), rate)
	if err != nil {
		return nil, err
	}
	return &startMoveResult{printHandle(id, source)}, nil
}

// moveFrom reads the ARN of the queue that messages are moved from.
func (a api) moveFrom(ctx context.Context, text *string, action string) (queue.Address, error) {
	if wire.Val(text) == "" {
		return queue.Address{}, wants("SourceArn")
	}
	at, ok := queue.ParseAddress(*text)
	if !ok {
		return queue.Address{}, fault.Invalid("You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:<resource-id>")
	}
	return at, a.Allow(wire.CallerFrom(ctx).Caller, at, action)
}

// A handleJSON names a task and its queue.
type handleJSON struct {
	Task   string `json:"taskId"`
	Source string `json:"sourceArn"`
}

func printHandle(id string, source queue.Address) string {
	return base64.StdEncoding.EncodeToString([]byte(printJSON(handleJSON{id, source.ARN()})))
}

type cancelMoveRequest struct{ TaskHandle *string }

type cancelMoveResult struct{ ApproximateNumberOfMessagesMoved int }

// CancelMessageMoveTask ends a task. What has been moved stays where it is.
func (a api) CancelMessageMoveTask(ctx context.Context, in *cancelMoveRequest) (*cancelMoveResult, error) {
	if wire.Val(in.TaskHandle) == "" {
		return nil, wants("TaskHandle")
	}
	var handle handleJSON
	b, err := base64.StdEncoding.DecodeString(*in.TaskHandle)
	if err != nil || json.Unmarshal(b, &handle) != nil || handle.Task == "" || handle.Source == "" {
		return nil, fault.Invalid("Value for parameter TaskHandle is invalid.")
	}
	source, err := a.moveFrom(ctx, &handle.Source, "CancelMessageMoveTask")
	if err != nil {
		return nil, err
	}
	moved, err := a.CancelMove(ctx, source, handle.Task)
	return &cancelMoveResult{moved}, err
}

type listMovesRequest struct {
	SourceArn  *string
	MaxResults *int
}

type listMovesResult struct {
	Results []moveResult `json:",omitempty" query:"ListMessageMoveTasksResultEntry,flat"`
}

type moveResult struct {
	TaskHandle                        string `json:",omitempty"`
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	// StartedTimestamp is in milliseconds since 1970.
	StartedTimestamp int64
}

// ListMessageMoveTasks returns the latest tasks of a queue, one if the caller
// does not say.
func (a api) ListMessageMoveTasks(ctx context.Context, in *listMovesRequest) (*listMovesResult, error) {
	source, err := a.moveFrom(ctx, in.SourceArn, "ListMessageMoveTasks")
	if err != nil {
		return nil, err
	}
	limit := 1
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > queue.KeepMoves {
		return nil, fault.Invalid("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and %d, if provided.", limit, queue.KeepMoves)
	}
	latest, err := a.Moves(source, limit)
	if err != nil {
		return nil, err
	}
	out := &listMovesResult{}
	for _, m := range latest {
		r := moveResult{
			Status: m.Status, SourceArn: source.ARN(), DestinationArn: m.Destination, MaxNumberOfMessagesPerSecond: m.Rate,
			ApproximateNumberOfMessagesMoved: m.Moved, ApproximateNumberOfMessagesToMove: m.ToMove,
			FailureReason: m.Reason, StartedTimestamp: m.Started.UnixMilli(),
		}
		if m.Status == queue.MoveRunning {
			r.TaskHandle = printHandle(m.ID, source)
		}
		out.Results = append(out.Results, r)
	}
	return out, nil
}
