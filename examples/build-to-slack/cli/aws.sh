# What the scripts share.

# Versions of the AWS CLI before 2.13 do not know AWS_ENDPOINT_URL.
aws() { command aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"; }

# role NAME SERVICE makes a role that a service may assume, and sets $role to its ARN.
role() {
  role=$(aws iam create-role --role-name "$1" --query Role.Arn --output text --assume-role-policy-document '{
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "'"$2"'"}}]
  }')
}
