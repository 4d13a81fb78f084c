// What only shows with a clock that jumps, or with one Client Identifier and two users.

import assert from "node:assert/strict";
import { ALLOW_EVERYTHING } from "../../src/access/authorizer.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { type Peer, SansIoBroker } from "../support/sans_io_broker.ts";
import { bytesOf, connect, request, will } from "../vectors/vector.ts";

function connected(sansIo: SansIoBroker, fields: Partial<ConnectPacket>): Peer {
  const peer = sansIo.connect();
  peer.send(connect(fields));
  assert.equal(peer.takePackets()[0]?.type, PacketType.Connack);
  return peer;
}

function subscribe(peer: Peer, topicFilter: string): void {
  const subscriptions = [request({ topicFilter })];
  peer.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
  assert.equal(peer.takePackets()[0]?.type, PacketType.Suback);
}

/** The payloads that have come. */
function published(peer: Peer): string[] {
  return peer.takePackets().flatMap((packet) =>
    packet.type === PacketType.Publish ? [new TextDecoder().decode(packet.payload)] : []
  );
}

function acknowledgement(packetId: number) {
  return { packetId, reasonCode: ReasonCode.Success, properties: {} };
}

/** The machine was asleep: the broker hears of the time only now. */
function sleep(sansIo: SansIoBroker, ms: number): void {
  sansIo.nowMs += ms;
  sansIo.broker.advance(sansIo.nowMs);
  sansIo.settle();
}

for (const [expiry, delay] of [[1, 2], [2, 1], [1, 1]] as const) {
  Deno.test(`Broker that sleeps over a Session's ${expiry} s and its will's ${delay} s publishes the will once`, () => {
    const sansIo = new SansIoBroker();
    const watcher = connected(sansIo, { clientId: "watcher" });
    subscribe(watcher, "#");
    const dying = connected(sansIo, {
      clientId: "dying",
      properties: { sessionExpiryInterval: expiry },
      will: will({ topicName: "w", payload: bytesOf("gone"), willDelayInterval: delay }),
    });
    dying.hangUp();
    sleep(sansIo, 10_000);
    assert.deepEqual(published(watcher), ["gone"]);
    assert.equal(sansIo.broker.counts.sessions, 1);
    sleep(sansIo, 10_000);
    assert.deepEqual(published(watcher), []);
  });
}

Deno.test("Broker that sleeps ends every connection whose Keep Alive is over, with their wills in order", () => {
  const sansIo = new SansIoBroker();
  const watcher = connected(sansIo, { clientId: "watcher" });
  subscribe(watcher, "#");
  const peers = [3, 1, 2].map((keepAlive) =>
    connected(sansIo, {
      clientId: `${keepAlive}`,
      keepAlive,
      will: will({ topicName: "w", payload: bytesOf(`${keepAlive}`) }),
    })
  );
  sleep(sansIo, 60_000);
  assert.deepEqual(published(watcher), ["1", "2", "3"]);
  for (const peer of peers) {
    const [last] = peer.takePackets();
    assert.ok(last?.type === PacketType.Disconnect && last.reasonCode === 0x8d);
  }
});

Deno.test("Broker asks anew what a Session may receive when another user takes it up", () => {
  const sansIo = new SansIoBroker({
    authorizer: { ...ALLOW_EVERYTHING, mayReceive: ({ userName }) => userName !== "mallory" },
  });
  const publisher = connected(sansIo, { clientId: "publisher" });
  const publish = (text: string) =>
    publisher.send(encodePublish({ topicName: "secret", payload: bytesOf(text) }, 5));
  const take = (userName: string) =>
    connected(sansIo, {
      clientId: "shared",
      userName,
      cleanStart: false,
      properties: { sessionExpiryInterval: 60 },
    });
  const alice = take("alice");
  subscribe(alice, "secret");
  publish("for alice");
  assert.deepEqual(published(alice), ["for alice"]);
  const mallory = take("mallory");
  publish("not for mallory");
  assert.deepEqual(published(mallory), []);
});

for (const qos of [1, 2] as const) {
  Deno.test(`Broker keeps messages with QoS ${qos} that wait for one user from another who takes up the Session`, () => {
    const sansIo = new SansIoBroker({
      authorizer: {
        ...ALLOW_EVERYTHING,
        mayReceive: ({ userName }, name) => name === "open" || userName !== "mallory",
      },
    });
    const publisher = connected(sansIo, { clientId: "publisher" });
    let packetId = 0;
    const publish = (topicName: string) => {
      publisher.send(
        encodePublish({ topicName, payload: bytesOf(topicName), qos, packetId: ++packetId }, 5),
      );
      if (qos === 2) publisher.send({ ...acknowledgement(packetId), type: PacketType.Pubrel });
      publisher.takePackets();
    };
    const take = (userName: string) => {
      const properties = { sessionExpiryInterval: 60, receiveMaximum: 2 };
      const peer = sansIo.connect();
      peer.send(connect({ clientId: "shared", userName, cleanStart: false, properties }));
      return peer;
    };
    const alice = take("alice");
    const subscriptions = [request({ topicFilter: "#", qos })];
    alice.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
    for (const topic of ["secret", "open", "secret", "open"]) publish(topic); // two under way, two wait
    alice.hangUp();
    publish("secret");
    publish("open");
    const mallory = take("mallory");
    assert.deepEqual(published(mallory), ["open", "open"]);
    const type = qos === 1 ? PacketType.Puback : PacketType.Pubcomp;
    if (qos === 2) mallory.send({ ...acknowledgement(2), type: PacketType.Pubrec });
    mallory.send({ ...acknowledgement(2), type }); // identifiers 1, 3 and 5 were of what is secret
    assert.deepEqual(published(mallory), ["open"]);
  });
}
