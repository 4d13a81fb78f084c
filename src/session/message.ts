// Message: an Application Message on its way through the broker (MQTT 5.0, section 1.2).
//
// "Packets borrow, messages own": a Message made from a PUBLISH with QoS 1 or 2, or with RETAIN, has bytes of
// its own, because somebody will keep it. One with QoS 0 is gone before the read returns and borrows them from
// the chunk; whoever wants to keep it nevertheless calls `own()`. Where the publisher's packet can go to
// receivers as it came, that packet is what is borrowed or copied: it is the payload and the frame in one.

import { copyBytes } from "../packet/bytes.ts";
import type { ProtocolVersion, QoS } from "../packet/packet_type.ts";
import { NO_BYTES, type PublishPacket } from "../packet/publish.ts";
import { PublishFrame } from "../packet/publish_frame.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { MAX_SHARED_BYTES, type MessageBytes, PASSING, WAITING } from "./message_bytes.ts";

/** Bytes that a Message is counted with besides its payload, topic and Properties. */
export const MESSAGE_OVERHEAD = 200;

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

/** Whose the bytes of a message are: the publisher's chunk, a block of those that pass or that wait, its own. */
const Place = { Chunk: 0, Passing: 1, Waiting: 2, Own: 3 } as const;
type Place = typeof Place[keyof typeof Place];

/** What is made of a message for receivers of another kind than its publisher is, when first asked for. */
interface OtherForms {
  v3?: PublishFrame;
  v3WithId?: PublishFrame;
  v5?: PublishFrame;
  v5WithId?: PublishFrame;
  /** The message for receivers behind a mount point: the last one that was asked for. */
  below?: { readonly mountPoint: string; readonly message: Message };
}

export class Message {
  readonly topicName: TopicName;
  readonly qos: QoS;
  /** The publisher's RETAIN flag. */
  readonly retain: boolean;
  readonly publisherId: string | undefined;
  /** The journal's number for it while it is stored, else 0; and how many rows of the store refer to it. */
  storedNumber = 0;
  storedReferences = 0;
  /** In how many places it is kept; StoredBytes' own. */
  places = 0;
  /** Undefined, as mostly, costs no memory; a number would. */
  readonly #expiresAtMs: number | undefined;
  /** The payload stands in `#bytes[#payloadStart, #payloadEnd)`, and in front of it, if there is a #wire, the rest of that. */
  #bytes: Uint8Array;
  #payloadStart: number;
  #payloadEnd: number;
  #forwardedProperties: Uint8Array;
  #place: Place = Place.Own;
  /** The publisher's packet, in #bytes, where it can go to receivers of the same kind as it is. */
  #wire: PublishFrame | undefined = undefined;
  #isWireV5 = false;
  #otherForms: OtherForms | undefined = undefined;

  constructor(fields: MessageFields) {
    this.topicName = fields.topicName;
    this.qos = fields.qos;
    this.retain = fields.retain ?? false;
    this.publisherId = fields.publisherId;
    this.#expiresAtMs = fields.expiresAtMs === Infinity ? undefined : fields.expiresAtMs;
    this.#bytes = fields.payload;
    this.#payloadStart = 0;
    this.#payloadEnd = fields.payload.length;
    this.#forwardedProperties = fields.forwardedProperties ?? NO_BYTES;
  }

  /**
   * A message that was stored. Its payload is `block[start, end)` and stays there, with those of the messages that were
   * stored beside it: a million buffers would be larger than what is in them. `block` has a buffer of its own.
   */
  static restored(
    fields: Required<Omit<MessageFields, "payload">>,
    block: Uint8Array,
    start: number,
    end: number,
  ): Message {
    const { topicName, qos, retain, forwardedProperties, expiresAtMs, publisherId } = fields;
    const message = new Message(
      { topicName, payload: block, qos, retain, forwardedProperties, expiresAtMs, publisherId },
    );
    message.#payloadStart = start;
    message.#payloadEnd = end;
    message.#place = Place.Waiting;
    return message;
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
    const hasWire = packet.topicAlias === 0 && expiry === undefined &&
      packet.topicName === topicName;
    const start = hasWire ? packet.start : packet.payloadStart;
    message.#bytes = packet.bytes;
    message.#payloadStart = packet.payloadStart;
    message.#payloadEnd = packet.end;
    message.#place = Place.Chunk;
    const at = packet.qos > 0 || packet.retain
      ? message.#moveTo(PASSING, Place.Passing, start)
      : start;
    if (hasWire) {
      message.#wire = PublishFrame.received(packet, message.#bytes, at);
      message.#isWireV5 = version === 5;
    }
    return message;
  }

  get payload(): Uint8Array {
    const { length } = this.#bytes;
    if (this.#payloadStart === 0 && this.#payloadEnd === length) return this.#bytes;
    return this.#bytes.subarray(this.#payloadStart, this.#payloadEnd);
  }

  get payloadLength(): number {
    return this.#payloadEnd - this.#payloadStart;
  }

  get forwardedProperties(): Uint8Array {
    return this.#forwardedProperties;
  }

  /** Topic Name in UTF-8. */
  get topicBytes(): Uint8Array {
    return encodeUtf8(this.topicName);
  }

  get expires(): boolean {
    return this.#expiresAtMs !== undefined;
  }

  /** When it expires, in ms of the broker's clock; Infinity if it does not. */
  get expiresAtMs(): number {
    return this.#expiresAtMs ?? Infinity;
  }

  /** What the message counts for in limits on bytes. */
  get size(): number {
    return this.payloadLength + this.#forwardedProperties.length + this.topicName.length +
      MESSAGE_OVERHEAD;
  }

  /** Whether its Message Expiry Interval has passed; one of 0 still reaches those who are there now. */
  isExpired(nowMs: number): boolean {
    return this.#expiresAtMs !== undefined && nowMs > this.#expiresAtMs;
  }

  /** Seconds of the Message Expiry Interval that are left [MQTT-3.3.2-6], rounded up. */
  remainingExpiry(nowMs: number): number {
    return Math.max(0, Math.ceil((this.expiresAtMs - nowMs) / 1000));
  }

  /** Copies what is borrowed, so that the message can be kept; returns the message. */
  own(): this {
    if (this.#place === Place.Chunk) this.#moveAllTo(PASSING, Place.Passing);
    return this;
  }

  /** Gives the message, which may wait for long, bytes among others that do. */
  settle(): void {
    if (this.#place < Place.Waiting) this.#moveAllTo(WAITING, Place.Waiting);
  }

  /** Gives the message, which may wait for years, bytes of exactly its size. */
  compact(): void {
    const start = this.#start;
    if (
      this.#place === Place.Own && this.#bytes.buffer.byteLength === this.#payloadEnd - start
    ) return;
    this.#moveAllTo(undefined, Place.Own);
  }

  /** The message as a PUBLISH, encoded once for all receivers of a kind. */
  frame(version: ProtocolVersion, hasPacketId: boolean): PublishFrame {
    const wire = this.#wire;
    if (
      wire !== undefined && hasPacketId === (this.qos > 0) && (version === 5) === this.#isWireV5
    ) {
      return wire;
    }
    const forms = this.#otherForms ??= {};
    if (version === 5) {
      return hasPacketId
        ? forms.v5WithId ??= PublishFrame.encode(this, true, true)
        : forms.v5 ??= PublishFrame.encode(this, true, false);
    }
    return hasPacketId
      ? forms.v3WithId ??= PublishFrame.encode(this, false, true)
      : forms.v3 ??= PublishFrame.encode(this, false, false);
  }

  /** The same message with a Topic Name that does not begin with `mountPoint`, which this one's does. */
  below(mountPoint: string): Message {
    const forms = this.#otherForms ??= {};
    if (forms.below?.mountPoint === mountPoint) return forms.below.message;
    const topicName = this.topicName.slice(mountPoint.length) as TopicName;
    const { payload, qos, retain, forwardedProperties, expiresAtMs, publisherId } = this;
    const message = new Message(
      { topicName, payload, qos, retain, forwardedProperties, expiresAtMs, publisherId },
    );
    message.#place = this.#place;
    forms.below = { mountPoint, message };
    return message;
  }

  /** Lets go of what was made besides, which a message that waits does not need. */
  forgetFrames(): void {
    this.#otherForms = undefined;
  }

  /** Where what must be kept begins in #bytes. */
  get #start(): number {
    return this.#wire === undefined ? this.#payloadStart : this.#wire.start;
  }

  #moveAllTo(target: MessageBytes | undefined, place: Place): void {
    const at = this.#moveTo(target, place, this.#start);
    this.#wire = this.#wire?.movedTo(this.#bytes, at);
  }

  /**
   * Copies `#bytes` from `start` on, and what else is borrowed, to `target`, or to bytes of its own if it is too large or
   * there is none.
   * @returns where they begin there.
   */
  #moveTo(target: MessageBytes | undefined, place: Place, start: number): number {
    const bytes = this.#bytes;
    const end = this.#payloadEnd;
    let at = 0;
    if (target === undefined || end - start > MAX_SHARED_BYTES) {
      this.#bytes = copyBytes(bytes.subarray(start, end));
    } else {
      at = target.copy(bytes, start, end);
      this.#bytes = target.block;
    }
    if (this.#place === Place.Chunk) {
      this.#forwardedProperties = copied(this.#forwardedProperties);
    }
    this.#place = this.#bytes === target?.block ? place : Place.Own;
    this.#payloadStart += at - start;
    this.#payloadEnd += at - start;
    return at;
  }
}

function copied(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? bytes : copyBytes(bytes);
}
