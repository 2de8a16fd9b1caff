package sqs

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

// An api has a method for each operation, which bears its name.
type api struct{ *queue.Service }

// API returns the service as Amazon SQS: its names and its table, for
// [wire.NewHandler].
func API(s *queue.Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:           "sqs",
		Title:          "Amazon SQS",
		Target:         "AmazonSQS",
		Version:        "2012-11-05",
		Namespace:      "http://queue.amazonaws.com/doc/2012-11-05/",
		ErrorNamespace: "com.amazonaws.sqs",
		Protocols:      []wire.Protocol{wire.JSON10, wire.Query},
		Operations:     slices.Concat(a.queues(), a.permissions(), a.messages(), a.batches(), a.redrives()),
		Quotas:         quotas(),
		Deviations:     deviations(),
		Error:          spell,
	}
}

// shapes are the errors: their code in the query protocol, which the clients
// know them by in JSON as well, and their status.
var shapes = map[string]struct {
	query  string
	status int
}{
	"AccessDeniedException":          {"AccessDenied", http.StatusForbidden},
	"BatchEntryIdsNotDistinct":       {"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", http.StatusBadRequest},
	"BatchRequestTooLong":            {"AWS.SimpleQueueService.BatchRequestTooLong", http.StatusBadRequest},
	"EmptyBatchRequest":              {"AWS.SimpleQueueService.EmptyBatchRequest", http.StatusBadRequest},
	queue.CodeAttributeName:          {queue.CodeAttributeName, http.StatusBadRequest},
	queue.CodeAttributeValue:         {queue.CodeAttributeValue, http.StatusBadRequest},
	"InvalidBatchEntryId":            {"AWS.SimpleQueueService.InvalidBatchEntryId", http.StatusBadRequest},
	queue.CodeContents:               {queue.CodeContents, http.StatusBadRequest},
	"InvalidParameterValueException": {"InvalidParameterValue", http.StatusBadRequest},
	queue.CodeMissing:                {"MissingParameter", http.StatusBadRequest},
	"OverLimit":                      {"OverLimit", http.StatusForbidden},
	queue.CodePurge:                  {"AWS.SimpleQueueService.PurgeQueueInProgress", http.StatusForbidden},
	"QueueDoesNotExist":              {"AWS.SimpleQueueService.NonExistentQueue", http.StatusBadRequest},
	"QueueNameExists":                {"QueueAlreadyExists", http.StatusBadRequest},
	queue.CodeReceipt:                {queue.CodeReceipt, http.StatusNotFound},
	queue.CodeResource:               {queue.CodeResource, http.StatusNotFound},
	"ServiceUnavailable":             {"ServiceUnavailable", http.StatusServiceUnavailable},
	"TooManyEntriesInBatchRequest":   {"AWS.SimpleQueueService.TooManyEntriesInBatchRequest", http.StatusBadRequest},
	"UnsupportedOperation":           {"AWS.SimpleQueueService.UnsupportedOperation", http.StatusBadRequest},
}

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     "InvalidParameterValueException",
	fault.KindNotFound:    "QueueDoesNotExist",
	fault.KindConflict:    "QueueNameExists",
	fault.KindLimit:       "OverLimit",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "ServiceUnavailable",
}

// spell turns a fault into an error of SQS.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	shape := shapes[e.Code]
	e.QueryCode, e.Status = shape.query, shape.status
	if e.Code == "QueueDoesNotExist" {
		// Old clients look for this sentence.
		e.QueryMessage = "The specified queue does not exist for this wsdl version."
	}
	return e, true
}

// wants is a fault about a parameter that is not there.
func wants(name string) error {
	return fault.Invalid("The request must contain the parameter %s.", name).WithCode(queue.CodeMissing)
}

// at returns the address in a queue URL, if the caller may do action there. Only
// the path counts: the same queue has many names for its host. A name alone is a
// queue of the caller's.
func (a api) at(ctx context.Context, url *string, action string) (queue.Address, error) {
	if url == nil {
		return queue.Address{}, queue.Missing()
	}
	caller := wire.CallerFrom(ctx)
	at := queue.Address{Place: caller.Place, Name: *url}
	if parts := strings.Split(*url, "/"); len(parts) > 1 {
		at.Account, at.Name = parts[len(parts)-2], parts[len(parts)-1]
	}
	return at, a.Allow(caller.Caller, at, action)
}

// urlOf returns the URL of a queue, on the host that the caller came to.
func urlOf(ctx context.Context, at queue.Address) string {
	caller := wire.CallerFrom(ctx)
	scheme := caller.Scheme
	if scheme == "" {
		scheme = "http"
	}
	return scheme + "://" + caller.Host + "/" + at.Account + "/" + at.Name
}
