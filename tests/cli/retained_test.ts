// `midge retained`: listing and removing, against a broker.

import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import { ChildProcess, startMidge } from "../support/process.ts";

Deno.test("midge retained lists what is retained, and removes what it is told to", async () => {
  const { process, port } = await startMidge();
  await using _ = process;
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  const keep = (topic: string, payload: string, qos: 0 | 1 | 2, messageExpiryInterval?: number) =>
    client.publishAsync(topic, payload, {
      qos,
      retain: true,
      ...messageExpiryInterval === undefined ? {} : { properties: { messageExpiryInterval } },
    });
  await keep("a/1", "one", 0);
  await keep("a/2", "second", 2, 1_000);
  await keep("b/ü", "x", 1);

  const listed = await retained(port, "ls", "#");
  assert.equal(listed.code, 0);
  const lines = listed.stdout.trimEnd().split("\n");
  assert.equal(lines[0], "     BYTES QOS  EXPIRES TOPIC");
  assert.equal(lines[1], "         3 0      never a/1");
  assert.match(lines[2]!, /^ {9}6 2 +(1000|9\d\d) s a\/2$/);
  assert.equal(lines[3], "         1 1      never b/ü");
  assert.equal(lines[4], "3 retained messages, 10 bytes");

  const unasked = await retained(port, "rm", "a/#");
  assert.equal(unasked.code, 1);
  assert.match(unasked.stderr, /^Error: Nobody can be asked .* --yes\.\n$/);

  const removed = await retained(port, "rm", "a/#", "--yes", "--json");
  assert.deepEqual([removed.code, removed.stdout], [0, '{"removed":2,"left":[]}\n']);
  const left = await retained(port, "ls", "#", "--json", "-V", "311");
  assert.equal(
    left.stdout,
    '{"topic":"b/ü","bytes":1,"qos":1,"expiresInSeconds":null}\n',
  );
  await client.endAsync();
});

for (
  const [args, message] of [
    [[], "Error: Write ls or rm, and a FILTER. Try midge retained --help.\n"],
    [["ls"], "Error: Which messages? midge retained ls '#' Try midge retained --help.\n"],
    [["rm", "a/#/b"], "Error: Invalid FILTER 'a/#/b', are all '+' and '#' wildcards correct?"],
  ] as const
) {
  Deno.test(`midge retained ${args.join(" ")} is refused with 3`, async () => {
    const { code, stderr } = await run(...args);
    assert.equal(code, 3);
    assert.ok(stderr.startsWith(message), stderr);
  });
}

function retained(port: number, ...args: readonly string[]) {
  return run("-h", "127.0.0.1", "-p", `${port}`, ...args);
}

async function run(...args: readonly string[]) {
  await using tool = new ChildProcess("main.ts", ["retained", ...args], [
    "--allow-env",
    "--allow-read",
  ]);
  return await tool.ended();
}
