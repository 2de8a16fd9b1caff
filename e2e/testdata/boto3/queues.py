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
assert len(batch["Successful"]) == 6, batch
got = [m["Body"] for m in sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]]
assert got == ["m0", "m1", "m2", "m3"], got

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
