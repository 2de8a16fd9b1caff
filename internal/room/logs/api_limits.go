package logs

import (
	"strings"

	"github.com/dari-bus/dari/internal/filter"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/logs/query"
	"github.com/dari-bus/dari/internal/wire"
)

// limits are the constraints on members, as AWS's model has them.
func limits() wire.Limits {
	l := wire.Limits{}
	group := wire.Limit{Min: 1, Max: 512, Pattern: `[\.\-_/#A-Za-z0-9]+`}
	identifier := wire.Limit{Min: 1, Max: 2048, Pattern: `[\w#+=/:,.@-]*`}
	stream := wire.Limit{Min: 1, Max: 512, Pattern: `[^:*]*`}
	token := wire.Limit{Min: 1}
	page := wire.Limit{Min: 1, Max: 50}
	events := wire.Limit{Min: 1, Max: groups.MaxEvents}
	since := wire.Limit{HasMin: true}
	class := wire.Limit{Enum: []string{groups.Standard, groups.Infrequent, groups.Vended}}
	key := wire.Limit{Min: 1, Max: 128, Pattern: `^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$`}
	value := wire.Limit{Max: 256, Pattern: `^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`}
	tags := wire.Limit{Min: 1, Max: 50, Keys: &key, Each: &value}
	arn := wire.Limit{Required: true, Min: 1, Max: 1011, Pattern: `[\w+=/:,.@-]*`}
	account := wire.Limit{Min: 12, Max: 12, Pattern: `^\d{12}$`}
	pattern := wire.Limit{HasMin: true, Max: filter.MaxLength}
	add := func(limit wire.Limit, members ...string) {
		for _, m := range members {
			l[m] = limit
		}
	}
	required := func(l wire.Limit) wire.Limit {
		l.Required = true
		return l
	}
	add(required(group), "createLogGroupInput.LogGroupName", "groupInput.LogGroupName", "putRetentionPolicyInput.LogGroupName",
		"streamInput.LogGroupName", "putLogEventsInput.LogGroupName", "tagLogGroupInput.LogGroupName", "untagLogGroupInput.LogGroupName",
		"putMetricFilterInput.LogGroupName", "putSubscriptionFilterInput.LogGroupName", "filterInput.LogGroupName", "describeSubscriptionFiltersInput.LogGroupName")
	add(group, "describeLogGroupsInput.LogGroupNamePrefix", "describeLogStreamsInput.LogGroupName", "getLogEventsInput.LogGroupName", "filterLogEventsInput.LogGroupName", "describeMetricFiltersInput.LogGroupName")
	add(wire.Limit{HasMin: true, Max: 512, Pattern: `[\.\-_/#A-Za-z0-9]*`}, "describeLogGroupsInput.LogGroupNamePattern")
	add(wire.Limit{Max: 512}, "listLogGroupsInput.LogGroupNamePattern")
	add(identifier, "describeLogStreamsInput.LogGroupIdentifier", "getLogEventsInput.LogGroupIdentifier", "filterLogEventsInput.LogGroupIdentifier")
	add(required(identifier), "protectionInput.LogGroupIdentifier")
	add(wire.Limit{Min: 1, Max: 50, Each: &identifier}, "describeLogGroupsInput.LogGroupIdentifiers")
	add(wire.Limit{HasMin: true, Max: 20, Each: &account}, "describeLogGroupsInput.AccountIdentifiers", "listLogGroupsInput.AccountIdentifiers")
	add(required(stream), "streamInput.LogStreamName", "putLogEventsInput.LogStreamName", "getLogEventsInput.LogStreamName")
	add(stream, "describeLogStreamsInput.LogStreamNamePrefix", "filterLogEventsInput.LogStreamNamePrefix")
	add(wire.Limit{Min: 1, Max: 100, Each: &stream}, "filterLogEventsInput.LogStreamNames",
		"startLiveTailInput.LogStreamNames", "startLiveTailInput.LogStreamNamePrefixes")
	add(token, "describeLogGroupsInput.NextToken", "listLogGroupsInput.NextToken", "describeLogStreamsInput.NextToken", "getLogEventsInput.NextToken",
		"filterLogEventsInput.NextToken", "describeResourcePoliciesInput.NextToken", "describeMetricFiltersInput.NextToken", "describeSubscriptionFiltersInput.NextToken", "putLogEventsInput.SequenceToken")
	add(page, "describeLogGroupsInput.Limit", "describeLogStreamsInput.Limit", "describeResourcePoliciesInput.Limit", "describeMetricFiltersInput.Limit", "describeSubscriptionFiltersInput.Limit")
	add(wire.Limit{Min: 1, Max: 1000}, "listLogGroupsInput.Limit")
	add(events, "getLogEventsInput.Limit", "filterLogEventsInput.Limit")
	add(since, "getLogEventsInput.StartTime", "getLogEventsInput.EndTime", "filterLogEventsInput.StartTime", "filterLogEventsInput.EndTime")
	add(class, "createLogGroupInput.LogGroupClass", "describeLogGroupsInput.LogGroupClass", "listLogGroupsInput.LogGroupClass")
	add(wire.Limit{Max: 256}, "createLogGroupInput.KmsKeyID")
	add(tags, "createLogGroupInput.Tags")
	add(required(tags), "tagResourceInput.Tags", "tagLogGroupInput.Tags")
	add(arn, "resourceInput.ResourceArn", "tagResourceInput.ResourceArn", "untagResourceInput.ResourceArn")
	add(wire.Limit{Required: true, HasMin: true, Max: 50, Each: &key}, "untagResourceInput.TagKeys")
	add(wire.Limit{Required: true, Min: 1, Each: &key}, "untagLogGroupInput.Tags")
	add(wire.Limit{Required: true}, "putRetentionPolicyInput.RetentionInDays", "protectionInput.DeletionProtectionEnabled")
	add(wire.Limit{Enum: []string{"LogStreamName", "LastEventTime"}}, "describeLogStreamsInput.OrderBy")
	add(wire.Limit{Required: true, Min: 1, Max: groups.MaxEvents}, "putLogEventsInput.LogEvents")
	add(wire.Limit{Required: true, HasMin: true}, "inputLogEvent.Timestamp")
	add(wire.Limit{Required: true, Min: 1}, "inputLogEvent.Message")
	add(pattern, "filterLogEventsInput.FilterPattern", "startLiveTailInput.LogEventFilterPattern")
	add(required(pattern), "testMetricFilterInput.FilterPattern", "putMetricFilterInput.FilterPattern", "putSubscriptionFilterInput.FilterPattern")
	filtersLimits(add)
	addQueries(add, group, identifier)
	add(wire.Limit{Required: true, Min: 1, Max: 10, Each: &identifier}, "startLiveTailInput.LogGroupIdentifiers")
	add(wire.Limit{HasMin: true, Max: 1000}, "startLiveTailInput.UpdateMillis")
	add(wire.Limit{Required: true, Min: 1, Max: 50, Each: &wire.Limit{Min: 1}}, "testMetricFilterInput.LogEventMessages")
	// AWS's model bounds the name of a policy in no way.
	add(wire.Limit{Min: 1, Max: 512}, "putResourcePolicyInput.PolicyName", "deleteResourcePolicyInput.PolicyName")
	add(wire.Limit{Min: 1, Max: 51200}, "putResourcePolicyInput.PolicyDocument")
	add(wire.Limit{Enum: []string{"ACCOUNT", "RESOURCE"}}, "describeResourcePoliciesInput.PolicyScope")
	return l
}

// units are those of CloudWatch.
var units = strings.Fields("Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent Count " +
	"Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second None")

// filtersLimits adds those of filters.
func filtersLimits(add func(wire.Limit, ...string)) {
	required := func(min, max int, pattern string) wire.Limit {
		return wire.Limit{Required: true, Min: min, HasMin: true, Max: max, Pattern: pattern}
	}
	name := wire.Limit{Min: 1, Max: 512, Pattern: `[^:*]*`}
	dimension := wire.Limit{Max: 255}
	add(required(1, 512, `[^:*]*`), "putMetricFilterInput.FilterName", "putSubscriptionFilterInput.FilterName", "filterInput.FilterName")
	add(name, "describeMetricFiltersInput.FilterNamePrefix", "describeSubscriptionFiltersInput.FilterNamePrefix")
	add(required(1, 1, ""), "putMetricFilterInput.MetricTransformations")
	add(required(0, 255, `[^:*$]*`), "metricTransformation.MetricName", "metricTransformation.MetricNamespace")
	add(wire.Limit{HasMin: true, Max: 255, Pattern: `[^:*$]*`}, "describeMetricFiltersInput.MetricName", "describeMetricFiltersInput.MetricNamespace")
	add(required(0, 100, ""), "metricTransformation.MetricValue")
	add(wire.Limit{Keys: &dimension, Each: &dimension}, "metricTransformation.Dimensions")
	add(wire.Limit{Enum: units}, "metricTransformation.Unit")
	add(required(1, 2048, ""), "putSubscriptionFilterInput.DestinationArn") // AWS's model bounds it in no way
	add(wire.Limit{Min: 1, Max: 2048}, "putSubscriptionFilterInput.RoleArn")
	add(wire.Limit{Enum: []string{"Random", byStream}}, "putSubscriptionFilterInput.Distribution")
	add(wire.Limit{HasMin: true, Max: 2000}, "putMetricFilterInput.FieldSelectionCriteria", "putSubscriptionFilterInput.FieldSelectionCriteria")
}

// addQueries adds the constraints of what is about queries.
func addQueries(add func(wire.Limit, ...string), group, identifier wire.Limit) {
	id := wire.Limit{Required: true, Min: 1, Max: 256}
	text := wire.Limit{Required: true, HasMin: true, Max: insights.MaxLength}
	token, results := wire.Limit{Min: 1}, wire.Limit{Min: 1, Max: 1000}
	languages := wire.Limit{Enum: []string{language, "SQL", "PPL"}}
	time := wire.Limit{Required: true, HasMin: true}
	add(languages, "startQueryInput.QueryLanguage", "describeQueriesInput.QueryLanguage", "putQueryDefinitionInput.QueryLanguage", "describeQueryDefinitionsInput.QueryLanguage")
	add(group, "startQueryInput.LogGroupName", "describeQueriesInput.LogGroupName", "getLogGroupFieldsInput.LogGroupName")
	add(wire.Limit{Each: &group}, "startQueryInput.LogGroupNames")
	add(wire.Limit{Max: query.MaxGroups, Each: &group}, "putQueryDefinitionInput.LogGroupNames")
	add(wire.Limit{Each: &identifier}, "startQueryInput.LogGroupIdentifiers")
	add(identifier, "getLogGroupFieldsInput.LogGroupIdentifier")
	add(time, "startQueryInput.StartTime", "startQueryInput.EndTime")
	add(wire.Limit{HasMin: true}, "getLogGroupFieldsInput.Time")
	add(text, "startQueryInput.QueryString")
	add(wire.Limit{Required: true, Min: 1, Max: insights.MaxLength}, "putQueryDefinitionInput.QueryString")
	add(wire.Limit{Min: 1, Max: insights.MaxLimit}, "startQueryInput.Limit")
	add(id, "queryInput.QueryID", "getQueryResultsInput.QueryID", "queryDefinitionInput.QueryDefinitionID")
	add(wire.Limit{Min: 1, Max: 256}, "putQueryDefinitionInput.QueryDefinitionID")
	add(wire.Limit{Max: 1024}, "getQueryResultsInput.NextToken")
	add(wire.Limit{HasMin: true, Max: 10_000}, "getQueryResultsInput.MaxItems")
	add(wire.Limit{Enum: []string{"Scheduled", "Running", "Complete", "Failed", "Cancelled", "Timeout", "Unknown"}}, "describeQueriesInput.Status")
	add(results, "describeQueriesInput.MaxResults", "describeQueryDefinitionsInput.MaxResults")
	add(token, "describeQueriesInput.NextToken", "describeQueryDefinitionsInput.NextToken")
	add(wire.Limit{Required: true, Max: 1024}, "getLogRecordInput.LogRecordPointer")
	add(wire.Limit{Required: true, Min: 1, Max: 255}, "putQueryDefinitionInput.Name")
	add(wire.Limit{Min: 1, Max: 255}, "describeQueryDefinitionsInput.QueryDefinitionNamePrefix")
	add(wire.Limit{Min: 36, Max: 128, Pattern: `\S{36,128}`}, "putQueryDefinitionInput.ClientToken")
	add(wire.Limit{Max: 20}, "putQueryDefinitionInput.Parameters")
	add(wire.Limit{Required: true, Min: 1, Max: 128, Pattern: `^[a-zA-Z_][a-zA-Z0-9_]*`}, "queryParameter.Name")
	add(wire.Limit{Max: 1024}, "queryParameter.DefaultValue")
	add(wire.Limit{Max: 512}, "queryParameter.Description")
}
