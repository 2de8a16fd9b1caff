"""The second automation: a function switches on the logs of each new stage, and may do no more than that."""

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


apis, functions, iam, logs, events, trail = (client(name) for name in ("apigateway", "lambda", "iam", "logs", "events", "cloudtrail"))

handler = '''
import boto3

logs, apis = boto3.client("logs"), boto3.client("apigateway")
FORMAT = '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","status":"$context.status"}'


def handler(event, context):
    detail = event["detail"]
    asked = detail["requestParameters"]
    made = asked.get("createStageInput") or asked.get("createDeploymentInput") or {}
    api, stage = asked["restApiId"], made.get("stageName")
    if not stage:
        print("no stage was touched")
        return
    group = f"/aws/apigateway/{api}/{stage}"
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    to = f"arn:aws:logs:{event['region']}:{event['account']}:log-group:{group}"
    apis.update_stage(
        restApiId=api,
        stageName=stage,
        patchOperations=[
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"},
            {"op": "replace", "path": "/*/*/logging/dataTrace", "value": "false"},
            {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"},
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": to},
            {"op": "replace", "path": "/accessLogSettings/format", "value": FORMAT},
        ],
    )
    print("switched on the logs of", stage)
'''


def zipped(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("app.py", text)
    return out.getvalue()


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}})


patches = {"Effect": "Allow", "Action": "apigateway:PATCH", "Resource": "arn:aws:apigateway:us-east-1::/restapis/*/stages/*"}
groups = {
    "Effect": "Allow",
    "Action": ["logs:PutRetentionPolicy", "logs:CreateLogGroup"],
    "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apigateway/*",
}
own = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/switch:*",
}


def let(*statements):
    iam.put_role_policy(RoleName="switch", PolicyName="three", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))


role = iam.create_role(RoleName="switch", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
let(patches, groups, own)
functions.create_function(
    FunctionName="switch", Runtime="python%d.%d" % sys.version_info[:2], Role=role, Handler="app.handler", Code={"ZipFile": zipped(handler)}, Timeout=60
)
functions.get_waiter("function_active_v2").wait(FunctionName="switch")
functions.put_function_event_invoke_config(FunctionName="switch", MaximumRetryAttempts=0)
pattern = {
    "source": ["aws.apigateway"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventSource": ["apigateway.amazonaws.com"], "eventName": ["CreateStage", "CreateDeployment"], "errorCode": [{"exists": False}]},
}
rule = events.put_rule(Name="stages", EventPattern=json.dumps(pattern))["RuleArn"]
functions.add_permission(FunctionName="switch", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=rule)
events.put_targets(Rule="stages", Targets=[{"Id": "1", "Arn": functions.get_function(FunctionName="switch")["Configuration"]["FunctionArn"]}])

writes = iam.create_role(RoleName="api-logs", AssumeRolePolicyDocument=trust("apigateway.amazonaws.com"))["Role"]["Arn"]
apis.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": writes}])

api = apis.create_rest_api(name="shop")
of = {"restApiId": api["id"]}
get = dict(of, resourceId=api["rootResourceId"], httpMethod="GET")
apis.put_method(**get, authorizationType="NONE")
apis.put_integration(**get, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})


def until(what, found):
    deadline = time.time() + 60
    while time.time() < deadline:
        got = found()
        if got:
            return got
        time.sleep(0.2)
    raise AssertionError(what)


def said(text):
    """How often the function has said it."""
    try:
        return len(logs.filter_log_events(logGroupName="/aws/lambda/switch", filterPattern='"%s"' % text)["events"])
    except logs.exceptions.ResourceNotFoundException:
        return 0


def switched(name):
    stage = apis.get_stage(**of, stageName=name)
    return stage if stage["methodSettings"] and "accessLogSettings" in stage else None


# By CreateDeployment without a stage, by CreateStage, and by CreateDeployment with one.
deployment = apis.create_deployment(**of)["id"]
until("the function was told nothing of a deployment", lambda: said("no stage was touched") == 1)
apis.create_stage(**of, stageName="prod", deploymentId=deployment)
apis.create_deployment(**of, stageName="test")
for name in ("prod", "test"):
    stage = until("the logs of %s are off" % name, lambda: switched(name))
    group = "/aws/apigateway/%s/%s" % (api["id"], name)
    assert stage["methodSettings"]["*/*"]["loggingLevel"] == "INFO" and stage["methodSettings"]["*/*"]["metricsEnabled"], stage
    assert stage["accessLogSettings"]["destinationArn"] == "arn:aws:logs:us-east-1:000000000000:log-group:" + group, stage
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 30

# Its own UpdateStage is in the trail, and does not start it again.
calls = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateStage"}])["Events"]
assert len(calls) == 2 and json.loads(calls[0]["CloudTrailEvent"])["userIdentity"]["type"] == "AssumedRole", calls
assert said("START RequestId") == 3

# A statement less, and nothing is switched on; its log says what was refused.
let(groups, own)
apis.create_stage(**of, stageName="dark", deploymentId=deployment)
until("nothing was refused", lambda: said("is not authorized to perform: apigateway:PATCH"))
assert apis.get_stage(**of, stageName="dark")["methodSettings"] == {}
print("ok")
