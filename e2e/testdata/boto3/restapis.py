"""REST APIs as boto3 users make them, and the rule that sees each new stage."""

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


apis, sqs, events = client("apigateway"), client("sqs"), client("events")


def refused(code, message, call, **parameters):
    try:
        call(**parameters)
    except ClientError as e:
        said = e.response["Error"]
        assert said["Code"] == code and message in said["Message"], said
        return
    raise AssertionError("not refused: " + message)


rules_may_send = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]
}
url = sqs.create_queue(QueueName="stages", Attributes={"Policy": json.dumps(rules_may_send)})["QueueUrl"]
queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
events.put_rule(
    Name="stages",
    EventPattern=json.dumps(
        {
            "source": ["aws.apigateway"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["apigateway.amazonaws.com"],
                "eventName": ["CreateStage", "CreateDeployment"],
                "errorCode": [{"exists": False}],
            },
        }
    ),
)
events.put_targets(Rule="stages", Targets=[{"Id": "1", "Arn": queue}])


def told():
    deadline = time.time() + 60
    while time.time() < deadline:
        for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
            return json.loads(m["Body"])["detail"]
    raise AssertionError("the rule told nothing")


api = apis.create_rest_api(name="shop", description="a shop", tags={"team": "web"}, endpointConfiguration={"types": ["REGIONAL"]})
of = {"restApiId": api["id"]}
assert apis.get_rest_api(**of)["name"] == "shop"
pets = apis.create_resource(**of, parentId=api["rootResourceId"], pathPart="pets")
assert pets["path"] == "/pets", pets
get = dict(of, resourceId=pets["id"], httpMethod="GET")
apis.put_method(**get, authorizationType="NONE", requestParameters={"method.request.querystring.kind": False})
apis.put_method_response(**get, statusCode="200", responseParameters={"method.response.header.X-Kind": False})
apis.put_integration(**get, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
apis.put_integration_response(
    **get, statusCode="200", responseTemplates={"application/json": "[]"}, responseParameters={"method.response.header.X-Kind": "'any'"}
)
method = apis.get_method(**get)
assert method["methodIntegration"]["integrationResponses"]["200"]["responseTemplates"] == {"application/json": "[]"}, method
found = [r["path"] for page in apis.get_paginator("get_resources").paginate(**of, embed=["methods"]) for r in page["items"]]
assert found == ["/", "/pets"], found

first = apis.create_deployment(**of)
assert "stageName" not in told()["requestParameters"].get("createDeploymentInput", {})
stage = apis.create_stage(**of, stageName="prod", deploymentId=first["id"], variables={"table": "pets"})
assert stage["methodSettings"] == {} and stage["cacheClusterStatus"] == "NOT_AVAILABLE", stage
record = told()
assert record["eventName"] == "CreateStage" and record["requestParameters"] == {
    "restApiId": api["id"],
    "createStageInput": {"stageName": "prod", "deploymentId": first["id"], "variables": {"table": "pets"}},
    "template": False,
}, record
assert record["responseElements"]["stageName"] == "prod", record
apis.create_deployment(**of, stageName="test")
record = told()
assert record["requestParameters"]["createDeploymentInput"]["stageName"] == "test", record

group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apigateway/" + api["id"] + "/prod"
switch_on = [
    {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"},
    {"op": "replace", "path": "/*/*/logging/dataTrace", "value": "false"},
    {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"},
    {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": group},
    {"op": "replace", "path": "/accessLogSettings/format", "value": '{"requestId":"$context.requestId","status":"$context.status"}'},
]
refused(
    "BadRequestException",
    "CloudWatch Logs role ARN must be set in account settings to enable logging",
    apis.update_stage,
    **of,
    stageName="prod",
    patchOperations=switch_on,
)
apis.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::000000000000:role/logs"}])
assert apis.get_account()["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
stage = apis.update_stage(**of, stageName="prod", patchOperations=switch_on)
assert stage["methodSettings"]["*/*"]["loggingLevel"] == "INFO" and stage["accessLogSettings"]["destinationArn"] == group, stage

name = "arn:aws:apigateway:us-east-1::/restapis/" + api["id"]
apis.tag_resource(resourceArn=name + "/stages/prod", tags={"a": "1", "b": "2"})
apis.untag_resource(resourceArn=name + "/stages/prod", tagKeys=["a"])
assert apis.get_stage(**of, stageName="prod")["tags"] == {"b": "2"}
assert apis.get_tags(resourceArn=name)["tags"] == {"team": "web"}

refused("NotFoundException", "Invalid Stage identifier specified", apis.get_stage, **of, stageName="none")
refused("ConflictException", "Stage already exists", apis.create_stage, **of, stageName="prod", deploymentId=first["id"])
refused("BadRequestException", "Active stages pointing to this deployment", apis.delete_deployment, **of, deploymentId=first["id"])
refused("UnsupportedOperationException", "SDKs are not generated", apis.get_sdk_types)
apis.delete_stage(**of, stageName="prod")
apis.delete_deployment(**of, deploymentId=first["id"])
apis.delete_rest_api(**of)
assert apis.get_rest_apis()["items"] == []
print("ok")
