// Publishing: the client's messages on their way to the broker: they wait for the send quota, are sent, and
// their exchanges are taken up again in their order when the Session is resumed.

import { encodeProperties } from "../../src/packet/properties.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { AckPacket, Packet } from "../../src/packet/packets.ts";
import { type PublishFields, PublishPacket } from "../../src/packet/publish.ts";
import type { ClientContext } from "./client_parts.ts";
import type { MessageRecord } from "./records.ts";

interface Exchange {
  readonly packetId: number;
  readonly message: MessageRecord;
  waitsFor: "PUBACK" | "PUBREC" | "PUBCOMP";
  /** Its PUBLISH was sent over this connection, so it counts for the send quota. */
  isSentHere: boolean;
}

/** Quota exceeded: nothing can be stored. */
const DECLINED = 0x97;
const USER_PROPERTY = encodeProperties({ userProperties: [["from", "simulation"]] });

export class Publishing {
  readonly #client: ClientContext;
  #waiting: MessageRecord[] = [];
  readonly #exchanges = new Map<number, Exchange>();
  #resuming: Exchange[] = [];
  #isReady = false;
  #quota = 0;
  #aliasMaximum = 0;
  #aliases = new Map<string, number>();

  constructor(client: ClientContext) {
    this.#client = client;
  }

  get isQuiet(): boolean {
    return this.#waiting.length === 0 && this.#exchanges.size === 0;
  }

  uses(packetId: number): boolean {
    return this.#exchanges.has(packetId);
  }

  /** Sends `message` as soon as there is quota; one with QoS 0 only if there is a connection. */
  publish(message: MessageRecord): void {
    if (message.qos > 0) {
      this.#waiting.push(message);
      this.pump();
    } else if (this.#isReady) {
      this.#sendPublish(message, 0, false);
    }
  }

  /** CONNACK: the Session goes on with `isResumed`, or all that is under way is given up. */
  start(isResumed: boolean, receiveMaximum: number, aliasMaximum: number): void {
    if (!isResumed) this.#exchanges.clear();
    for (const exchange of this.#exchanges.values()) exchange.isSentHere = false;
    this.#resuming = [...this.#exchanges.values()];
    this.#quota = receiveMaximum;
    this.#aliasMaximum = aliasMaximum;
    this.#aliases = new Map();
    this.#isReady = true;
    this.pump();
  }

  stop(): void {
    this.#isReady = false;
  }

  onAck(packet: AckPacket): void {
    const exchange = this.#exchanges.get(packet.packetId);
    const name = packetName(packet.type);
    if (exchange === undefined) {
      this.#client.wrong(`${name} for Packet Identifier ${packet.packetId}, which is not in use`);
    }
    const { message } = exchange;
    if (packet.reasonCode === DECLINED && this.#client.mayBeDeclined) {
      this.#exchanges.delete(packet.packetId);
      return this.pump();
    }
    if (packet.reasonCode >= 0x80) this.#client.wrong(`${name} with ${packet.reasonCode}`);
    if (exchange.waitsFor !== name) {
      // A PUBLISH that was repeated is acknowledged twice if the first PUBREC came late; never across
      // connections, though, and a client repeats nothing within one.
      this.#client.wrong(`${name} for message ${message.id}, which waits for ${exchange.waitsFor}`);
    }
    if (packet.reasonCode === 0x10) message.hadNoSubscribers = true;
    if (packet.type === PacketType.Pubrec) {
      exchange.waitsFor = "PUBCOMP";
      this.#client.proveSession();
      this.#sendPubrel(exchange);
    } else {
      this.#exchanges.delete(packet.packetId);
      message.settledMs = Math.min(message.settledMs, this.#client.nowMs);
    }
    this.pump();
  }

  /** Sends as much as the quota allows: first what is taken up again, then what waits. */
  pump(): void {
    if (!this.#isReady) return;
    while (this.#resuming.length > 0) {
      const exchange = this.#resuming[0]!;
      if (exchange.waitsFor === "PUBCOMP") {
        this.#sendPubrel(exchange);
      } else {
        if (!this.#hasQuota()) return;
        exchange.isSentHere = true;
        this.#sendPublish(exchange.message, exchange.packetId, true);
      }
      this.#resuming.shift();
    }
    while (this.#waiting.length > 0 && this.#hasQuota()) {
      const message = this.#waiting.shift()!;
      const packetId = this.#client.takePacketId();
      const waitsFor = message.qos === 1 ? "PUBACK" : "PUBREC";
      this.#exchanges.set(packetId, { packetId, message, waitsFor, isSentHere: true });
      this.#sendPublish(message, packetId, false);
    }
  }

  #hasQuota(): boolean {
    let used = 0;
    for (const exchange of this.#exchanges.values()) if (exchange.isSentHere) used++;
    return used < this.#quota;
  }

  #sendPublish(message: MessageRecord, packetId: number, dup: boolean): void {
    const { client, alias } = { client: this.#client, alias: this.#aliasFor(message.topic) };
    message.sends++;
    if (message.qos < 2) message.routedFromMs = Math.min(message.routedFromMs, client.nowMs);
    client.send(publishPacket({
      dup,
      qos: message.qos,
      retain: message.retain,
      topicName: alias.isKnown ? "" : message.topic,
      topicAlias: alias.number,
      packetId,
      messageExpiryInterval: message.expirySeconds,
      forwardedProperties: message.hasUserProperty ? USER_PROPERTY : new Uint8Array(0),
      payload: message.payload,
    }));
  }

  #sendPubrel({ packetId, message }: Exchange): void {
    message.routedFromMs = Math.min(message.routedFromMs, this.#client.nowMs);
    this.#client.send({ type: PacketType.Pubrel, packetId, reasonCode: 0, properties: {} });
  }

  #aliasFor(topic: string): { number: number; isKnown: boolean } {
    const known = this.#aliases.get(topic);
    if (known !== undefined) return { number: known, isKnown: true };
    if (this.#aliasMaximum === 0 || this.#client.random.chance(0.5)) {
      return { number: 0, isKnown: false };
    }
    const number = this.#client.random.integer(1, this.#aliasMaximum);
    for (const [each, taken] of this.#aliases) if (taken === number) this.#aliases.delete(each);
    this.#aliases.set(topic, number);
    return { number, isKnown: false };
  }
}

/** A PUBLISH to encode: it stands nowhere yet, but for its payload. */
function publishPacket({ payload = new Uint8Array(0), ...fields }: PublishFields): Packet {
  const place = { bytes: payload, payloadStart: 0, end: payload.length };
  return Object.assign(new PublishPacket(), fields, place);
}

function packetName(type: AckPacket["type"]): string {
  return type === PacketType.Puback ? "PUBACK" : type === PacketType.Pubrec ? "PUBREC" : "PUBCOMP";
}
