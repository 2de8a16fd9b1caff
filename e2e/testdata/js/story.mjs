// Rules, events and queues, as users of the JavaScript SDK write them.
import assert from "node:assert/strict";
import {
  EventBridgeClient, CreateEventBusCommand, DescribeRuleCommand, PutEventsCommand, PutRuleCommand, PutTargetsCommand,
  ListRulesCommand, ResourceNotFoundException,
} from "@aws-sdk/client-eventbridge";
import {
  SQSClient, CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand, GetQueueUrlCommand, QueueDoesNotExist,
  ReceiveMessageCommand, SendMessageCommand,
} from "@aws-sdk/client-sqs";

const endpoint = process.env.AWS_ENDPOINT_URL;
const events = new EventBridgeClient({ endpoint });
const sqs = new SQSClient({ endpoint, useQueueUrlAsEndpoint: false });

const Policy = JSON.stringify({
  Statement: [{ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: "*" }],
});
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "js", Attributes: { Policy } }));
const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
await events.send(new CreateEventBusCommand({ Name: "js" }));
await events.send(new PutRuleCommand({ Name: "r", EventBusName: "js", EventPattern: JSON.stringify({ detail: { n: [{ numeric: [">", 4] }] } }) }));
const targets = await events.send(new PutTargetsCommand({ Rule: "r", EventBusName: "js", Targets: [{ Id: "q", Arn: Attributes.QueueArn }] }));
assert.equal(targets.FailedEntryCount, 0);

const put = await events.send(new PutEventsCommand({
  Entries: Array.from({ length: 10 }, (_, n) => ({
    EventBusName: "js", Source: "js", DetailType: "t", Detail: JSON.stringify({ n }), Time: new Date("2024-01-02T03:04:05.678Z"),
  })),
}));
assert.equal(put.FailedEntryCount, 0);
const want = put.Entries.slice(5).map((e) => e.EventId).sort();

const got = [];
while (got.length < want.length) {
  // The SDK checks the MD5 sums of what it receives.
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }));
  assert.ok(Messages, `${got.length} of ${want.length} events`);
  for (const m of Messages) {
    const event = JSON.parse(m.Body);
    assert.equal(event.time, "2024-01-02T03:04:05Z");
    got.push(event.id);
  }
  await sqs.send(new DeleteMessageBatchCommand({
    QueueUrl, Entries: Messages.map((m, n) => ({ Id: String(n), ReceiptHandle: m.ReceiptHandle })),
  }));
}
assert.deepEqual(got.sort(), want);

await assert.rejects(events.send(new DescribeRuleCommand({ Name: "nope" })), (e) =>
  e instanceof ResourceNotFoundException && e.message === "Rule nope does not exist on EventBus default.");
await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: "nobody" })), (e) => e instanceof QueueDoesNotExist);

for (let n = 0; n < 120; n++) {
  await events.send(new PutRuleCommand({ Name: `r${n}`, EventPattern: '{"source":["x"]}' }));
}
let rules = 0, NextToken;
do {
  const page = await events.send(new ListRulesCommand({ Limit: 50, NextToken }));
  rules += page.Rules.length;
  NextToken = page.NextToken;
} while (NextToken);
assert.equal(rules, 120);

await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "é", MessageAttributes: { k: { DataType: "String", StringValue: "v" } } }));
console.log("ok");
