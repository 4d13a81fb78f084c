// PINGREQ, PINGRESP, DISCONNECT and AUTH (sections 3.12 to 3.15).

import { PacketType } from "../../src/packet/packet_type.ts";
import type { ReasonCode } from "../../src/packet/reason_code.ts";
import { auth, disconnect, type PacketVector } from "./vector.ts";

const ALL_VERSIONS = [3, 4, 5] as const;

const EMPTY_PACKETS: PacketVector[] = ALL_VERSIONS.flatMap((version): PacketVector[] => [
  {
    name: `a PINGREQ of version ${version} is empty`,
    version,
    hex: "c0 00",
    packet: { type: PacketType.Pingreq },
  },
  {
    name: `a PINGRESP of version ${version} is empty`,
    version,
    hex: "d0 00",
    packet: { type: PacketType.Pingresp },
  },
  {
    name: `a DISCONNECT of version ${version} may be empty`,
    version,
    hex: "e0 00",
    packet: disconnect(),
  },
]);

/** Table 3-10 of the specification: what a DISCONNECT may say. */
// deno-fmt-ignore
export const DISCONNECT_REASON_CODES: readonly number[] = [
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95,
  0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
];

const DISCONNECTS: PacketVector[] = [
  ...DISCONNECT_REASON_CODES.filter((code) => code !== 0).map((code): PacketVector => ({
    name: `a DISCONNECT of one byte says 0x${code.toString(16).padStart(2, "0")}`,
    version: 5,
    hex: `e0 01 ${code.toString(16).padStart(2, "0")}`,
    packet: disconnect({ reasonCode: code as ReasonCode }),
  })),
  {
    name: "a DISCONNECT of one byte may say Normal disconnection",
    version: 5,
    hex: "e0 01 00",
    encodedAs: "e0 00",
    packet: disconnect(),
  },
  {
    name: "a DISCONNECT of two bytes may say that it has no Properties",
    version: 5,
    hex: "e0 02 04 00",
    encodedAs: "e0 01 04",
    packet: disconnect({ reasonCode: 0x04 }),
  },
  {
    name: "a DISCONNECT with every Property",
    version: 5,
    hex: "e0 [ 9c [ 11 00000000 1f ('full') 26 ('k') ('v') 26 ('k') ('v') 1c ('b2:1883') ] ]",
    packet: disconnect({
      reasonCode: 0x9c,
      properties: {
        sessionExpiryInterval: 0,
        reasonString: "full",
        userProperties: [["k", "v"], ["k", "v"]],
        serverReference: "b2:1883",
      },
    }),
  },
  {
    name: "a DISCONNECT with a Property and Normal disconnection has all its fields",
    version: 5,
    hex: "e0 07 00 05 11 ffffffff",
    packet: disconnect({ properties: { sessionExpiryInterval: 0xffffffff } }),
  },
];

const AUTHS: PacketVector[] = [
  { name: "an AUTH may be empty", version: 5, hex: "f0 00", packet: auth() },
  {
    name: "an AUTH with Continue authentication and every Property",
    version: 5,
    hex: "f0 [ 18 [ 15 ('SCRAM') 16 (00ff) 1f ('go on') 26 ('k') ('v') 26 ('k') ('v') ] ]",
    packet: auth({
      reasonCode: 0x18,
      properties: {
        authenticationMethod: "SCRAM",
        authenticationData: Uint8Array.of(0, 255),
        reasonString: "go on",
        userProperties: [["k", "v"], ["k", "v"]],
      },
    }),
  },
  {
    name: "an AUTH asks to re-authenticate",
    version: 5,
    hex: "f0 07 19 05 15 ('ab')",
    packet: auth({ reasonCode: 0x19, properties: { authenticationMethod: "ab" } }),
  },
  {
    name: "an AUTH with Success and Properties has all its fields",
    version: 5,
    hex: "f0 07 00 05 15 ('ab')",
    packet: auth({ properties: { authenticationMethod: "ab" } }),
  },
];

export const CONNECTION_END_VECTORS: readonly PacketVector[] = [
  ...EMPTY_PACKETS,
  ...DISCONNECTS,
  ...AUTHS,
];
