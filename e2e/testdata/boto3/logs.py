"""Groups, streams and events of logs, as boto3 users write them."""

import base64
import gzip
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]

logs, events = boto3.client("logs", endpoint_url=endpoint), boto3.client("events", endpoint_url=endpoint)


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


logs.create_log_group(logGroupName="/app/shop", tags={"team": "shop"})
assert refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/app/shop") == "The specified log group already exists"
logs.put_retention_policy(logGroupName="/app/shop", retentionInDays=30)
refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/app/shop", retentionInDays=31)
group = logs.describe_log_groups(logGroupNamePrefix="/app")["logGroups"][0]
assert group["retentionInDays"] == 30 and group["arn"] == group["logGroupArn"] + ":*", group
assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"team": "shop"}
assert logs.list_tags_log_group(logGroupName="/app/shop")["tags"] == {"team": "shop"}

now = int(time.time() * 1000)
for stream in "one", "two":
    logs.create_log_stream(logGroupName="/app/shop", logStreamName=stream)
    answer = logs.put_log_events(
        logGroupName="/app/shop",
        logStreamName=stream,
        logEvents=[{"timestamp": now + i, "message": json.dumps({"level": ["INFO", "ERROR"][i % 2], "n": i, "text": "héllo"})} for i in range(10)],
    )
    assert "rejectedLogEventsInfo" not in answer, answer
found = [
    (e["logStreamName"], json.loads(e["message"])["n"])
    for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName="/app/shop", filterPattern='{ $.level = "ERROR" && $.n > 3 }', PaginationConfig={"PageSize": 2}
    )
    for e in page["events"]
]
assert sorted(found) == [(s, n) for s in ("one", "two") for n in (5, 7, 9)], found
read = logs.get_log_events(logGroupName="/app/shop", logStreamName="one", startFromHead=True)
assert len(read["events"]) == 10 and json.loads(read["events"][3]["message"])["text"] == "héllo"
again = logs.get_log_events(logGroupName="/app/shop", logStreamName="one", nextToken=read["nextForwardToken"])
assert again["events"] == [] and again["nextForwardToken"] == read["nextForwardToken"], again
streams = logs.describe_log_streams(logGroupName="/app/shop", orderBy="LastEventTime", descending=True)["logStreams"]
assert [s["logStreamName"] for s in streams] == ["two", "one"] and streams[0]["lastEventTimestamp"] == now + 9, streams
tried = logs.test_metric_filter(filterPattern="[ip, ..., status = 4*]", logEventMessages=["1.2.3.4 x 404", "1.2.3.4 x 200"])["matches"]
assert [m["extractedValues"] for m in tried] == [{"$ip": "1.2.3.4", "$status": "404"}], tried

# A metric filter is kept, and a subscription hands events on.
metric = {"metricName": "errors", "metricNamespace": "shop", "metricValue": "$.n", "dimensions": {"level": "$.level"}, "unit": "Count"}
logs.put_metric_filter(logGroupName="/app/shop", filterName="errors", filterPattern='{ $.level = "ERROR" }', metricTransformations=[metric])
kept = logs.describe_metric_filters(logGroupName="/app/shop")["metricFilters"][0]
assert kept["metricTransformations"] == [metric] and kept["filterPattern"] == '{ $.level = "ERROR" }', kept
assert logs.describe_log_groups(logGroupNamePrefix="/app")["logGroups"][0]["metricFilterCount"] == 1
sentence = "The specified filter pattern does not support dimensions"
assert refused("InvalidParameterException", logs.put_metric_filter, logGroupName="/app/shop", filterName="x", filterPattern="ERROR", metricTransformations=[metric]) == sentence
logs.delete_metric_filter(logGroupName="/app/shop", filterName="errors")

sqs = boto3.client("sqs", endpoint_url=endpoint)
policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]}
queue = sqs.create_queue(QueueName="errors", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
subscription = {"logGroupName": "/app/shop", "filterName": "errors", "filterPattern": '{ $.level = "ERROR" }'}
logs.put_subscription_filter(destinationArn=queue_arn, **subscription)
refused("InvalidParameterException", logs.put_subscription_filter, destinationArn=queue_arn + "-none", **subscription)
row = logs.describe_subscription_filters(logGroupName="/app/shop")["subscriptionFilters"][0]
assert row["destinationArn"] == queue_arn and row["distribution"] == "ByLogStream", row
logs.put_log_events(
    logGroupName="/app/shop",
    logStreamName="two",
    logEvents=[{"timestamp": now + i, "message": json.dumps({"level": level, "n": 100 + i})} for i, level in enumerate(["ERROR", "INFO", "ERROR"])],
)
(message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
payload = json.loads(gzip.decompress(base64.b64decode(json.loads(message["Body"])["awslogs"]["data"])))
assert payload["messageType"] == "DATA_MESSAGE" and payload["logStream"] == "two" and payload["subscriptionFilters"] == ["errors"], payload
assert [json.loads(e["message"])["n"] for e in payload["logEvents"]] == [100, 102], payload
logs.delete_subscription_filter(logGroupName="/app/shop", filterName="errors")

# A live session. Newer versions put a prefix before the host, which leads nowhere here.
if "start_live_tail" in dir(logs):
    watcher = boto3.client("logs", endpoint_url=endpoint, config=Config(inject_host_prefix=False))
    session = watcher.start_live_tail(logGroupIdentifiers=[group["logGroupArn"]], logEventFilterPattern="late")["responseStream"]
    kinds, seen = [], []
    for update in session:
        kinds += list(update)
        seen += [e["message"] for e in update.get("sessionUpdate", {}).get("sessionResults", [])]
        if len(kinds) == 1:
            late = [{"timestamp": int(time.time() * 1000), "message": m} for m in ("early", "late")]
            logs.put_log_events(logGroupName="/app/shop", logStreamName="two", logEvents=late)
        if seen or len(kinds) > 20:
            break
    session.close()
    assert kinds[0] == "sessionStart" and seen == ["late"], (kinds, seen)

# A rule writes to a group.
logs.create_log_group(logGroupName="/aws/events/orders")
logs.put_resource_policy(
    policyName="events",
    policyDocument=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": "arn:aws:logs:*:*:log-group:/aws/*:*",
                }
            ],
        }
    ),
)
target = logs.describe_log_groups(logGroupNamePrefix="/aws/events/")["logGroups"][0]["logGroupArn"]
events.put_rule(Name="orders", EventPattern='{"source":["shop"]}')
answer = events.put_targets(
    Rule="orders",
    Targets=[
        {"Id": "whole", "Arn": target},
        {
            "Id": "made",
            "Arn": target,
            "InputTransformer": {
                "InputPathsMap": {"t": "$.time", "n": "$.detail.n"},
                "InputTemplate": '{"timestamp": <t>, "message": "order <n>"}',
            },
        },
    ],
)
assert answer["FailedEntryCount"] == 0, answer
events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"n": 7}'}])
deadline, got = time.time() + 20, []
while len(got) < 2 and time.time() < deadline:
    got = [e["message"] for e in logs.filter_log_events(logGroupName="/aws/events/orders")["events"]]
    time.sleep(0.05)
assert len(got) == 2 and "order 7" in got and any(m.startswith("{") and json.loads(m)["detail"] == {"n": 7} for m in got), got

# A bus logs by itself.
bus = events.create_event_bus(Name="logged", LogConfig={"Level": "INFO", "IncludeDetail": "FULL"})
assert events.describe_event_bus(Name="logged")["LogConfig"] == {"Level": "INFO", "IncludeDetail": "FULL"}
answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"n": 8}', "EventBusName": "logged"}])
deadline, steps = time.time() + 20, []
while len(steps) < 2 and time.time() < deadline:
    try:
        steps = [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName="/aws/vendedlogs/events/event-bus/logged")["events"]]
    except logs.exceptions.ResourceNotFoundException:
        pass
    time.sleep(0.05)
assert [s["message_type"] for s in steps] == ["EVENT_INGEST_SUCCESS", "NO_STANDARD_RULES_MATCHED"], steps
assert steps[0]["event_id"] == answer["Entries"][0]["EventId"] and steps[0]["details"]["event_detail"] == {"n": 8}, steps
assert steps[0]["resource_arn"] == bus["EventBusArn"] and steps[0]["log_level"] == "INFO", steps

logs.delete_resource_policy(policyName="events")
logs.delete_log_stream(logGroupName="/app/shop", logStreamName="one")
logs.delete_log_group(logGroupName="/app/shop")
refused("ResourceNotFoundException", logs.filter_log_events, logGroupName="/app/shop")
print("ok")
