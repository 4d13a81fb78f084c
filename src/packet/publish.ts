// PUBLISH (section 3.3), the packet of the hot path: read in place, written in place.
//
//   30 0e  00 03 'a' '/' 'b'  [00 07 if QoS > 0]  [Property Length, Properties]  payload
//   ^start                                                                      ^payloadStart  end^
//
// A decoded PublishPacket borrows the chunk it was read from: `bytes` is valid until the next read.
// The Properties that the broker passes on unchanged stay encoded, in the order they were sent.

import { Buffer } from "node:buffer";
import { ByteReader, malformed } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { MqttError } from "./mqtt_error.ts";
import { PacketType, type ProtocolVersion, type QoS } from "./packet_type.ts";
import { type Properties, PropertyContext, PropertyId, readProperties } from "./properties.ts";
import { ReasonCode } from "./reason_code.ts";
import type { TopicNameCache } from "./topic_name_cache.ts";

/** No bytes; shared, since nobody can write to it. */
export const NO_BYTES: Uint8Array = Buffer.alloc(0);

export class PublishPacket {
  readonly type: typeof PacketType.Publish = PacketType.Publish;
  dup = false;
  qos: QoS = 0;
  retain = false;
  /** Empty where a Topic Alias stands for it. */
  topicName = "";
  /** 0 with QoS 0. */
  packetId = 0;
  /** 0 if there is none. */
  topicAlias = 0;
  /** Seconds; undefined if the message does not expire. */
  messageExpiryInterval: number | undefined = undefined;
  subscriptionIdentifiers: readonly number[] | undefined = undefined;
  /** Encoded Properties that the receiver gets unchanged. */
  forwardedProperties: Uint8Array = NO_BYTES;

  /** The chunk this packet stands in. */
  bytes: Uint8Array = NO_BYTES;
  /** Offset of the fixed header. */
  start = 0;
  /** Offset of the Topic Name's first byte, behind its length. */
  topicStart = 0;
  /** Offset behind the Topic Name. */
  topicEnd = 0;
  payloadStart = 0;
  end = 0;

  /** The Application Message as a view into the chunk. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.end);
  }
}

/** The fields of a PUBLISH that somebody wants to send. */
export interface PublishFields {
  readonly dup?: boolean;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly topicName: string;
  readonly packetId?: number;
  readonly topicAlias?: number;
  readonly messageExpiryInterval?: number | undefined;
  readonly subscriptionIdentifiers?: readonly number[] | undefined;
  readonly forwardedProperties?: Uint8Array;
  readonly payload?: Uint8Array;
}

/**
 * Decodes a PUBLISH whose fixed header starts at `start`, whose variable header starts at `body`
 * and which ends at `end`, into a new packet that borrows `bytes`.
 *
 * Its Topic Name is checked for UTF-8 only; what a Topic Name may be is `topic/`'s business.
 * @throws {MqttError} 0x81 or 0x82.
 */
export function decodePublish(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  version: ProtocolVersion,
  topicNames: TopicNameCache,
): PublishPacket {
  const packet = new PublishPacket();
  const flags = bytes[start]!;
  const qos = flags >> 1 & 3;
  if (qos === 3) throw malformed("PUBLISH with both QoS bits set"); // [MQTT-3.3.1-4]
  packet.qos = qos as QoS;
  packet.retain = (flags & 1) !== 0;
  packet.dup = (flags & 8) !== 0;
  if (packet.dup && qos === 0) throw malformed("PUBLISH with DUP and QoS 0"); // [MQTT-3.3.1-2]
  if (body + 2 > end) throw malformed("PUBLISH without a Topic Name");
  const topicStart = body + 2;
  let at = topicStart + (bytes[body]! << 8 | bytes[body + 1]!);
  if (at > end) throw malformed("Topic Name reaches past the end of the packet");
  packet.topicName = topicNames.read(bytes, topicStart, at);
  packet.topicStart = topicStart;
  packet.topicEnd = at;
  if (qos !== 0) {
    if (at + 2 > end) throw malformed("PUBLISH without a Packet Identifier");
    packet.packetId = bytes[at]! << 8 | bytes[at + 1]!;
    if (packet.packetId === 0) { // [MQTT-2.2.1-3]
      throw new MqttError(ReasonCode.ProtocolError, "PUBLISH with Packet Identifier 0");
    }
    at += 2;
  }
  if (version === 5) {
    if (at < end && bytes[at] === 0) at++; // no Properties, by far the most frequent
    else at = decodePublishProperties(packet, new ByteReader(bytes, at, end));
  }
  packet.bytes = bytes;
  packet.start = start;
  packet.payloadStart = at;
  packet.end = end;
  return packet;
}

function decodePublishProperties(packet: PublishPacket, reader: ByteReader): number {
  const { properties, forwarded } = readForwardedProperties(reader, PropertyContext.Publish);
  if (properties.topicAlias !== undefined) {
    if (properties.topicAlias === 0) { // [MQTT-3.3.2-8]
      throw new MqttError(ReasonCode.ProtocolError, "Topic Alias is 0");
    }
    packet.topicAlias = properties.topicAlias;
  }
  packet.messageExpiryInterval = properties.messageExpiryInterval;
  packet.subscriptionIdentifiers = properties.subscriptionIdentifiers;
  packet.forwardedProperties = forwarded;
  return reader.position;
}

/**
 * Reads the Properties of a PUBLISH or a Will, and keeps those that travel on unchanged encoded.
 * The encoded ones are a copy where a Property between them was left out, else a view.
 */
export function readForwardedProperties(
  reader: ByteReader,
  context: PropertyContext,
): { properties: Properties; forwarded: Uint8Array } {
  const ranges: number[] = [];
  const properties = readProperties(reader, context, (id, start, end) => {
    switch (id) {
      case PropertyId.MessageExpiryInterval:
      case PropertyId.SubscriptionIdentifier:
      case PropertyId.WillDelayInterval:
      case PropertyId.TopicAlias:
        return;
    }
    if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
    else ranges.push(start, end);
  });
  if (properties.responseTopic !== undefined && /^$|[+#]/.test(properties.responseTopic)) {
    throw new MqttError(ReasonCode.ProtocolError, "Response Topic is not a Topic Name"); // [MQTT-3.3.2-14]
  }
  return { properties, forwarded: gather(reader.bytes, ranges) };
}

function gather(bytes: Uint8Array, ranges: readonly number[]): Uint8Array {
  if (ranges.length === 0) return NO_BYTES;
  if (ranges.length === 2) return bytes.subarray(ranges[0], ranges[1]);
  const writer = new ByteWriter();
  for (let i = 0; i < ranges.length; i += 2) {
    writer.writeBytes(bytes.subarray(ranges[i]!, ranges[i + 1]!));
  }
  return writer.view();
}

/** The first byte of a PUBLISH. */
export function publishFlags(qos: QoS, retain: boolean, dup: boolean): number {
  return PacketType.Publish << 4 | (dup ? 8 : 0) | qos << 1 | (retain ? 1 : 0);
}

/**
 * Encodes a whole PUBLISH. For one that goes to many receivers see publish_frame.ts.
 * Properties stand in Mosquitto's order: those of the publisher, Message Expiry Interval, Topic Alias,
 * Subscription Identifiers.
 * @throws {RangeError} if a field does not fit.
 */
export function encodePublish(fields: PublishFields, version: ProtocolVersion): Uint8Array {
  const qos = fields.qos ?? 0;
  const payload = fields.payload ?? NO_BYTES;
  const body = new ByteWriter(fields.topicName.length + 16);
  body.writeString(fields.topicName);
  if (qos > 0) body.writeUint16(fields.packetId ?? 0);
  if (version === 5) {
    const properties = new ByteWriter();
    properties.writeBytes(fields.forwardedProperties ?? NO_BYTES);
    if (fields.messageExpiryInterval !== undefined) {
      properties.writeUint8(PropertyId.MessageExpiryInterval);
      properties.writeUint32(fields.messageExpiryInterval);
    }
    if (fields.topicAlias) {
      properties.writeUint8(PropertyId.TopicAlias);
      properties.writeUint16(fields.topicAlias);
    }
    for (const id of fields.subscriptionIdentifiers ?? []) {
      properties.writeUint8(PropertyId.SubscriptionIdentifier);
      properties.writeVariableByteInteger(id);
    }
    body.writeVariableByteInteger(properties.length);
    body.writeBytes(properties.view());
  }
  const packet = new ByteWriter(body.length + payload.length + 5);
  packet.writeUint8(publishFlags(qos, fields.retain ?? false, fields.dup ?? false));
  packet.writeVariableByteInteger(body.length + payload.length);
  packet.writeBytes(body.view());
  packet.writeBytes(payload);
  return packet.view();
}
