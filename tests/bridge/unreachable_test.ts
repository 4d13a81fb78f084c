// A remote broker that can't be reached: the Clients here are served as if there were no bridge, and the bridge
// says why it waits, and when it tries next.

import assert from "node:assert/strict";
import { promises as dns } from "node:dns";
import { Server } from "../../src/server/server.ts";
import { issue } from "../support/certificates.ts";
import { freePort } from "../support/free_port.ts";
import { TlsBroker } from "../support/tls_broker.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { type BridgeChanges, connected, plan, reached, topic, until } from "./bridged.ts";

const HOST = "127.0.0.1";
const NEXT = String.raw`; next try at \d\d:\d\d:\d\d, `;

/** What `plan` says of itself while it waits, in $SYS, to a Client that is served meanwhile. */
async function whyItWaits(changes: BridgeChanges): Promise<string> {
  await using near = Server.start();
  await using client = await TestClient.connect(near.port);
  const received: [topic: string, text: string][] = [];
  client.mqtt.on("message", (topic, payload) => void received.push([topic, String(payload)]));
  await client.mqtt.subscribeAsync(["$SYS/broker/bridge/cloud/+", "t"], { qos: 1 });
  const restart = { baseMs: 60_000, capMs: undefined, stableMs: 0 };
  await near.configureBridges([plan({ topics: [topic("t", "out", 1)], restart, ...changes })]);
  for (let i = 0; i < 100; i++) client.mqtt.publish("t", "x", { qos: 1 });
  await client.mqtt.publishAsync("t", "x", { qos: 1 }); // while it tries
  await reached(near, "waiting");
  await client.mqtt.publishAsync("t", "last", { qos: 1 });
  await until(() => received.some(([, text]) => text === "last"));
  assert.equal(received.filter(([topic]) => topic === "t").length, 102);
  const last = (name: string) =>
    String(received.findLast(([topic]) => topic.endsWith(`/${name}`))?.[1]);
  assert.equal(last("state"), "waiting");
  return last("detail");
}

/** TLS of a bridge that trusts one authority and shows no certificate. */
const trusting = (authority: string) => ({
  ca: [authority],
  certificate: undefined,
  key: undefined,
  acceptsAnyName: false,
  minimumVersion: "1.2",
  alpn: undefined,
} as const);

Deno.test("a name that no name server answers for costs nobody anything", async () => {
  const { lookup } = dns;
  const asked: string[] = [];
  let answer = (_: { address: string; family: number }): void => {};
  try {
    Object.assign(dns, {
      lookup: (host: string) => {
        asked.push(host);
        return new Promise((resolve) => answer = resolve);
      },
    });
    const addresses = [{ host: "cloud.example", port: 1883 }];
    const why = await whyItWaits({ port: 0, addresses, connectTimeoutMs: 100 });
    const wanted =
      `^no name server says what cloud.example is within 0.1 s${NEXT}cloud.example:1883$`;
    assert.match(why, new RegExp(wanted));
    answer({ address: HOST, family: 4 }); // too late: nothing comes of it
  } finally {
    Object.assign(dns, { lookup });
  }
  assert.deepEqual(asked, ["cloud.example"]);
});

Deno.test("a name that does not exist is told of", async () => {
  const addresses = [{ host: "no-such-host.invalid", port: 1883 }];
  const why = await whyItWaits({ port: 0, addresses });
  assert.match(
    why,
    /^the name no-such-host\.invalid can't be looked up \((no|there is no) .+\); next try at /,
  );
});

Deno.test("a remote broker that takes the connection and is silent is told of", async () => {
  using silent = Deno.listen({ hostname: HOST, port: 0 });
  const { port } = silent.addr;
  const taken = silent.accept();
  const why = await whyItWaits({ port, connectTimeoutMs: 100 });
  const wanted = `^the remote broker takes the connection and says nothing within 0.1 s${NEXT}`;
  assert.match(why, new RegExp(`${wanted}${HOST}:${port}$`));
  (await taken).close();
});

Deno.test("one that is silent when it comes to TLS is told of", async () => {
  using silent = Deno.listen({ hostname: HOST, port: 0 });
  const taken = silent.accept();
  const tls = trusting((await issue({ subject: { CN: "CA" }, isAuthority: true })).pem);
  const { port } = silent.addr;
  const why = await whyItWaits({ port, connectTimeoutMs: 100, remote: { tls } });
  assert.match(
    why,
    /^the remote broker takes .* does not complete the TLS handshake within 0\.1 s/,
  );
  (await taken).close();
});

Deno.test("a certificate that expires while the bridge is connected ends it at the next connection, with the reason", async () => {
  const authority = await issue({ subject: { CN: "CA" }, isAuthority: true });
  const about = { subject: { CN: "far" }, issuer: authority, usage: "server" } as const;
  const [valid, expired] = await Promise.all([
    issue(about),
    issue({ ...about, notBefore: -9, notAfter: -1 }),
  ]);
  const port = freePort();
  const start = (of: typeof valid) =>
    TlsBroker.start({
      "server.crt": of.pem,
      "server.key": of.key,
      "broker.yaml": `access: {allowAnonymous: true}
persistence: {durability: none}
listeners:
  - {port: ${port}, hostnames: [${HOST}], tls: {certFile: DIR/server.crt, keyFile: DIR/server.key}}
`,
    });
  await using near = Server.start();
  await using client = await TestClient.connect(near.port);
  const tls = trusting(authority.pem);
  {
    await using far = await start(valid);
    await near.configureBridges([
      plan({ port, topics: [topic("t", "out", 1)], remote: { tls } }),
    ]);
    await connected(near);
    assert.ok(far);
  }
  await client.mqtt.publishAsync("t", "kept", { qos: 1 });
  const [bridge] = [...near.bridges];
  {
    await using far = await start(expired);
    const why = /^the certificate of the remote broker .*expired.*; next try at /;
    await until(() => why.test(bridge!.detail), () => bridge!.detail);
    assert.ok(far);
  }
  await using far = await start(valid); // renewed: it comes back by itself, and nothing is lost
  await until(() => far.configured.server.statistics.publishReceived > 0);
});

Deno.test("bridge_bind_address is the address that it comes from", async () => {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  const taken = listener.accept();
  await using near = Server.start();
  const { port } = listener.addr;
  await near.configureBridges([plan({ port, remote: { bindAddress: "127.0.0.3" } })]);
  using connection = await taken;
  assert.equal((connection.remoteAddr as Deno.NetAddr).hostname, "127.0.0.3");
});

Deno.test("over a bridge_bind_address messages pass both ways", async () => {
  await using far = Server.start();
  await using near = Server.start();
  await using a = await TestClient.connect(near.port);
  await using b = await TestClient.connect(far.port);
  for (const client of [a, b]) await client.mqtt.subscribeAsync("#", { qos: 1 });
  await near.configureBridges([plan({ port: far.port, remote: { bindAddress: "127.0.0.3" } })]);
  await connected(near);
  await a.mqtt.publishAsync("from/a", "x".repeat(200_000), { qos: 2 });
  await b.mqtt.publishAsync("from/b", "y".repeat(200_000), { qos: 2 });
  for (const client of [a, b]) {
    const received = await client.received(2);
    assert.deepEqual(received.map((each) => each.topic).toSorted(), ["from/a", "from/b"]);
    assert.ok(received.every(({ payload }) => payload.length === 200_000));
  }
});

Deno.test("an address that is not ours, or out of reach from it, is told of", async () => {
  const why = await whyItWaits({ port: 1, remote: { bindAddress: "192.0.2.1" } });
  assert.match(why, /192\.0\.2\.1/);
});

for (const isRemoteTold of [false, true]) {
  Deno.test(`notifications ${isRemoteTold ? "go to both brokers" : "with notifications_local_only stay here"}`, async () => {
    await using far = Server.start();
    await using near = Server.start();
    await using a = await TestClient.connect(near.port);
    await using b = await TestClient.connect(far.port);
    const name = "$SYS/broker/connection/near.cloud/state";
    for (const client of [a, b]) await client.mqtt.subscribeAsync([name, "t"], { qos: 1 });
    await near.configureBridges([
      plan({
        port: far.port,
        topics: [topic("t", "out", 1)],
        notifications: { topic: name, remote: isRemoteTold },
      }),
    ]);
    await connected(near);
    await a.mqtt.publishAsync("t", "", { qos: 1 });
    const told = isRemoteTold ? ["1", ""] : [""];
    assert.deepEqual((await b.received(told.length)).map(({ payload }) => String(payload)), told);
    assert.deepEqual((await a.received(3)).map(({ payload }) => String(payload)), ["0", "1", ""]);
    far.endConnections(() => true);
    assert.equal(String((await a.received(4)).at(3)!.payload), "0");
    await using late = await TestClient.connect(near.port);
    await late.mqtt.subscribeAsync(name);
    assert.ok((await late.received(1))[0]!.retain);
  });
}
