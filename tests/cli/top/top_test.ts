// `midge top`: what it makes of $SYS, how that looks, and the command against a broker.

import assert from "node:assert/strict";
import { SysModel } from "../../../src/cli/top/sys_model.ts";
import { plainHeader, plainLine, screenLines } from "../../../src/cli/top/top_view.ts";
import { ChildProcess, startMidge } from "../../support/process.ts";

function modelOf(values: Readonly<Record<string, string>>): SysModel {
  const model = new SysModel();
  for (const [name, value] of Object.entries(values)) model.receive(`$SYS/broker/${name}`, value);
  return model;
}

Deno.test("a rate is how much a counter has grown from round to round", () => {
  const model = modelOf({ "publish/messages/received": "100" });
  model.endRound(1_000);
  assert.equal(model.report().rates.publishReceived, null);
  model.receive("$SYS/broker/publish/messages/received", "400");
  model.endRound(11_000);
  assert.equal(model.report().rates.publishReceived, 30);
  model.endRound(21_000); // nothing has changed, so the broker has said nothing
  assert.equal(model.report().rates.publishReceived, 0);
});

Deno.test("before there are two rounds, the broker's own average is the rate", () => {
  const model = modelOf({ "bytes/sent": "1", "load/bytes/sent/1min": "120.00" });
  model.endRound(0);
  assert.equal(model.report().rates.bytesSent, 2);
});

Deno.test("a broker that has been started anew counts from 0, and no rate is negative", () => {
  const model = modelOf({ "messages/sent": "5000" });
  model.endRound(0);
  model.receive("$SYS/broker/messages/sent", "50");
  model.endRound(10_000);
  assert.equal(model.report().rates.messagesSent, 5);
});

Deno.test("what the broker does not say is null, and a dash on the screen", () => {
  const model = modelOf({ "clients/connected": "3", version: "evil\x1b[2Jbroker" });
  model.endRound(0);
  const report = model.report();
  assert.equal(report.gauges.clientsConnected, 3);
  assert.equal(report.gauges.heapBytes, null);
  const lines = screenLines(report, "here:1883", { columns: 80, rows: 24 });
  assert.match(lines[0]!, /evil\?\[2Jbroker/);
  assert.match(lines.join("\n"), /heap +-, - at most/);
});

Deno.test("the screen is never larger than the terminal", () => {
  const model = modelOf({ version: "midge version 0.1.0", uptime: "90061 seconds" });
  const lines = screenLines(model.report(), "a.very.long.name:1883", { columns: 30, rows: 5 });
  assert.equal(lines.length, 5);
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    assert.ok(line.replaceAll(/\x1b\[\dm/g, "").length <= 30, line);
  }
});

Deno.test("the header stands above the figures", () => {
  assert.equal(plainHeader().length, plainLine(new SysModel().report()).length);
});

Deno.test("midge top --json prints a line when the broker speaks, and ends after -n", async () => {
  const { process, port } = await startMidge();
  await using _ = process;
  const args = ["top", "-h", "127.0.0.1", "-p", `${port}`, "--json", "-n", "1"];
  await using top = new ChildProcess("main.ts", args, ["--allow-env", "--allow-read"]);
  const { code, stdout, stderr } = await top.ended();
  assert.deepEqual([code, stderr], [0, ""]);
  const report = JSON.parse(stdout);
  assert.match(report.version, /^midge version /);
  assert.equal(typeof report.gauges.retained, "number");
});
