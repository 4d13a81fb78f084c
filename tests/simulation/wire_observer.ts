// WireObserver: stands at the broker's end of one Network Connection, reads along in both directions, and
// holds the broker to what it may send: whole packets, none above the Client's Maximum Packet Size, no more
// open exchanges than its Receive Maximum, no Packet Identifier twice, nothing before CONNACK or behind DISCONNECT.

import { MqttError } from "../../src/packet/mqtt_error.ts";
import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import { PACKET_NAMES, PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket, Packet } from "../../src/packet/packets.ts";
import type { PublishPacket } from "../../src/packet/publish.ts";
import type { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import type { LinkObserver, NetworkHost } from "./network.ts";

type WireHost = Pick<NetworkHost, "log" | "fail" | "scheduler">;

export class WireObserver implements LinkObserver {
  /** The broker has read a DISCONNECT with Reason Code 0 after a CONNACK: no Will. */
  sawDisconnect = false;
  /** The broker has accepted the CONNECT. */
  isAccepted = false;
  /** When; Infinity if it has not. */
  acceptedMs = Infinity;
  /** The broker has refused the CONNECT. */
  isRefused = false;
  /** The CONNECT asks for a Clean Start. */
  readonly startsClean: boolean;
  onAccepted: () => void = () => {};
  /** The broker has sent a DISCONNECT. */
  sentDisconnect = false;
  /** The broker has no more to do with the connection. */
  isDone = false;
  /** It has ended it itself: whatever was sent before that, it has seen. */
  wasEndedByBroker = false;
  readonly #name: string;
  readonly #host: WireHost;
  readonly #onDone: (wire: WireObserver) => void;
  readonly #fromClient: PacketDecoder;
  readonly #fromBroker: PacketDecoder;
  readonly #receiveMaximum: number;
  /** Exchanges that the broker began or took up on this connection, and what it waits for. */
  readonly #open = new Map<number, "PUBACK" | "PUBREC" | "PUBCOMP">();
  /** Exchanges that it took up with their PUBREL. */
  readonly #released = new Set<number>();
  #isOver = false;

  constructor(
    name: string,
    connect: ConnectPacket,
    topicNames: TopicNameCache,
    host: WireHost,
    onDone: (wire: WireObserver) => void,
  ) {
    this.#name = name;
    this.#host = host;
    this.#onDone = onDone;
    const { properties, version } = connect;
    this.startsClean = connect.cleanStart;
    this.#receiveMaximum = properties.receiveMaximum ?? 65_535;
    const maximumPacketSize = properties.maximumPacketSize ?? Infinity;
    this.#fromBroker = new PacketDecoder({ topicNames, maximumPacketSize });
    this.#fromClient = new PacketDecoder({ topicNames, maximumPacketSize: Infinity });
    this.#fromBroker.version = this.#fromClient.version = version;
  }

  onReceived(bytes: Uint8Array): void {
    this.#fromClient.push(bytes);
    for (let packet; (packet = this.#fromClient.next()) !== undefined;) this.#sees(packet);
  }

  onWritten(bytes: Uint8Array): void {
    this.#fromBroker.push(bytes);
    try {
      for (let packet; (packet = this.#fromBroker.next()) !== undefined;) this.#judge(packet);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#wrong(`the broker sends what no client understands: ${error.message}`);
    }
  }

  onBrokerDone(byBroker: boolean): void {
    this.wasEndedByBroker = byBroker;
    this.isDone = true;
    this.#onDone(this);
  }

  #sees(packet: Packet): void {
    this.#host.log(`${this.#name} -> ${summaryOf(packet)}`);
    switch (packet.type) {
      case PacketType.Puback:
      case PacketType.Pubcomp:
        this.#open.delete(packet.packetId);
        this.#released.delete(packet.packetId);
        return;
      case PacketType.Pubrec:
        if (packet.reasonCode >= 0x80) this.#open.delete(packet.packetId);
        else if (this.#open.has(packet.packetId)) this.#open.set(packet.packetId, "PUBCOMP");
        return;
      case PacketType.Disconnect:
        if (this.isAccepted && packet.reasonCode === 0) this.sawDisconnect = true;
    }
  }

  #judge(packet: Packet): void {
    this.#host.log(`${this.#name} <- ${summaryOf(packet)}`);
    if (this.#isOver) this.#wrong(`${PACKET_NAMES[packet.type]} behind the end`);
    if (!this.isAccepted && packet.type !== PacketType.Connack) {
      this.#wrong(`${PACKET_NAMES[packet.type]} before CONNACK`);
    }
    switch (packet.type) {
      case PacketType.Connack:
        if (this.isAccepted) this.#wrong("a second CONNACK");
        this.isAccepted = packet.reasonCode === 0;
        this.#isOver = this.isRefused = !this.isAccepted;
        if (!this.isAccepted) return;
        this.acceptedMs = this.#host.scheduler.nowMs;
        return this.onAccepted();
      case PacketType.Publish:
        if (packet.qos > 0) this.#judgePublish(packet);
        return;
      case PacketType.Pubrel:
        return this.#judgePubrel(packet.packetId);
      case PacketType.Disconnect:
        this.#isOver = this.sentDisconnect = true;
    }
  }

  #judgePublish({ packetId, qos }: PublishPacket): void {
    if (this.#open.has(packetId) || this.#released.has(packetId)) {
      this.#wrong(`PUBLISH with Packet Identifier ${packetId}, which is in use`);
    }
    this.#open.set(packetId, qos === 1 ? "PUBACK" : "PUBREC");
    if (this.#open.size > this.#receiveMaximum) {
      this.#wrong(`${this.#open.size} open exchanges, Receive Maximum is ${this.#receiveMaximum}`);
    }
  }

  /** A PUBREL follows a PUBREC, or a resumed Session; taking up an exchange does not count for the quota. */
  #judgePubrel(packetId: number): void {
    const state = this.#open.get(packetId);
    if (state === undefined) this.#released.add(packetId);
    if (state === "PUBACK" || state === "PUBREC") {
      this.#wrong(`PUBREL for Packet Identifier ${packetId}, which waits for ${state}`);
    }
  }

  #wrong(text: string): never {
    return this.#host.fail(`${this.#name}: ${text}`);
  }
}

/** A packet in a few words, for the event log. */
function summaryOf(packet: Packet): string {
  const name = PACKET_NAMES[packet.type]!;
  if (packet.type === PacketType.Publish) {
    const flags = `q${packet.qos}${packet.dup ? " dup" : ""}${packet.retain ? " retain" : ""}`;
    return `${name} ${packet.packetId} ${flags} ${packet.topicName} ${messageIdIn(packet)}`;
  }
  const words = [name];
  if ("packetId" in packet) words.push(String(packet.packetId));
  if ("reasonCode" in packet && packet.reasonCode !== 0) words.push(`code ${packet.reasonCode}`);
  if (packet.type === PacketType.Subscribe) {
    words.push(...packet.subscriptions.map(({ topicFilter, qos }) => `${topicFilter} q${qos}`));
  }
  if (packet.type === PacketType.Unsubscribe) words.push(...packet.topicFilters);
  return words.join(" ");
}

function messageIdIn({ payload }: PublishPacket): number {
  if (payload.length < 7) return -1;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(3);
}
