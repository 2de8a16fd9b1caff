"""A stage of a REST API answers by a template and by a function, and writes its access log and its execution log."""

import io
import json
import os
import sys
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.config import Config

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]


def client(name):
    return boto3.client(name, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))


apis, functions, iam, logs = (client(name) for name in ("apigateway", "lambda", "iam", "logs"))


def role(name, service, actions):
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(may))
    return arn


code = io.BytesIO()
with zipfile.ZipFile(code, "w") as z:
    z.writestr(
        "app.py",
        "import json\n"
        "def handler(event, context):\n"
        "    seen = {k: event[k] for k in ('httpMethod', 'path', 'queryStringParameters', 'body')}\n"
        "    return {'statusCode': 201, 'headers': {'X-Made': 'here'}, 'body': json.dumps(seen)}\n",
    )
function = functions.create_function(
    FunctionName="echo",
    Runtime=f"python3.{sys.version_info.minor}",
    Role=role("echo", "lambda.amazonaws.com", ["logs:*"]),
    Handler="app.handler",
    Code={"ZipFile": code.getvalue()},
    Timeout=30,
)["FunctionArn"]

api = apis.create_rest_api(name="shop")
api, root = api["id"], api["rootResourceId"]
account = function.split(":")[4]
region = function.split(":")[3]


def method(resource, verb, **integration):
    apis.put_method(restApiId=api, resourceId=resource, httpMethod=verb, authorizationType="NONE")
    apis.put_integration(restApiId=api, resourceId=resource, httpMethod=verb, **integration)


method(root, "GET", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
apis.put_method_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
apis.put_integration_response(
    restApiId=api,
    resourceId=root,
    httpMethod="GET",
    statusCode="200",
    responseTemplates={"application/json": '{"stage":"$context.stage","colour":"$stageVariables.colour"}'},
)
orders = apis.create_resource(restApiId=api, parentId=root, pathPart="orders")["id"]
order = apis.create_resource(restApiId=api, parentId=orders, pathPart="{id}")["id"]
method(
    order,
    "ANY",
    type="AWS_PROXY",
    integrationHttpMethod="POST",
    uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
)
apis.create_deployment(restApiId=api, stageName="dev", variables={"colour": "blue"})


def ask(path, data=None, agent="story", host=None):
    headers = {"User-Agent": agent}
    url = f"{endpoint}/_aws/execute-api/{api}/dev{path}"
    if host:
        url, headers["Host"] = f"{endpoint}/dev{path}", host
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers))
    except urllib.error.HTTPError as e:
        answer = e
    with answer:
        return answer.status, json.loads(answer.read()), answer.headers


assert ask("/")[:2] == (200, {"stage": "dev", "colour": "blue"}), ask("/")[:2]
assert ask("/nowhere")[:2] == (403, {"message": "Missing Authentication Token"}), ask("/nowhere")[:2]

# Without the function's permission there is no answer from it, and with it there is.
assert ask("/orders/1")[:2] == (500, {"message": "Internal server error"}), ask("/orders/1")[:2]
functions.add_permission(
    FunctionName="echo",
    StatementId="shop",
    Action="lambda:InvokeFunction",
    Principal="apigateway.amazonaws.com",
    SourceArn=f"arn:aws:execute-api:{region}:{account}:{api}/*/*/orders/*",
)

group = f"/access/{api}"
logs.create_log_group(logGroupName=group)
writer = role("writer", "apigateway.amazonaws.com", ["logs:*"])
apis.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": writer}])
fields = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "protocol": "$context.protocol",
    "responseLength": "$context.responseLength",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
    "userAgent": "$context.identity.userAgent",
}
settings = {
    "/accessLogSettings/destinationArn": f"arn:aws:logs:{region}:{account}:log-group:{group}",
    "/accessLogSettings/format": json.dumps(fields),
    "/*/*/logging/loglevel": "INFO",
}
apis.update_stage(
    restApiId=api, stageName="dev", patchOperations=[{"op": "replace", "path": k, "value": v} for k, v in settings.items()]
)

hostile = 'evil","status":"200'
host = f"{api}.execute-api.localhost:{endpoint.rsplit(':', 1)[1]}"
status, seen, headers = ask("/orders/7?n=1", data=b"two", agent=hostile, host=host)
assert status == 201 and headers["X-Made"] == "here", (status, seen)
assert seen == {"httpMethod": "POST", "path": "/orders/7", "queryStringParameters": {"n": "1"}, "body": "two"}, seen


def wait(name, enough):
    for _ in range(200):
        try:
            found = [e["message"] for e in logs.filter_log_events(logGroupName=name)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if enough(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{name} has {found}")


line = json.loads(wait(group, bool)[0])
assert set(line) == set(fields) and all(line.values()), line
length = len(json.dumps(seen))
want = {"httpMethod": "POST", "resourcePath": "/orders/{id}", "status": "201", "responseLength": str(length), "integrationStatus": "200", "userAgent": hostile}
assert want.items() <= line.items(), line

ended = "Method completed with status: 201"
executed = wait(f"API-Gateway-Execution-Logs_{api}/dev", lambda found: any(ended in m for m in found))
assert all(m.startswith(f"({line['requestId']}) ") for m in executed), executed

print("ok")
