// OutboundWindow and InboundWindow: Packet Identifiers, places, and the order of acknowledgements.

import assert from "node:assert/strict";
import fc from "fast-check";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import type { QoS } from "../../src/packet/packet_type.ts";
import { Awaiting, Delivery } from "../../src/session/delivery.ts";
import { InboundWindow } from "../../src/session/inbound_window.ts";
import { StoredBytes } from "../../src/session/stored_bytes.ts";
import { OutboundWindow } from "../../src/session/outbound_window.ts";
import { parseTopicName } from "../../src/topic/topic_name.ts";
import { messageOf } from "./recording_sink.ts";

const MAX_PACKET_ID = 65_535;

function deliveryOf(qos: QoS): Delivery {
  return new Delivery(messageOf("m"), qos, false, undefined, undefined);
}

/** A window whose Client is there. */
function connectedWindow(limit: number, storedBytes = new StoredBytes(0)): OutboundWindow {
  const window = new OutboundWindow(limit, storedBytes);
  window.connect(limit);
  return window;
}

function opened(window: OutboundWindow, qos: QoS): Delivery {
  const delivery = deliveryOf(qos);
  window.open(delivery, window.takePacketId());
  return delivery;
}

function assertProtocolError(action: () => unknown): void {
  assert.throws(action, (error) => error instanceof MqttError && error.reasonCode === 0x82);
}

Deno.test("OutboundWindow counts Packet Identifiers from 1 and begins again behind 65535", () => {
  const window = connectedWindow(1);
  for (let id = 1; id <= MAX_PACKET_ID; id++) assert.equal(window.takePacketId(), id);
  assert.equal(window.takePacketId(), 1);
});

Deno.test("OutboundWindow leaves out Packet Identifiers that are in use", () => {
  const window = connectedWindow(MAX_PACKET_ID);
  for (let id = 1; id <= MAX_PACKET_ID; id++) opened(window, 1);
  for (const free of [7, 9, 65_535]) window.acknowledge(free);
  assert.deepEqual([opened(window, 1), opened(window, 1)].map(({ packetId }) => packetId), [7, 9]);
  assert.equal(window.takePacketId(), 65_535);
});

Deno.test("OutboundWindow has room until its limit is reached, and again after an acknowledgement", () => {
  const window = connectedWindow(2);
  const [one] = [opened(window, 1), opened(window, 2)];
  assert.deepEqual([window.hasRoom, window.size], [false, 2]);
  assert.ok(window.acknowledge(one!.packetId));
  assert.deepEqual([window.hasRoom, window.size], [true, 1]);
});

Deno.test("OutboundWindow keeps the place of a QoS 2 message until PUBCOMP", () => {
  const window = connectedWindow(1);
  const { packetId } = opened(window, 2);
  assert.equal(window.receive(packetId, 0), "answer with PUBREL");
  assert.equal(window.hasRoom, false);
  assert.equal(window.receive(packetId, 0), "answer with PUBREL"); // repeated
  assert.ok(window.complete(packetId));
  assert.deepEqual([window.hasRoom, window.size], [true, 0]);
});

Deno.test("OutboundWindow ends a QoS 2 message whose PUBREC is an error [MQTT-4.3.3-3]", () => {
  const window = connectedWindow(1);
  const { packetId } = opened(window, 2);
  assert.equal(window.receive(packetId, 0x97), "ended");
  assert.deepEqual([window.hasRoom, window.size], [true, 0]);
});

Deno.test("OutboundWindow lets acknowledgements of unknown Packet Identifiers pass", () => {
  const window = connectedWindow(1);
  opened(window, 1);
  assert.equal(window.acknowledge(9), false);
  assert.equal(window.receive(9, 0), "answer with PUBREL");
  assert.equal(window.receive(9, 0x80), "ended");
  assert.equal(window.complete(9), false);
  assert.deepEqual([window.hasRoom, window.size], [false, 1]);
});

const OUT_OF_ORDER = [
  { name: "PUBREC for a QoS 1 message", qos: 1, act: (w: OutboundWindow) => w.receive(1, 0) },
  { name: "PUBCOMP for a QoS 1 message", qos: 1, act: (w: OutboundWindow) => w.complete(1) },
  { name: "PUBACK for a QoS 2 message", qos: 2, act: (w: OutboundWindow) => w.acknowledge(1) },
  { name: "PUBCOMP before PUBREC", qos: 2, act: (w: OutboundWindow) => w.complete(1) },
] as const;
for (const { name, qos, act } of OUT_OF_ORDER) {
  Deno.test(`OutboundWindow refuses ${name} with 0x82 and changes nothing`, () => {
    const window = connectedWindow(1);
    opened(window, qos);
    assertProtocolError(() => act(window));
    assert.deepEqual([window.hasRoom, window.size], [false, 1]);
  });
}

Deno.test("OutboundWindow keeps open exchanges in their order without a place after a disconnect", () => {
  const window = connectedWindow(3);
  const deliveries = [opened(window, 1), opened(window, 2), opened(window, 1)];
  window.receive(2, 0);
  window.disconnect();
  assert.deepEqual([window.hasRoom, window.size], [true, 3]);
  assert.deepEqual(window.deliveries(), deliveries);
  assert.deepEqual(deliveries.map(({ sentHere }) => sentHere), [false, false, false]);
  assert.equal(deliveries[1]!.awaiting, Awaiting.Pubcomp);
  window.acknowledge(1); // a late one frees no place that it did not take
  window.connect(1);
  window.occupy(deliveries[1]!);
  assert.equal(window.hasRoom, false);
});

/** What a Client answers to the oldest, the newest or any open exchange. */
const step = fc.record({
  does: fc.constantFrom("open 1", "open 2", "answer", "answer", "disconnect"),
  pick: fc.nat(),
});

Deno.test("OutboundWindow occupies as many places as exchanges were sent over this connection", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step), (limit, steps) => {
      const storedBytes = new StoredBytes(0);
      const window = connectedWindow(limit, storedBytes);
      const open: Delivery[] = [];
      for (const { does, pick } of steps) {
        const delivery = open[pick % Math.max(1, open.length)];
        if (does === "disconnect") {
          window.disconnect();
          const waiting = open.reduce((sum, { message }) => sum + message.size, 0);
          assert.equal(storedBytes.total, waiting);
          window.connect(limit);
        } else if (does !== "answer") {
          if (window.hasRoom) open.push(opened(window, does === "open 1" ? 1 : 2));
        } else if (delivery?.awaiting === Awaiting.Pubrec) {
          window.receive(delivery.packetId, 0);
        } else if (delivery !== undefined) {
          const { packetId } = delivery;
          assert.ok(delivery.qos === 1 ? window.acknowledge(packetId) : window.complete(packetId));
          open.splice(open.indexOf(delivery), 1);
        }
        assert.equal(storedBytes.total, 0);
        const occupied = open.filter(({ sentHere }) => sentHere).length;
        assert.equal(window.hasRoom, occupied < limit);
        assert.deepEqual(window.deliveries(), open);
        assert.equal(new Set(open.map(({ packetId }) => packetId)).size, open.length);
      }
    }),
    { seed: 20_251_122, numRuns: 500 },
  );
});

Deno.test("InboundWindow releases a message once", () => {
  const window = new InboundWindow(new StoredBytes(0));
  const message = messageOf("two", { qos: 2 });
  window.hold(7, message);
  assert.deepEqual([window.size, window.bytes], [1, message.size]);
  assert.equal(window.release(8), undefined);
  assert.equal(window.release(7), message);
  assert.equal(window.release(7), undefined);
  assert.deepEqual([window.size, window.bytes], [0, 0]);
});

const REPEATED = [
  { name: "the same message", text: "two", topic: "t", holds: true },
  { name: "another payload", text: "owt", topic: "t", holds: false },
  { name: "a longer payload", text: "two!", topic: "t", holds: false },
  { name: "another topic", text: "two", topic: "u", holds: false },
];
for (const { name, text, topic, holds } of REPEATED) {
  Deno.test(`InboundWindow ${holds ? "knows" : "does not know"} ${name} under its Packet Identifier`, () => {
    const window = new InboundWindow(new StoredBytes(0));
    window.hold(7, messageOf("two", { qos: 2 }));
    const topicName = parseTopicName(topic, 1);
    assert.equal(window.holds(7, messageOf(text, { topicName, qos: 2 })), holds);
    assert.equal(window.holds(8, messageOf("two", { qos: 2 })), false);
  });
}

Deno.test("InboundWindow replaces what a Client gave up, and counts only what it holds", () => {
  const window = new InboundWindow(new StoredBytes(0));
  const [old, replacement] = [messageOf("a long message"), messageOf("new")];
  window.hold(7, old);
  window.hold(7, replacement);
  assert.deepEqual([window.size, window.bytes], [1, replacement.size]);
  assert.equal(window.release(7), replacement);
});
