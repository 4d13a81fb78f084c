// Start and stop of the server itself: ports, limits on connections, and that nothing is left behind.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { RawClient } from "../support/raw_client.ts";
import { bytesOf, publish, will } from "../vectors/vector.ts";

const MIB = 1024 * 1024;

Deno.test("start() throws AddrInUse for a port in use, and keeps nothing open", async () => {
  await using first = Broker.start();
  assert.throws(() => Broker.start({ port: first.port }), Deno.errors.AddrInUse);
  using client = await RawClient.connect(first.port);
  await client.ping();
});

Deno.test("start() closes the first address again when a further one can't be had", () => {
  using taken = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  const { port } = taken.addr;
  assert.throws(
    () => Broker.start({ port, otherHostnames: ["127.0.0.2"] }),
    Deno.errors.AddrInUse,
  );
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("a broker serves on all of its addresses with one port", async () => {
  await using broker = Broker.start({ otherHostnames: ["127.0.0.2"] });
  assert.deepEqual(broker.addresses, [
    { hostname: "127.0.0.1", port: broker.port },
    { hostname: "127.0.0.2", port: broker.port },
  ]);
  using here = await RawClient.connect(broker.port);
  await here.ping();
  using there = await Deno.connect({ hostname: "127.0.0.2", port: broker.port });
  await there.write(Uint8Array.of(0x30));
  assert.equal(await there.read(new Uint8Array(1)), null);
});

Deno.test("stop() ends every connection with DISCONNECT 0x8B, and resolves when they are closed", async () => {
  const broker = Broker.start();
  using unborn = await RawClient.open(broker.port);
  const clients: RawClient[] = [];
  for (let i = 0; i < 20; i++) {
    clients.push(await RawClient.connect(broker.port, { clientId: `client ${i}` }));
  }
  const stopped = broker.stop();
  for (const client of clients) {
    assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, 0x8b);
    await client.expectEnd();
    client.close();
  }
  await unborn.expectEnd();
  await stopped;
  await assert.rejects(RawClient.open(broker.port), Deno.errors.ConnectionRefused);
});

Deno.test("stop() writes all that waits for a Client before its DISCONNECT", async () => {
  const roomy = { congestedOutputBytes: 64 * MIB, maximumOutputBytes: 128 * MIB };
  const broker = Broker.start({ limits: roomy });
  using slow = await RawClient.connect(broker.port, { clientId: "slow" });
  await slow.subscribe("#");
  using publisher = await RawClient.connect(broker.port, { clientId: "publisher" });
  const messages = 120; // more than the kernel takes for a peer that does not read
  for (let i = 0; i < messages; i++) {
    await publisher.send(publish({ topicName: `t/${i}`, payload: new Uint8Array(100_000) }));
  }
  await publisher.ping();
  publisher.close();
  const stopped = broker.stop();
  for (let i = 0; i < messages; i++) {
    assert.equal((await slow.expect(PacketType.Publish)).topicName, `t/${i}`);
  }
  assert.equal((await slow.expect(PacketType.Disconnect)).reasonCode, 0x8b);
  slow.close();
  await stopped;
});

Deno.test("stop() resolves within its limit although a Client reads nothing and does not hang up", async () => {
  const broker = Broker.start({ limits: { drainMs: 60_000 } });
  using client = await RawClient.connect(broker.port);
  await broker.stop();
  assert.equal((await client.expect(PacketType.Disconnect)).reasonCode, 0x8b);
});

Deno.test("stop() may be called twice, and before anybody has come", async () => {
  const broker = Broker.start();
  await Promise.all([broker.stop(), broker.stop()]);
  await broker.stop();
});

Deno.test("stop() publishes the will of a Client to those that are still there", async () => {
  const broker = Broker.start();
  using dying = await RawClient.connect(broker.port, {
    clientId: "dying",
    will: will({ topicName: "last/words", payload: bytesOf("bye") }),
  });
  using watcher = await RawClient.connect(broker.port, { clientId: "watcher" });
  await watcher.subscribe("last/#");
  const stopped = broker.stop();
  const said = await watcher.expect(PacketType.Publish);
  assert.equal(new TextDecoder().decode(said.payload), "bye");
  await watcher.expect(PacketType.Disconnect);
  watcher.close();
  dying.close();
  await stopped;
});

Deno.test("connections beyond the limit are closed at once, and have a place when another leaves", async () => {
  await using broker = Broker.start({ limits: { maximumConnections: 2 } });
  using one = await RawClient.connect(broker.port, { clientId: "one" });
  using two = await RawClient.connect(broker.port, { clientId: "two" });
  using third = await RawClient.open(broker.port);
  await third.expectEnd(2_000);
  await one.ping();
  await two.ping();
  await one.send("e0 00");
  await one.expectEnd();
  using next = await RawClient.connect(broker.port, { clientId: "next" });
  await next.ping();
});

Deno.test("a peer that connects and is gone at once leaves nothing behind", async () => {
  await using broker = Broker.start({ limits: { maximumConnections: 1 } });
  for (let i = 0; i < 30; i++) {
    const peer = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
    peer.close();
  }
  for (let attempt = 0;; attempt++) {
    try {
      using client = await RawClient.connect(broker.port);
      await client.ping();
      break;
    } catch (error) {
      if (attempt === 20) throw error; // the last of them may not have been read yet
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});

Deno.test("statistics count packets and bytes in both directions", async () => {
  await using broker = Broker.start({ sysIntervalMs: 0 });
  using client = await RawClient.connect(broker.port);
  await client.ping();
  const { messagesReceived, messagesSent, bytesReceived, connectsAccepted } = broker.statistics;
  assert.deepEqual({ messagesReceived, messagesSent, connectsAccepted }, {
    messagesReceived: 2,
    messagesSent: 2,
    connectsAccepted: 1,
  });
  assert.equal(bytesReceived, 16 + 2);
});
