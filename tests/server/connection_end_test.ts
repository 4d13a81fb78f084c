// How a connection ends over a real socket: what the peer can read before the end, and that it can. A
// close with unread bytes in the kernel would reset the connection and take the reason with it.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { RawClient } from "../support/raw_client.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { publish } from "../vectors/vector.ts";

const GARBAGE = [
  { name: "an HTTP request", bytes: "'GET / HTTP/1.1' 0d0a 0d0a" },
  { name: "a TLS ClientHello", bytes: "16 03 01 00 f5 01 00 00 f1 03 03" },
  { name: "zeros", bytes: "00*100" },
  { name: "a PUBLISH before CONNECT", bytes: "30 05 ('t') 'hi'" },
  { name: "a Remaining Length without end", bytes: "10 ff ff ff ff ff" },
  { name: "a CONNECT larger than Maximum Packet Size", bytes: "10 ff ff ff 7f" },
  { name: "a protocol that is not MQTT", bytes: "10 [ ('HTTP') 04 02 0000 ('c') ]" },
];
for (const { name, bytes } of GARBAGE) {
  Deno.test(`a peer that sends ${name} is hung up on without a word`, async () => {
    await using broker = Broker.start();
    using peer = await RawClient.open(broker.port);
    await peer.send(bytes);
    await peer.expectEnd(2_000);
    using client = await RawClient.connect(broker.port); // and the others are served
    await client.ping();
  });
}

const REFUSED = [
  { version: 5, name: "reserved flags", bytes: "10 [ ('MQTT') 05 03 0000 [] ('c') ]", code: 0x81 },
  { version: 5, name: "Protocol Version 6", bytes: "10 [ ('MQTT') 06 02 0000 () ]", code: 0x84 },
  {
    version: 4,
    name: "no identifier and no Clean Session",
    bytes: "10 [ ('MQTT') 04 00 0000 () ]",
    code: 2,
  },
] as const;
for (const { version, name, bytes, code } of REFUSED) {
  Deno.test(`a CONNECT that is refused for ${name} is told so before the end`, async () => {
    await using broker = Broker.start();
    using peer = await RawClient.open(broker.port, version);
    await peer.send(bytes);
    assert.equal((await peer.expect(PacketType.Connack)).reasonCode, code);
    await peer.expectEnd();
  });
}

Deno.test("half a CONNECT and then silence ends when the time to CONNECT is over", async () => {
  await using broker = Broker.start({ limits: { connectTimeoutMs: 300 } });
  using peer = await RawClient.open(broker.port);
  await peer.send("10 20 ('MQTT') 05");
  await peer.expectEnd();
  using client = await RawClient.connect(broker.port);
  await new Promise((resolve) => setTimeout(resolve, 900));
  await client.ping(); // who has sent its CONNECT has no such limit
});

Deno.test("bytes that trickle in do not extend the time to CONNECT", async () => {
  await using broker = Broker.start({ limits: { connectTimeoutMs: 500 } });
  using peer = await RawClient.open(broker.port);
  const startedMs = performance.now();
  let isOver = false;
  const over = peer.expectEnd().then(() => isOver = true);
  await peer.send("10 80 10"); // 2,048 bytes to come, and they would take minutes
  while (!isOver && performance.now() - startedMs < 4_000) {
    await peer.send("00").catch(() => {}); // it may be closed by now
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await over;
  assert.ok(performance.now() - startedMs >= 500, "not before its time");
});

Deno.test("a Client whose Session is taken over reads DISCONNECT 0x8E and then the end", async () => {
  await using broker = Broker.start();
  using old = await RawClient.connect(broker.port, { clientId: "same" });
  using successor = await RawClient.connect(broker.port, { clientId: "same" });
  assert.equal((await old.expect(PacketType.Disconnect)).reasonCode, 0x8e);
  await old.expectEnd();
  await successor.ping();
});

const MISTAKES = [
  { name: "a second CONNECT", bytes: "10 [ ('MQTT') 05 02 0000 [] ('c') ]", reasonCode: 0x82 },
  { name: "a Topic Name with a wildcard", bytes: "30 [ ('a/#') [] 'x' ]", reasonCode: 0x81 },
  { name: "reserved bits", bytes: "c1 00", reasonCode: 0x81 },
  { name: "a Topic Alias that is too high", bytes: "30 [ ('a') [ 23 ffff ] ]", reasonCode: 0x94 },
  { name: "a packet larger than the broker takes", bytes: "30 ff ff ff 7f", reasonCode: 0x95 },
];
for (const { name, bytes, reasonCode } of MISTAKES) {
  const code = `0x${reasonCode.toString(16)}`;
  Deno.test(`a Client that sends ${name} reads DISCONNECT ${code} and then the end`, async () => {
    await using broker = Broker.start();
    using client = await RawClient.connect(broker.port);
    await client.send(bytes);
    assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, reasonCode);
    await client.expectEnd();
  });
}

Deno.test("a Client that goes on sending after its mistake is read out, not reset", async () => {
  await using broker = Broker.start({ limits: { drainMs: 3_000 } });
  using client = await RawClient.connect(broker.port);
  const more = new Uint8Array(1024 * 1024).fill(0x30);
  await client.send("c1 00");
  await client.send(more); // far more than the kernel keeps: the broker must read it
  await client.send(more);
  assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, 0x81);
  await client.expectEnd();
  for (let i = 0; i < 8; i++) await client.send(more); // a reset would make this throw
});

Deno.test("a Client that never hangs up is hung up on when its time to read is over", async () => {
  await using broker = Broker.start({ limits: { drainMs: 100 } });
  using client = await RawClient.connect(broker.port);
  await client.send("c1 00");
  await client.expect(PacketType.Disconnect);
  await client.expectEnd();
  const writeUntilReset = async () => {
    for (let i = 0; i < 100; i++) {
      await client.send("c0 00");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await assert.rejects(writeUntilReset, /reset|broken pipe/i);
});

Deno.test("what was published before a mistake in the same read is delivered, and nothing after it", async () => {
  await using broker = Broker.start();
  using watcher = await RawClient.connect(broker.port, { clientId: "watcher" });
  await watcher.subscribe("#");
  using client = await RawClient.connect(broker.port, { clientId: "client" });
  await client.send("30 [ ('t') [] 'before' ]  c1 00  30 [ ('t') [] 'after' ]");
  await client.expect(PacketType.Disconnect);
  const first = await watcher.expect(PacketType.Publish);
  assert.equal(new TextDecoder().decode(first.payload), "before");
  await watcher.ping();
});

Deno.test("Keep Alive ends a silent connection with DISCONNECT 0x8D, and packets extend it", async () => {
  await using broker = Broker.start();
  using silent = await RawClient.connect(broker.port, { clientId: "silent", keepAlive: 1 });
  using lively = await RawClient.connect(broker.port, { clientId: "lively", keepAlive: 1 });
  const pings = (async () => {
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await lively.ping();
    }
  })();
  assert.equal((await silent.expect(PacketType.Disconnect)).reasonCode, 0x8d);
  await silent.expectEnd();
  await pings;
});

Deno.test("a packet that is cut anywhere is put together again", async () => {
  await using broker = Broker.start();
  using client = await RawClient.connect(broker.port);
  await client.subscribe("cut");
  const bytes = encodePublish(publish({ topicName: "cut", payload: new Uint8Array(300) }), 5);
  for (const size of [1, 2, 3, 7, 299]) {
    for (let at = 0; at < bytes.length; at += size) await client.send(bytes.slice(at, at + size));
    assert.equal((await client.expect(PacketType.Publish)).payload.length, 300);
  }
});
