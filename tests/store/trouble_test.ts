// While nothing can be stored: nobody can make the broker keep ever more in mind.

import assert from "node:assert/strict";
import { PacketType } from "../../src/packet/packet_type.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { type Peer, SansIoBroker } from "../support/sans_io_broker.ts";
import { connect, publish, request } from "../vectors/vector.ts";

const KEEPS = { sessionExpiryInterval: 1_000 };
const WAITING = 67_108_864; // bytes that may wait to be stored

/** A broker with one Session that waits for `kept/#`, and a store that takes a batch and fails. */
function inTrouble(): { broker: SansIoBroker; store: MemoryStore } {
  const store = new MemoryStore();
  const broker = new SansIoBroker({ store, limits: { maximumQueuedBytes: Infinity } });
  const subscriber = broker.connect(5);
  subscriber.send(connect({ version: 5, clientId: "s", properties: KEEPS }));
  const subscriptions = [request({ topicFilter: "kept/#", qos: 1 })];
  subscriber.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
  recover(broker, store);
  subscriber.hangUp();
  recover(broker, store);
  broker.journal!.failing("the disk is full");
  return { broker, store };
}

function recover(broker: SansIoBroker, store: MemoryStore): void {
  broker.journal!.recovered();
  broker.advance(400);
  while (store.hasBatch) {
    store.commitNow();
    broker.journal!.committed();
    broker.settle();
    broker.advance(400);
  }
}

function publisher(broker: SansIoBroker): Peer {
  const peer = broker.connect(4);
  peer.send(connect({ version: 4, clientId: "p", cleanStart: true }));
  peer.takePackets();
  return peer;
}

function send(peer: Peer, topicName: string, packetId: number, payload = new Uint8Array(1)): void {
  peer.send(encodePublish(publish({ topicName, qos: 1, packetId, payload }), peer.version));
}

Deno.test("a Client of MQTT 3 whose PUBACKs wait is not read for ever, and all of them come", () => {
  const { broker, store } = inTrouble();
  const peer = publisher(broker);
  send(peer, "kept/a", 1);
  for (let i = 2; i <= 10_000; i++) send(peer, "elsewhere", i);
  assert.equal(peer.isRead, true);
  for (let i = 10_001; i <= 10_010; i++) send(peer, "elsewhere", i);
  assert.equal(peer.isRead, false);
  recover(broker, store);
  assert.equal(peer.isRead, true);
  const ids = peer.takePackets().map((packet) => "packetId" in packet ? packet.packetId : 0);
  assert.deepEqual(ids, Array.from({ length: 10_010 }, (_, i) => i + 1));
});

Deno.test("publishers of what can't be stored are not read when too much of it waits", () => {
  const { broker, store } = inTrouble();
  const peer = publisher(broker);
  const payload = new Uint8Array(1_000_000);
  let sent = 0;
  for (; peer.isRead && sent < 100; sent++) send(peer, "kept/a", sent + 1, payload);
  assert.ok(sent * payload.length > WAITING && sent * payload.length < WAITING + 2_000_000);
  recover(broker, store);
  assert.equal(peer.isRead, true);
  assert.equal(peer.takePackets().length, sent);
});

Deno.test("no further Session is begun that could not be stored, when too much waits", () => {
  const { broker, store } = inTrouble();
  const peer = publisher(broker);
  const payload = new Uint8Array(1_000_000);
  for (let i = 1; peer.isRead; i++) send(peer, "kept/a", i, payload);
  const answers = [KEEPS, {}].map((properties, i) => {
    const client = broker.connect(5);
    client.send(connect({ version: 5, clientId: `c${i}`, properties }));
    const [connack] = client.takePackets();
    assert.ok(connack?.type === PacketType.Connack);
    return connack.reasonCode;
  });
  assert.deepEqual(answers, [0x89, 0]);
  recover(broker, store);
});
