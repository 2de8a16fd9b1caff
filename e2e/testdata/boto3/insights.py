"""Queries of Logs Insights, as boto3 users write them: each command of the language once."""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

# Older versions do not know AWS_ENDPOINT_URL.
logs = boto3.client("logs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


now = int(time.time())
hour = now - now % 3600 - 3600
logs.create_log_group(logGroupName="/shop")
logs.create_log_stream(logGroupName="/shop", logStreamName="one")
lines = [
    {"level": ["INFO", "ERROR"][n % 2], "ms": 10 * n, "user": f"u{n % 3}", "text": f"order={n} took {10 * n} ms"} for n in range(20)
]
logs.put_log_events(
    logGroupName="/shop", logStreamName="one", logEvents=[{"timestamp": (hour + n) * 1000, "message": json.dumps(line)} for n, line in enumerate(lines)]
)


def results(query, **more):
    """The rows of a query's result as dictionaries, and the rest of the answer."""
    started = logs.start_query(logGroupName="/shop", startTime=hour - 60, endTime=now, queryString=query, **more)
    deadline = time.time() + 30
    while True:
        answer = logs.get_query_results(queryId=started["queryId"])
        if answer["status"] not in ("Scheduled", "Running"):
            break
        assert time.time() < deadline, answer
        time.sleep(0.02)
    assert answer["status"] == "Complete", answer
    return [{f["field"]: f["value"] for f in row} for row in answer["results"]], answer


def check(query, want, **more):
    rows, _ = results(query, **more)
    for row in rows:
        row.pop("@ptr", None)
    assert rows == want, (query, rows)


# Each command. Without fields a row has @timestamp and @message, and @ptr leads to the event.
rows, answer = results("limit 2")
assert len(rows) == 2 and set(rows[0]) == {"@timestamp", "@message", "@ptr"}, rows
assert answer["statistics"]["recordsMatched"] == 20 and answer["statistics"]["bytesScanned"] > 20 * 50, answer
record = logs.get_log_record(logRecordPointer=rows[0]["@ptr"])["logRecord"]
assert record["@message"] == rows[0]["@message"] and record["level"] in ("INFO", "ERROR"), record
check("fields ms, ms * 2 as twice | filter level = 'ERROR' and ms > 150 | sort ms desc", [{"ms": str(n), "twice": str(2 * n)} for n in (190, 170)])
check('parse text "order=* took * ms" as order, took | filter took >= 180 | display order, took | sort order', [{"order": o, "took": f"{o}0"} for o in ("18", "19")])
check(r"parse text /took (?<t>\d+)/ | stats sum(t) as all, count(*) as n by level | sort level", [{"level": "ERROR", "all": "1000", "n": "10"}, {"level": "INFO", "all": "900", "n": "10"}])
check("stats max(ms) as most by bin(1h)", [{"bin(1h)": time.strftime("%Y-%m-%d %H:00:00.000", time.gmtime(hour)), "most": "190"}])
check("filter user in ['u0', 'u1'] | sort ms | display user, ms | dedup user", [{"user": "u0", "ms": "0"}, {"user": "u1", "ms": "10"}])
check("filter @message like /order=1[0-9]/ | sort ms | display ms | limit 100", [{"ms": "100"}, {"ms": "110"}, {"ms": "120"}], limit=3)

# What is no query is refused with the place; what dari has not is refused by name.
try:
    logs.start_query(logGroupName="/shop", startTime=hour, endTime=now, queryString="fields @timestamp | filter level =")
    raise AssertionError("half a query was taken")
except logs.exceptions.MalformedQueryException as e:
    assert e.response["queryCompileError"]["location"]["startCharOffset"] > 20, e.response
refused("MalformedQueryException", logs.start_query, logGroupName="/shop", startTime=hour, endTime=now, queryString="pattern @message")
refused("ResourceNotFoundException", logs.start_query, logGroupName="/none", startTime=hour, endTime=now, queryString="limit 1")

# Queries are listed, stopped and forgotten; one that has ended cannot be stopped.
query = logs.start_query(logGroupNames=["/shop"], startTime=hour, endTime=now, queryString="stats count(*) by level")["queryId"]
deadline = time.time() + 30
while logs.get_query_results(queryId=query)["status"] != "Complete":
    assert time.time() < deadline
    time.sleep(0.02)
refused("InvalidParameterException", logs.stop_query, queryId=query)
listed = logs.describe_queries(logGroupName="/shop", status="Complete")["queries"]
assert query in [q["queryId"] for q in listed] and len(listed) >= 8, listed
slow = "filter " + " or ".join(f"@message like /(a|b|ab)*{n}c/" for n in range(20))
query = logs.start_query(logGroupName="/shop", startTime=hour, endTime=now, queryString=slow)["queryId"]
try:  # either it is stopped, or it was quicker
    assert logs.stop_query(queryId=query)["success"]
    assert logs.get_query_results(queryId=query)["status"] == "Cancelled"
except ClientError as e:
    assert logs.get_query_results(queryId=query)["status"] == "Complete", e

# Queries may be written down.
kept = logs.put_query_definition(name="errors/by user", queryString="stats count(*) by user", logGroupNames=["/shop"])["queryDefinitionId"]
(definition,) = logs.describe_query_definitions(queryDefinitionNamePrefix="errors")["queryDefinitions"]
assert definition["queryDefinitionId"] == kept and definition["queryString"] == "stats count(*) by user", definition
assert logs.delete_query_definition(queryDefinitionId=kept)["success"]
fields = {f["name"]: f["percent"] for f in logs.get_log_group_fields(logGroupName="/shop", time=hour + 10)["logGroupFields"]}
assert fields.get("level") == 100 and fields.get("@message") == 100, fields
print("ok")
