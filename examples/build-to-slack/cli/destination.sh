#!/usr/bin/env bash
# The same without a function: the rule makes the message and calls the webhook.
#   destination.sh SLACK_WEBHOOK_URL
set -euo pipefail
cd "$(dirname "$0")"
. ./aws.sh

# The secret is in the URL of the webhook; a connection must have a key all the same.
connection=$(aws events create-connection --name slack --authorization-type API_KEY \
  --auth-parameters 'ApiKeyAuthParameters={ApiKeyName=X-Sent-By,ApiKeyValue=build-to-slack}' --query ConnectionArn --output text)
# As JSON, since version 1 of the AWS CLI fetches what begins with http:// elsewhere.
destination=$(aws events create-api-destination --query ApiDestinationArn --output text --cli-input-json '{
  "Name": "slack", "ConnectionArn": "'"$connection"'", "InvocationEndpoint": "'"$1"'", "HttpMethod": "POST"
}')
role build-to-slack events.amazonaws.com
aws iam put-role-policy --role-name build-to-slack --policy-name call --policy-document '{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": "'"$destination"'"}]
}'
aws events put-targets --rule build-to-slack --targets '[{
  "Id": "slack", "Arn": "'"$destination"'", "RoleArn": "'"$role"'",
  "InputTransformer": {
    "InputPathsMap": {
      "build": "$.detail.build-id", "project": "$.detail.project-name",
      "status": "$.detail.build-status", "initiator": "$.detail.additional-information.initiator"
    },
    "InputTemplate": "{\"text\": \"Build <build> of *<project>* <status>, started by <initiator>\"}"
  }
}]' >/dev/null
echo "The rule build-to-slack calls the webhook."
