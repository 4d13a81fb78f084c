// Message: an Application Message on its way through the broker (MQTT 5.0, section 1.2).
//
// "Packets borrow, messages own": a Message made from a PUBLISH with QoS 1 or 2, or with RETAIN, has a
// payload of its own, because somebody will keep it. One with QoS 0 is gone before the read returns and
// borrows its bytes from the chunk; whoever wants to keep it nevertheless calls `own()`.

import { Buffer } from "node:buffer";
import { copyBytes } from "../packet/bytes.ts";
import type { ProtocolVersion, QoS } from "../packet/packet_type.ts";
import { NO_BYTES, type PublishPacket } from "../packet/publish.ts";
import { PublishFrame } from "../packet/publish_frame.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import type { TopicName } from "../topic/topic_name.ts";

/** Bytes that a Message is counted with besides its payload, topic and Properties. */
const MESSAGE_OVERHEAD = 200;

export interface MessageFields {
  readonly topicName: TopicName;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain?: boolean;
  /** Encoded Properties that go to MQTT 5.0 receivers unchanged. */
  readonly forwardedProperties?: Uint8Array;
  /** When it expires, in ms of the broker's clock; Infinity if it does not. */
  readonly expiresAtMs?: number;
  /** Client Identifier of the publisher, for No Local; undefined for the broker's own messages. */
  readonly publisherId?: string | undefined;
}

export class Message {
  readonly topicName: TopicName;
  readonly qos: QoS;
  /** The publisher's RETAIN flag. */
  readonly retain: boolean;
  readonly expiresAtMs: number;
  readonly publisherId: string | undefined;
  #payload: Uint8Array;
  #forwardedProperties: Uint8Array;
  #topicBytes: Uint8Array | undefined = undefined;
  /** The PUBLISH this message borrows from. */
  #source: PublishPacket | undefined = undefined;
  // Frames by version and presence of a Packet Identifier, made when first asked for.
  #frameV3: PublishFrame | undefined = undefined;
  #frameV3WithId: PublishFrame | undefined = undefined;
  #frameV5: PublishFrame | undefined = undefined;
  #frameV5WithId: PublishFrame | undefined = undefined;

  constructor(fields: MessageFields) {
    this.topicName = fields.topicName;
    this.qos = fields.qos;
    this.retain = fields.retain ?? false;
    this.expiresAtMs = fields.expiresAtMs ?? Infinity;
    this.publisherId = fields.publisherId;
    this.#payload = fields.payload;
    this.#forwardedProperties = fields.forwardedProperties ?? NO_BYTES;
  }

  /**
   * The message in a PUBLISH.
   * @param topicName what its Topic Name or Topic Alias stands for.
   * @param version of the publisher.
   */
  static fromPublish(
    packet: PublishPacket,
    topicName: TopicName,
    version: ProtocolVersion,
    nowMs: number,
    publisherId: string,
  ): Message {
    const expiry = packet.messageExpiryInterval;
    const message = new Message({
      topicName,
      payload: NO_BYTES,
      qos: packet.qos,
      retain: packet.retain,
      forwardedProperties: packet.forwardedProperties,
      expiresAtMs: expiry === undefined ? Infinity : nowMs + expiry * 1000,
      publisherId,
    });
    message.#source = packet;
    if (packet.qos > 0 || packet.retain) message.own();
    else if (version !== 5) message.#frameV3 = PublishFrame.borrowed(packet);
    else if (isForwardedWhole(packet)) message.#frameV5 = PublishFrame.borrowed(packet);
    return message;
  }

  get payload(): Uint8Array {
    return this.#source === undefined ? this.#payload : this.#source.payload;
  }

  get payloadLength(): number {
    const source = this.#source;
    return source === undefined ? this.#payload.length : source.end - source.payloadStart;
  }

  get forwardedProperties(): Uint8Array {
    return this.#forwardedProperties;
  }

  /** Topic Name in UTF-8. */
  get topicBytes(): Uint8Array {
    return this.#topicBytes ??= encodeUtf8(this.topicName);
  }

  get expires(): boolean {
    return this.expiresAtMs !== Infinity;
  }

  /** What the message counts for in limits on bytes. */
  get size(): number {
    return this.payloadLength + this.#forwardedProperties.length + this.topicName.length +
      MESSAGE_OVERHEAD;
  }

  /** Whether its Message Expiry Interval has passed; one of 0 still reaches those who are there now. */
  isExpired(nowMs: number): boolean {
    return nowMs > this.expiresAtMs;
  }

  /** Seconds of the Message Expiry Interval that are left [MQTT-3.3.2-6], rounded up. */
  remainingExpiry(nowMs: number): number {
    return Math.max(0, Math.ceil((this.expiresAtMs - nowMs) / 1000));
  }

  /** Copies what is borrowed, so that the message can be kept; returns the message. */
  own(): this {
    const source = this.#source;
    if (source === undefined) return this;
    this.#source = undefined;
    this.#payload = copyOf(source.payload);
    this.#forwardedProperties = copyOf(this.#forwardedProperties);
    this.#frameV3 = this.#frameV5 = undefined;
    return this;
  }

  /**
   * Gives the message bytes of its own size. Small payloads stand in blocks that they share with others, and
   * a message that waits for a year would keep the whole block.
   */
  compact(): void {
    this.own();
    this.#payload = exactly(this.#payload);
    this.#forwardedProperties = exactly(this.#forwardedProperties);
  }

  /** The message as a PUBLISH, encoded once for all receivers of a kind. */
  frame(version: ProtocolVersion, hasPacketId: boolean): PublishFrame {
    if (version === 5) {
      return hasPacketId
        ? this.#frameV5WithId ??= PublishFrame.encode(this, true, true)
        : this.#frameV5 ??= PublishFrame.encode(this, true, false);
    }
    return hasPacketId
      ? this.#frameV3WithId ??= PublishFrame.encode(this, false, true)
      : this.#frameV3 ??= PublishFrame.encode(this, false, false);
  }

  /** Lets go of the encoded forms, which a message that waits does not need. */
  forgetFrames(): void {
    this.#frameV3 =
      this.#frameV3WithId =
      this.#frameV5 =
      this.#frameV5WithId =
        undefined;
  }
}

/** True if nothing in the publisher's packet is for the broker alone. */
function isForwardedWhole(packet: PublishPacket): boolean {
  return packet.topicAlias === 0 && packet.messageExpiryInterval === undefined;
}

function exactly(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength === bytes.length ? bytes : copyBytes(bytes);
}

function copyOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return NO_BYTES;
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}
