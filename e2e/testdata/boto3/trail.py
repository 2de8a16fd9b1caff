"""Trails, the event history and records in a log group, as boto3 users write them."""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]

trail, logs, iam, sqs = (boto3.client(name, endpoint_url=endpoint) for name in ("cloudtrail", "logs", "iam", "sqs"))


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


# A role that CloudTrail may assume, and that may write to one group.
logs.create_log_group(logGroupName="calls")
group = logs.describe_log_groups(logGroupNamePrefix="calls")["logGroups"][0]
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="watcher", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
wanted = dict(Name="calls", S3BucketName="bucket", CloudWatchLogsLogGroupArn=group["arn"], CloudWatchLogsRoleArn=role, IsMultiRegionTrail=True, TagsList=[{"Key": "team", "Value": "shop"}])
message = refused("InvalidCloudWatchLogsLogGroupArnException", trail.create_trail, **wanted)
assert message == "Access denied. Verify in IAM that the role has adequate permissions.", message
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group["arn"]}]}
iam.put_role_policy(RoleName="watcher", PolicyName="write", PolicyDocument=json.dumps(policy))
made = trail.create_trail(**wanted)
arn = made["TrailARN"]
assert arn.endswith(":trail/calls") and made["IsMultiRegionTrail"] and made["IncludeGlobalServiceEvents"], made
refused("TrailAlreadyExistsException", trail.create_trail, **wanted)
refused("InvalidTrailNameException", trail.create_trail, Name="a", S3BucketName="bucket")
assert trail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "team", "Value": "shop"}]
assert [t["TrailARN"] for t in trail.describe_trails()["trailList"]] == [arn]
assert not trail.get_trail_status(Name=arn)["IsLogging"]

# Calls that change something, and those on one queue's messages.
answer = trail.put_event_selectors(
    TrailName="calls",
    AdvancedEventSelectors=[
        {"Name": "writes", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]},
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::SQS::Queue"]}, {"Field": "resources.ARN", "EndsWith": [":orders"]}]},
    ],
)
assert trail.get_event_selectors(TrailName=arn)["AdvancedEventSelectors"] == answer["AdvancedEventSelectors"]
trail.start_logging(Name="calls")
for name in "orders", "mail":
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="secret")
sqs.list_queues()

events = logs.filter_log_events(logGroupName="calls")["events"]
records = [json.loads(e["message"]) for e in events]
names = [r["eventName"] for r in records]
assert names == ["StartLogging", "CreateQueue", "SendMessage", "CreateQueue"], names
assert records[2]["resources"][0]["ARN"].endswith(":orders") and "secret" not in events[2]["message"], records[2]
assert events[0]["logStreamName"].endswith("_CloudTrail_" + trail.meta.region_name), events[0]
status = trail.get_trail_status(Name="calls")
assert status["IsLogging"] and "LatestCloudWatchLogsDeliveryTime" in status and status["LatestDeliveryError"] == "NoSuchBucket", status

# The history has what manages resources, and is looked up by one attribute.
found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}])["Events"]
assert len(found) == 2 and found[0]["ReadOnly"] == "false" and {"ResourceType": "AWS::SQS::Queue", "ResourceName": "mail"} in found[0]["Resources"], found
assert json.loads(found[0]["CloudTrailEvent"])["eventID"] == found[0]["EventId"]
refused("InvalidLookupAttributesException", trail.lookup_events, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "a"}, {"AttributeKey": "ReadOnly", "AttributeValue": "true"}])
time.sleep(1)
assert trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "SendMessage"}])["Events"] == []

trail.stop_logging(Name="calls")
trail.delete_trail(Name=arn)
refused("TrailNotFoundException", trail.get_trail, Name="calls")
print("ok")
