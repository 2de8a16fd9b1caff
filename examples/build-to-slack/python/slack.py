"""Tells Slack what became of a build. Its event is a CodeBuild Build State Change."""

import json
import os
import urllib.error
import urllib.request

SIGNS = {"SUCCEEDED": ":white_check_mark:", "FAILED": ":x:", "STOPPED": ":octagonal_sign:"}


def escaped(text):
    """A text in which Slack sees no links and no mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(event):
    detail = event["detail"]
    more, status = detail["additional-information"], detail["build-status"]
    build = detail["build-id"].rpartition(":")[2][:8]
    lines = [f"{SIGNS.get(status, ':warning:')} Build {build} of *{detail['project-name']}* {status}, started by {more['initiator']}"]
    for phase in more["phases"]:
        if phase.get("phase-status", "SUCCEEDED") != "SUCCEEDED":
            lines += [f"{phase['phase-type']}: {why}" for why in phase["phase-context"]]
    return escaped("\n".join(lines))


def handler(event, context):
    body = json.dumps({"text": message(event)}).encode()
    request = urllib.request.Request(os.environ["SLACK_WEBHOOK_URL"], body, {"Content-Type": "application/json"})
    try:
        # An error of the function has the event tried again, after one minute and after two.
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError as e:
        raise RuntimeError(f"the webhook answered {e.code}: {e.read(200).decode(errors='replace')}") from None
