package trail

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

// The files api*.go are the door: the operations of CloudTrail, its types and its
// spelling.

type api struct{ *Service }

// API returns the service as AWS CloudTrail: its names and its table, for
// [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:        "cloudtrail",
		Title:       "AWS CloudTrail",
		Target:      "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
		Version:     "2013-11-01",
		Protocols:   []wire.Protocol{wire.JSON11},
		InvalidCode: codeInvalid,
		Operations:  slices.Concat(a.trailRows(), a.selectorRows(), a.tagRows(), a.lookupRows(), refused()),
		Limits:      limits,
		Quotas: []string{
			"An account has at most five trails at home in a region. A trail has five basic selectors with 250 data resources, or advanced ones with 500 values in all, and 50 tags.",
			"LookupEvents answers with at most 50 events, and may be called twice a second by an account in a region.",
		},
		Deviations: []string{
			"No trail is needed for calls to be in the history and on the bus.",
			"Nothing is written to S3: a trail keeps the name of its bucket, which need not exist, and GetTrailStatus says NoSuchBucket of a trail that has ever logged. Digests are not made.",
			"A trail's log group has records within moments, in streams named after the account and the region.",
			"Management events of any service can be left out by ExcludeManagementEventSources and by eventSource, not only those of KMS and RDS Data.",
			"Calls of the URLs of functions are data events, InvokeFunctionUrl, of those who could come in; their parameters are the function and its qualifier.",
			"There are no topics of SNS, keys of KMS, organizations and insights: asking a trail for them is refused.",
		},
		Error: spell,
	}
}

// codeInvalid is what most mistakes are called.
const codeInvalid = "InvalidParameterException"

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     codeInvalid,
	fault.KindNotFound:    "TrailNotFoundException",
	fault.KindConflict:    "ConflictException",
	fault.KindLimit:       "ThrottlingException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "ThrottlingException",
}

// spell turns a fault into an error of CloudTrail.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || usual[f.Kind] == "" {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	return e, true
}

// refused are the operations that are not offered.
func refused() (rows []wire.Operation) {
	for _, r := range []struct {
		why   string
		names string // those that only read have a star
	}{
		{"there are no event data stores; LookupEvents has the events of the last 90 days", "CreateEventDataStore DeleteEventDataStore DisableFederation EnableFederation GetEventConfiguration* GetEventDataStore* ListEventDataStores* PutEventConfiguration RestoreEventDataStore StartEventDataStoreIngestion StopEventDataStoreIngestion UpdateEventDataStore"},
		{"there are no event data stores that could be asked; a trail's log group can be searched", "CancelQuery DescribeQuery* GenerateQuery* GetQueryResults* ListQueries* SearchSampleQueries* StartQuery"},
		{"there are no event data stores that dashboards could show", "CreateDashboard DeleteDashboard GetDashboard* ListDashboards* StartDashboardRefresh UpdateDashboard"},
		{"events of others do not come in by channels; PutEvents takes them", "CreateChannel DeleteChannel GetChannel* ListChannels* UpdateChannel"},
		{"there are no event data stores that files could be imported into", "GetImport* ListImportFailures* ListImports* StartImport StopImport"},
		{"only event data stores, channels and dashboards have policies, and there are none", "DeleteResourcePolicy GetResourcePolicy* PutResourcePolicy"},
		{"there are no organizations", "DeregisterOrganizationDelegatedAdmin RegisterOrganizationDelegatedAdmin"},
		{"nobody looks for insights", "ListInsightsData* ListInsightsMetricData*"},
		{"there are no digests that keys would sign", "ListPublicKeys*"},
	} {
		for _, name := range strings.Fields(r.names) {
			name, reads := strings.CutSuffix(name, "*")
			row := wire.Refuse(name, r.why)
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
