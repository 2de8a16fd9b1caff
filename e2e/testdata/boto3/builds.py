"""Builds that really run, as boto3 users have them, and rules that start them."""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]


def client(name):
    return boto3.client(name, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))


codebuild, iam, sqs, logs, events = (client(name) for name in ("codebuild", "iam", "sqs", "logs", "events"))


def may(role, service, actions):
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    let(role, actions)
    return arn


def let(role, actions):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    iam.put_role_policy(RoleName=role, PolicyName="it", PolicyDocument=json.dumps(document))


def over(build):
    deadline = time.time() + 60
    while time.time() < deadline:
        b = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
        if b["buildComplete"]:
            return b
        time.sleep(0.1)
    raise AssertionError("the build does not end: %r" % b)


def log(build):
    rows = logs.get_log_events(logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"], startFromHead=True)
    return "".join(e["message"] for e in rows["events"])


def refused(call, code, says, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code and says in e.response["Error"]["Message"], e
        return
    raise AssertionError("nothing refused it")


buildspec = """
version: 0.2
env:
  variables: {STAGE: buildspec, N: NO}
  exported-variables: [TAG]
phases:
  build:
    commands:
      - TAG=$STAGE-$CODEBUILD_BUILD_NUMBER
      - echo "tag $TAG n $N"
      - python3 -c "import boto3, os; boto3.client('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL']).send_message(QueueUrl='$OUT', MessageBody='from inside')"
      - exit $STATUS
  post_build:
    commands: ["echo succeeding $CODEBUILD_BUILD_SUCCEEDING"]
"""

out = sqs.create_queue(QueueName="out")["QueueUrl"]
logging = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
role = may("builds", "codebuild.amazonaws.com", logging + ["sqs:SendMessage"])
project = codebuild.create_project(
    name="web-shop",
    source={"type": "NO_SOURCE", "buildspec": buildspec},
    artifacts={"type": "NO_ARTIFACTS"},
    environment={
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [{"name": "STAGE", "value": "project"}, {"name": "STATUS", "value": "0"}, {"name": "OUT", "value": out}],
    },
    serviceRole=role,
    tags=[{"key": "team", "value": "shop"}],
)["project"]
assert project["timeoutInMinutes"] == 60 and project["queuedTimeoutInMinutes"] == 480 and project["cache"] == {"type": "NO_CACHE"}, project
refused(codebuild.start_build, "ResourceNotFoundException", "Project cannot be found: " + project["arn"][: -len("web-shop")] + "none", projectName="none")

# What the call says counts before the project, and that before the buildspec (row B11).
started = codebuild.start_build(
    projectName="web-shop", idempotencyToken="once", environmentVariablesOverride=[{"name": "STAGE", "value": "call"}, {"name": "N", "value": "YES"}]
)["build"]
assert started["buildStatus"] == "IN_PROGRESS" and not started["buildComplete"] and started["currentPhase"] in ("SUBMITTED", "QUEUED"), started
assert codebuild.start_build(projectName="web-shop", idempotencyToken="once")["build"]["id"] == started["id"]
done = over(started)
assert done["buildStatus"] == "SUCCEEDED" and done["buildNumber"] == 1, (done, log(done))
assert done["exportedEnvironmentVariables"] == [{"name": "TAG", "value": "call-1"}], done
assert [p["phaseType"] for p in done["phases"]] == (
    "SUBMITTED QUEUED PROVISIONING DOWNLOAD_SOURCE INSTALL PRE_BUILD BUILD POST_BUILD UPLOAD_ARTIFACTS FINALIZING COMPLETED".split()
), done["phases"]
assert all(p["contexts"] == [{"statusCode": "", "message": ""}] for p in done["phases"][:-1]), done["phases"]
text = log(done)
for line in ("Phases found in YAML: 2\n", " BUILD: 4 commands\n", "Running command exit $STATUS\n", "Phase complete: BUILD State: SUCCEEDED\n"):
    assert "] " in text and line in text, (line, text)
assert "\ntag call-1 n YES\n\n[Container] " in text and "\nsucceeding 1\n" in text, text
assert done["logs"]["groupName"] == "/aws/codebuild/web-shop" and done["id"] == "web-shop:" + done["logs"]["streamName"], done["logs"]
assert sqs.receive_message(QueueUrl=out, WaitTimeSeconds=10)["Messages"][0]["Body"] == "from inside"

# What commands call is held to the role, and says so in the log.
let("builds", logging)
failed = over(codebuild.start_build(projectName="web-shop")["build"])
assert failed["buildStatus"] == "FAILED" and failed["currentPhase"] == "COMPLETED", failed
assert "assumed-role/builds/AWSCodeBuild-" in log(failed) and "is not authorized to perform: sqs:sendmessage" in log(failed).lower(), log(failed)
phase = next(p for p in failed["phases"] if p["phaseType"] == "BUILD")
assert phase["phaseStatus"] == "FAILED" and phase["contexts"][0]["statusCode"] == "COMMAND_EXECUTION_ERROR", phase
assert "\nsucceeding 0\n" in log(failed), log(failed)
let("builds", logging + ["sqs:SendMessage"])
again = over(codebuild.retry_build(id=failed["id"])["build"])
assert again["buildStatus"] == "SUCCEEDED" and again["buildNumber"] == 3, (again, log(again))

# Stopping one that runs.
slow = codebuild.start_build(projectName="web-shop", buildspecOverride="version: 0.2\nphases: {build: {commands: [sleep 300]}}")["build"]
refused(codebuild.retry_build, "InvalidInputException", "is not over", id=slow["id"])
codebuild.stop_build(id=slow["id"])
stopped = over(slow)
assert stopped["buildStatus"] == "STOPPED", stopped
assert codebuild.stop_build(id=slow["id"])["build"]["endTime"] == stopped["endTime"]

ids = [b["id"] for b in (stopped, again, failed, done)]
assert codebuild.list_builds_for_project(projectName="web-shop")["ids"] == ids == codebuild.list_builds()["ids"]
assert codebuild.list_projects(sortBy="NAME", sortOrder="ASCENDING")["projects"] == ["web-shop"]
assert codebuild.batch_get_builds(ids=["web-shop:none", done["arn"]])["buildsNotFound"] == ["web-shop:none"]
deleted = codebuild.batch_delete_builds(ids=[done["id"]])
assert deleted["buildsDeleted"] == [done["arn"]], deleted

# Without the right to write its log a build does not begin.
let("builds", ["sqs:SendMessage"])
mute = over(codebuild.start_build(projectName="web-shop")["build"])
assert mute["buildStatus"] == "FAILED" and mute["phases"][2]["contexts"][0]["statusCode"] == "ACCESS_DENIED", mute
let("builds", logging)

# A rule starts builds by a role, and only so; its input may say how they are to be.
starter = may("starter", "events.amazonaws.com", ["sqs:SendMessage"])
dead = sqs.create_queue(
    QueueName="dead",
    Attributes={"Policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]})},
)["QueueUrl"]
dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
events.put_rule(Name="push", EventPattern='{"source":["shop"]}')
target = {
    "Id": "build",
    "Arn": project["arn"],
    "RoleArn": starter,
    "DeadLetterConfig": {"Arn": dead_arn},
    "InputTransformer": {
        "InputPathsMap": {"stage": "$.detail.stage"},
        "InputTemplate": json.dumps({"environmentVariablesOverride": [{"name": "STAGE", "value": "<stage>"}, {"name": "STATUS", "value": "0"}],
                                     "buildspecOverride": "version: 0.2\nphases: {build: {commands: ['echo stage $STAGE']}}"}),
    },
}
assert events.put_targets(Rule="push", Targets=[target])["FailedEntryCount"] == 0


def push(stage):
    assert events.put_events(Entries=[{"Source": "shop", "DetailType": "Push", "Detail": json.dumps({"stage": stage})}])["FailedEntryCount"] == 0


push("first")
m = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20, MessageAttributeNames=["All"])["Messages"][0]
assert m["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS", m
let("starter", ["codebuild:StartBuild"])
push("second")
deadline = time.time() + 60
while codebuild.list_builds()["ids"][0] == mute["id"] and time.time() < deadline:
    time.sleep(0.1)
by_rule = over({"id": codebuild.list_builds()["ids"][0]})
assert by_rule["initiator"] == "rule/push" and by_rule["buildStatus"] == "SUCCEEDED", (by_rule, log(by_rule))
assert "\nstage second\n" in log(by_rule), log(by_rule)

# Changing and deleting the project; what is not offered is refused by name.
changed = codebuild.update_project(name="web-shop", description="d", timeoutInMinutes=5, concurrentBuildLimit=1)["project"]
assert changed["description"] == "d" and changed["source"] == project["source"] and changed["concurrentBuildLimit"] == 1, changed
refused(codebuild.create_webhook, "UnsupportedOperationException", "no webhooks come in", projectName="web-shop")
refused(codebuild.start_build_batch, "UnsupportedOperationException", "builds do not run in batches", projectName="web-shop")
codebuild.delete_project(name="web-shop")
assert codebuild.batch_get_projects(names=["web-shop"])["projectsNotFound"] == ["web-shop"]
assert codebuild.batch_get_builds(ids=[again["id"]])["builds"][0]["buildStatus"] == "SUCCEEDED"
print("ok")
