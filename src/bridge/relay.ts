// Relay: Control Packets of the one broker as Control Packets for the other.
//
//   our broker --PUBLISH 7--> Relay --PUBLISH 7--> remote broker     Packet Identifiers stay as they are, and
//              <--PUBREC 7---       <--PUBREC 7---                   each acknowledgement is that of the other side
//              --PUBREL 7--->       --PUBREL 7--->
//              <--PUBCOMP 7--       <--PUBCOMP 7--
//
// So it keeps nothing: what is not acknowledged is in the Session of the broker that it comes from, and a QoS 2
// message arrives exactly once, through the death of either broker and of ours, as long as both Sessions last.
// Where the remote Session ends with its connection, a PUBREC of its promises nothing beyond that: then a message
// leaves our queue with the PUBCOMP, and may arrive twice rather than not at all.
//
// It knows no I/O: bytes go out through two functions.

import { encodePacket } from "../packet/encode.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import type { AckPacket, Packet } from "../packet/packets.ts";
import { PacketType, type ProtocolVersion, type QoS } from "../packet/packet_type.ts";
import { encodePublish, NO_BYTES, type PublishPacket } from "../packet/publish.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import { InboundTopicAliases } from "../session/topic_aliases.ts";
import { parseTopicName } from "../topic/topic_name.ts";
import type { PathMark, PathMarks } from "./path_mark.ts";
import type { TopicMap } from "./topic_map.ts";

/** Levels of a topic; the broker here has its own limit. */
const MAXIMUM_LEVELS = 65_535;
/** Bytes of a topic. */
const MAXIMUM_BYTES = 65_535;

/** What has gone over a bridge since it was made. */
export interface BridgeCounters {
  /** PUBLISH packets to the remote broker; repeated ones count again. */
  sent: number;
  /** PUBLISH packets from it. */
  received: number;
  /** Messages that were thrown away: too large, refused by the other side, with no Topic Name, or one too many. */
  dropped: number;
  /** Those of them that did not fit into the queue. */
  overflowed: number;
  /** Messages that had been here before. */
  looped: number;
}

export interface RelayOptions {
  readonly topics: TopicMap;
  /** Of the remote broker. */
  readonly version: ProtocolVersion;
  /** Whether the remote Session outlives the connection. */
  readonly isRemoteSessionKept: boolean;
  /** What the remote broker takes. */
  readonly maximumQoS: QoS;
  readonly maximumPacketSize: number;
  readonly retains: boolean;
  /** Topic Aliases that it may set. */
  readonly topicAliasMaximum: number;
  /** Undefined: messages are not marked. */
  readonly marks: PathMarks | undefined;
  /** The remote broker, if it has said which it is. */
  readonly remoteMark: PathMark | undefined;
  readonly counters: BridgeCounters;
  readonly toLocal: (bytes: Uint8Array) => void;
  readonly toRemote: (bytes: Uint8Array) => void;
  /** A message was thrown away. */
  readonly onDropped: (reason: string, topicName: string) => void;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #aliases: InboundTopicAliases;
  /** QoS 2 messages of ours that the remote broker gets with QoS 1: within our Session's window. */
  readonly #lowered = new Set<number>();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#aliases = new InboundTopicAliases(options.topicAliasMaximum);
  }

  /** A PUBLISH or one of its acknowledgements from our broker; anything else is ignored. */
  fromLocal(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Publish:
        return this.#publishToRemote(packet);
      case PacketType.Pubrel:
        // Without a Session there, the PUBCOMP of the remote broker came before our broker had its PUBREC.
        if (this.#settlesAtOnce(packet.packetId)) {
          this.#lowered.delete(packet.packetId);
          return this.#answerLocal(PacketType.Pubcomp, packet.packetId);
        }
        return this.#ackToRemote(packet);
      case PacketType.Puback:
      case PacketType.Pubrec:
        if (packet.reasonCode >= 0x80) this.#options.counters.dropped++;
        return this.#ackToRemote(packet);
      case PacketType.Pubcomp:
        return this.#ackToRemote(packet);
    }
  }

  /**
   * A PUBLISH or one of its acknowledgements from the remote broker; anything else is ignored.
   * @throws {MqttError} if it is against the protocol: the connection must end.
   */
  fromRemote(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Publish:
        return this.#publishToLocal(packet);
      case PacketType.Puback:
        this.#noteRefusal(packet);
        if (this.#lowered.has(packet.packetId)) {
          return this.#answerLocal(PacketType.Pubrec, packet.packetId);
        }
        return this.#ackToLocal(packet);
      case PacketType.Pubrec:
        this.#noteRefusal(packet);
        if (packet.reasonCode >= 0x80 || this.#options.isRemoteSessionKept) {
          return this.#ackToLocal(packet);
        }
        return this.#answerRemote(PacketType.Pubrel, packet.packetId);
      case PacketType.Pubcomp:
        if (this.#options.isRemoteSessionKept) return this.#ackToLocal(packet);
        return this.#answerLocal(PacketType.Pubrec, packet.packetId);
      case PacketType.Pubrel:
        return this.#ackToLocal(packet);
    }
  }

  /** Whether our broker's PUBREL is not for the remote broker. */
  #settlesAtOnce(packetId: number): boolean {
    return !this.#options.isRemoteSessionKept || this.#lowered.has(packetId);
  }

  #publishToRemote(packet: PublishPacket): void {
    const { topics, version, maximumQoS, maximumPacketSize, retains, marks, remoteMark, counters } =
      this.#options;
    const topicName = topics.toRemote(packet.topicName);
    const qos = packet.qos > maximumQoS ? maximumQoS : packet.qos;
    const problem = this.#problemOf(topicName);
    if (problem !== undefined) return this.#refuse(packet, problem);
    const isV5 = version === 5;
    if (marks?.mayGoOut(packet.forwardedProperties, remoteMark) === false) {
      counters.looped++;
      return this.#settle(packet, ReasonCode.Success);
    }
    const bytes = encodePublish({
      dup: packet.dup && qos > 0,
      qos,
      retain: packet.retain && retains,
      topicName,
      packetId: packet.packetId,
      messageExpiryInterval: packet.messageExpiryInterval,
      forwardedProperties: !isV5
        ? NO_BYTES
        : marks?.outward(packet.forwardedProperties) ?? packet.forwardedProperties,
      payload: packet.payload,
    }, version);
    if (bytes.length > maximumPacketSize) {
      return this.#refuse(packet, `it has more than ${maximumPacketSize} bytes`);
    }
    counters.sent++;
    if (packet.qos === 2 && qos === 1) this.#lowered.add(packet.packetId);
    this.#options.toRemote(bytes);
    if (qos === 0) this.#settle(packet, ReasonCode.Success);
  }

  #publishToLocal(packet: PublishPacket): void {
    const { topics, marks, counters, version } = this.#options;
    const name = packet.topicAlias === 0
      ? packet.topicName
      : this.#aliases.resolve(packet.topicAlias, packet.topicName);
    counters.received++;
    const topicName = topics.toLocal(name);
    const problem = this.#problemOf(topicName);
    const isLooped = problem === undefined &&
      marks?.mayComeIn(packet.forwardedProperties) === false;
    if (problem !== undefined || isLooped) {
      if (isLooped) counters.looped++;
      else this.#dropped(problem!, topicName);
      return this.#acknowledgeUnseen(packet);
    }
    this.#options.toLocal(encodePublish({
      dup: packet.dup,
      qos: packet.qos,
      retain: packet.retain,
      topicName,
      packetId: packet.packetId,
      messageExpiryInterval: version === 5 ? packet.messageExpiryInterval : undefined,
      forwardedProperties: this.#marked(packet.forwardedProperties),
      payload: packet.payload,
    }, 5));
  }

  /** The Properties of a message that comes in. */
  #marked(properties: Uint8Array): Uint8Array {
    const { marks, remoteMark } = this.#options;
    return marks?.inward(properties, remoteMark) ?? properties;
  }

  /** The message goes no further; the remote broker has done its part. */
  #acknowledgeUnseen({ qos, packetId }: PublishPacket): void {
    if (qos === 1) this.#answerRemote(PacketType.Puback, packetId);
    // Our broker doesn't know the exchange, and answers the PUBREL that comes with a PUBCOMP.
    if (qos === 2) this.#answerRemote(PacketType.Pubrec, packetId);
  }

  /** The message leaves our queue, and goes nowhere. */
  #refuse(packet: PublishPacket, reason: string): void {
    this.#dropped(reason, packet.topicName);
    this.#settle(packet, ReasonCode.ImplementationSpecificError);
  }

  /** Acknowledges a message of ours that the remote broker does not get, or not so that it would answer. */
  #settle({ qos, packetId }: PublishPacket, reasonCode: ReasonCode): void {
    if (qos === 0) return;
    if (qos === 1) return this.#answerLocal(PacketType.Puback, packetId, reasonCode);
    if (reasonCode < 0x80) this.#lowered.add(packetId); // our broker's PUBREL is for us then
    this.#answerLocal(PacketType.Pubrec, packetId, reasonCode);
  }

  #problemOf(topicName: string): string | undefined {
    try {
      parseTopicName(topicName, MAXIMUM_LEVELS);
      if (topicName.length * 3 <= MAXIMUM_BYTES) return undefined;
      return encodeUtf8(topicName).length <= MAXIMUM_BYTES ? undefined : "its topic is too long";
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      return error.message;
    }
  }

  #noteRefusal({ reasonCode, packetId }: AckPacket): void {
    if (reasonCode < 0x80) return;
    this.#dropped(`the remote broker refused it: 0x${reasonCode.toString(16)}`, `#${packetId}`);
  }

  #dropped(reason: string, topicName: string): void {
    this.#options.counters.dropped++;
    this.#options.onDropped(reason, topicName);
  }

  #ackToLocal(packet: AckPacket): void {
    this.#answerLocal(packet.type, packet.packetId, packet.reasonCode);
  }

  #ackToRemote(packet: AckPacket): void {
    this.#answerRemote(packet.type, packet.packetId, packet.reasonCode);
  }

  #answerLocal(
    type: AckPacket["type"],
    packetId: number,
    reasonCode: ReasonCode = ReasonCode.Success,
  ): void {
    this.#options.toLocal(encodePacket({ type, packetId, reasonCode, properties: {} }, 5));
  }

  #answerRemote(
    type: AckPacket["type"],
    packetId: number,
    reasonCode: ReasonCode = ReasonCode.Success,
  ): void {
    const { version, toRemote } = this.#options;
    toRemote(encodePacket({ type, packetId, reasonCode, properties: {} }, version));
  }
}
