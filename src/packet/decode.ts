// Bytes to Control Packets, both directions, all versions. The framing is packet_decoder.ts's.

import { ByteReader, malformed } from "./byte_reader.ts";
import { decodeConnect } from "./decode_connect.ts";
import { MqttError } from "./mqtt_error.ts";
import { PACKET_NAMES, PacketType, type ProtocolVersion, type QoS } from "./packet_type.ts";
import type {
  AckPacket,
  AuthPacket,
  ConnackPacket,
  DisconnectPacket,
  Packet,
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
} from "./packets.ts";
import { type Properties, PropertyContext, readProperties } from "./properties.ts";
import { decodePublish } from "./publish.ts";
import { ReasonCode } from "./reason_code.ts";
import type { TopicNameCache } from "./topic_name_cache.ts";

const NO_PROPERTIES: Properties = Object.freeze({});
const FAILURES_OF_PUBLISH = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

/** The Reason Codes that each packet may carry, where it has one (sections 3.4 to 3.7, 3.14, 3.15). */
const ALLOWED_REASON_CODES: ReadonlyMap<PacketType, ReadonlySet<number>> = new Map([
  [PacketType.Puback, new Set([0x00, 0x10, ...FAILURES_OF_PUBLISH])],
  [PacketType.Pubrec, new Set([0x00, 0x10, ...FAILURES_OF_PUBLISH])],
  [PacketType.Pubrel, new Set([0x00, 0x92])],
  [PacketType.Pubcomp, new Set([0x00, 0x92])],
  [PacketType.Auth, new Set([0x00, 0x18, 0x19])],
  // deno-fmt-ignore
  [PacketType.Disconnect, new Set([
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95,
    0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ])],
]);

/**
 * Decodes one complete Control Packet that stands in `bytes[start, end)` and whose variable header
 * starts at `body`.
 *
 * @param version what the CONNECT said; ignored for CONNECT itself.
 * @param topicNames where Topic Names of PUBLISH are interned.
 * @returns a packet that borrows `bytes`: views into it are valid as long as `bytes` is.
 * @throws {MqttError} 0x81 or 0x82 (or 0x84 for CONNECT), and nothing else.
 */
export function decodePacket(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  version: ProtocolVersion,
  topicNames: TopicNameCache,
): Packet {
  const type = bytes[start]! >> 4 as PacketType;
  if (type === PacketType.Publish) {
    return decodePublish(bytes, start, body, end, version, topicNames);
  }
  const reader = new ByteReader(bytes, body, end);
  switch (type) {
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return decodeAck(reader, type, version);
    case PacketType.Connect:
      return decodeConnect(reader, bytes[start]! & 0x0f);
    case PacketType.Connack:
      return decodeConnack(reader, version);
    case PacketType.Subscribe:
      return decodeSubscribe(reader, version);
    case PacketType.Suback:
      return decodeSuback(reader, version);
    case PacketType.Unsubscribe:
      return decodeUnsubscribe(reader, version);
    case PacketType.Unsuback:
      return decodeUnsuback(reader, version);
    case PacketType.Pingreq:
    case PacketType.Pingresp:
      reader.expectEnd(PACKET_NAMES[type]!);
      return { type };
    case PacketType.Disconnect:
      return decodeDisconnect(reader, version);
    case PacketType.Auth:
      return decodeAuth(reader, version);
    default:
      throw new MqttError(ReasonCode.ProtocolError, "Control Packet type 0 is reserved");
  }
}

function decodeAck(
  reader: ByteReader,
  type: AckPacket["type"],
  version: ProtocolVersion,
): AckPacket {
  const packetId = reader.readPacketIdentifier(ReasonCode.ProtocolError);
  if (version !== 5 || reader.remaining === 0) {
    reader.expectEnd(PACKET_NAMES[type]!);
    return { type, packetId, reasonCode: ReasonCode.Success, properties: NO_PROPERTIES };
  }
  const reasonCode = readReasonCode(reader, type);
  const properties = readOptionalProperties(reader, 1 << type as PropertyContext);
  reader.expectEnd(PACKET_NAMES[type]!);
  return { type, packetId, reasonCode, properties };
}

function readReasonCode(reader: ByteReader, type: PacketType): ReasonCode {
  const code = reader.readUint8("Reason Code");
  if (!ALLOWED_REASON_CODES.get(type)!.has(code)) {
    throw new MqttError(
      ReasonCode.ProtocolError,
      `Reason Code 0x${code.toString(16)} does not belong into ${PACKET_NAMES[type]}`,
    );
  }
  return code as ReasonCode;
}

/** Acknowledgements, DISCONNECT and AUTH may end before the Property Length. */
function readOptionalProperties(reader: ByteReader, context: PropertyContext): Properties {
  return reader.remaining === 0 ? NO_PROPERTIES : readProperties(reader, context);
}

function decodeConnack(reader: ByteReader, version: ProtocolVersion): ConnackPacket {
  const flags = reader.readUint8("Connect Acknowledge Flags");
  if (flags > 1) throw malformed("Connect Acknowledge Flags with reserved bits set"); // [MQTT-3.2.2-1]
  const reasonCode = reader.readUint8("Connect Reason Code");
  const properties = version === 5
    ? readProperties(reader, PropertyContext.Connack)
    : NO_PROPERTIES;
  reader.expectEnd("CONNACK");
  return { type: PacketType.Connack, sessionPresent: flags === 1, reasonCode, properties };
}

function decodeSubscribe(reader: ByteReader, version: ProtocolVersion): SubscribePacket {
  const packetId = reader.readPacketIdentifier(ReasonCode.MalformedPacket);
  const properties = version === 5
    ? readProperties(reader, PropertyContext.Subscribe)
    : NO_PROPERTIES;
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.remaining > 0) {
    const topicFilter = reader.readString("Topic Filter");
    subscriptions.push(subscriptionRequest(topicFilter, reader.readUint8("Options"), version));
  }
  if (subscriptions.length === 0) { // [MQTT-3.8.3-2]
    throw new MqttError(ReasonCode.ProtocolError, "SUBSCRIBE without a Topic Filter");
  }
  return { type: PacketType.Subscribe, packetId, subscriptions, properties };
}

function subscriptionRequest(
  topicFilter: string,
  options: number,
  version: ProtocolVersion,
): SubscriptionRequest {
  const qos = options & 3;
  if (qos === 3) { // section 3.8.3.1; [MQTT-3-8.3-4] of 3.1.1
    const message = "Subscription Options with QoS 3";
    throw version === 5 ? new MqttError(ReasonCode.ProtocolError, message) : malformed(message);
  }
  if (version !== 5) {
    if (version === 4 && (options & 0xfc) !== 0) { // [MQTT-3-8.3-4] of 3.1.1
      throw malformed("Requested QoS with reserved bits set");
    }
    return {
      topicFilter,
      qos: qos as QoS,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    };
  }
  if ((options & 0xc0) !== 0) throw malformed("Subscription Options with reserved bits set"); // [MQTT-3.8.3-5]
  const retainHandling = options >> 4 & 3;
  if (retainHandling === 3) {
    throw new MqttError(ReasonCode.ProtocolError, "Retain Handling is 3");
  }
  return {
    topicFilter,
    qos: qos as QoS,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

function decodeSuback(reader: ByteReader, version: ProtocolVersion): SubackPacket {
  const packetId = reader.readPacketIdentifier(ReasonCode.ProtocolError);
  const properties = version === 5 ? readProperties(reader, PropertyContext.Suback) : NO_PROPERTIES;
  return { type: PacketType.Suback, packetId, reasonCodes: [...reader.readRest()], properties };
}

function decodeUnsubscribe(reader: ByteReader, version: ProtocolVersion): UnsubscribePacket {
  const packetId = reader.readPacketIdentifier(ReasonCode.MalformedPacket);
  const properties = version === 5
    ? readProperties(reader, PropertyContext.Unsubscribe)
    : NO_PROPERTIES;
  const topicFilters: string[] = [];
  while (reader.remaining > 0) topicFilters.push(reader.readString("Topic Filter"));
  if (topicFilters.length === 0) { // [MQTT-3.10.3-2]
    throw new MqttError(ReasonCode.ProtocolError, "UNSUBSCRIBE without a Topic Filter");
  }
  return { type: PacketType.Unsubscribe, packetId, topicFilters, properties };
}

function decodeUnsuback(reader: ByteReader, version: ProtocolVersion): UnsubackPacket {
  const packetId = reader.readPacketIdentifier(ReasonCode.ProtocolError);
  if (version !== 5) {
    reader.expectEnd("UNSUBACK");
    return { type: PacketType.Unsuback, packetId, reasonCodes: [], properties: NO_PROPERTIES };
  }
  const properties = readProperties(reader, PropertyContext.Unsuback);
  return { type: PacketType.Unsuback, packetId, reasonCodes: [...reader.readRest()], properties };
}

function decodeDisconnect(reader: ByteReader, version: ProtocolVersion): DisconnectPacket {
  const type = PacketType.Disconnect;
  if (version !== 5 || reader.remaining === 0) {
    reader.expectEnd("DISCONNECT");
    return { type, reasonCode: ReasonCode.Success, properties: NO_PROPERTIES };
  }
  const reasonCode = readReasonCode(reader, type);
  const properties = readOptionalProperties(reader, PropertyContext.Disconnect);
  reader.expectEnd("DISCONNECT");
  return { type, reasonCode, properties };
}

function decodeAuth(reader: ByteReader, version: ProtocolVersion): AuthPacket {
  if (version !== 5) {
    throw new MqttError(ReasonCode.ProtocolError, "Control Packet type 15 is reserved in MQTT 3");
  }
  const type = PacketType.Auth;
  if (reader.remaining === 0) { // section 3.15.2.1
    return { type, reasonCode: ReasonCode.Success, properties: NO_PROPERTIES };
  }
  const reasonCode = readReasonCode(reader, type);
  const properties = readOptionalProperties(reader, PropertyContext.Auth);
  reader.expectEnd("AUTH");
  return { type, reasonCode, properties };
}
