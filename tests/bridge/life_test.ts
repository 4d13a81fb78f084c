import assert from "node:assert/strict";
import { LineLog } from "../../src/observe/line_log.ts";
import { LogSinks } from "../../src/observe/log_sinks.ts";
import { Server } from "../../src/server/server.ts";
import { freePort } from "../support/free_port.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { connected, plan, reached, topic, until } from "./bridged.ts";

/** The only bridge of `server`. */
function bridgeOf(server: Server) {
  const [bridge] = [...server.bridges];
  return bridge!;
}

for (const version of [4, 5] as const) {
  Deno.test(`version ${version}: what is published while the remote broker is away arrives, in order`, async () => {
    const port = freePort();
    await using near = Server.start();
    await using a = await TestClient.connect(near.port);
    await near.configureBridges([
      plan({ port, topics: [topic("#", "out", 2)], remote: { version } }),
    ]);
    await reached(near, "waiting");
    assert.match(
      bridgeOf(near).detail,
      /^nobody listens there; next try at \d\d:\d\d:\d\d, 127\.0/,
    );
    for (let i = 0; i < 500; i++) a.mqtt.publish("t", String(i), { qos: i % 2 + 1 as 1 | 2 });
    await a.mqtt.publishAsync("t", "500", { qos: 1 });
    await using far = Server.start({ port });
    await using b = await TestClient.connect(port);
    await b.mqtt.subscribeAsync("t", { qos: 2 });
    const received = await b.received(501);
    const numbers = received.map(({ payload }) => Number(String(payload)));
    const ofQoS = (rest: number) => numbers.filter((each) => each % 2 === rest);
    for (const rest of [0, 1]) {
      assert.deepEqual(ofQoS(rest), ofQoS(rest).toSorted((x, y) => x - y));
    }
    assert.equal(new Set(numbers).size, 501);
    assert.ok(far);
  });
}

Deno.test("what is published there while the bridge is away arrives when it is back", async () => {
  await using far = Server.start();
  await using near = Server.start();
  await using a = await TestClient.connect(near.port);
  await using b = await TestClient.connect(far.port);
  await a.mqtt.subscribeAsync("#", { qos: 2 });
  const plans = [plan({ port: far.port, topics: [topic("#", "in", 2)] })];
  await near.configureBridges(plans);
  await connected(near);
  far.endConnections(() => true);
  await reached(near, "waiting");
  await using c = await TestClient.connect(far.port);
  for (let i = 0; i < 100; i++) c.mqtt.publish("t", String(i), { qos: 2 });
  const received = await a.received(100);
  assert.deepEqual(received.map(({ payload }) => Number(String(payload))), [...Array(100).keys()]);
  assert.ok(b);
});

Deno.test("a remote broker that takes the connection and says nothing is given up in time", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = silent.accept();
  await using near = Server.start();
  await near.configureBridges([plan({ port: silent.addr.port, connectTimeoutMs: 50 })]);
  await reached(near, "waiting");
  assert.match(
    bridgeOf(near).detail,
    /^the remote broker takes the connection and says nothing within 0.05 s/,
  );
  (await taken).close();
});

Deno.test("a broker that answers with something else is left, and told of", async () => {
  using strange = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await strange.accept();
    await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await conn.read(new Uint8Array(1000));
  })();
  await using near = Server.start();
  await near.configureBridges([
    plan({ port: strange.addr.port, restart: { baseMs: 60_000, capMs: undefined, stableMs: 0 } }),
  ]);
  await serving;
  await reached(near, "waiting");
  assert.match(bridgeOf(near).detail, /^the remote broker (breaks the protocol|answers something)/);
});

Deno.test("of three addresses the one that answers is taken, and the first again when it is back", async () => {
  const first = freePort();
  await using third = Server.start();
  const host = "127.0.0.1";
  await using near = Server.start();
  await near.configureBridges([plan({
    port: first,
    addresses: [{ host, port: first }, { host, port: freePort() }, { host, port: third.port }],
    topics: [topic("t", "out", 1)],
    primaryRetryMs: 20,
  })]);
  await connected(near);
  assert.equal(bridgeOf(near).detail, `connected to ${host}:${third.port}`);
  await using primary = Server.start({ port: first });
  await until(() => bridgeOf(near).detail === `connected to ${host}:${primary.port}`);
});

Deno.test("with round_robin the bridge stays where it is", async () => {
  const first = freePort();
  await using second = Server.start();
  const host = "127.0.0.1";
  await using near = Server.start();
  await near.configureBridges([plan({
    port: first,
    addresses: [{ host, port: first }, { host, port: second.port }],
    roundRobin: true,
    primaryRetryMs: 20,
  })]);
  await connected(near);
  await using primary = Server.start({ port: first });
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(bridgeOf(near).detail, `connected to ${host}:${second.port}`);
  assert.ok(primary);
});

Deno.test("a lazy bridge connects when enough waits, and leaves when there is nothing to do", async () => {
  await using far = Server.start();
  await using near = Server.start();
  await using a = await TestClient.connect(near.port);
  await using b = await TestClient.connect(far.port);
  await b.mqtt.subscribeAsync("t", { qos: 1 });
  await near.configureBridges([plan({
    port: far.port,
    topics: [topic("t", "out", 1)],
    start: "lazy",
    threshold: 3,
    idleTimeoutMs: 100,
    local: { cleanStart: true },
  })]);
  await reached(near, "idle");
  for (const text of ["1", "2"]) await a.mqtt.publishAsync("t", text, { qos: 1 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(bridgeOf(near).state, "idle");
  await a.mqtt.publishAsync("t", "3", { qos: 1 });
  assert.deepEqual(await b.texts(3), ["t 1", "t 2", "t 3"]);
  await reached(near, "idle");
});

Deno.test("a bridge with start_type once is not started again", async () => {
  await using far = Server.start();
  await using near = Server.start();
  await near.configureBridges([plan({ port: far.port, start: "once" })]);
  await connected(near);
  far.endConnections(() => true);
  await reached(near, "over");
});

Deno.test("a ring of three brokers: a message comes to each by each way, and ends where it came from", async () => {
  await using x = Server.start();
  await using y = Server.start();
  await using z = Server.start();
  const ring = [[x, y, "xy"], [y, z, "yz"], [z, x, "zx"]] as const;
  for (const [from, to, name] of ring) {
    await from.configureBridges([plan({ name, port: to.port, topics: [topic("#", "both", 1)] })]);
  }
  for (const server of [x, y, z]) await connected(server);
  await using a = await TestClient.connect(x.port);
  await using b = await TestClient.connect(y.port);
  await using c = await TestClient.connect(z.port);
  for (const client of [a, b, c]) await client.mqtt.subscribeAsync("t", { qos: 1 });
  await a.mqtt.publishAsync("t", "1", { qos: 1 });
  for (const client of [b, c]) await client.received(1);
  const count = () =>
    [x, y, z].flatMap((each) => [...each.bridges]).reduce(
      (n, { counters }) => n + counters.looped,
      0,
    );
  await until(() => count() >= 2); // it has come round in both directions, and ended there
  assert.deepEqual(await a.texts(1), ["t 1"]);
  for (const client of [b, c]) assert.deepEqual(await client.texts(2), ["t 1", "t 1"]);
});

Deno.test("a reload ends what is gone, starts what is new and leaves alone what is the same", async () => {
  await using far = Server.start();
  await using near = Server.start();
  const one = (name: string, filter: string) =>
    plan({ name, port: far.port, topics: [topic(filter, "out", 1)] });
  await near.configureBridges([one("same", "a"), one("gone", "b"), one("changed", "c")]);
  await connected(near);
  const same = [...near.bridges][0];
  await near.configureBridges([one("same", "a"), one("changed", "c/new"), one("new", "d")]);
  await connected(near);
  const names = [...near.bridges].map(({ settings }) => settings.name);
  assert.deepEqual(names.toSorted(), ["changed", "new", "same"]);
  assert.ok([...near.bridges].includes(same!));
  await using b = await TestClient.connect(far.port);
  await using a = await TestClient.connect(near.port);
  await b.mqtt.subscribeAsync("#", { qos: 1 });
  for (const name of ["a", "b", "c", "c/new", "d"]) {
    await a.mqtt.publishAsync(name, "", { qos: 1 });
  }
  const received = await b.received(3);
  assert.deepEqual(received.map((each) => each.topic).toSorted(), ["a", "c/new", "d"]);
});

Deno.test("the log and $SYS say why the bridge waits", async () => {
  const lines: string[] = [];
  const sinks = new LogSinks();
  const log = new LineLog({ levels: ["notice", "warning"], destinations: ["topic"] }, sinks);
  sinks.publishTo((written) => void lines.push(...[...written].map(({ text }) => text)));
  {
    await using near = Server.start({ log });
    await using a = await TestClient.connect(near.port);
    await a.mqtt.subscribeAsync("$SYS/broker/bridge/cloud/detail");
    const restart = { baseMs: 30_000, capMs: undefined, stableMs: 0 };
    await near.configureBridges([plan({ port: freePort(), restart })]);
    await reached(near, "waiting");
    const received = await a.received(2);
    assert.match(String(received.at(-1)!.payload), /nobody listens there; next try at/);
  }
  await log.close();
  assert.match(
    lines.join("\n"),
    /Warning: Bridge cloud: nobody listens there; next try at .*127\.0/,
  );
});

Deno.test("nobody takes the Session of a bridge by its Client Identifier", async () => {
  await using near = Server.start();
  await near.configureBridges([plan({ port: freePort(), local: { clientId: "local.b" } })]);
  await reached(near, "waiting");
  await assert.rejects(
    TestClient.connect(near.port, { clientId: "local.b", protocolVersion: 5 }),
    /Client Identifier not valid/,
  );
});
