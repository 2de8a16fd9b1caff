"""Buses, rules, targets and events, as boto3 users write them."""

import json
import os

import boto3

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]

events, sqs = boto3.client("events", endpoint_url=endpoint), boto3.client("sqs", endpoint_url=endpoint)

queue = sqs.create_queue(QueueName="builds", Attributes={"VisibilityTimeout": "60", "Policy": json.dumps({"Statement": [{
    "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]})})["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

bus = events.create_event_bus(Name="ci", Tags=[{"Key": "team", "Value": "build"}])
assert bus["EventBusArn"].endswith(":event-bus/ci"), bus
assert events.list_tags_for_resource(ResourceARN=bus["EventBusArn"])["Tags"] == [{"Key": "team", "Value": "build"}]

events.put_rule(
    Name="failed",
    EventBusName="ci",
    EventPattern=json.dumps({"source": ["ci"], "detail": {"state": ["FAILED", {"prefix": "ERR"}]}}),
)
answer = events.put_targets(
    Rule="failed",
    EventBusName="ci",
    Targets=[
        {
            "Id": "q",
            "Arn": arn,
            "InputTransformer": {
                "InputPathsMap": {"project": "$.detail.project", "state": "$.detail.state"},
                "InputTemplate": '{"text": "<project> is <state>"}',
            },
        }
    ],
)
assert answer["FailedEntryCount"] == 0 and answer["FailedEntries"] == [], answer

states = ["OK", "FAILED", "ERROR", "ok"]
put = events.put_events(
    Entries=[
        {"Source": "ci", "DetailType": "Build", "EventBusName": "ci", "Detail": json.dumps({"project": f"p{n}", "state": state})}
        for n, state in enumerate(states)
    ]
    + [{"Source": "ci", "DetailType": "Build", "EventBusName": "ci", "Detail": "not json"}]
)
assert put["FailedEntryCount"] == 1, put
assert put["Entries"][4]["ErrorCode"] == "MalformedDetail", put
assert all("EventId" in e for e in put["Entries"][:4]), put

texts = set()
while len(texts) < 2:
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
    assert messages, texts
    for m in messages:
        texts.add(json.loads(m["Body"])["text"])
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=m["ReceiptHandle"])
assert texts == {"p1 is FAILED", "p2 is ERROR"}, texts
assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)

# Errors come as the client's own classes.
try:
    events.describe_rule(Name="nope", EventBusName="ci")
    raise AssertionError("an unknown rule was described")
except events.exceptions.ResourceNotFoundException as e:
    assert e.response["Error"]["Message"] == "Rule nope does not exist on EventBus ci.", e
    assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert e.response["ResponseMetadata"]["RequestId"]
try:
    events.put_rule(Name="bad", EventPattern='{"source": "ci"}')
    raise AssertionError("a bad pattern was taken")
except events.exceptions.InvalidEventPatternException as e:
    assert '"source" must be an object or an array' in str(e), e

# 250 rules come back through the paginator.
for n in range(250):
    events.put_rule(Name=f"r{n:03}", EventPattern='{"source": ["x"]}')
names = [r["Name"] for page in events.get_paginator("list_rules").paginate() for r in page["Rules"]]
assert names == [f"r{n:03}" for n in range(250)], names

assert events.test_event_pattern(
    EventPattern='{"detail": {"n": [{"numeric": [">", 5]}]}}',
    Event=json.dumps({"id": "1", "account": "1", "source": "s", "time": "2024-01-01T00:00:00Z", "region": "r", "resources": [], "detail-type": "t", "detail": {"n": 6}}),
)["Result"]

connection = events.create_connection(
    Name="c", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}
)
assert connection["ConnectionState"] == "AUTHORIZED", connection
destination = events.create_api_destination(
    Name="d", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint="https://example.com/*", HttpMethod="POST"
)
assert destination["ApiDestinationState"] == "ACTIVE", destination
assert events.describe_api_destination(Name="d")["InvocationRateLimitPerSecond"] == 300
events.delete_api_destination(Name="d")
events.delete_connection(Name="c")

events.put_permission(EventBusName="ci", Action="events:PutEvents", Principal="111122223333", StatementId="partner")
policy = json.loads(events.describe_event_bus(Name="ci")["Policy"])
assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}, policy
events.remove_permission(EventBusName="ci", StatementId="partner")
assert "Policy" not in events.describe_event_bus(Name="ci")

assert events.remove_targets(Rule="failed", EventBusName="ci", Ids=["q"])["FailedEntryCount"] == 0
events.delete_rule(Name="failed", EventBusName="ci")
events.delete_event_bus(Name="ci")
print("ok")
