// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7), in their forms of 2, 3, 4 and more bytes.

import { PacketType } from "../../src/packet/packet_type.ts";
import type { ReasonCode } from "../../src/packet/reason_code.ts";
import type { AckPacket } from "../../src/packet/packets.ts";
import { ack, type PacketVector } from "./vector.ts";

/** What each acknowledgement may say (section 2.4, table 2-6). */
export const ACK_REASON_CODES: readonly {
  readonly name: string;
  readonly type: AckPacket["type"];
  /** Its first byte. */
  readonly first: string;
  readonly allowed: readonly number[];
}[] = [
  {
    name: "PUBACK",
    type: PacketType.Puback,
    first: "40",
    allowed: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  },
  {
    name: "PUBREC",
    type: PacketType.Pubrec,
    first: "50",
    allowed: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  },
  { name: "PUBREL", type: PacketType.Pubrel, first: "62", allowed: [0x00, 0x92] },
  { name: "PUBCOMP", type: PacketType.Pubcomp, first: "70", allowed: [0x00, 0x92] },
];

const FORMS = ACK_REASON_CODES.flatMap(({ name, type, first, allowed }): PacketVector[] => [
  {
    name: `a ${name} of MQTT 3.1 is a Packet Identifier`,
    version: 3,
    hex: `${first} 02 0001`,
    packet: ack(type),
  },
  {
    name: `a ${name} of MQTT 3.1.1 is a Packet Identifier`,
    version: 4,
    hex: `${first} 02 ffff`,
    packet: ack(type, { packetId: 65535 }),
  },
  {
    name: `a ${name} of two bytes means Success`,
    version: 5,
    hex: `${first} 02 0001`,
    packet: ack(type),
  },
  {
    name: `a ${name} of three bytes may say Success`,
    version: 5,
    hex: `${first} 03 0001 00`,
    encodedAs: `${first} 02 0001`,
    packet: ack(type),
  },
  {
    name: `a ${name} of four bytes may say that it has no Properties`,
    version: 5,
    hex: `${first} 04 0001 00 00`,
    encodedAs: `${first} 02 0001`,
    packet: ack(type),
  },
  {
    name: `a ${name} with Success and Properties has all its fields`,
    version: 5,
    hex: `${first} [ 1234 00 [ 1f ('fine') ] ]`,
    packet: ack(type, { packetId: 0x1234, properties: { reasonString: "fine" } }),
  },
  ...allowed.filter((code) => code !== 0).flatMap((code): PacketVector[] => {
    const digits = code.toString(16);
    const reasonCode = code as ReasonCode;
    return [
      {
        name: `a ${name} of three bytes says 0x${digits}`,
        version: 5,
        hex: `${first} 03 0001 ${digits}`,
        packet: ack(type, { reasonCode }),
      },
      {
        name: `a ${name} of four bytes says 0x${digits}`,
        version: 5,
        hex: `${first} 04 0001 ${digits} 00`,
        encodedAs: `${first} 03 0001 ${digits}`,
        packet: ack(type, { reasonCode }),
      },
      {
        name: `a ${name} with Properties says 0x${digits}`,
        version: 5,
        hex: `${first} [ 0001 ${digits} [ 1f ('no') 26 ('k') ('v') 26 ('k') ('v') ] ]`,
        packet: ack(type, {
          reasonCode,
          properties: { reasonString: "no", userProperties: [["k", "v"], ["k", "v"]] },
        }),
      },
    ];
  }),
]);

export const ACK_VECTORS: readonly PacketVector[] = [
  ...FORMS,
  {
    name: "a PUBREL of MQTT 3.1 may be repeated with DUP",
    version: 3,
    hex: "6a 02 0001",
    encodedAs: "62 02 0001",
    packet: ack(PacketType.Pubrel),
  },
];
