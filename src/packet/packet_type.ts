// Control Packet types, their fixed header flags, and the protocol versions.

/** MQTT Control Packet types (MQTT 5.0, section 2.1.2). */
export const PacketType = {
  Connect: 1,
  Connack: 2,
  Publish: 3,
  Puback: 4,
  Pubrec: 5,
  Pubrel: 6,
  Pubcomp: 7,
  Subscribe: 8,
  Suback: 9,
  Unsubscribe: 10,
  Unsuback: 11,
  Pingreq: 12,
  Pingresp: 13,
  Disconnect: 14,
  Auth: 15,
} as const;

export type PacketType = typeof PacketType[keyof typeof PacketType];

/** Name of a Control Packet type as the specification writes it, for errors and logs. */
export const PACKET_NAMES: readonly string[] = [
  "reserved packet type 0",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

/**
 * The low four bits of the first byte that each type demands [MQTT-2.1.3-1], indexed by type.
 * PUBLISH is free to choose and has its own checks.
 */
export const REQUIRED_FLAGS: readonly number[] = [
  0,
  0,
  0,
  0,
  0,
  0,
  0b0010,
  0,
  0b0010,
  0,
  0b0010,
  0,
  0,
  0,
  0,
  0,
];

/** The Protocol Version byte of CONNECT: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** Quality of Service levels. */
export type QoS = 0 | 1 | 2;
