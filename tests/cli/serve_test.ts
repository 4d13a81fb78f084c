// midge as a process that serves: its greeting, its log, and how it ends.

import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import config from "../../deno.json" with { type: "json" };
import { PacketType } from "../../src/packet/packet_type.ts";
import { freePort } from "../support/free_port.ts";
import { startMidge } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("midge greets with its version, where it listens, and two commands to try", async () => {
  const { process, port } = await startMidge();
  await using midge = process;
  const [greeting] = await midge.waitForOutput(/^[^]*world\n/);
  const lines = greeting.trimEnd().split("\n");
  assert.equal(lines[0], `midge ${config.version}: MQTT 5.0, 3.1.1 and 3.1`);
  assert.match(lines[1]!, new RegExp(`^Listening on 127\\.0\\.0\\.1:${port}\\b`));
  assert.deepEqual(lines.slice(3).map((line) => line.trim()), [
    `mosquitto_sub -h 127.0.0.1 -p ${port} -t 'demo/#' -v`,
    `mosquitto_pub -h 127.0.0.1 -p ${port} -t demo/hello -m world`,
  ]);
});

Deno.test("midge serves where its greeting says, as soon as that is there", async () => {
  const { process } = await startMidge();
  await using midge = process;
  const [, where] = await midge.waitForOutput(/Listening on (.*): everybody/);
  for (const address of where!.split(" and ")) {
    const client = await connectAsync(`mqtt://${address}`, { reconnectPeriod: 0 });
    await client.endAsync();
  }
});

Deno.test("midge -p listens on the port it is given", async () => {
  const port = freePort();
  const started = await startMidge("-p", `${port}`);
  await using _midge = started.process;
  assert.equal(started.port, port);
});

Deno.test("midge -p -p listens on several ports, each once", async () => {
  const { process } = await startMidge("-p", "0", "--port", `${freePort()}`, "-p", "0");
  await using midge = process;
  const [, where] = await midge.waitForOutput(/Listening on (.*): everybody/);
  const ports = new Set(where!.split(" and ").map((address) => /\d+$/.exec(address)![0]));
  assert.equal(ports.size, 2);
  for (const port of ports) {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    await client.endAsync();
  }
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`midge tells its clients on ${signal} that it shuts down, and ends with exit code 0`, async () => {
    const { process, port } = await startMidge();
    await using midge = process;
    using client = await RawClient.connect(port);
    using older = await RawClient.connect(port, { clientId: "older", version: 4 });
    midge.signal(signal);
    assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, 0x8b);
    await client.expectEnd();
    client.close();
    await older.expectEnd(); // MQTT 3 has no DISCONNECT from the broker
    older.close();
    const { code, signal: killedBy, stderr } = await midge.ended();
    assert.deepEqual({ code, killedBy }, { code: 0, killedBy: null });
    assert.match(stderr, new RegExp(`^\\d+: ${signal}: midge stops\\.$`, "m"));
  });
}

Deno.test("midge ends on SIGTERM although a client does not hang up", async () => {
  const { process, port } = await startMidge();
  await using midge = process;
  using client = await RawClient.connect(port);
  midge.signal("SIGTERM");
  assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, 0x8b);
  assert.equal((await midge.ended()).code, 0);
});

Deno.test("midge ends with exit code 0 on a second signal as well", async () => {
  const { process, port } = await startMidge();
  await using midge = process;
  using client = await RawClient.connect(port);
  midge.signal("SIGINT");
  await client.expect(PacketType.Disconnect);
  midge.signal("SIGINT");
  assert.equal((await midge.ended()).code, 0);
});

Deno.test("midge logs who connects and leaves, one line each with the time in front", async () => {
  const { process, port } = await startMidge();
  await using midge = process;
  using client = await RawClient.connect(port, { clientId: "visitor" });
  await client.send({ type: PacketType.Disconnect, reasonCode: 0, properties: {} });
  await midge.waitForError(/ disconnected\.\n/);
  midge.signal("SIGTERM");
  const { stderr } = await midge.ended();
  const lines = stderr.trimEnd().split("\n");
  for (const line of lines) assert.match(line, /^\d{10}: \S/);
  const texts = lines.map((line) => line.replace(/^\d+: /, "").replaceAll(/1:\d+/g, "1:X"));
  assert.deepEqual(texts.filter((text) => !text.startsWith("Opening")), [
    `midge version ${config.version} starting`,
    "Using default config.",
    `midge version ${config.version} running`,
    `New connection from 127.0.0.1:X on port ${port}.`,
    "New client connected from 127.0.0.1:X as visitor (p5, c1, k0).",
    "Client visitor [127.0.0.1:X] disconnected.",
    "SIGTERM: midge stops.",
    `midge version ${config.version} terminating`,
  ]);
  assert.ok(texts.includes(`Opening ipv4 listen socket on port ${port}.`));
  assert.ok(!stderr.includes("PINGREQ"), "debug lines are for --verbose");
});

Deno.test("midge --verbose logs packets too", async () => {
  const { process, port } = await startMidge("--verbose");
  await using midge = process;
  using client = await RawClient.connect(port, { clientId: "talker" });
  await client.ping();
  await midge.waitForError(/: Received PINGREQ from talker\n/);
});

Deno.test("midge goes on serving when nobody reads its log any more", async () => {
  const { process, port } = await startMidge();
  await using midge = process;
  await midge.closeStderr();
  for (const clientId of ["one", "two", "three"]) {
    using client = await RawClient.connect(port, { clientId });
    await client.ping();
  }
  using last = await RawClient.connect(port, { clientId: "last" });
  midge.signal("SIGTERM");
  await last.expect(PacketType.Disconnect);
  last.close();
  assert.equal((await midge.ended()).code, 0);
});
