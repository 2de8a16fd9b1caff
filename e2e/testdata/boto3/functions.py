"""Functions that really run, as boto3 users have them, and rules that send to them."""

import base64
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


functions, iam, sqs, logs, events, trail = (client(name) for name in ("lambda", "iam", "sqs", "logs", "events", "cloudtrail"))


def zipped(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("app.py", text)
    return out.getvalue()


rules_may_send = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]
}


def queue(name):
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(rules_may_send)})["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(url):
    deadline = time.time() + 60
    while time.time() < deadline:
        for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"]).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
            return m
    raise AssertionError("no message on " + url)


code = '''
import json, os, boto3

def handler(event, context):
    print("got", json.dumps(event))
    if event.get("raise"):
        raise ValueError("boom")
    if event.get("make"):
        return boto3.client("sqs").create_queue(QueueName=event["make"])["QueueUrl"]
    if event.get("queue"):
        return boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody="from inside")["MessageId"]
    if event.get("source") == "shop":
        boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=event["detail-type"])
    return {"m": "größe", "version": context.function_version, "arn": context.invoked_function_arn, "n": event.get("n")}
'''

out, out_arn = queue("out")
dead, dead_arn = queue("dead")
trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}
role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]


def let(*actions, on=None):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": on or [out_arn, dead_arn]}}
    iam.put_role_policy(RoleName="runs", PolicyName="queues", PolicyDocument=json.dumps(document))


let("sqs:SendMessage")
made = functions.create_function(
    FunctionName="fn",
    Runtime="python%d.%d" % sys.version_info[:2],
    Role=role,
    Handler="app.handler",
    Code={"ZipFile": zipped(code)},
    Timeout=30,
    MemorySize=256,
    Environment={"Variables": {"OUT": out}},
    DeadLetterConfig={"TargetArn": dead_arn},
)
arn = made["FunctionArn"]
functions.get_waiter("function_active_v2").wait(FunctionName="fn")


def invoke(event, **more):
    answer = functions.invoke(FunctionName="fn", Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read() or "null")


answer, said = invoke({"n": 1}, LogType="Tail")
assert answer["StatusCode"] == 200 and "FunctionError" not in answer, said
assert said == {"m": "größe", "version": "$LATEST", "arn": arn, "n": 1}, said
tail = base64.b64decode(answer["LogResult"]).decode()
assert 'got {"n": 1}' in tail and "REPORT RequestId: " in tail, tail

answer, said = invoke({"raise": True})
assert answer["FunctionError"] == "Unhandled" and said["errorType"] == "ValueError" and said["errorMessage"] == "boom", said

# What is called from inside is held to the policy of the role.
answer, said = invoke({"queue": out})
assert "FunctionError" not in answer, said
assert receive(out)["Body"] == "from inside"
let("sqs:ReceiveMessage")
answer, said = invoke({"queue": out})
assert answer["FunctionError"] == "Unhandled" and "sqs:SendMessage" in said["errorMessage"].replace("sqs:sendmessage", "sqs:SendMessage"), said
assert "assumed-role/runs/fn" in said["errorMessage"], said

# The trail has the session of the role as the caller.
let("sqs:SendMessage", "sqs:CreateQueue", on="*")
answer, said = invoke({"make": "inside"})
assert said.endswith("/inside"), said
made_inside = trail.lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "inside"}])["Events"]
assert [(e["EventName"], e["Username"]) for e in made_inside] == [("CreateQueue", "fn")], made_inside
caller = json.loads(made_inside[0]["CloudTrailEvent"])["userIdentity"]
assert caller["type"] == "AssumedRole" and caller["arn"] == "arn:aws:sts::000000000000:assumed-role/runs/fn", caller
assert caller["sessionContext"]["sessionIssuer"]["arn"] == role, caller
let("sqs:SendMessage")

answer, _ = invoke({}, InvocationType="DryRun")
assert answer["StatusCode"] == 204, answer

# Versions and aliases.
one = functions.publish_version(FunctionName="fn")["Version"]
functions.get_waiter("published_version_active").wait(FunctionName="fn", Qualifier=one)
functions.create_alias(FunctionName="fn", Name="live", FunctionVersion=one)
answer, said = invoke({}, Qualifier="live")
assert answer["ExecutedVersion"] == one and said["version"] == one and said["arn"] == arn + ":live", said
updated = functions.update_function_code(FunctionName="fn", ZipFile=zipped(code.replace('"m": ', '"code": 2, "m": ')))
functions.get_waiter("function_updated_v2").wait(FunctionName="fn")
assert updated["CodeSha256"] != made["CodeSha256"] and updated["RevisionId"] != made["RevisionId"], updated
two = functions.publish_version(FunctionName="fn")["Version"]
answer, said = invoke({})
assert said["code"] == 2, said
functions.update_alias(FunctionName="fn", Name="live", RoutingConfig={"AdditionalVersionWeights": {two: 0.5}})
ran = {invoke({}, Qualifier="live")[0]["ExecutedVersion"] for _ in range(40)}
assert ran == {one, two}, ran
listed = [v["Version"] for page in functions.get_paginator("list_versions_by_function").paginate(FunctionName="fn", PaginationConfig={"PageSize": 2}) for v in page["Versions"]]
assert listed == ["$LATEST", one, two], listed


def refused(code, text, operation, **parameters):
    try:
        operation(**parameters)
    except functions.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == code and text in e.response["Error"]["Message"], e
        return
    raise AssertionError("it is not refused: want " + code)


refused("ResourceConflictException", "Function already exist: fn", functions.create_function, FunctionName="fn", Role=role, Code={"ZipFile": zipped(code)}, Runtime="python3.12", Handler="a.b")
refused("ResourceNotFoundException", "Function not found: " + arn + ":7", functions.invoke, FunctionName="fn", Qualifier="7")
refused("ResourceConflictException", "[live]", functions.delete_function, FunctionName="fn", Qualifier=one)
refused("InvalidRequestContentException", "Could not parse request body into json", functions.invoke, FunctionName="fn", Payload=b"{")
refused("PreconditionFailedException", "latest Revision Id", functions.update_function_configuration, FunctionName="fn", RevisionId=made["RevisionId"])

# Events that nobody waits for: what fails for good goes to the dead-letter queue.
functions.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
answer, _ = invoke({"raise": 1}, InvocationType="Event")
assert answer["StatusCode"] == 202, answer
m = receive(dead)
assert json.loads(m["Body"]) == {"raise": 1}, m
assert m["MessageAttributes"]["ErrorMessage"]["StringValue"] == "boom", m
assert m["MessageAttributes"]["ErrorCode"] == {"StringValue": "200", "DataType": "Number"}, m

# A rule gets in by the policy of the function, and only so.
rule = events.put_rule(Name="orders", EventPattern='{"source":["shop"]}')["RuleArn"]
events.put_targets(Rule="orders", Targets=[{"Id": "fn", "Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}}])


def put(kind):
    assert events.put_events(Entries=[{"Source": "shop", "DetailType": kind, "Detail": "{}"}])["FailedEntryCount"] == 0


put("first")
m = receive(dead)
assert m["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS", m
assert m["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "0", m
functions.add_permission(FunctionName="fn", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=rule)
put("second")
assert receive(out)["Body"] == "second"
functions.remove_permission(FunctionName="fn", StatementId="rule")
put("third")
m = receive(dead)
assert m["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS" and m["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "0", m
assert sqs.receive_message(QueueUrl=out).get("Messages", []) == []

text = [e["message"] for e in logs.filter_log_events(logGroupName="/aws/lambda/fn")["events"]]
assert any(t.startswith("INIT_START Runtime Version: python") for t in text), text
assert any("sqs:SendMessage" in t or "sqs:sendmessage" in t for t in text), text

functions.delete_function(FunctionName="fn")
try:
    functions.get_function(FunctionName="fn")
    raise AssertionError("it is there still")
except functions.exceptions.ResourceNotFoundException as e:
    assert e.response["Error"]["Message"] == "Function not found: " + arn, e
print("ok")
