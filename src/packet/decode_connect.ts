// CONNECT (section 3.1): bytes to packet. Nothing about the connection is known before it, so its
// errors carry the version in whose form they are answered.

import { copyBytes } from "./bytes.ts";
import { type ByteReader, malformed } from "./byte_reader.ts";
import { MqttError } from "./mqtt_error.ts";
import { PacketType, type ProtocolVersion, type QoS } from "./packet_type.ts";
import type { ConnectPacket, Will } from "./packets.ts";
import { PropertyContext, readProperties } from "./properties.ts";
import { NO_BYTES, readForwardedProperties } from "./publish.ts";
import { ReasonCode } from "./reason_code.ts";

const Flag = { CleanStart: 2, Will: 4, WillRetain: 32, Password: 64, UserName: 128 } as const;
/** In the Protocol Version byte: set by Mosquitto's bridges. */
const BRIDGE_BIT = 0x80;

/**
 * Decodes the body of a CONNECT. Strings and binary values that outlive the packet are copies.
 *
 * @param headerFlags the low four bits of the fixed header.
 * @throws {MqttError} with `connectVersion` set, if a version could be read.
 */
export function decodeConnect(reader: ByteReader, headerFlags: number): ConnectPacket {
  const { version, isBridge } = readVersion(reader);
  try {
    return decodeBody(reader, headerFlags, version, isBridge);
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    throw new MqttError(error.reasonCode, error.message, version);
  }
}

function readVersion(reader: ByteReader): { version: ProtocolVersion; isBridge: boolean } {
  const name = reader.readString("Protocol Name");
  if (name !== "MQTT" && name !== "MQIsdp") { // [MQTT-3.1.2-1]
    throw malformed(`Protocol Name is ${JSON.stringify(name.slice(0, 32))}`);
  }
  const byte = reader.readUint8("Protocol Version");
  const version = byte & ~BRIDGE_BIT;
  const fits = name === "MQIsdp" ? version === 3 : version === 4 || version === 5;
  if (!fits) { // [MQTT-3.1.2-2]: answered in the form of the nearest version that we speak
    throw new MqttError(
      ReasonCode.UnsupportedProtocolVersion,
      `Protocol Version ${byte} of ${name} is not supported`,
      version > 5 ? 5 : 4,
    );
  }
  const isBridge = (byte & BRIDGE_BIT) !== 0;
  if (isBridge && version === 5) {
    throw new MqttError(ReasonCode.UnsupportedProtocolVersion, `Protocol Version ${byte}`, 5);
  }
  return { version: version as ProtocolVersion, isBridge };
}

function decodeBody(
  reader: ByteReader,
  headerFlags: number,
  version: ProtocolVersion,
  isBridge: boolean,
): ConnectPacket {
  const flags = reader.readUint8("Connect Flags");
  if (version !== 3) { // MQTT 3.1 leaves these bits unused
    if (headerFlags !== 0) throw malformed("CONNECT with reserved bits set"); // [MQTT-2.1.3-1]
    if ((flags & 1) !== 0) throw malformed("Connect Flags with the reserved bit set"); // [MQTT-3.1.2-3]
  }
  const keepAlive = reader.readUint16("Keep Alive");
  const properties = version === 5 ? readProperties(reader, PropertyContext.Connect) : {};
  if (properties.authenticationData !== undefined) {
    if (properties.authenticationMethod === undefined) {
      throw new MqttError(
        ReasonCode.ProtocolError,
        "Authentication Data without Authentication Method",
      );
    }
    properties.authenticationData = copyBytes(properties.authenticationData);
  }
  const clientId = reader.readString("Client Identifier");
  const will = decodeWill(reader, flags, version);
  if (version !== 5 && (flags & Flag.Password) !== 0 && (flags & Flag.UserName) === 0) {
    throw malformed("Password Flag without User Name Flag"); // [MQTT-3.1.2-22] of 3.1.1
  }
  // MQTT 3.1, section 3.1: a flag may be set and its field missing.
  const hasField = (flag: number) =>
    (flags & flag) !== 0 && !(version === 3 && reader.remaining === 0);
  const userName = hasField(Flag.UserName) ? reader.readString("User Name") : undefined;
  const password = hasField(Flag.Password) ? copyBytes(reader.readBinary("Password")) : undefined;
  reader.expectEnd("CONNECT");
  return {
    type: PacketType.Connect,
    version,
    isBridge,
    cleanStart: (flags & Flag.CleanStart) !== 0,
    keepAlive,
    clientId,
    will,
    userName,
    password,
    properties,
  };
}

function decodeWill(
  reader: ByteReader,
  flags: number,
  version: ProtocolVersion,
): Will | undefined {
  const qos = flags >> 3 & 3;
  if ((flags & Flag.Will) === 0) {
    if (version !== 3 && (qos !== 0 || (flags & Flag.WillRetain) !== 0)) { // [MQTT-3.1.2-11]
      throw malformed("Will QoS or Will Retain without Will Flag");
    }
    return undefined;
  }
  if (qos === 3) throw malformed("Will QoS is 3"); // [MQTT-3.1.2-12]
  const { properties, forwarded } = version === 5
    ? readForwardedProperties(reader, PropertyContext.Will)
    : { properties: {}, forwarded: NO_BYTES };
  return {
    topicName: reader.readString("Will Topic"),
    payload: copyBytes(reader.readBinary("Will Payload")),
    qos: qos as QoS,
    retain: (flags & Flag.WillRetain) !== 0,
    willDelayInterval: properties.willDelayInterval ?? 0,
    messageExpiryInterval: properties.messageExpiryInterval,
    forwardedProperties: copyBytes(forwarded),
  };
}
