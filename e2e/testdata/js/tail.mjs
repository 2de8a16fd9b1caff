// A live session over log groups, as users of the JavaScript SDK write it.
import assert from "node:assert/strict";
import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DescribeLogGroupsCommand, PutLogEventsCommand, StartLiveTailCommand,
} from "@aws-sdk/client-cloudwatch-logs";

// The prefix before the host leads nowhere here.
const logs = new CloudWatchLogsClient({ endpoint: process.env.AWS_ENDPOINT_URL, disableHostPrefix: true });

const stream = { logGroupName: "/js", logStreamName: "one" };
await logs.send(new CreateLogGroupCommand({ logGroupName: stream.logGroupName }));
await logs.send(new CreateLogStreamCommand(stream));
const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/js" }));
const session = await logs.send(new StartLiveTailCommand({
  logGroupIdentifiers: [logGroups[0].logGroupArn], logStreamNames: ["one"], logEventFilterPattern: "{ $.n > 1 }",
}));

let started = false, updates = 0;
const got = [];
for await (const event of session.responseStream) {
  if (event.sessionStart) {
    assert.deepEqual(event.sessionStart.logStreamNames, ["one"]);
    started = true;
    const logEvents = [1, 2, 3].map((n) => ({ timestamp: Date.now() + n, message: JSON.stringify({ n, text: "é\u0001" }) }));
    await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
  } else {
    assert.ok(started && event.sessionUpdate && ++updates < 30);
    assert.equal(event.sessionUpdate.sessionMetadata.sampled, false);
    got.push(...event.sessionUpdate.sessionResults.map((e) => JSON.parse(e.message)));
  }
  if (got.length === 2) break;
}
assert.deepEqual(got, [{ n: 2, text: "é\u0001" }, { n: 3, text: "é\u0001" }]);
console.log("ok");
process.exit(0); // the session's connection is still open
