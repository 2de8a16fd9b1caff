package logs

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/wire"
)

// The files api*.go are the door: the operations of CloudWatch Logs, its types and
// its spelling.

type api struct{ *Service }

// API returns the service as Amazon CloudWatch Logs: its names and its table, for
// [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:         "logs",
		Title:        "Amazon CloudWatch Logs",
		Target:       "Logs_20140328",
		Version:      "2014-03-28",
		Protocols:    []wire.Protocol{wire.JSON11},
		InvalidCode:  codeInvalid,
		ErrorMembers: []any{malformedQuery{}},
		Operations:   slices.Concat(a.groupRows(), a.streamRows(), a.eventRows(), a.tailRows(), a.insightsRows(), a.metricRows(), a.subscriptionRows(), a.policyRows(), a.tagRows(), refused()),
		Limits:       limits(),
		Quotas: []string{
			"An account has at most 10,000 log groups, 100,000 log streams and 10 resource policies in a region.",
			"PutLogEvents takes at most 10,000 events and 1 MiB at a time, with 26 bytes counted for each event.",
			"What an account writes at a time may take half of the memory that there is for it, 2.5 % of -memory; a call that has waited two seconds for its turn is answered with ThrottlingException.",
			"A log group has at most 100 metric filters and 2 subscription filters, and 5 of their patterns have regular expressions; an account has 10,000 of each kind in a region.",
			"An account has at most 15 live sessions in a region. An update has at most 500 events and half a MiB of text, or one event.",
			"An account has at most 30 queries that wait or run in a region, of at most 10,000 characters and 50 log groups each, and 1,000 query definitions.",
			"Two queries run at a time, for a minute each at most. What a query keeps is bounded by -memory: groups and distinct values that are more make it fail, rows in the order that was asked for are cut off at the end. Results are kept for an hour, those of the last 100 queries of an account, in memory.",
			"A search that takes longer than ten seconds answers with what it has found and a token to go on with.",
		},
		Deviations: []string{
			"A term of a filter pattern matches any part of a text, not only whole words.",
			"Terms in front of the first one that is marked with ? must be there, and the marked ones then do not count; behind it, each marked term and the unmarked ones that follow it are a group, one of which must be there.",
			"Events are deleted from the disk within a day and a minute of their expiry, in whole days of UTC; no answer has them from the moment of their expiry on.",
			"storedBytes is the size of the texts that are there now, before compression, and does not lag.",
			"The sequence tokens of PutLogEvents are ignored, as on AWS since 2023, and always the same.",
			"Events are not encrypted with keys of KMS: a kmsKeyId is refused.",
			"StartLiveTail takes one member more, updateMillis (0 to 1,000): how soon after the one before an update may come that has something to show. `dari logs tail` asks for 10.",
			"The language of queries is that of Logs Insights (CWLI), as docs/insights.md has it: its commands pattern, diff, anomaly, unnest, join, lookup, SOURCE and the like are refused by name, and so are SQL and PPL.",
			"GetQueryResults has no rows before a query is complete. Queries and results do not outlive the server.",
			"A live session ends in an orderly way when the server stops.",
			"Resource policies are those of the account; one for a single log group, by resourceArn, is refused.",
			"Metric filters are kept and checked, and count nothing: there are no metrics yet.",
			"Subscription filters send to standard SQS queues, which those of AWS do not, and not to functions, streams and destinations. A message is what a function gets, `{\"awslogs\":{\"data\":…}}`, of at most 256 KiB, or with a single event; there is none to try a destination.",
			"Subscribers get what rules send to a log group, too. What could not be sent for a day, or is refused by its queue, is among the dead deliveries.",
			"What a rule sends to a log group is in one stream for each rule.",
		},
		Error: spell,
	}
}

// codeInvalid is what most mistakes are called.
const codeInvalid = "InvalidParameterException"

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     codeInvalid,
	fault.KindNotFound:    "ResourceNotFoundException",
	fault.KindConflict:    "ResourceAlreadyExistsException",
	fault.KindLimit:       "LimitExceededException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "ServiceUnavailableException",
}

// spell turns a fault into an error of CloudWatch Logs.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || usual[f.Kind] == "" {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	if f == page.ErrToken {
		e.Message = "The specified nextToken is invalid."
	}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	if f.Kind == fault.KindUnavailable {
		e.Status = http.StatusServiceUnavailable
	}
	return e, true
}

// of returns the place and the name of a group that is given by its name, or by an
// identifier, which is a name or an ARN.
func of(by access.Caller, name, identifier *string) (access.Place, string, error) {
	switch {
	case name != nil && identifier != nil:
		return by.Place, "", fault.Invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	case name != nil:
		return by.Place, *name, nil
	case identifier == nil:
		return by.Place, "", fault.Invalid("At least one of logGroupName or logGroupIdentifier must be specified.")
	case !arn.Is(*identifier):
		return by.Place, *identifier, nil
	}
	a, err := arn.Parse(*identifier)
	at, group, ok := groups.PlaceOf(a)
	if err != nil || !ok || at.Region != by.Region {
		return by.Place, "", fault.Invalid("The ARN %q names no log group of the region %s.", *identifier, by.Region)
	}
	return at, group, nil
}

// refused are the operations that are not offered.
func refused() (rows []wire.Operation) {
	for _, r := range []struct {
		why   string
		names string // those that only read have a star, and those about data a plus
	}{
		{"events are not encrypted with keys of KMS", "AssociateKmsKey DisassociateKmsKey"},
		{"nothing is exported to S3 or imported from elsewhere; read with FilterLogEvents", "CancelExportTask CancelImportTask CreateExportTask CreateImportTask DescribeExportTasks* DescribeImportTaskBatches* DescribeImportTasks*"},
		{"there are no tables of S3 to integrate with", "AssociateSourceToS3TableIntegration DisassociateSourceFromS3TableIntegration ListSourcesForS3TableIntegration*"},
		{"there is nothing to set up for logs of services; an event bus logs into /aws/vendedlogs/events/event-bus/ as its LogConfig says", "CreateDelivery DeleteDelivery DeleteDeliveryDestination DeleteDeliveryDestinationPolicy DeleteDeliverySource DescribeConfigurationTemplates* DescribeDeliveries* DescribeDeliveryDestinations* DescribeDeliverySources* GetDelivery* GetDeliveryDestination* GetDeliveryDestinationPolicy* GetDeliverySource* PutDeliveryDestination PutDeliveryDestinationPolicy PutDeliverySource UpdateDeliveryConfiguration"},
		{"nothing looks for anomalies", "CreateLogAnomalyDetector DeleteLogAnomalyDetector GetLogAnomalyDetector* ListAnomalies* ListLogAnomalyDetectors* UpdateAnomaly UpdateLogAnomalyDetector"},
		{"policies of the account for data protection, subscriptions, fields and transformers are not kept", "DeleteAccountPolicy DescribeAccountPolicies* PutAccountPolicy"},
		{"nothing is masked in events", "DeleteDataProtectionPolicy GetDataProtectionPolicy* PutDataProtectionPolicy"},
		{"events are not transformed when they come in", "DeleteTransformer GetTransformer* PutTransformer TestTransformer*"},
		{"fields are not indexed one by one; every text is, for all searches", "DeleteIndexPolicy DescribeFieldIndexes* DescribeIndexPolicies* PutIndexPolicy"},
		{"there is no OpenSearch to integrate with", "DeleteIntegration GetIntegration* ListIntegrations* PutIntegration"},
		{"there are no streams of Kinesis that a destination could lead to", "DeleteDestination DescribeDestinations* PutDestination PutDestinationPolicy"},
		{"queries do not look into tables", "CreateLookupTable DeleteLookupTable DescribeLookupTables* GetLookupTable* UpdateLookupTable"},
		{"queries do not run on a schedule; call FilterLogEvents from a schedule of your own", "CreateScheduledQuery DeleteScheduledQuery GetScheduledQuery* GetScheduledQueryHistory* ListScheduledQueries* UpdateScheduledQuery"},
		{"queries name their log groups themselves; DescribeQueries shows them", "ListLogGroupsForQuery*"},
		{"fields of data sources are not known; there are no data sources", "GetLogFields* ListAggregateLogGroupSummaries*"},
		{"large objects are not kept apart from events", "GetLogObject+*"},
		{"there is no other way in than signed requests", "PutBearerTokenAuthentication"},
		{"there is one tier of storage", "GetStorageTierPolicy* PutStorageTierPolicy"},
		{"syslog is not received", "DeleteSyslogConfiguration ListSyslogConfigurations* PutSyslogConfiguration"},
	} {
		for _, name := range strings.Fields(r.names) {
			name, reads := strings.CutSuffix(name, "*")
			name, data := strings.CutSuffix(name, "+")
			row := wire.Refuse(name, r.why)
			if data {
				row = row.OnData()
			}
			if reads {
				row = row.Reads()
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// caller is who calls.
func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }
