// What a Client is told, and when, while the store takes its time; and what a broker knows that starts again.

import assert from "node:assert/strict";
import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { ack, bytesOf, will } from "../vectors/vector.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import type { Peer } from "../support/sans_io_broker.ts";
import { awaySubscriber, send, Stage, subscribe, take } from "./stage.ts";

Deno.test("a SUBACK leaves when the Subscription is stored", () => {
  const stage = new Stage();
  const peer = stage.client("s");
  assert.deepEqual(take(peer), ["CONNACK 0"]);
  subscribe(peer, "a/#");
  assert.deepEqual(take(peer), []);
  stage.commitAll();
  assert.deepEqual(take(peer), ["SUBACK 2"]);
});

Deno.test("a Session that ends with its connection is not stored", () => {
  const stage = new Stage();
  const peer = stage.client("s", { properties: {} });
  subscribe(peer, "a/#");
  assert.deepEqual(take(peer), ["CONNACK 0", "SUBACK 2"]);
  stage.broker.advance(1_000);
  assert.equal(stage.store.hasBatch, false);
});

Deno.test("a PUBACK leaves when the message is stored for a Client that is away", () => {
  const { stage, publisher } = awaySubscriber();
  send(publisher, "a/b", "one", 1);
  assert.deepEqual(take(publisher), []);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBACK 1 0"]);
});

Deno.test("a PUBACK leaves at once when nobody's message must be stored", () => {
  const { stage, publisher } = awaySubscriber();
  send(publisher, "elsewhere", "one", 1);
  assert.deepEqual(take(publisher), ["PUBACK 1 16"]);
  assert.equal(stage.store.hasBatch, false);
});

Deno.test("a message that is acknowledged before its time is never written, and its PUBACK leaves then", () => {
  const stage = new Stage();
  const subscriber = stage.client("s");
  subscribe(subscriber, "a/#");
  stage.commitAll();
  const publisher = stage.client("p", { properties: {} });
  take(subscriber);
  take(publisher);
  send(publisher, "a/b", "one", 1);
  assert.deepEqual(take(subscriber), ["PUBLISH a/b one q1 m1"]);
  assert.deepEqual(take(publisher), []);
  subscriber.send(ack(PacketType.Puback, { packetId: 1 }));
  assert.deepEqual(take(publisher), ["PUBACK 1 0"]);
  const { batches } = stage.store;
  stage.commitAll();
  assert.equal(stage.store.batches, batches);
});

Deno.test("a message that is not acknowledged for a while is written", () => {
  const stage = new Stage();
  const subscriber = stage.client("s");
  subscribe(subscriber, "a/#");
  stage.commitAll();
  const publisher = stage.client("p", { properties: {} });
  take(publisher);
  send(publisher, "a/b", "one", 1);
  stage.broker.advance(200);
  assert.deepEqual(take(publisher), []);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBACK 1 0"]);
  stage.kill();
  const again = stage.client("s");
  assert.deepEqual(take(again), ["CONNACK 0 present", "PUBLISH a/b one q1 m1 dup"]);
});

/** A Client with a window of one message, and 20 messages for it: `answer` acknowledges the next one that it has. */
function narrowSubscriber(): {
  readonly stage: Stage;
  readonly publisher: Peer;
  readonly answer: () => void;
  readonly sendAll: () => void;
} {
  const stage = new Stage();
  const subscriber = stage.client("s", {
    properties: { sessionExpiryInterval: 600, receiveMaximum: 1 },
  });
  subscribe(subscriber, "a/#");
  stage.commitAll();
  const publisher = stage.client("p", { properties: {} });
  take(publisher);
  take(subscriber);
  let answered = 0;
  const answer = () => void subscriber.send(ack(PacketType.Puback, { packetId: ++answered }));
  return {
    stage,
    publisher,
    answer,
    sendAll: () => {
      for (let i = 1; i <= 20; i++) send(publisher, "a/b", "x", 1, i);
    },
  };
}

Deno.test("what waits for a place in the window of a Client that keeps up is not written either", () => {
  const { stage, publisher, answer, sendAll } = narrowSubscriber();
  sendAll();
  const { batches } = stage.store;
  for (let i = 0; i < 20; i++) {
    stage.broker.advance(3);
    answer();
  }
  assert.equal(take(publisher).length, 20);
  stage.commitAll();
  assert.equal(stage.store.batches, batches);
});

Deno.test("what waits for a Client that does not keep up is written, the next time at once", () => {
  const { stage, publisher, answer, sendAll } = narrowSubscriber();
  sendAll();
  stage.broker.advance(150);
  assert.deepEqual(take(publisher), []);
  stage.commitAll();
  assert.equal(take(publisher).length, 20);
  assert.equal(stage.store.deliveries.size, 20);
  for (let i = 0; i < 20; i++) answer();
  stage.commitAll();
  sendAll();
  stage.commit(); // of what there was at first, then of the rest; no time has passed
  stage.commit();
  assert.equal(take(publisher).length, 20);
});

Deno.test("messages in one piece of input are stored together, their PUBACKs leave together", () => {
  const { stage, publisher } = awaySubscriber();
  const packet = (id: number) =>
    encodePublish({ topicName: "a/b", payload: bytesOf(`m${id}`), qos: 1, packetId: id }, 5);
  publisher.send(packet(1), packet(2), packet(3));
  assert.deepEqual(take(publisher), []);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBACK 1 0", "PUBACK 2 0", "PUBACK 3 0"]);
  stage.kill();
  assert.equal(take(stage.client("s")).length, 4);
});

Deno.test("acknowledgements leave in the order of what they acknowledge", () => {
  const { stage, publisher } = awaySubscriber();
  send(publisher, "a/b", "one", 1, 1);
  send(publisher, "elsewhere", "two", 1, 2);
  send(publisher, "a/b", "three", 1, 3);
  assert.deepEqual(take(publisher), []);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBACK 1 0", "PUBACK 2 16"]);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBACK 3 0"]);
});

Deno.test("what was acknowledged is there after a crash, in its order; what was not may be lost", () => {
  const { stage, publisher } = awaySubscriber();
  for (let i = 1; i <= 5; i++) send(publisher, "a/b", `m${i}`, 1, i);
  stage.commitAll();
  assert.equal(take(publisher).length, 5);
  send(publisher, "a/b", "lost", 1, 6);
  stage.kill();
  const again = stage.client("s");
  assert.deepEqual(take(again), [
    "CONNACK 0 present",
    ...[1, 2, 3, 4, 5].map((i) => `PUBLISH a/b m${i} q1 m${i}`),
  ]);
  for (let i = 1; i <= 5; i++) again.send(ack(PacketType.Puback, { packetId: i }));
  stage.commitAll();
  assert.equal(stage.store.messages.size, 0);
  stage.kill();
  assert.deepEqual(take(stage.client("s")), ["CONNACK 0 present"]);
});

Deno.test("a message for many is stored once, and ends with the last of them", () => {
  const stage = new Stage();
  for (const id of ["s1", "s2", "s3"]) {
    const peer = stage.client(id);
    subscribe(peer, "a/#");
    stage.commitAll();
    peer.hangUp();
  }
  const publisher = stage.client("p", { properties: {} });
  send(publisher, "a/b", "one", 1);
  stage.commitAll();
  assert.equal(stage.store.messages.size, 1);
  assert.equal(stage.store.deliveries.size, 3);
  stage.kill();
  for (const [i, id] of ["s1", "s2", "s3"].entries()) {
    const peer = stage.client(id);
    assert.deepEqual(take(peer), ["CONNACK 0 present", "PUBLISH a/b one q1 m1"]);
    peer.send(ack(PacketType.Puback, { packetId: 1 }));
    stage.commitAll();
    assert.equal(stage.store.messages.size, i < 2 ? 1 : 0);
  }
});

Deno.test("a QoS 2 PUBLISH leaves when its Packet Identifier is stored, its PUBREL when the PUBREC is", () => {
  const stage = new Stage();
  const subscriber = stage.client("s");
  subscribe(subscriber, "a/#");
  stage.commitAll();
  const publisher = stage.client("p");
  stage.commitAll();
  take(subscriber);
  take(publisher);
  send(publisher, "a/b", "one", 2, 7);
  assert.deepEqual(take(publisher), []);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBREC 7 0"]);
  publisher.send(ack(PacketType.Pubrel, { packetId: 7 }));
  assert.deepEqual([take(publisher), take(subscriber)], [[], []]);
  stage.commit();
  assert.deepEqual(take(publisher), ["PUBCOMP 7"]);
  assert.deepEqual(take(subscriber), ["PUBLISH a/b one q2 m1"]);
  subscriber.send(ack(PacketType.Pubrec, { packetId: 1 }));
  assert.deepEqual(take(subscriber), []);
  stage.commit();
  assert.deepEqual(take(subscriber), ["PUBREL 1"]);
  subscriber.send(ack(PacketType.Pubcomp, { packetId: 1 }));
  stage.commitAll();
  assert.equal(stage.store.deliveries.size, 0);
  assert.deepEqual(stage.store.inconsistencies, []);
});

/** How far an exchange with QoS 2 has come when the broker dies, and what its receiver sees then. */
const receiverCases: readonly {
  readonly name: string;
  readonly until: "sent" | "received" | "released";
  readonly sees: string;
}[] = [
  { name: "before PUBREC", until: "sent", sees: "PUBLISH a/b one q2 m1 dup" },
  {
    name: "after a PUBREC that was not stored",
    until: "received",
    sees: "PUBLISH a/b one q2 m1 dup",
  },
  { name: "after PUBREL", until: "released", sees: "PUBREL 1" },
];

for (const { name, until, sees } of receiverCases) {
  Deno.test(`QoS 2 to a Client goes on where it was after a crash ${name}`, () => {
    const stage = new Stage();
    const subscriber = stage.client("s");
    subscribe(subscriber, "a/#");
    const publisher = stage.client("p", { properties: {} });
    stage.commitAll();
    send(publisher, "a/b", "one", 2, 7);
    publisher.send(ack(PacketType.Pubrel, { packetId: 7 }));
    stage.commitAll();
    assert.equal(take(subscriber).at(-1), "PUBLISH a/b one q2 m1");
    if (until !== "sent") subscriber.send(ack(PacketType.Pubrec, { packetId: 1 }));
    if (until === "released") stage.commit();
    stage.kill();
    const again = stage.client("s");
    assert.deepEqual(take(again), ["CONNACK 0 present", sees]);
  });
}

Deno.test("QoS 2 from a Client is routed once, whenever the broker dies", () => {
  for (const commitsRelease of [false, true]) {
    const { stage } = awaySubscriber();
    const publisher = stage.client("q");
    stage.commitAll();
    send(publisher, "a/b", "one", 2, 7);
    stage.commitAll();
    publisher.send(ack(PacketType.Pubrel, { packetId: 7 }));
    if (commitsRelease) stage.commit();
    stage.kill();
    const again = stage.client("q");
    again.send(ack(PacketType.Pubrel, { packetId: 7 }));
    stage.commitAll();
    assert.deepEqual(take(again), ["CONNACK 0 present", "PUBCOMP 7"]);
    const subscriber = stage.client("s");
    stage.commitAll();
    assert.deepEqual(take(subscriber), ["CONNACK 0 present", "PUBLISH a/b one q2 m1"]);
  }
});

Deno.test("retained messages are kept, replaced and cleared", () => {
  const stage = new Stage();
  const publisher = stage.client("p", { properties: {} });
  take(publisher);
  for (const name of ["r/1", "r/2", "r/3"]) send(publisher, name, "old", 1, 1, { retain: true });
  assert.deepEqual(take(publisher), []);
  stage.commitAll();
  assert.equal(take(publisher).length, 3);
  send(publisher, "r/1", "new", 1, 1, { retain: true });
  send(publisher, "r/2", "", 1, 2, { retain: true });
  stage.commitAll();
  assert.equal(stage.store.messages.size, 2);
  stage.kill();
  const reader = stage.client("s", { properties: {} });
  subscribe(reader, "r/#", 1);
  assert.deepEqual(take(reader), [
    "CONNACK 0",
    "SUBACK 1",
    "PUBLISH r/1 new q1 m1 retain",
    "PUBLISH r/3 old q1 m2 retain",
  ]);
});

Deno.test("of QoS 0 messages that are retained one after the other, only the last is written", () => {
  const stage = new Stage();
  const publisher = stage.client("p", { properties: {} });
  for (let i = 0; i < 100; i++) send(publisher, "r", `v${i}`, 0, 0, { retain: true });
  stage.commitAll();
  assert.equal(stage.store.batches, 1);
  assert.deepEqual([...stage.store.messages.keys()], [1]);
  send(publisher, "r", "", 0, 0, { retain: true });
  stage.commitAll();
  assert.equal(stage.store.retainedMessages.size + stage.store.messages.size, 0);
});

Deno.test("the end of a Session, by Clean Start, is stored before its Client is told", () => {
  const { stage, publisher } = awaySubscriber();
  send(publisher, "a/b", "one", 1);
  stage.commitAll();
  const anew = stage.client("s", { cleanStart: true });
  assert.deepEqual(take(anew), []);
  stage.commit();
  assert.deepEqual(take(anew), ["CONNACK 0"]);
  stage.commitAll();
  assert.equal(stage.store.deliveries.size + stage.store.subscriptions.size, 0);
  assert.deepEqual(stage.store.inconsistencies, []);
  stage.kill();
  assert.deepEqual(take(stage.client("s")), ["CONNACK 0 present"]);
});

Deno.test("a Will Message that was not sent yet goes out after the restart", () => {
  const { stage } = awaySubscriber();
  stage.client("w", { will: will({ topicName: "a/will", payload: bytesOf("gone"), qos: 1 }) });
  stage.commitAll();
  stage.kill();
  stage.commitAll();
  const subscriber = stage.client("s");
  assert.deepEqual(take(subscriber), ["CONNACK 0 present", "PUBLISH a/will gone q1 m1"]);
  stage.commitAll();
  stage.kill();
  subscriber.hangUp();
  stage.commitAll();
  stage.kill();
  assert.deepEqual(take(stage.client("s")).length, 2); // not a second time
});

Deno.test("a Session expires while the broker does not run", () => {
  const { stage } = awaySubscriber();
  stage.kill();
  assert.equal(stage.broker.broker.counts.sessions, 1);
  stage.broker.advance(1_001_000);
  stage.commitAll();
  assert.equal(stage.store.sessions.size, 0);
});

Deno.test("retained messages that a new Subscription waits for come after a crash too", () => {
  const stage = new Stage();
  const publisher = stage.client("p", { properties: {} });
  send(publisher, "r", "kept", 1, 1, { retain: true });
  stage.commitAll();
  const subscriber = stage.client("s");
  subscribe(subscriber, "r", 1);
  while (stage.store.subscriptions.size === 0) stage.commit();
  stage.kill();
  assert.deepEqual(take(stage.client("s")), ["CONNACK 0 present", "PUBLISH r kept q1 m1 retain"]);
});

Deno.test("messages of a Shared Subscription find their group again", () => {
  const stage = new Stage();
  for (const id of ["s1", "s2"]) {
    const peer = stage.client(id);
    subscribe(peer, "$share/g/a", 1);
    stage.commitAll();
    peer.hangUp();
  }
  const publisher = stage.client("p", { properties: {} });
  send(publisher, "a", "one", 1, 1);
  send(publisher, "a", "two", 1, 2);
  stage.commitAll();
  stage.kill();
  const s1 = stage.client("s1", { cleanStart: true });
  stage.commitAll();
  assert.deepEqual(take(s1), ["CONNACK 0"]);
  assert.deepEqual(take(stage.client("s2")).sort(), [
    "CONNACK 0 present",
    "PUBLISH a one q1 m2",
    "PUBLISH a two q1 m1",
  ]);
});

Deno.test("while nothing can be stored, MQTT 5.0 is told so, MQTT 3 waits, the rest goes on", () => {
  const { stage, publisher } = awaySubscriber();
  const journal = stage.broker.journal!;
  send(publisher, "a/b", "under way", 1, 1);
  journal.failing("the disk is full");
  const old = stage.client("old", { version: 4, cleanStart: true, properties: {} });
  const listener = stage.client("l", { properties: {} });
  subscribe(listener, "#", 1);
  for (const peer of [publisher, old, listener]) take(peer);
  send(publisher, "a/b", "two", 1, 2);
  send(publisher, "other", "three", 1, 3);
  send(old, "a/b", "four", 1, 4);
  send(publisher, "a/b", "five", 0);
  assert.deepEqual(take(old), []);
  assert.deepEqual(take(listener), [
    "PUBLISH other three q1 m1",
    "PUBLISH a/b four q1 m2",
    "PUBLISH a/b five q0 m0",
  ]);
  assert.deepEqual(take(publisher), []); // behind the one that is under way
  journal.recovered();
  stage.commitAll();
  assert.deepEqual(take(publisher), [
    "PUBACK 1 0",
    `PUBACK 2 ${ReasonCode.QuotaExceeded}`,
    "PUBACK 3 0",
  ]);
  assert.deepEqual(take(old), ["PUBACK 4 0"]);
});

Deno.test("relaxed: acknowledgements leave at once, and what they acknowledge is written soon", () => {
  const { stage, publisher } = awaySubscriber({ relaxedMs: 1_000 });
  send(publisher, "a/b", "one", 1);
  assert.deepEqual(take(publisher), ["PUBACK 1 0"]);
  assert.equal(stage.store.hasBatch, false);
  stage.broker.advance(1_000);
  stage.commit();
  stage.kill();
  assert.deepEqual(take(stage.client("s")), ["CONNACK 0 present", "PUBLISH a/b one q1 m1"]);
});

for (const version of [3, 4] as ProtocolVersion[]) {
  Deno.test(`a Session of version ${version} without Clean Session is kept for ever, and not written when it comes and goes`, () => {
    const stage = new Stage();
    const peer = stage.client("s", { version, properties: {} });
    subscribe(peer, "a", 1);
    stage.commitAll();
    const { batches } = stage.store;
    for (let i = 0; i < 3; i++) {
      peer.hangUp();
      stage.client("s", { version, properties: {} });
    }
    stage.commitAll();
    assert.equal(stage.store.batches, batches);
    stage.kill();
    assert.equal(stage.broker.broker.counts.subscriptions, 1);
  });
}
