// Property: a broker that starts from the store goes on exactly where the one before it was. The same random history
// happens twice; once the broker is killed at its end. Then everybody comes back to both, and sees the same: who has a
// Session, what waits and in what order, what is under way with which Packet Identifier and in which phase, what a
// PUBREL still releases, what is retained, and who gets what is published next.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import type { Packet } from "../../src/packet/packets.ts";
import type { Peer } from "../support/sans_io_broker.ts";
import { ack } from "../vectors/vector.ts";
import { send, Stage, subscribe } from "./stage.ts";

const VERSIONS: readonly ProtocolVersion[] = [5, 4, 3];
const TOPICS = ["a", "a/b", "c", "shared"];
const FILTERS = ["a", "a/#", "+", "c", "$share/g/shared"];
/** Below every Receive Maximum. */
const MAX_UNDER_WAY = 10;

type Step = (world: Actors) => void;

interface Actor {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  peer: Peer | undefined;
  /** What it has not answered. */
  unanswered: Packet[];
  /** Packet Identifiers of what it publishes. */
  readonly underWay: Set<number>;
  /** Packet Identifiers of what came without DUP since everybody came back. */
  readonly fresh: Set<number>;
}

class Actors {
  readonly stage = new Stage({ limits: { maximumInflightMessages: 3 } });
  readonly all: Actor[] = VERSIONS.map((version, i) => ({
    clientId: `c${i}`,
    version,
    peer: undefined,
    unanswered: [],
    underWay: new Set(),
    fresh: new Set(),
  }));
  #payload = 0;

  connect(actor: Actor, cleanStart: boolean): void {
    const { version, clientId } = actor;
    if (cleanStart && version !== 5) return; // that Session would not be kept
    if (cleanStart) actor.underWay.clear();
    actor.unanswered = [];
    const properties = version === 5 ? { sessionExpiryInterval: 1_000 } : {};
    actor.peer = this.stage.client(clientId, { version, cleanStart, properties });
  }

  publish(actor: Actor, topic: string, qos: QoS, retain: boolean): void {
    if (actor.peer === undefined || actor.underWay.size >= MAX_UNDER_WAY) return;
    let packetId = 1;
    while (actor.underWay.has(packetId)) packetId++;
    if (qos > 0) actor.underWay.add(packetId);
    send(actor.peer, topic, String(++this.#payload), qos, packetId, { retain });
  }

  release(actor: Actor): void {
    for (const packetId of actor.underWay) {
      actor.peer?.send(ack(PacketType.Pubrel, { packetId }));
    }
  }

  /** What has come. */
  take(actor: Actor): Packet[] {
    const packets = actor.peer?.takePackets() ?? [];
    for (const packet of packets) {
      if (packet.type === PacketType.Puback || packet.type === PacketType.Pubcomp) {
        actor.underWay.delete(packet.packetId);
      }
    }
    actor.unanswered.push(...packets);
    return packets;
  }

  /** Answers the first `count` packets that came. */
  answer(actor: Actor, count: number): void {
    for (const packet of actor.unanswered.splice(0, count)) {
      if (packet.type === PacketType.Pubrel) {
        actor.peer!.send(ack(PacketType.Pubcomp, { packetId: packet.packetId }));
      } else if (packet.type === PacketType.Publish && packet.qos > 0) {
        const type = packet.qos === 1 ? PacketType.Puback : PacketType.Pubrec;
        actor.peer!.send(ack(type, { packetId: packet.packetId }));
      }
    }
  }
}

const who = fc.nat(VERSIONS.length - 1);
const topic = fc.constantFrom(...TOPICS);
const filter = fc.constantFrom(...FILTERS);
const qos = fc.constantFrom<QoS>(0, 1, 2);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(who, fc.constantFrom(false, false, false, true)).map(([i, clean]) => (world: Actors) => {
    world.connect(world.all[i]!, clean);
  }),
  who.map((i) => (world: Actors) => {
    world.all[i]!.peer?.hangUp();
    world.all[i]!.peer = undefined;
  }),
  fc.tuple(who, filter, qos).map(([i, each, granted]) => (world: Actors) => {
    const { peer } = world.all[i]!;
    if (peer !== undefined) subscribe(peer, each, granted, 100);
  }),
  fc.tuple(who, filter).map(([i, each]) => (world: Actors) => {
    const packet = { packetId: 101, topicFilters: [each], properties: {} };
    world.all[i]!.peer?.send({ type: PacketType.Unsubscribe, ...packet });
  }),
  fc.tuple(who, topic, qos, fc.boolean(), fc.integer({ min: 1, max: 6 })).map(
    ([i, each, published, retain, count]) => (world: Actors) => {
      for (let n = 0; n < count; n++) world.publish(world.all[i]!, each, published, retain);
    },
  ),
  who.map((i) => (world: Actors) => world.release(world.all[i]!)),
  fc.tuple(who, fc.nat(5)).map(([i, count]) => (world: Actors) => {
    world.take(world.all[i]!);
    world.answer(world.all[i]!, count);
  }),
  fc.constant((world: Actors) => {
    if (world.stage.store.hasBatch) world.stage.commit();
  }),
  fc.integer({ min: 1, max: 300 }).map((ms) => (world: Actors) => world.stage.broker.advance(ms)),
);

/** What everybody sees who comes back. */
function seen(history: readonly Step[], isKilled: boolean): string[] {
  const world = new Actors();
  const { stage } = world;
  for (const actor of world.all) world.connect(actor, false);
  for (const each of history) each(world);
  for (const actor of world.all) {
    actor.peer?.hangUp();
    actor.peer = undefined;
  }
  stage.commitAll();
  assert.deepEqual(stage.store.inconsistencies, []);
  if (isKilled) stage.kill();
  const lines = [JSON.stringify(stage.broker.broker.counts)];
  const shared: string[] = [];
  let isAsking = false;
  const look = () => {
    for (let isQuiet = false; !isQuiet;) {
      isQuiet = true;
      stage.commitAll();
      for (const actor of world.all) {
        for (const packet of world.take(actor)) {
          isQuiet = false;
          const text = describe(packet, actor.fresh);
          // A new Subscription whose retained messages had not all gone out gets those that there are now.
          if (!isAsking && (text.endsWith(" retain") || text === "PUBREL")) continue;
          if (text.startsWith("PUBLISH shared")) shared.push(text.split(" q")[0]!); // whose turn it is may change
          else lines.push(`${actor.clientId} ${text}`);
        }
        if (actor.peer !== undefined) world.answer(actor, Infinity);
      }
    }
  };
  for (const actor of world.all) {
    world.connect(actor, false);
    look();
  }
  for (const actor of world.all) world.release(actor);
  look();
  for (const each of TOPICS) world.publish(world.all[0]!, each, 1, false);
  look();
  isAsking = true;
  for (const actor of world.all) subscribe(actor.peer!, "#", 2, 102);
  look();
  return [...lines, ...shared.sort()];
}

/** @param fresh Packet Identifiers of this life: those the broker gives anew need not be the same. */
function describe(packet: Packet, fresh: Set<number>): string {
  switch (packet.type) {
    case PacketType.Connack:
      return `CONNACK ${packet.sessionPresent}`;
    case PacketType.Publish: {
      const { topicName, payload, qos, retain, dup, packetId } = packet;
      if (!dup) fresh.add(packetId);
      const text = new TextDecoder().decode(payload);
      return `PUBLISH ${topicName} ${text} q${qos}${retain ? " retain" : ""}${
        dup ? ` dup ${packetId}` : ""
      }`;
    }
    case PacketType.Pubrel:
      return fresh.has(packet.packetId) ? "PUBREL" : `PUBREL ${packet.packetId}`;
    default:
      return `${packet.type}`;
  }
}

Deno.test("a broker that starts again goes on exactly where it was, whatever happened before", () => {
  const history = fc.array(step, { minLength: 5, maxLength: 60 });
  fc.assert(
    fc.property(history, (steps) => {
      assert.deepEqual(seen(steps, true), seen(steps, false));
    }),
    { numRuns: 200 },
  );
});
