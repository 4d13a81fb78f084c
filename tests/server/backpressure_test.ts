// Overload over real sockets: memory stays bounded, the others are served, a short burst loses nothing.
// The figures here are bounds that the design promises, never speeds.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { RawClient } from "../support/raw_client.ts";
import { ack, bytesOf, publish } from "../vectors/vector.ts";
import { flood, MeasuredBroker, MIB, repeated, sleep } from "./flood.ts";

const FLOOD_MS = 2_000; // twice the time that a publisher is held back
const MAX_GROWTH = 100 * MIB;

async function assertBounded(broker: MeasuredBroker): Promise<void> {
  const growth = await broker.peakGrowth();
  assert.ok(growth <= MAX_GROWTH, `it grew by ${Math.round(growth / MIB)} MiB`);
}

/** Two Clients that talk about something else all the while. */
async function serveOthers(port: number, untilMs: number): Promise<void> {
  using talker = await RawClient.connect(port, { clientId: "talker" });
  using listener = await RawClient.connect(port, { clientId: "listener" });
  await listener.subscribe("other");
  while (performance.now() < untilMs) {
    await talker.send(publish({ topicName: "other", payload: bytesOf("hello") }));
    await listener.expect(PacketType.Publish);
    await talker.ping();
    await sleep(20);
  }
}

for (const payloadBytes of [64, 20_000]) {
  Deno.test(`a flood of ${payloadBytes} byte messages to a subscriber that does not read stays bounded, and the others are served`, async () => {
    await using broker = await MeasuredBroker.start();
    using stuck = await RawClient.connect(broker.port, { clientId: "stuck" });
    await stuck.subscribe("flood");
    const publisher = await RawClient.connect(broker.port, { clientId: "publisher" });
    const payload = new Uint8Array(payloadBytes);
    const bytes = repeated(encodePublish({ topicName: "flood", payload }, 5));
    const untilMs = performance.now() + FLOOD_MS;
    await Promise.all([flood(publisher, bytes, FLOOD_MS), serveOthers(broker.port, untilMs)]);

    // Once it reads again, it is served again.
    using other = await RawClient.connect(broker.port, { clientId: "other" });
    let isServed = false;
    const marking = (async () => {
      while (!isServed) {
        await other.send(publish({ topicName: "flood", payload: bytesOf("again") }));
        await sleep(50);
      }
    })();
    while (!isServed) {
      isServed = (await stuck.expect(PacketType.Publish)).payload.length === "again".length;
    }
    await marking;
    await assertBounded(broker);
  });
}

Deno.test("a flood from one Client that a fast subscriber reads stays bounded", async () => {
  await using broker = await MeasuredBroker.start();
  const subscriber = await RawClient.connect(broker.port, { clientId: "subscriber" });
  await subscriber.subscribe("flood");
  const publisher = await RawClient.connect(broker.port, { clientId: "publisher" });
  const bytes = repeated(encodePublish({ topicName: "flood", payload: new Uint8Array(512) }, 5));
  let count = 0;
  const reading = (async () => {
    while (await subscriber.next(FLOOD_MS) !== undefined) {
      if (++count % 100_000 === 0) await sleep(0);
    }
  })().catch(() => {}); // it is closed under its read below
  await flood(publisher, bytes, 1_000);
  subscriber.close();
  await reading;
  assert.ok(count > 0);
  await assertBounded(broker);
});

Deno.test("a burst of QoS 0 messages to a subscriber that reads late loses none", async () => {
  await using broker = Broker.start();
  using subscriber = await RawClient.connect(broker.port, { clientId: "subscriber" });
  await subscriber.subscribe("burst");
  using publisher = await RawClient.connect(broker.port, { clientId: "publisher" });
  const count = 100_000; // 13 MB: more than sockets and the output hold before it is held back
  const one = encodePublish({ topicName: "burst", payload: new Uint8Array(120) }, 5);
  const sending = (async () => {
    for (let i = 0; i < count; i += 500) {
      const batch = new Uint8Array(500 * one.length);
      for (let j = 0; j < 500; j++) {
        batch.set(one, j * one.length);
        new DataView(batch.buffer).setUint32((j + 1) * one.length - 4, i + j);
      }
      await publisher.send(batch);
    }
  })();
  await sleep(400);
  for (let i = 0; i < count; i++) {
    const { payload } = await subscriber.expect(PacketType.Publish);
    assert.equal(new DataView(payload.slice().buffer).getUint32(116), i);
  }
  await sending;
  assert.equal(broker.statistics.publishDropped, 0);
});

Deno.test("a burst of QoS 1 messages to a subscriber that acknowledges at once loses none", async () => {
  await using broker = Broker.start();
  using subscriber = await RawClient.connect(broker.port, { clientId: "subscriber", version: 4 });
  await subscriber.subscribe("burst", 1);
  using publisher = await RawClient.connect(broker.port, { clientId: "publisher", version: 4 });
  const count = 3_000;
  const burst = Array.from(
    { length: count },
    (_, i) =>
      encodePublish({ topicName: "burst", qos: 1, packetId: i + 1, payload: bytesOf(`${i}`) }, 4),
  );
  const bytes = new Uint8Array(burst.reduce((sum, each) => sum + each.length, 0));
  burst.reduce((at, each) => (bytes.set(each, at), at + each.length), 0);
  await publisher.send(bytes); // all at once, as a client does that was offline for a while
  for (let i = 0; i < count; i++) {
    const { payload, packetId } = await subscriber.expect(PacketType.Publish, 1_000);
    assert.equal(new TextDecoder().decode(payload), `${i}`);
    await subscriber.send(ack(PacketType.Puback, { packetId }));
  }
  assert.equal(broker.statistics.publishDropped, 0);
});

Deno.test("a Client that takes none of its output for too long is disconnected", async () => {
  const limits = { maximumBackpressureMs: 200, stalledOutputMs: 600 };
  await using broker = Broker.start({ limits });
  using stuck = await RawClient.connect(broker.port, { clientId: "stuck" });
  await stuck.subscribe("flood");
  const publisher = await RawClient.connect(broker.port, { clientId: "publisher" });
  const bytes = repeated(encodePublish({ topicName: "flood", payload: new Uint8Array(1_000) }, 5));
  await flood(publisher, bytes, 1_500);
  // What the kernel had taken is still there to read, and then comes the end.
  while (await stuck.next() !== undefined);
});
