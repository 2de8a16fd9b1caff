"""What may somebody do, and why: the policy simulator."""

import json
import os

import boto3

iam = boto3.client("iam", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")
account = "000000000000"
bucket = "arn:aws:s3:::bucket"

# rooms-ahead I56: the recorded policy and where its statement stands.
put = '{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}'
trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}})
role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
policy = iam.create_policy(PolicyName="put", PolicyDocument=put)["Policy"]["Arn"]
iam.attach_role_policy(RoleName="writer", PolicyArn=policy)
one, other = iam.simulate_principal_policy(
    PolicySourceArn=role, ActionNames=["s3:PutObject", "s3:GetObjectVersion"], ResourceArns=[bucket]
)["EvaluationResults"]
statement = {
    "SourcePolicyId": "put",
    "SourcePolicyType": "IAM Policy",
    "StartPosition": {"Line": 1, "Column": 41},
    "EndPosition": {"Line": 1, "Column": 113},
}
assert one == {
    "EvalActionName": "s3:PutObject",
    "EvalResourceName": bucket,
    "EvalDecision": "allowed",
    "MatchedStatements": [statement],
    "MissingContextValues": [],
    "OrganizationsDecisionDetail": {"AllowedByOrganizations": True},
    "ResourceSpecificResults": [
        {"EvalResourceName": bucket, "EvalResourceDecision": "allowed", "MatchedStatements": [statement], "MissingContextValues": []}
    ],
}, one
assert other["EvalDecision"] == "implicitDeny" and other["MatchedStatements"] == [], other

# A user: inline policies and those of groups by their names, tags, a boundary, and what is asked for and missing.
user = iam.create_user(UserName="anna", Tags=[{"Key": "team", "Value": "red"}], PermissionsBoundary="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
user = user["User"]["Arn"]
own = {"Effect": "Allow", "Action": ["sqs:*", "s3:*"], "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "app:Stage": "${aws:username}"}}}
iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
assert iam.get_context_keys_for_principal_policy(PolicySourceArn=user)["ContextKeyNames"] == ["aws:PrincipalTag/team", "app:Stage", "aws:username"]
assert iam.get_context_keys_for_custom_policy(PolicyInputList=[put])["ContextKeyNames"] == []


def ask(action, **more):
    return iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=[action], **more)["EvaluationResults"][0]


without = ask("sqs:SendMessage")
assert without["EvalDecision"] == "implicitDeny" and without["MissingContextValues"] == ["app:Stage"], without
stage = [{"ContextKeyName": "APP:stage", "ContextKeyType": "string", "ContextKeyValues": ["anna"]}]
given = ask("sqs:SendMessage", ContextEntries=stage)
assert given["EvalDecision"] == "allowed" and given["MatchedStatements"][0]["SourcePolicyId"] == "user_anna_own", given
assert given["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}, given
beyond = ask("s3:GetObject", ContextEntries=stage)
assert beyond["EvalDecision"] == "implicitDeny" and beyond["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}, beyond

# rooms-ahead I16: a trust policy counts here.
assumes = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})
denies = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}})
custom = iam.simulate_custom_policy(
    PolicyInputList=[assumes], ActionNames=["sts:AssumeRole"], ResourceArns=[role], ResourcePolicy=denies, CallerArn=user
)["EvaluationResults"][0]
assert custom["EvalDecision"] == "explicitDeny" and custom["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy", custom
assert "OrganizationsDecisionDetail" not in custom, custom

# The sample across accounts of AWS's reference.
lets = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": user}, "Action": ["s3:List*", "s3:Put*"], "Resource": ["arn:aws:s3:::mary/*"]}})
across = iam.simulate_custom_policy(
    PolicyInputList=[assumes], ActionNames=["s3:PutObject"], ResourceArns=["arn:aws:s3:::mary/Test"],
    ResourceOwner="arn:aws:iam::123456789012:root", ResourcePolicy=lets, CallerArn=user,
)["EvaluationResults"][0]
assert across["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}, across
assert across["EvalDecision"] == "implicitDeny" and across["MatchedStatements"] == [], across
assert across["ResourceSpecificResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "ResourcePolicy", across

# Pages.
pages = list(iam.get_paginator("simulate_custom_policy").paginate(PolicyInputList=[put], ActionNames=[f"s3:Action{n}" for n in range(25)], PaginationConfig={"PageSize": 10}))
assert [len(p["EvaluationResults"]) for p in pages] == [10, 10, 5] and pages[2]["EvaluationResults"][4]["EvalActionName"] == "s3:Action24"


def refused(code, text, call, **arguments):
    try:
        call(**arguments)
    except iam.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == code and text in e.response["Error"]["Message"], e
        return
    raise AssertionError(f"{arguments} was taken")


simulate, ones = iam.simulate_custom_policy, {"PolicyInputList": [put], "ActionNames": ["s3:PutObject"]}
refused("InvalidInput", "'123456789012' is not a valid as a Resource Owner.", simulate, **ones, ResourceOwner="123456789012")
refused("InvalidInput", "ResourceNames are not in a valid ARN format: key.", simulate, **ones, ResourceArns=["key"])
refused("InvalidInput", "Caller cannot be null or empty", simulate, **ones, ResourceArns=[bucket], ResourcePolicy=lets)
refused("InvalidInput", "CallerArn must be the ARN of an IAM user", simulate, **ones, CallerArn=role)
refused("InvalidInput", "PolicyInputList.1: ", simulate, PolicyInputList=["{}"], ActionNames=["s3:PutObject"])
refused("InvalidInput", "cannot exceed 1 items", simulate, **ones, PermissionsBoundaryPolicyInputList=[put, put])
for kind, value in {"numeric": "x", "boolean": "x", "date": "x", "ip": "x", "binary": "x"}.items():
    entry = {"ContextKeyName": "app:key", "ContextKeyValues": [value]}
    refused("InvalidInput", f'"x" is no value of the type {kind}', simulate, **ones, ContextEntries=[entry | {"ContextKeyType": kind}])
    refused("InvalidInput", f'"x" is no value of the type {kind}', simulate, **ones, ContextEntries=[entry | {"ContextKeyType": kind + "List"}])
refused("InvalidInput", "has 2 values", simulate, **ones, ContextEntries=[{"ContextKeyName": "app:key", "ContextKeyType": "string", "ContextKeyValues": ["a", "b"]}])
refused("NoSuchEntity", "cannot be found", iam.simulate_principal_policy, PolicySourceArn=role + "s", ActionNames=["s3:PutObject"])
refused("InvalidInput", "does not clearly define entity type and name", iam.simulate_principal_policy, PolicySourceArn=policy, ActionNames=["s3:PutObject"])
print("ok")
