// What the simulated world has found, or might have: moments at which a broker that dies must not have told a Client
// more than is stored.

import assert from "node:assert/strict";
import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import { ack, bytesOf, connect, request, will } from "../vectors/vector.ts";
import { awaySubscriber, send, Stage, subscribe, take } from "./stage.ts";

const PUBREL = ack(PacketType.Pubrel, { packetId: 7 });
const PUBREC = ack(PacketType.Pubrec, { packetId: 1 });

function unsubscribe(topicFilter: string) {
  return {
    type: PacketType.Unsubscribe,
    packetId: 9,
    topicFilters: [topicFilter],
    properties: {},
  } as const;
}

Deno.test("a message that goes over to another member of its group is acknowledged when it is stored there", () => {
  const stage = new Stage();
  const s1 = stage.client("s1");
  const s2 = stage.client("s2");
  for (const peer of [s1, s2]) subscribe(peer, "$share/g/a", 1);
  const publisher = stage.client("p", { properties: {} });
  stage.commitAll();
  take(publisher);
  send(stage.client("q", { properties: {} }), "r", "a batch is under way", 1, 1, { retain: true });
  send(publisher, "a", "one", 1);
  const first = take(s1).some((each) => each.startsWith("PUBLISH")) ? s1 : s2;
  first.hangUp();
  assert.deepEqual(take(publisher), []);
  stage.commitAll();
  assert.deepEqual(take(publisher), ["PUBACK 1 0"]);
  assert.equal(stage.store.deliveries.size, 1);
  stage.kill();
  const other = stage.client(first === s1 ? "s2" : "s1");
  assert.deepEqual(take(other), ["CONNACK 0 present", "PUBLISH a one q1 m1 dup"]);
});

/** What is repeated by another connection while the first time is not stored, and its answer. */
const repeated = [
  { name: "a QoS 2 PUBLISH", packet: "publish", answer: "PUBREC 7 0" },
  { name: "a PUBREL", packet: "pubrel", answer: "PUBCOMP 7" },
  { name: "an UNSUBSCRIBE", packet: "unsubscribe", answer: "UNSUBACK" },
  { name: "a PUBLISH that clears a retained message", packet: "clear", answer: "PUBACK 3 0" },
] as const;

for (const { name, packet, answer } of repeated) {
  Deno.test(`${name} that is repeated by another connection is answered when the first one is stored`, () => {
    const stage = new Stage();
    let peer = stage.client("p");
    subscribe(peer, "a", 1);
    send(peer, "r", "kept", 1, 5, { retain: true });
    if (packet === "pubrel") send(peer, "b", "one", 2, 7);
    stage.commitAll();
    const say = () => {
      if (packet === "publish") send(peer, "b", "one", 2, 7);
      if (packet === "pubrel") peer.send(PUBREL);
      if (packet === "unsubscribe") peer.send(unsubscribe("a"));
      if (packet === "clear") send(peer, "r", "", 1, 3, { retain: true });
    };
    say();
    peer.hangUp();
    peer = stage.client("p");
    take(peer);
    say();
    assert.deepEqual(take(peer), []);
    stage.commitAll();
    assert.equal(take(peer).at(-1)!.slice(0, 6), answer.slice(0, 6));
  });
}

Deno.test("a PUBREL goes out by another connection when it is stored that there was a PUBREC", () => {
  const stage = new Stage();
  const subscriber = stage.client("s");
  subscribe(subscriber, "a");
  const publisher = stage.client("p", { properties: {} });
  stage.commitAll();
  send(publisher, "a", "one", 2, 7);
  publisher.send(PUBREL);
  stage.commitAll();
  subscriber.send(PUBREC);
  subscriber.hangUp();
  const again = stage.client("s");
  assert.deepEqual(take(again), ["CONNACK 0 present"]);
  stage.commitAll();
  assert.deepEqual(take(again), ["PUBREL 1"]);
});

Deno.test("an old Session's end is stored before the next one begins, even without Clean Start", () => {
  const stage = new Stage();
  const old = stage.client("s");
  subscribe(old, "a");
  stage.commitAll();
  send(stage.client("q", { properties: {} }), "r", "a batch is under way", 1, 1, { retain: true });
  old.send({
    type: PacketType.Disconnect,
    reasonCode: 0,
    properties: { sessionExpiryInterval: 0 },
  });
  const again = stage.client("s", { properties: {} });
  assert.deepEqual(take(again), []);
  stage.commitAll();
  assert.deepEqual(take(again), ["CONNACK 0"]);
  stage.kill();
  assert.deepEqual(take(stage.client("s")), ["CONNACK 0"]);
});

Deno.test("nothing leaves before a CONNACK that waits, not even the DISCONNECT of a take-over", () => {
  const stage = new Stage();
  stage.client("s").hangUp();
  stage.commitAll();
  const waiting = stage.client("s", { cleanStart: true });
  const next = stage.client("s", { cleanStart: true });
  assert.deepEqual([take(waiting), waiting.unreadBytes, take(next)], [[], 0, []]);
  stage.commitAll();
  assert.deepEqual([take(waiting), take(next)], [[], ["CONNACK 0"]]);
});

Deno.test("a Session about to expire that goes on is told so when that is stored", () => {
  const stage = new Stage();
  const options = { properties: { sessionExpiryInterval: 5 } };
  const peer = stage.client("s", options);
  subscribe(peer, "a");
  stage.commitAll();
  peer.hangUp();
  stage.commitAll();
  stage.broker.advance(4_000);
  const again = stage.client("s", options);
  assert.deepEqual(take(again), []);
  stage.commit();
  assert.deepEqual(take(again), ["CONNACK 0 present"]);
  assert.equal([...stage.store.sessions.values()][0]!.disconnectedAtMs, undefined);
});

Deno.test("a DISCONNECT that lets the Session live for ever is stored", () => {
  const stage = new Stage();
  const peer = stage.client("s");
  stage.commitAll();
  const properties = { sessionExpiryInterval: 0xffff_ffff };
  peer.send({ type: PacketType.Disconnect, reasonCode: 0, properties });
  stage.commitAll();
  assert.equal([...stage.store.sessions.values()][0]!.expiryInterval, 0xffff_ffff);
});

Deno.test("a Clean Start sends the Will that waited, for its Session ends", () => {
  const { stage } = awaySubscriber();
  const subscriber = stage.client("s");
  const late = will({
    topicName: "a/will",
    payload: bytesOf("gone"),
    qos: 1,
    willDelayInterval: 60,
  });
  stage.client("w", { will: late }).hangUp();
  stage.commitAll();
  assert.deepEqual(take(subscriber), ["CONNACK 0 present"]);
  stage.client("w", { cleanStart: true });
  assert.deepEqual(take(subscriber), ["PUBLISH a/will gone q1 m1"]);
});

Deno.test("a Will is stored until its message is, however batches are cut", () => {
  const { stage } = awaySubscriber({ maxBatchBytes: 1 });
  const keeps = { properties: { sessionExpiryInterval: 0xffff_ffff } };
  const gone = will({ topicName: "a/will", payload: bytesOf("gone"), qos: 1 });
  const first = stage.client("w", { ...keeps, will: gone });
  stage.commitAll();
  const other = stage.client("o", { properties: {} });
  send(other, "r/1", "a batch is under way", 1, 1, { retain: true });
  first.send({ type: PacketType.Disconnect, reasonCode: 0, properties: {} });
  const peer = stage.client("w", { ...keeps, will: gone }); // it is noted that the Session changes
  send(other, "r/2", "and another", 1, 2, { retain: true });
  peer.hangUp();
  for (let i = 0; stage.store.hasBatch && i < 20; i++) {
    stage.commit();
    const isStored = [...stage.store.sessions.values()].some((row) => row.will !== undefined);
    const isSent = [...stage.store.messages.values()].some((row) => row.topicName === "a/will");
    assert.ok(isStored || isSent, `after batch ${i}`);
  }
});

Deno.test("batches may be cut anywhere: a Session that came and went leaves nothing that belongs to nobody", () => {
  const stage = new Stage({ maxBatchBytes: 1 });
  const other = stage.client("o", { properties: {} });
  send(other, "r", "a batch is under way", 1, 1, { retain: true });
  const peer = stage.client("s");
  subscribe(peer, "a");
  send(peer, "a", "one", 2, 7);
  stage.client("s", { cleanStart: true, properties: {} });
  for (let i = 0; stage.store.hasBatch && i < 20; i++) {
    stage.commit();
    assert.deepEqual(stage.store.inconsistencies, [], `after batch ${i}`);
  }
  stage.commitAll();
  assert.equal(stage.store.sessions.size, 0);
});

Deno.test("what came to a Session before is stored before what comes now", () => {
  const stage = new Stage();
  const subscriber = stage.client("s");
  subscribe(subscriber, "a/#", 1);
  const publisher = stage.client("p", { properties: {} });
  stage.commitAll();
  send(publisher, "a/b", "one", 1, 1); // on its way, it may be acknowledged any moment
  subscriber.hangUp();
  send(publisher, "a/b", "two", 1, 2);
  stage.commit();
  stage.kill();
  const payloads = take(stage.client("s")).slice(1).map((each) => each.split(" ")[2]);
  assert.deepEqual(payloads, ["one", "two"]);
});

Deno.test("a QoS 2 message that is released is not written a second time", () => {
  const { stage } = awaySubscriber();
  const publisher = stage.client("p");
  send(publisher, "a/b", "one", 2, 7);
  stage.commitAll();
  const [held] = stage.store.messages.keys();
  publisher.send(PUBREL);
  stage.commitAll();
  assert.deepEqual([...stage.store.messages.keys()], [held]);
});

Deno.test("while nothing can be stored, MQTT 3.1 is not told of a Subscription that is not kept", () => {
  for (const version of [3, 4, 5] as ProtocolVersion[]) {
    const stage = new Stage();
    const peer = stage.broker.connect(version);
    peer.send(
      connect({
        version,
        clientId: "s",
        cleanStart: false,
        properties: version === 5 ? { sessionExpiryInterval: 60 } : {},
      }),
    );
    stage.commitAll();
    take(peer);
    stage.broker.journal!.failing("the disk is full");
    peer.send({
      type: PacketType.Subscribe,
      packetId: 1,
      subscriptions: [request({ topicFilter: "a", qos: 1 })],
      properties: {},
    });
    assert.deepEqual(take(peer), version === 3 ? [] : [`SUBACK ${version === 5 ? 151 : 128}`]);
  }
});

Deno.test("retained messages come to a new Subscription even if its connection ended before the SUBACK", () => {
  const stage = new Stage();
  const publisher = stage.client("p", { properties: {} });
  send(publisher, "r", "kept", 1, 1, { retain: true });
  const peer = stage.client("s");
  stage.commitAll();
  subscribe(peer, "r", 1);
  subscribe(peer, "+", 1, 2);
  peer.send(unsubscribe("+"));
  peer.hangUp();
  stage.commitAll();
  const again = stage.client("s");
  assert.deepEqual(take(again), ["CONNACK 0 present", "PUBLISH r kept q1 m1 retain"]);
});

Deno.test("messages that were sent after they had waited keep their order, however batches are cut", () => {
  const { stage } = awaySubscriber({ maxBatchBytes: 1 });
  const publisher = stage.client("p", { properties: {} });
  for (const [i, payload] of ["one", "two"].entries()) {
    send(publisher, "a/b", payload, 2, i + 1);
    if (payload === "two") send(publisher, "r", "a batch is under way", 1, 9, { retain: true });
    publisher.send(ack(PacketType.Pubrel, { packetId: i + 1 }));
    if (payload === "one") stage.commitAll();
  }
  stage.client("s"); // both are sent when it is stored that they are
  for (let i = 0; i < 10; i++) {
    if (stage.store.hasBatch) stage.commit();
    const rows = [...stage.store.deliveries.values()].sort((a, b) => a.delivery - b.delivery);
    const phases = rows.map((row) => row.awaiting);
    assert.ok((phases[0] ?? 0) >= (phases[1] ?? 0), `after batch ${i}: ${phases}`);
  }
});

Deno.test("an exchange with QoS 2 begins only if it can begin again, by a connection without its Topic Alias", () => {
  const stage = new Stage();
  const properties = { sessionExpiryInterval: 60, topicAliasMaximum: 1, maximumPacketSize: 40 };
  const subscriber = stage.client("s", { properties });
  subscribe(subscriber, "long/topic/name/x");
  stage.commitAll();
  const publisher = stage.client("p", { properties: {} });
  send(publisher, "long/topic/name/x", "alias", 0);
  stage.commitAll();
  send(publisher, "long/topic/name/x", "twenty bytes in size", 2, 7);
  publisher.send(PUBREL);
  stage.commitAll();
  assert.deepEqual(take(subscriber).slice(2), ["PUBLISH long/topic/name/x alias q0 m0"]);
  stage.commitAll();
  assert.equal(stage.store.deliveries.size, 0);
});
