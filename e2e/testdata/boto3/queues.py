"""Queues, as boto3 users write them."""

import hashlib
import json
import os

import boto3

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]

sqs = boto3.client("sqs", endpoint_url=endpoint)
resource = boto3.resource("sqs", endpoint_url=endpoint)

dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
queue = resource.create_queue(
    QueueName="jobs",
    Attributes={"VisibilityTimeout": "0", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})},
    tags={"team": "build"},
)
assert sqs.list_queue_tags(QueueUrl=queue.url)["Tags"] == {"team": "build"}
assert sqs.get_queue_url(QueueName="jobs")["QueueUrl"] == queue.url
assert sorted(sqs.list_queues()["QueueUrls"]) == sorted([dead, queue.url])

# boto3 checks the MD5 sums of what it sends and receives.
sent = queue.send_message(
    MessageBody="héllo",
    MessageAttributes={
        "kind": {"DataType": "String", "StringValue": "greeting"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "n": {"DataType": "Number.int", "StringValue": "7"},
    },
)
assert sent["MD5OfMessageBody"] == hashlib.md5("héllo".encode()).hexdigest()
for n in range(1, 4):
    (message,) = queue.receive_messages(MessageAttributeNames=["All"], AttributeNames=["All"], WaitTimeSeconds=5)
    assert message.body == "héllo" and message.attributes["ApproximateReceiveCount"] == str(n), message.attributes
    assert message.message_attributes["blob"]["BinaryValue"] == b"\x00\xff", message.message_attributes
assert queue.receive_messages(WaitTimeSeconds=1) == []
(letter,) = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=5)["Messages"]
assert letter["Body"] == "héllo" and letter["MessageId"] == sent["MessageId"], letter

fifo = sqs.create_queue(QueueName="in-order.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
batch = sqs.send_message_batch(
    QueueUrl=fifo, Entries=[{"Id": str(n), "MessageBody": f"m{n % 4}", "MessageGroupId": "g"} for n in range(6)]
)
assert len(batch["Successful"]) == 6 and "Failed" not in batch, batch  # as-aws 10
got = [m["Body"] for m in sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]]
assert got == ["m0", "m1", "m2", "m3"], got

# as-aws 7, 8, 10: a queue by its name alone, Python's own True, and nothing where there is nothing.
turns = sqs.create_queue(QueueName="turns.fifo", Attributes={"FifoQueue": "True", "ContentBasedDeduplication": "True"})["QueueUrl"]
assert sqs.get_queue_attributes(QueueUrl="turns.fifo", AttributeNames=["FifoQueue"])["Attributes"] == {"FifoQueue": "true"}
assert "Tags" not in sqs.list_queue_tags(QueueUrl="turns.fifo")


def receive(n, hide):
    found = sqs.receive_message(QueueUrl=turns, MaxNumberOfMessages=n, VisibilityTimeout=hide).get("Messages", [])
    return [m["Body"] for m in found], [m["ReceiptHandle"] for m in found]


# as-aws 3: groups are served in turn.
for body in ["g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2"]:
    sqs.send_message(QueueUrl=turns, MessageBody=body, MessageGroupId=body[:2])
assert receive(3, 0)[0] == ["g1-m1", "g1-m2", "g2-m1"]
assert receive(10, 0)[0] == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]

# as-aws 1: what was purged is no repetition.
sqs.purge_queue(QueueUrl=turns)
for body in ["g1-m1", "g1-m2", "g2-m1"]:
    sqs.send_message(QueueUrl=turns, MessageBody=body, MessageGroupId=body[:2])

# as-aws 2: a group gives from its front up to the first message that is hidden.
got, receipts = receive(2, 600)
assert got == ["g1-m1", "g1-m2"], got
sqs.change_message_visibility(QueueUrl=turns, ReceiptHandle=receipts[0], VisibilityTimeout=0)
got, _ = receive(3, 600)
assert got == ["g2-m1", "g1-m1"], got

# as-aws 5: the trace of the request goes with the message.
trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
traced = boto3.client("sqs", endpoint_url=endpoint)
traced.meta.events.register("before-send.sqs", lambda request, **_: request.headers.__setitem__("X-Amzn-Trace-Id", trace))
url = traced.create_queue(QueueName="traced")["QueueUrl"]
traced.send_message(QueueUrl=url, MessageBody="m", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
(first,) = sqs.receive_message(QueueUrl=url, AttributeNames=["AWSTraceHeader"], MessageAttributeNames=["*"], VisibilityTimeout=0)["Messages"]
assert first["Attributes"] == {"AWSTraceHeader": trace} and "k" in first["MessageAttributes"], first  # as-aws 6 as well

# as-aws 4: an earlier receipt still gives the message back.
assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
assert sqs.receive_message(QueueUrl=url)["Messages"]

try:
    sqs.get_queue_url(QueueName="nobody")
    raise AssertionError("an unknown queue was found")
except sqs.exceptions.QueueDoesNotExist as e:
    assert e.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue", e.response
try:
    sqs.receive_message(QueueUrl=fifo, WaitTimeSeconds=21)
    raise AssertionError("a wait of 21 seconds was taken")
except sqs.exceptions.ClientError as e:
    assert "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided." in str(e), e

sqs.purge_queue(QueueUrl=dead)
assert sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"
for url in sqs.list_queues()["QueueUrls"]:
    sqs.delete_queue(QueueUrl=url)
assert "QueueUrls" not in sqs.list_queues()
print("ok")
