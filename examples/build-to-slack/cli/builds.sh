#!/usr/bin/env bash
# Starts a build that fails, one that succeeds, and one that is stopped.
set -euo pipefail
cd "$(dirname "$0")"
. ./aws.sh

# build NAME VALUE starts a build with a variable, and sets $id.
build() {
  id=$(aws codebuild start-build --project-name web-shop --environment-variables-override "name=$1,value=$2" --query build.id --output text)
}

# until_it_is TEXT QUERY waits until the build shows TEXT.
until_it_is() {
  for _ in $(seq 600); do
    [ "$(aws codebuild batch-get-builds --ids "$id" --query "builds[0].$2" --output text)" != "$1" ] || return 0
    sleep 1
  done
  echo "$id is not $1 after ten minutes" >&2
  return 1
}

build CATALOG broken.csv
until_it_is FAILED buildStatus
echo "$id FAILED"
build CATALOG catalog.csv
until_it_is SUCCEEDED buildStatus
echo "$id SUCCEEDED"
build WATCH_SECONDS 600
until_it_is BUILD currentPhase
aws codebuild stop-build --id "$id" >/dev/null
until_it_is STOPPED buildStatus
echo "$id STOPPED"
