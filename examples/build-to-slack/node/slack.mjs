// Tells Slack what became of a build. Its event is a CodeBuild Build State Change.

const signs = { SUCCEEDED: ":white_check_mark:", FAILED: ":x:", STOPPED: ":octagonal_sign:" };

// A text in which Slack sees no links and no mentions.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function message({ detail }) {
  const { "additional-information": more, "build-status": status } = detail;
  const build = detail["build-id"].split(":").at(-1).slice(0, 8);
  const lines = [`${signs[status] ?? ":warning:"} Build ${build} of *${detail["project-name"]}* ${status}, started by ${more.initiator}`];
  for (const phase of more.phases) {
    if ((phase["phase-status"] ?? "SUCCEEDED") !== "SUCCEEDED") {
      lines.push(...phase["phase-context"].map((why) => `${phase["phase-type"]}: ${why}`));
    }
  }
  return escaped(lines.join("\n"));
}

export async function handler(event) {
  const answer = await fetch(process.env.SLACK_WEBHOOK_URL, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: message(event) }),
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) {
    // An error of the function has the event tried again, after one minute and after two.
    throw new Error(`the webhook answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
  }
}
