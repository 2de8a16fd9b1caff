"""Reads and writes the dialects of AWS with boto3's own models."""

import datetime
import sys

import boto3
import botocore
from botocore.config import Config

URL = sys.argv[1]
ONCE = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


def client(name):
    return boto3.client(name, endpoint_url=URL, config=ONCE)


def equal(got, want):
    if got != want:
        raise AssertionError(f"got {got!r}, want {want!r}")


def fails(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as e:
        return e.response
    raise AssertionError(f"{call} did not fail")


instant = datetime.datetime(2023, 11, 14, 22, 13, 20, 250000, tzinfo=datetime.timezone.utc)

# restJson1: labels, greedy ones too, headers, streams both ways.
objects = client("mediastore-data")
path = "a b/ü+%/2/é?&=#:@!$'()*,;~._-/end"
body = bytes(range(256)) * 20000
put = objects.put_object(Path=path, Body=body, ContentType="video/x", StorageClass="TEMPORAL")
equal(put["ETag"], f"{len(body)} bytes of video/x")
equal(put["StorageClass"], "TEMPORAL")
got = objects.get_object(Path=path)
equal(got["Body"].read(), body)
equal(got["StatusCode"], 206)
equal(got["LastModified"], instant.replace(microsecond=0))
lost = fails(objects.get_object, Path="nothing/here")
equal(lost["Error"]["Code"], "ObjectNotFoundException")
equal(lost["ResponseMetadata"]["HTTPStatusCode"], 404)
items = objects.list_items(Path="x y+z", MaxResults=7)["Items"]
equal(items[0]["Name"], "x y+z")
equal(items[0]["ContentLength"], 7)
equal(items[0]["LastModified"], instant)

# restJson1: a payload of bytes, and errors with members.
functions = client("lambda")
name = "arn:aws:lambda:eu-central-1:123456789012:function:f"
answer = functions.invoke(FunctionName=name, Qualifier="live", Payload=b'{"n":"\xc3\xa9"}')
equal(answer["Payload"].read(), b'{"n":"\xc3\xa9"}')
equal(answer["ExecutedVersion"], "$LATEST")
equal(answer["FunctionError"], "live")
equal(functions.invoke(FunctionName="f", Payload=b"x" * (6 << 20))["StatusCode"], 200)
large = fails(functions.invoke, FunctionName="f", Payload=b"x" * ((6 << 20) + 1))
equal(large["ResponseMetadata"]["HTTPStatusCode"], 413)
missing = fails(functions.invoke, FunctionName="missing")
equal(missing["Error"]["Code"], "ResourceNotFoundException")
equal(missing["Error"]["Message"], "Function not found")
equal(missing["ResponseMetadata"]["HTTPStatusCode"], 404)
busy = fails(functions.invoke, FunctionName="busy")
equal(busy["ResponseMetadata"]["HTTPStatusCode"], 429)
equal((busy["retryAfterSeconds"], busy["Reason"], busy["Type"]), ("7", "ReservedFunctionConcurrentInvocationLimitExceeded", "User"))
equal(busy["Error"]["Message"], "Rate Exceeded.")
unknown = fails(functions.list_functions)
equal(unknown["Error"]["Code"], "UnknownOperationException")
equal(unknown["ResponseMetadata"]["HTTPStatusCode"], 404)

# restJson1: events, whose output is in headers.
stream = functions.invoke_with_response_stream(FunctionName="f")
equal(stream["ExecutedVersion"], "f")
events = list(stream["EventStream"])
equal(events[:2], [{"PayloadChunk": {"Payload": b"one"}}, {"PayloadChunk": {"Payload": b"two"}}])
equal(events[2], {"InvokeComplete": {"ErrorCode": "none"}})

# awsJson1_1: events, the last of them an error.
tail = client("logs").start_live_tail(logGroupIdentifiers=["arn:aws:logs:eu-central-1:123456789012:log-group:g"])
seen = []
try:
    for event in tail["responseStream"]:
        seen.append(event)
    raise AssertionError("the stream ended without its error")
except botocore.exceptions.EventStreamError as e:
    equal(e.response["Error"]["Code"], "SessionTimeoutException")
    equal(e.response["Error"]["Message"], "three hours are over")
equal(seen[0]["sessionStart"]["logGroupIdentifiers"], ["arn:aws:logs:eu-central-1:123456789012:log-group:g"])
equal(seen[1]["sessionUpdate"]["sessionResults"], [{"message": "é" * 100_000, "timestamp": 1700000000250}])

# rpcv2Cbor, which boto3 can do and does not choose.
if not hasattr(botocore.model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS"):
    print("this boto3 knows no CBOR; ok")
    sys.exit()
botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ("smithy-rpc-v2-cbor",)
metrics = client("cloudwatch")
second = instant.replace(microsecond=0)  # boto3 sends no fractions in CBOR
equal(metrics.meta.service_model.resolved_protocol, "smithy-rpc-v2-cbor")
data = metrics.get_metric_data(MetricDataQueries=[{"Id": "m1"}], StartTime=second, EndTime=second)
row = data["MetricDataResults"][0]
equal((row["Id"], row["Values"]), ("m1", [1.5, -2.0, 1e300]))
equal(row["Timestamps"][0], instant)
equal(row["Timestamps"][1], second)
metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 3.25, "Timestamp": second, "Dimensions": [{"Name": "host", "Value": "a"}]}])
gone = fails(metrics.delete_alarms, AlarmNames=["x"])
equal(gone["Error"]["Code"], "ResourceNotFoundException")
equal(gone["ResponseMetadata"]["HTTPStatusCode"], 404)

print("ok")
