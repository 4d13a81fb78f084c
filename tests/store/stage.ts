// Stage: a broker on a store that commits when it is told to, and that can be killed; and what its Clients say and see.

import assert from "node:assert/strict";
import { PacketType, type QoS } from "../../src/packet/packet_type.ts";
import type { ConnectPacket, Packet } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { type Peer, SansIoBroker, type SansIoBrokerOptions } from "../support/sans_io_broker.ts";
import { bytesOf, connect, publish, request } from "../vectors/vector.ts";

const KEEPS = { sessionExpiryInterval: 1_000 };

/** A broker whose store commits when it is told to, and that can be killed. */
export class Stage {
  readonly store = new MemoryStore();
  broker: SansIoBroker;
  readonly #options: SansIoBrokerOptions;

  constructor(options: SansIoBrokerOptions = {}) {
    this.#options = options;
    this.broker = new SansIoBroker({ ...options, store: this.store });
  }

  /** A Client whose Session is kept. */
  client(clientId: string, fields: Partial<ConnectPacket> = {}): Peer {
    const packet = connect({
      version: 5,
      clientId,
      cleanStart: false,
      properties: KEEPS,
      ...fields,
    });
    const peer = this.broker.connect(packet.version);
    peer.send(packet);
    return peer;
  }

  /** Commits, batch after batch, until nothing waits, lazy things included. */
  commitAll(): void {
    this.broker.advance(400);
    for (let i = 0; this.store.hasBatch; i++) {
      assert.ok(i < 100, "batches without end");
      this.commit();
    }
  }

  commit(): void {
    this.store.commitNow();
    this.broker.journal!.committed();
    this.broker.settle();
  }

  /** The process dies, and another one starts. */
  kill(): void {
    this.store.loseBatch();
    assert.deepEqual(this.store.inconsistencies, []);
    this.broker = new SansIoBroker({ ...this.#options, store: this.store });
  }
}

export function subscribe(peer: Peer, topicFilter: string, qos: QoS = 2, packetId = 1): void {
  const subscriptions = [request({ topicFilter, qos })];
  peer.send({ type: PacketType.Subscribe, packetId, subscriptions, properties: {} });
}

export function send(
  peer: Peer,
  topicName: string,
  payload: string,
  qos: QoS,
  packetId: number = qos,
  fields: { retain?: boolean } = {},
): void {
  const data = publish({ topicName, payload: bytesOf(payload), qos, packetId, ...fields });
  peer.send(encodePublish(data, peer.version));
}

/** What came, in short. */
export function take(peer: Peer): string[] {
  return peer.takePackets().map((packet: Packet) => {
    switch (packet.type) {
      case PacketType.Connack:
        return `CONNACK ${packet.reasonCode}${packet.sessionPresent ? " present" : ""}`;
      case PacketType.Publish: {
        const text = new TextDecoder().decode(packet.payload);
        const flags = `${packet.dup ? " dup" : ""}${packet.retain ? " retain" : ""}`;
        return `PUBLISH ${packet.topicName} ${text} q${packet.qos} m${packet.packetId}${flags}`;
      }
      case PacketType.Puback:
        return `PUBACK ${packet.packetId} ${packet.reasonCode}`;
      case PacketType.Pubrec:
        return `PUBREC ${packet.packetId} ${packet.reasonCode}`;
      case PacketType.Pubrel:
        return `PUBREL ${packet.packetId}`;
      case PacketType.Pubcomp:
        return `PUBCOMP ${packet.packetId}`;
      case PacketType.Suback:
        return `SUBACK ${packet.reasonCodes.join(",")}`;
      case PacketType.Unsuback:
        return "UNSUBACK";
      case PacketType.Pingresp:
        return "PINGRESP";
      default:
        return String(packet.type);
    }
  });
}

/** A subscriber to a/# that is away, and a publisher that keeps nothing. */
export function awaySubscriber(
  options: SansIoBrokerOptions = {},
): { stage: Stage; publisher: Peer } {
  const stage = new Stage(options);
  const subscriber = stage.client("s");
  subscribe(subscriber, "a/#");
  stage.commitAll();
  subscriber.hangUp();
  stage.commitAll();
  const publisher = stage.client("p", { properties: {}, cleanStart: true });
  take(publisher);
  return { stage, publisher };
}
