"""URLs of functions, and answers that are streamed, as boto3, curl and botocore's signer see them."""

import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

endpoint = os.environ["AWS_ENDPOINT_URL"]
session = boto3.Session()


def client(name):
    return session.client(name, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}, read_timeout=60))


functions, iam = client("lambda"), client("iam")
trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}
role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]


def make(name, runtime, file, text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(file, text)
    handler = file.split(".")[0] + ".handler"
    functions.create_function(FunctionName=name, Runtime=runtime, Role=role, Handler=handler, Code={"ZipFile": out.getvalue()}, Timeout=30, MemorySize=256)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)


def let(name):
    """Lets everybody in, by both permissions."""
    functions.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    functions.add_permission(FunctionName=name, StatementId="run", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True)


def curl(url, *args):
    """The status, the headers and the body that curl gets, by the name as it stands in the URL."""
    host = url.split("/")[2]
    out = subprocess.run(["curl", "-sS", "-i", "--noproxy", "*", "--resolve", host + ":127.0.0.1", *args, url], capture_output=True, check=True).stdout
    head, body = out.split(b"\r\n\r\n", 1)
    status, *lines = head.decode().split("\r\n")
    headers = [(k.lower(), v) for k, v in (line.split(": ", 1) for line in lines)]
    return int(status.split()[1]), headers, body


make("echo", "python%d.%d" % sys.version_info[:2], "app.py", """
def handler(event, context):
    if event["rawPath"] == "/raise":
        raise ValueError("boom")
    if event["rawPath"] == "/html":
        return {"statusCode": 201, "headers": {"Content-Type": "text/html"}, "cookies": ["a=1", "b=2"], "body": "PGI+", "isBase64Encoded": True}
    return event
""")
config = functions.create_function_url_config(FunctionName="echo", AuthType="NONE", Cors={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["PUT"]})
url = config["FunctionUrl"]
assert url.startswith("http://") and endpoint.split(":")[-1] in url, url
status, headers, body = curl(url)
assert status == 403 and body.startswith(b'{"Message":"Forbidden. For troubleshooting'), (status, body)
let("echo")
status, headers, body = curl(url + "a%20b/c?x=1&x=2", "-H", "Content-Type: application/json", "-d", '{"a":1}', "-b", "k=v; l=w")
event = json.loads(body)
assert status == 200 and ("content-type", "application/json") in headers, (status, headers)
assert event["rawPath"] == "/a%20b/c" and event["queryStringParameters"] == {"x": "1,2"} and event["cookies"] == ["k=v", "l=w"], event
assert event["body"] == '{"a":1}' and event["isBase64Encoded"] is False and event["requestContext"]["http"]["method"] == "POST", event
assert event["requestContext"]["domainName"] == url.split("/")[2].split(":")[0] == event["headers"]["host"].split(":")[0], event
status, headers, body = curl(url + "html")
assert status == 201 and body == b"<b>" and ("content-type", "text/html") in headers, (status, headers, body)
assert [v for k, v in headers if k == "set-cookie"] == ["a=1", "b=2"], headers
status, headers, body = curl(url + "raise")
assert status == 502 and body == b"Internal Server Error", (status, body)
status, headers, body = curl(url, "-X", "OPTIONS", "-H", "Origin: https://shop.example", "-H", "Access-Control-Request-Method: PUT")
assert status == 200 and ("access-control-allow-origin", "https://shop.example") in headers and ("access-control-allow-methods", "PUT") in headers, headers
for path in ("_dari/health", "?Action=ListQueues"):
    status, headers, body = curl(url + path)
    assert status == 200 and json.loads(body)["version"] == "2.0", (status, body)


def signed(url, service="lambda"):
    request = AWSRequest("GET", url + "signed?q=a+b", headers={"Host": url.split("/")[2]})
    SigV4Auth(session.get_credentials(), service, session.region_name).add_auth(request)
    return curl(url + "signed?q=a+b", *(arg for k, v in request.headers.items() for arg in ("-H", k + ": " + v)))


functions.update_function_url_config(FunctionName="echo", AuthType="AWS_IAM")
assert curl(url)[0] == 403
status, headers, body = signed(url)
assert status == 200 and json.loads(body)["requestContext"]["authorizer"]["iam"]["userArn"].endswith(":root"), (status, body)
assert signed(url, "execute-api")[0] == 403
assert [u["FunctionUrl"] for u in functions.list_function_url_configs(FunctionName="echo")["FunctionUrlConfigs"]] == [url]

node = int(subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout[1:].split(".")[0])
make("streams", "nodejs%d.x" % node, "index.mjs", """
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.rawPath) stream = awslambda.HttpResponseStream.from(stream, { statusCode: 202, headers: { "content-type": "text/plain" }, cookies: ["c=d"] });
  stream.write("one ");
  await new Promise((r) => setTimeout(r, 100));
  if (event.breaks || event.rawPath === "/breaks") throw new TypeError("broke");
  stream.write("two");
  stream.end();
});
""")


def stream(name, payload):
    answer = functions.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(payload), LogType="Tail")
    assert answer["ExecutedVersion"] == "$LATEST", answer
    events = list(answer["EventStream"])
    return b"".join(e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e), events[-1]["InvokeComplete"]


said, end = stream("streams", {})
assert said == b"one two" and "ErrorCode" not in end and end["LogResult"], (said, end)
said, end = stream("streams", {"breaks": 1})
assert said == b"one " and end["ErrorCode"] == "Unhandled" and json.loads(end["ErrorDetails"])["errorMessage"] == "broke", (said, end)
said, end = stream("echo", {"rawPath": "/", "n": 1})
assert json.loads(said)["n"] == 1 and "ErrorCode" not in end, (said, end)

url = functions.create_function_url_config(FunctionName="streams", AuthType="NONE", InvokeMode="RESPONSE_STREAM")["FunctionUrl"]
let("streams")
status, headers, body = curl(url, "--raw")
assert status == 202 and ("content-type", "text/plain") in headers and ("set-cookie", "c=d") in headers, (status, headers)
assert body == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n", body
try:
    curl(url + "breaks")
    raise AssertionError("the answer had an end")
except subprocess.CalledProcessError as e:
    assert e.stdout.endswith(b"one "), e.stdout
functions.update_function_url_config(FunctionName="streams", InvokeMode="BUFFERED")
status, headers, body = curl(url)
assert status == 202 and body == b"one two", (status, body)

functions.delete_function(FunctionName="streams")
status, headers, body = curl(url)
assert status == 403 and body == b'{"Message":null}', (status, body)
print("ok")
