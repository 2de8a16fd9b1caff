#!/usr/bin/env bash
# Makes the project that is built, and the rule that its builds match when they are over.
#   project.sh REPOSITORY_URL
# The URL is https://, or file:// below the folder that dari serve -build-sources names.
set -euo pipefail
cd "$(dirname "$0")"
. ./aws.sh

role web-shop-builds codebuild.amazonaws.com
aws iam put-role-policy --role-name web-shop-builds --policy-name log --policy-document file://may-log.json
aws codebuild create-project --name web-shop --service-role "$role" \
  --source "type=GITHUB,location=$1" --artifacts type=NO_ARTIFACTS \
  --environment type=LINUX_CONTAINER,image=aws/codebuild/standard:7.0,computeType=BUILD_GENERAL1_SMALL >/dev/null
aws events put-rule --name build-to-slack --event-pattern file://pattern.json >/dev/null
echo "There are the project web-shop and the rule build-to-slack."
