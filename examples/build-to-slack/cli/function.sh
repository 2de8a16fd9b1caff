#!/usr/bin/env bash
# Makes the function that tells Slack, lets the rule invoke it, and points the rule at it.
#   function.sh SLACK_WEBHOOK_URL [ZIP RUNTIME]
# Without a zip it is the function in Python.
set -euo pipefail
cd "$(dirname "$0")"
. ./aws.sh

zip=${2:-}
if [ -z "$zip" ]; then
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  zip=$dir/slack.zip
  python3 -m zipfile -c "$zip" ../python/slack.py
fi
role build-to-slack lambda.amazonaws.com
aws iam attach-role-policy --role-name build-to-slack --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
function=$(aws lambda create-function --function-name build-to-slack --role "$role" \
  --runtime "${3:-python3.12}" --handler slack.handler --timeout 10 --zip-file "fileb://$zip" \
  --environment "Variables={SLACK_WEBHOOK_URL=$1}" --query FunctionArn --output text)
rule=$(aws events describe-rule --name build-to-slack --query Arn --output text)
aws lambda add-permission --function-name build-to-slack --statement-id rule --action lambda:InvokeFunction \
  --principal events.amazonaws.com --source-arn "$rule" >/dev/null
aws events put-targets --rule build-to-slack --targets "Id=slack,Arn=$function" >/dev/null
echo "The rule build-to-slack invokes the function build-to-slack."
