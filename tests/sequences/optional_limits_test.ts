// Limits that are off by default, and what they do when an operator sets them.

import assert from "node:assert/strict";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket, Packet } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { type Peer, SansIoBroker } from "../support/sans_io_broker.ts";
import { bytesOf, connect, request, will } from "../vectors/vector.ts";

function connected(broker: SansIoBroker, fields: Partial<ConnectPacket>): Peer {
  const peer = broker.connect(fields.version ?? 5);
  peer.send(connect({ version: 5, ...fields }));
  return peer;
}

function subscribe(peer: Peer, topicFilter: string, qos: 0 | 1 | 2): void {
  const subscriptions = [request({ topicFilter, qos })];
  peer.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
}

function publish(peer: Peer, qos: 0 | 1 | 2, payload: string, packetId = 1): void {
  const bytes = new TextEncoder().encode(payload);
  peer.send(encodePublish({ topicName: "t", qos, packetId, payload: bytes }, 5));
}

function last(peer: Peer): Packet | undefined {
  return peer.takePackets().at(-1);
}

Deno.test("maximumPayloadSize: a larger payload gets 0x97 and goes nowhere, a smaller one passes", () => {
  const broker = new SansIoBroker({ limits: { maximumPayloadSize: 3 } });
  const receiver = connected(broker, { clientId: "receiver" });
  subscribe(receiver, "t", 1);
  receiver.takePackets();
  const publisher = connected(broker, { clientId: "publisher" });
  publish(publisher, 1, "four");
  const puback = last(publisher);
  assert.ok(puback?.type === PacketType.Puback && puback.reasonCode === 0x97);
  for (let i = 0; i < 3; i++) publish(publisher, 0, "four"); // the third time it is a remembered one
  assert.deepEqual(receiver.takePackets(), []);
  publish(publisher, 0, "abc");
  assert.equal(receiver.takePackets().length, 1);
});

for (const [version, code] of [[5, 0x95], [4, 5]] as const) {
  Deno.test(`maximumPayloadSize: a CONNECT with a larger Will gets ${code} in version ${version}`, () => {
    const broker = new SansIoBroker({ limits: { maximumPayloadSize: 3 } });
    for (const [payload, expected] of [["four", code], ["abc", 0]] as const) {
      const peer = connected(broker, { version, will: will({ payload: bytesOf(payload) }) });
      const connack = last(peer);
      assert.ok(connack?.type === PacketType.Connack && connack.reasonCode === expected);
    }
  });
}

Deno.test("maximumSessionExpiryInterval: the CONNACK says what is granted, and then the Session ends", () => {
  const broker = new SansIoBroker({ limits: { maximumSessionExpiryInterval: 10 } });
  const peer = connected(broker, { clientId: "a", properties: { sessionExpiryInterval: 3600 } });
  const connack = last(peer);
  assert.ok(connack?.type === PacketType.Connack);
  assert.equal(connack.properties.sessionExpiryInterval, 10);
  peer.hangUp();
  broker.advance(9_000);
  assert.equal(broker.broker.counts.sessions, 1);
  broker.advance(2_000);
  assert.equal(broker.broker.counts.sessions, 0);
});

Deno.test("maximumSessionExpiryInterval: Sessions of MQTT 3.1.1 end too", () => {
  const broker = new SansIoBroker({ limits: { maximumSessionExpiryInterval: 10 } });
  connected(broker, { version: 4, clientId: "a", cleanStart: false }).hangUp();
  broker.advance(11_000);
  assert.equal(broker.broker.counts.sessions, 0);
});

for (const queues of [false, true]) {
  Deno.test(`queuesQoS0Messages ${queues}: a QoS 0 message ${queues ? "waits" : "is not kept"}`, () => {
    const broker = new SansIoBroker({ limits: { queuesQoS0Messages: queues } });
    const properties = { sessionExpiryInterval: 60 };
    const receiver = connected(broker, { clientId: "receiver", properties });
    subscribe(receiver, "t", 0);
    receiver.hangUp();
    const publisher = connected(broker, { clientId: "publisher" });
    for (let i = 0; i < 3; i++) publish(publisher, 0, "x");
    const again = connected(broker, { clientId: "receiver", cleanStart: false, properties });
    const publishes = again.takePackets().filter(({ type }) => type === PacketType.Publish);
    assert.equal(publishes.length, queues ? 3 : 0);
  });
}

Deno.test("upgradesOutgoingQoS: a retained message arrives with the QoS of the Subscription, too", () => {
  const broker = new SansIoBroker({ limits: { upgradesOutgoingQoS: true } });
  const peer = connected(broker, { clientId: "a" });
  peer.send(encodePublish({ topicName: "t", qos: 0, retain: true, payload: bytesOf("x") }, 5));
  subscribe(peer, "t", 2);
  const message = last(peer);
  assert.ok(message?.type === PacketType.Publish && message.qos === 2 && message.retain);
});

Deno.test("upgradesOutgoingQoS: a QoS 0 message arrives with the QoS of the Subscription", () => {
  const broker = new SansIoBroker({ limits: { upgradesOutgoingQoS: true } });
  const receiver = connected(broker, { clientId: "receiver" });
  subscribe(receiver, "t", 1);
  const publisher = connected(broker, { clientId: "publisher" });
  for (let i = 1; i <= 3; i++) {
    publish(publisher, 0, "x");
    const packet = last(receiver);
    assert.ok(packet?.type === PacketType.Publish);
    assert.deepEqual([packet.qos, packet.packetId], [1, i]);
  }
});

Deno.test("a Topic Filter that stands several times in a SUBSCRIBE brings its retained messages once", () => {
  const broker = new SansIoBroker();
  const publisher = connected(broker, { clientId: "publisher" });
  publisher.send(encodePublish({ topicName: "t", retain: true, payload: Uint8Array.of(1) }, 5));
  const receiver = connected(broker, { clientId: "receiver" });
  receiver.takePackets();
  const subscriptions = new Array(10_000).fill(request({ topicFilter: "#", qos: 0 }));
  receiver.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
  const [suback, publish, ...others] = receiver.takePackets();
  assert.ok(suback?.type === PacketType.Suback && suback.reasonCodes.length === 10_000);
  assert.ok(publish?.type === PacketType.Publish && publish.retain);
  assert.deepEqual(others, []);
});

Deno.test("a message that 60,000 Subscriptions of a Client match is delivered once", () => {
  const broker = new SansIoBroker();
  const receiver = connected(broker, { clientId: "receiver" });
  const levels = 16; // each of them literal or "+"
  for (let packetId = 1; packetId <= 60; packetId++) {
    const subscriptions = Array.from({ length: 1_000 }, (_, i) => {
      const bits = (packetId - 1) * 1_000 + i;
      const filter = Array.from({ length: levels }, (_, level) => bits >> level & 1 ? "+" : "x");
      return request({ topicFilter: filter.join("/"), qos: 1 });
    });
    receiver.send({ type: PacketType.Subscribe, packetId, subscriptions, properties: {} });
  }
  receiver.takePackets();
  const topicName = new Array(levels).fill("x").join("/");
  const publisher = connected(broker, { clientId: "publisher" });
  publisher.send(encodePublish({ topicName, qos: 1, packetId: 1 }, 5));
  assert.deepEqual(receiver.takePackets().map(({ type }) => type), [PacketType.Publish]);
});

Deno.test("maximumInflightBytes: the next message waits until there is room", () => {
  const broker = new SansIoBroker({ limits: { maximumInflightBytes: 10 } });
  const receiver = connected(broker, { clientId: "receiver" });
  subscribe(receiver, "t", 1);
  receiver.takePackets();
  const publisher = connected(broker, { clientId: "publisher" });
  for (let i = 1; i <= 4; i++) publish(publisher, 1, "123456", i);
  assert.equal(receiver.takePackets().length, 2);
  receiver.send({ type: PacketType.Puback, packetId: 1, reasonCode: 0, properties: {} });
  receiver.send({ type: PacketType.Puback, packetId: 2, reasonCode: 0, properties: {} });
  assert.equal(receiver.takePackets().length, 2);
});
