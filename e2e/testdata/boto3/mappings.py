"""Functions that work on queues, as boto3 users have them."""

import io
import json
import os
import sys
import time
import zipfile

import boto3
from botocore.config import Config

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]


def client(name):
    return boto3.client(name, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))


functions, iam, sqs, logs = (client(name) for name in ("lambda", "iam", "sqs", "logs"))

code = '''
import json

def handler(event, context):
    failures = []
    for record in event["Records"]:
        print("got", record["body"], record["messageAttributes"].get("kind", {}).get("stringValue"), record["attributes"]["ApproximateReceiveCount"])
        if json.loads(record["body"]).get("raise"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
'''
zipped = io.BytesIO()
with zipfile.ZipFile(zipped, "w") as z:
    z.writestr("app.py", code)


def queue(name, **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def until(what, ok):
    deadline = time.time() + 60
    while not ok():
        assert time.time() < deadline, what
        time.sleep(0.2)


dead, dead_arn = queue("dead")
redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
orders, orders_arn = queue("orders", VisibilityTimeout="5", RedrivePolicy=redrive)

trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}
role = iam.create_role(RoleName="works", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
functions.create_function(
    FunctionName="fn", Runtime="python%d.%d" % sys.version_info[:2], Role=role, Handler="app.handler", Code={"ZipFile": zipped.getvalue()}
)
functions.get_waiter("function_active_v2").wait(FunctionName="fn")

# The queue is read with the rights of the role.
try:
    functions.create_event_source_mapping(FunctionName="fn", EventSourceArn=orders_arn)
    raise AssertionError("a role without rights reads a queue")
except functions.exceptions.InvalidParameterValueException as e:
    message = "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    assert e.response["Error"]["Message"] == message, e.response
iam.attach_role_policy(RoleName="works", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole")

pattern = json.dumps({"body": {"total": [{"numeric": [">", 100]}]}})
made = functions.create_event_source_mapping(
    FunctionName="fn",
    EventSourceArn=orders_arn,
    FilterCriteria={"Filters": [{"Pattern": pattern}]},
    FunctionResponseTypes=["ReportBatchItemFailures"],
)
assert made["State"] == "Creating" and made["ResponseMetadata"]["HTTPStatusCode"] == 202, made
uuid = made["UUID"]
until("it is enabled", lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
assert [m["UUID"] for m in functions.list_event_source_mappings(FunctionName="fn")["EventSourceMappings"]] == [uuid]

kind = {"kind": {"DataType": "String", "StringValue": "big"}}
for body in ({"total": 101}, {"total": 99}, {"total": 500, "raise": 1}):
    sqs.send_message(QueueUrl=orders, MessageBody=json.dumps(body), MessageAttributes=kind)


def said():
    return [e["message"].strip() for e in logs.filter_log_events(logGroupName="/aws/lambda/fn", filterPattern="got")["events"]]


# What it has not worked on comes back, and goes where the queue says after two times.
until("the dead-letter queue has it", lambda: sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "1")
text = said()
assert 'got {"total": 101} big 1' in text, text
assert 'got {"total": 500, "raise": 1} big 1' in text and 'got {"total": 500, "raise": 1} big 2' in text, text
assert not any("99" in t for t in text), text
left = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=["All"])["Attributes"]
assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0", left

assert functions.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
try:
    functions.get_event_source_mapping(UUID=uuid)
    raise AssertionError("it is there still")
except functions.exceptions.ResourceNotFoundException as e:
    assert e.response["Error"]["Message"] == "The resource you requested does not exist.", e
print("ok")
