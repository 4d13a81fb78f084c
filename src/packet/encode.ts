// Control Packets to bytes, both directions, all versions; for everything but the hot path, which has
// publish_frame.ts, and for acknowledgements the broker's Outbox.appendAck.

import { ByteWriter } from "./byte_writer.ts";
import { PacketType, type ProtocolVersion, REQUIRED_FLAGS } from "./packet_type.ts";
import type {
  AckPacket,
  ConnackPacket,
  ConnectPacket,
  Packet,
  SubscriptionRequest,
  Will,
} from "./packets.ts";
import { type Properties, writeProperties } from "./properties.ts";
import { encodePublish } from "./publish.ts";

/**
 * Encodes any Control Packet.
 *
 * @returns bytes that nobody else holds.
 * @throws {RangeError} if a field does not fit its place.
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  if (packet.type === PacketType.Publish) return encodePublish(packet, version);
  if (packet.type === PacketType.Connack && version !== 5) return encodeConnackV3(packet);
  const body = new ByteWriter();
  writeBody(body, packet, version);
  const bytes = new ByteWriter(body.length + 5);
  bytes.writeUint8(packet.type << 4 | REQUIRED_FLAGS[packet.type]!);
  bytes.writeVariableByteInteger(body.length);
  bytes.writeBytes(body.view());
  return bytes.view();
}

/** The answer to each CONNECT of MQTT 3, in a storm of them. */
function encodeConnackV3({ sessionPresent, reasonCode }: ConnackPacket): Uint8Array {
  return Uint8Array.of(PacketType.Connack << 4, 2, sessionPresent ? 1 : 0, reasonCode);
}

function writeBody(
  body: ByteWriter,
  packet: Exclude<Packet, { type: typeof PacketType.Publish }>,
  version: ProtocolVersion,
): void {
  switch (packet.type) {
    case PacketType.Connect:
      return writeConnect(body, packet);
    case PacketType.Connack:
      body.writeUint8(packet.sessionPresent ? 1 : 0);
      body.writeUint8(packet.reasonCode);
      writeProperties(body, packet.properties);
      return;
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return writeAck(body, packet, version);
    case PacketType.Subscribe:
      body.writeUint16(packet.packetId);
      if (version === 5) writeProperties(body, packet.properties);
      for (const request of packet.subscriptions) {
        body.writeString(request.topicFilter);
        body.writeUint8(subscriptionOptions(request));
      }
      return;
    case PacketType.Unsubscribe:
      body.writeUint16(packet.packetId);
      if (version === 5) writeProperties(body, packet.properties);
      for (const topicFilter of packet.topicFilters) body.writeString(topicFilter);
      return;
    case PacketType.Suback:
    case PacketType.Unsuback:
      body.writeUint16(packet.packetId);
      if (version === 5) writeProperties(body, packet.properties);
      body.writeBytes(Uint8Array.from(packet.reasonCodes));
      return;
    case PacketType.Pingreq:
    case PacketType.Pingresp:
      return;
    case PacketType.Disconnect:
    case PacketType.Auth:
      if (version !== 5) return;
      return writeReason(body, packet.reasonCode, packet.properties);
  }
}

function writeAck(body: ByteWriter, packet: AckPacket, version: ProtocolVersion): void {
  body.writeUint16(packet.packetId);
  if (version === 5) writeReason(body, packet.reasonCode, packet.properties);
}

/** Leaves out what may be left out: a Reason Code of 0 and an empty Property Length (section 3.4.2.1). */
function writeReason(body: ByteWriter, reasonCode: number, properties: Properties): void {
  const hasProperties = Object.keys(properties).length > 0;
  if (reasonCode === 0 && !hasProperties) return;
  body.writeUint8(reasonCode);
  if (hasProperties) writeProperties(body, properties);
}

function subscriptionOptions(request: SubscriptionRequest): number {
  return request.qos | (request.noLocal ? 4 : 0) | (request.retainAsPublished ? 8 : 0) |
    request.retainHandling << 4;
}

function writeConnect(body: ByteWriter, packet: ConnectPacket): void {
  const { version, will, userName, password } = packet;
  body.writeString(version === 3 ? "MQIsdp" : "MQTT");
  body.writeUint8(version | (packet.isBridge ? 0x80 : 0));
  body.writeUint8(
    (packet.cleanStart ? 2 : 0) |
      (will === undefined ? 0 : 4 | will.qos << 3 | (will.retain ? 32 : 0)) |
      (password === undefined ? 0 : 64) | (userName === undefined ? 0 : 128),
  );
  body.writeUint16(packet.keepAlive);
  if (version === 5) writeProperties(body, packet.properties);
  body.writeString(packet.clientId);
  if (will !== undefined) writeWill(body, will, version);
  if (userName !== undefined) body.writeString(userName);
  if (password !== undefined) body.writeBinary(password);
}

function writeWill(body: ByteWriter, will: Will, version: ProtocolVersion): void {
  if (version === 5) {
    const properties: Properties = {};
    if (will.willDelayInterval > 0) properties.willDelayInterval = will.willDelayInterval;
    if (will.messageExpiryInterval !== undefined) {
      properties.messageExpiryInterval = will.messageExpiryInterval;
    }
    writeProperties(body, properties, will.forwardedProperties);
  }
  body.writeString(will.topicName);
  body.writeBinary(will.payload);
}
