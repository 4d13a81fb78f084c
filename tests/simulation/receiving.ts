// Receiving: what the broker sends to the client. QoS 2 is deduplicated by Packet Identifier; everything is
// acknowledged in its order, at once or later.

import { encodeProperties } from "../../src/packet/properties.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { PublishPacket } from "../../src/packet/publish.ts";
import type { ClientContext } from "./client_parts.ts";
import { matches, type MessageRecord, noteDelivery, type SessionRecord } from "./records.ts";

interface Ack {
  readonly type:
    | typeof PacketType.Puback
    | typeof PacketType.Pubrec
    | typeof PacketType.Pubcomp;
  readonly packetId: number;
  readonly reasonCode: 0 | 0x97;
}

const USER_PROPERTY = encodeProperties({ userProperties: [["from", "simulation"]] });

export class Receiving {
  readonly #client: ClientContext;
  #session: SessionRecord | undefined = undefined;
  /** QoS 2 exchanges without their PUBREL, and the message of each; undefined for one that is not ours. */
  readonly #held = new Map<number, MessageRecord | undefined>();
  #acks: Ack[] = [];
  #isAcknowledging = false;
  /** PUBLISHes of this connection whose exchange this side has not completed. */
  readonly #open = new Set<number>();
  readonly #aliases = new Map<number, string>();

  constructor(client: ClientContext) {
    this.#client = client;
  }

  get isQuiet(): boolean {
    return this.#acks.length === 0 && this.#held.size === 0;
  }

  start(session: SessionRecord): void {
    if (session !== this.#session) this.#held.clear();
    this.#session = session;
    this.#acks = [];
    this.#isAcknowledging = false;
    this.#open.clear();
    this.#aliases.clear();
  }

  onPublish(packet: PublishPacket): void {
    const topic = this.#topicOf(packet);
    const message = this.#messageOf(packet, topic);
    const { qos, packetId } = packet;
    if (qos === 0) return this.#deliver(message, packet);
    this.#open.add(packetId);
    const { receiveMaximum = 65_535 } = this.#client.spec;
    if (this.#open.size > receiveMaximum) {
      this.#client.wrong(`${this.#open.size} PUBLISHes, Receive Maximum is ${receiveMaximum}`);
    }
    if (qos === 1) {
      this.#deliver(message, packet);
      return this.#acknowledge({ type: PacketType.Puback, packetId, reasonCode: 0 });
    }
    this.#client.proveSession();
    if (this.#held.has(packetId)) {
      if (this.#held.get(packetId) !== message) {
        this.#client.wrong(`Packet Identifier ${packetId} is used for another message`);
      }
      if (!packet.dup) this.#client.wrong(`message ${message?.id} is repeated without DUP`);
      return this.#acknowledge({ type: PacketType.Pubrec, packetId, reasonCode: 0 });
    }
    if (this.#client.spec.version === 5 && this.#client.random.chance(0.005)) {
      if (message !== undefined) this.#session!.refused.add(message);
      return this.#acknowledge({ type: PacketType.Pubrec, packetId, reasonCode: 0x97 });
    }
    this.#held.set(packetId, message);
    this.#deliver(message, packet);
    this.#acknowledge({ type: PacketType.Pubrec, packetId, reasonCode: 0 });
  }

  onPubrel(packetId: number): void {
    this.#held.delete(packetId);
    this.#acknowledge({ type: PacketType.Pubcomp, packetId, reasonCode: 0 });
  }

  #topicOf(packet: PublishPacket): string {
    const { topicAlias, topicName } = packet;
    if (topicAlias === 0) return topicName;
    if (topicAlias > this.#client.spec.topicAliasMaximum) {
      this.#client.wrong(`Topic Alias ${topicAlias}`);
    }
    if (topicName !== "") this.#aliases.set(topicAlias, topicName);
    return this.#aliases.get(topicAlias) ??
      this.#client.wrong(`Topic Alias ${topicAlias} stands for nothing`);
  }

  /** Undefined for a message that nobody of ours has published. */
  #messageOf(packet: PublishPacket, topic: string): MessageRecord | undefined {
    const message = this.#client.messages.find(packet.payload);
    if (message === "damaged") this.#client.wrong(`a damaged message to ${topic}`);
    if (message === undefined) return undefined;
    if (topic !== message.topic) {
      this.#client.wrong(`message ${message.id} with topic ${topic}, was ${message.topic}`);
    }
    if (packet.qos > message.qos) {
      this.#client.wrong(`message ${message.id} with QoS ${packet.qos}`);
    }
    if (this.#client.spec.version === 5) this.#judgeProperties(packet, message);
    return message;
  }

  #judgeProperties(packet: PublishPacket, message: MessageRecord): void {
    const expected = message.hasUserProperty ? USER_PROPERTY.length : 0;
    if (packet.forwardedProperties.length !== expected) {
      this.#client.wrong(`message ${message.id} with other Properties`);
    }
    const expiry = packet.messageExpiryInterval;
    if ((expiry ?? 0) > (message.expirySeconds ?? 0)) {
      this.#client.wrong(`message ${message.id} with Message Expiry Interval ${expiry}`);
    }
  }

  #deliver(message: MessageRecord | undefined, packet: PublishPacket): void {
    if (message === undefined) return;
    const session = this.#session!;
    const { qos, dup, retain } = packet;
    if (retain && !message.retain) this.#client.wrong(`message ${message.id} with RETAIN`);
    const share = retain ? undefined : this.#shareOf(packet, message);
    const deliveries = retain
      ? session.retained
      : share === undefined
      ? session.live
      : session.sharedBy(share);
    noteDelivery(deliveries, message, qos, dup);
  }

  /**
   * The Shared Subscription by which the message came. Its Subscription Identifier tells, or else that the
   * client has Shared Subscriptions only, of which one matches.
   */
  #shareOf(packet: PublishPacket, message: MessageRecord): string | undefined {
    const ids = packet.subscriptionIdentifiers ?? [];
    const { subscriptions } = this.#session!;
    for (const id of ids) {
      const known = subscriptions.find((each) => each.options.identifier === id);
      if (known === undefined) this.#client.wrong(`Subscription Identifier ${id} is not ours`);
      if (!matches(known.filter, message.topic)) {
        this.#client.wrong(`Subscription Identifier ${id} does not match ${message.topic}`);
      }
      if (known.isShared) return known.topicFilter;
    }
    if (ids.length > 0 || !subscriptions.every((each) => each.isShared)) return undefined;
    return subscriptions.find((each) => matches(each.filter, message.topic))?.topicFilter;
  }

  #acknowledge(ack: Ack): void {
    this.#acks.push(ack);
    if (!this.#isAcknowledging) this.#acknowledgeLater();
  }

  /** Sends some of the acknowledgements that wait, and the others later still. */
  #acknowledgeLater(): void {
    const { random, spec } = this.#client;
    this.#isAcknowledging = true;
    this.#client.later(random.skewed(0, spec.ackDelayMs), () => {
      for (const each of this.#acks.splice(0, random.integer(1, this.#acks.length))) {
        this.#send(each);
      }
      this.#isAcknowledging = this.#acks.length > 0;
      if (this.#isAcknowledging) this.#acknowledgeLater();
    });
  }

  #send(ack: Ack): void {
    this.#client.send({ ...ack, properties: {} });
    if (ack.type !== PacketType.Pubrec || ack.reasonCode >= 0x80) this.#open.delete(ack.packetId);
  }
}
