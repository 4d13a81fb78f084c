// Debug lines about Control Packets, worded as Mosquitto words them. Nobody calls these unless
// `log.isDebugEnabled`: where debug lines are not wanted, no string is made.
//
//   Received PUBLISH from ID (d0, q1, r0, m7, 'a/b', ... (5 bytes))
//   Sending PUBACK to ID (m7, rc0)

import { PACKET_NAMES, PacketType, type QoS } from "../packet/packet_type.ts";
import type { Packet } from "../packet/packets.ts";
import type { PublishPacket } from "../packet/publish.ts";
import type { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Connection } from "./connection.ts";

/** A packet has come that is no CONNECT, which has a line of its own, and no PUBLISH. */
export function logReceived(connection: Connection, packet: Packet): void {
  if (packet.type === PacketType.Connect) return;
  debug(connection, `Received ${PACKET_NAMES[packet.type]} from`, receivedDetails(packet));
}

function receivedDetails(packet: Packet): string {
  switch (packet.type) {
    case PacketType.Puback:
    case PacketType.Pubcomp:
      return ` (Mid: ${packet.packetId}, RC:${packet.reasonCode})`;
    case PacketType.Pubrec:
    case PacketType.Pubrel:
      return ` (Mid: ${packet.packetId})`;
    case PacketType.Auth:
      return ` (rc${packet.reasonCode}, ${packet.properties.authenticationMethod ?? ""})`;
    default:
      return "";
  }
}

/** A PUBLISH has come, and `what` becomes of it. */
export function logPublishReceived(
  connection: Connection,
  packet: PublishPacket,
  name: TopicName,
  what: "Received" | "Denied" | "Dropped too large",
): void {
  const { dup, qos, retain, packetId, payloadStart, end } = packet;
  const details = publishDetails(dup, qos, retain, packetId, name, end - payloadStart);
  debug(connection, `${what} PUBLISH from`, details);
}

export function logPublishSent(
  connection: Connection,
  message: Message,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
): void {
  const name = message.topicName.slice(connection.policy.mountPoint.length); // as the Client sees it
  const details = publishDetails(dup, qos, retain, packetId, name, message.payloadLength);
  debug(connection, "Sending PUBLISH to", details);
}

/** @param firstByte of a PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function logAckSent(
  connection: Connection,
  firstByte: number,
  packetId: number,
  reasonCode: number,
): void {
  const type = (firstByte >> 4) as PacketType;
  const hasReason = type === PacketType.Puback || type === PacketType.Pubrec;
  const details = hasReason ? ` (m${packetId}, rc${reasonCode})` : ` (m${packetId})`;
  debug(connection, `Sending ${PACKET_NAMES[type]} to`, details);
}

/** Any other packet is about to be sent. */
export function logSent(connection: Connection, packet: Packet): void {
  debug(connection, `Sending ${PACKET_NAMES[packet.type]} to`, sentDetails(packet));
}

function sentDetails(packet: Packet): string {
  switch (packet.type) {
    case PacketType.Connack:
      return ` (${packet.sessionPresent ? 1 : 0}, ${packet.reasonCode})`;
    case PacketType.Disconnect:
      return ` (rc${packet.reasonCode})`;
    case PacketType.Auth:
      return ` (rc${packet.reasonCode}, ${packet.properties.authenticationMethod ?? ""})`;
    default:
      return "";
  }
}

/** One Topic Filter of a SUBSCRIBE. @param granted QoS, or the Reason Code of a refusal. */
export function logFilter({ parts }: Connection, filter: string, granted: number): void {
  const outcome = granted >= 0x80 ? "denied" : `QoS ${granted}`;
  parts.ports.log.write("debug", `\t${filter} (${outcome})`);
}

function publishDetails(
  dup: boolean,
  qos: QoS,
  retain: boolean,
  packetId: number,
  name: string,
  bytes: number,
): string {
  const flags = `d${dup ? 1 : 0}, q${qos}, r${retain ? 1 : 0}, m${packetId}`;
  return ` (${flags}, '${name}', ... (${bytes} bytes))`;
}

function debug({ clientId, parts }: Connection, what: string, details: string): void {
  parts.ports.log.write("debug", `${what} ${clientId}${details}`);
}
