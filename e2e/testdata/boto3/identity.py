"""Roles, users and policies, page by page, and sessions of roles, as boto3 users have them."""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

# Older versions do not know AWS_ENDPOINT_URL.
endpoint = os.environ["AWS_ENDPOINT_URL"]


def client(service, key=None, secret="x", token=None):
    return boto3.client(service, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=key and secret, aws_session_token=token)


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


A1, A2 = "111122223333", "444455556666"
iam = client("iam", A1)
may_send = document(Action="sqs:SendMessage", Resource="*")

# Lists come page by page, whole and in order, however long paths and names are.
path = "/" + "p" * 500 + "/"
for i in range(7):
    iam.create_user(UserName=f"user-{i}", Path=path)
for i in range(7):
    arn = iam.create_policy(PolicyName=f"policy-{i}", Path=path, PolicyDocument=may_send)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="user-0", PolicyArn=arn)
    iam.put_user_policy(UserName="user-1", PolicyName=f"inline-{i}", PolicyDocument=may_send)
    iam.tag_user(UserName="user-2", Tags=[{"Key": "é" * 120 + str(i), "Value": "v"}])
iam.create_group(GroupName="all")
for i in range(7):
    iam.add_user_to_group(GroupName="all", UserName=f"user-{i}")
for operation, rows, args in (
    ("list_users", "Users", {}),
    ("list_policies", "Policies", {"Scope": "Local"}),
    ("list_attached_user_policies", "AttachedPolicies", {"UserName": "user-0"}),
    ("list_user_policies", "PolicyNames", {"UserName": "user-1"}),
    ("list_user_tags", "Tags", {"UserName": "user-2"}),
    ("get_group", "Users", {"GroupName": "all"}),
):
    if iam.can_paginate(operation):
        pages = list(iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": 3}, **args))
        found = [json.dumps(row, default=str) for page in pages for row in page[rows]]
        assert len(pages) == 3 and len(set(found)) == 7, (operation, len(pages), found)

# Rows I52 and I53 of the cases: what is no policy.
named = document(Action="sqs:SendMessage", Resource="*", Principal="*")
message = refused("MalformedPolicyDocument", iam.put_user_policy, UserName="user-1", PolicyName="p", PolicyDocument=named)
assert message == "Policy document should not specify a principal.", message
nobody = document(Action="sts:AssumeRole", Principal={"AWS": []})
message = refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=nobody)
assert message.endswith("The passed in policy has a statement with no principals!"), message

# What something hangs on does not go.
refused("DeleteConflict", iam.delete_user, UserName="user-0")
refused("DeleteConflict", iam.delete_group, GroupName="all")
refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
refused("NoSuchEntity", iam.get_user, UserName="nobody")
refused("EntityAlreadyExists", iam.create_user, UserName="USER-0")

# Row I55: what is no role, and no name of a session.
sts = client("sts", A1)
for arn in "nothing-valid-in-here", "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:":
    assert refused("ValidationError", sts.assume_role, RoleArn=arn, RoleSessionName="s1") == f"{arn} is invalid"
message = refused("ValidationError", sts.assume_role, RoleArn=f"arn:aws:iam::{A1}:role/r", RoleSessionName="Session1:2")
assert message == (
    r"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
    r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
), message

# Row I58: a role of another account, whose trust policy lets ours in.
role = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=document(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{A2}:root"}))["Role"]["Arn"]
theirs = client("iam", A2)
theirs.create_user(UserName="anna")
key = theirs.create_access_key(UserName="anna")["AccessKey"]
anna = client("sts", key["AccessKeyId"], key["SecretAccessKey"])
never = theirs.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"} and never["UserName"] == "anna", never
refused("AccessDenied", anna.assume_role, RoleArn=role, RoleSessionName="visit")
theirs.put_user_policy(UserName="anna", PolicyName="visit", PolicyDocument=document(Action="sts:AssumeRole", Resource=role))
c = anna.assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
who = client("sts", c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"]).get_caller_identity()
assert who["Account"] == A1 and who["Arn"] == f"arn:aws:sts::{A1}:assumed-role/guest/visit", who
message = refused("AccessDenied", client("iam", c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"]).list_users)
assert message.startswith(f"User: {who['Arn']} is not authorized to perform: iam:ListUsers"), message

# When it was used last is known once the call was answered.
deadline, used = time.time() + 20, {}
while used.get("ServiceName") != "sts" and time.time() < deadline:
    used = theirs.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    time.sleep(0.05)
assert used["ServiceName"] == "sts" and abs(used["LastUsedDate"].timestamp() - time.time()) < 60, used
refused("NoSuchEntity", iam.get_access_key_last_used, AccessKeyId=key["AccessKeyId"])

# What users cannot have is not there.
assert theirs.list_mfa_devices(UserName="anna")["MFADevices"] == [] and theirs.list_ssh_public_keys(UserName="anna")["SSHPublicKeys"] == []
assert theirs.list_signing_certificates(UserName="anna")["Certificates"] == [] and theirs.list_virtual_mfa_devices()["VirtualMFADevices"] == []
assert theirs.list_service_specific_credentials(UserName="anna")["ServiceSpecificCredentials"] == []
refused("NoSuchEntity", theirs.delete_login_profile, UserName="anna")
refused("NoSuchEntity", theirs.get_login_profile, UserName="anna")
refused("NoSuchEntity", theirs.list_mfa_devices, UserName="nobody")

# A key that does not count, or is gone, is none.
theirs.update_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"], Status="Inactive")
refused("InvalidClientTokenId", anna.get_caller_identity)
theirs.delete_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"])
refused("InvalidClientTokenId", anna.get_caller_identity)

# Whoever is renamed stays who they are.
before = theirs.get_user(UserName="anna")["User"]
theirs.update_user(UserName="anna", NewUserName="anne", NewPath="/staff/")
after = theirs.get_user(UserName="anne")["User"]
assert after["UserId"] == before["UserId"] and after["Arn"] == f"arn:aws:iam::{A2}:user/staff/anne", after
assert theirs.list_user_policies(UserName="anne")["PolicyNames"] == ["visit"]
refused("NoSuchEntity", theirs.get_user, UserName="anna")
theirs.create_group(GroupName="ops")
theirs.add_user_to_group(GroupName="ops", UserName="anne")
theirs.update_group(GroupName="ops", NewGroupName="admins")
assert [g["GroupName"] for g in theirs.list_groups_for_user(UserName="anne")["Groups"]] == ["admins"]

# The role of a service is its own.
role = theirs.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
assert role["Arn"] == f"arn:aws:iam::{A2}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", role
refused("UnmodifiableEntity", theirs.delete_role, RoleName=role["RoleName"])

# All that an account has, in one look.
theirs.create_account_alias(AccountAlias="the-guests")
assert theirs.list_account_aliases()["AccountAliases"] == ["the-guests"]
refused("EntityAlreadyExists", iam.create_account_alias, AccountAlias="the-guests")
summary = theirs.get_account_summary()["SummaryMap"]
assert (summary["Users"], summary["UsersQuota"], summary["Groups"], summary["Roles"]) == (1, 5000, 1, 1), summary
own = theirs.create_policy(PolicyName="own", PolicyDocument=document(Action="sqs:*", Resource="*"))["Policy"]["Arn"]
theirs.attach_group_policy(GroupName="admins", PolicyArn=own)
theirs.attach_group_policy(GroupName="admins", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
pages = list(theirs.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2}))
users, groups, roles, policies = ([row for p in pages for row in p[k]] for k in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))
assert len(pages) == 3 and len(users) == len(groups) == len(roles) == 1, pages
assert users[0]["GroupList"] == ["admins"] and users[0]["UserPolicyList"][0]["PolicyDocument"]["Statement"], users
assert sorted(p["PolicyName"] for p in groups[0]["AttachedManagedPolicies"]) == ["ReadOnlyAccess", "own"], groups
assert sorted(p["PolicyName"] for p in policies) == ["ReadOnlyAccess", "own"] and all(p["PolicyVersionList"] for p in policies), policies
only = theirs.get_account_authorization_details(Filter=["LocalManagedPolicy"])
assert [p["PolicyName"] for p in only["Policies"]] == ["own"] and not only["UserDetailList"], only

task = theirs.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
assert theirs.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"

print("ok")
