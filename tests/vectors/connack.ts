// CONNACK (section 3.2): acceptances, and the refusals of each version.

import { connack, type PacketVector } from "./vector.ts";

const ACCEPTANCES: PacketVector[] = [
  {
    name: "a CONNACK of MQTT 3.1 accepts",
    version: 3,
    hex: "20 02 00 00",
    packet: connack({}),
  },
  {
    name: "a CONNACK of MQTT 3.1.1 accepts",
    version: 4,
    hex: "20 02 00 00",
    packet: connack({}),
  },
  {
    name: "a CONNACK of MQTT 3.1.1 has Session Present",
    version: 4,
    hex: "20 02 01 00",
    packet: connack({ sessionPresent: true }),
  },
  {
    name: "a CONNACK of MQTT 5.0 accepts",
    version: 5,
    hex: "20 03 00 00 00",
    packet: connack({}),
  },
  {
    name: "a CONNACK of MQTT 5.0 has Session Present",
    version: 5,
    hex: "20 03 01 00 00",
    packet: connack({ sessionPresent: true }),
  },
  {
    name: "a CONNACK with every Property",
    version: 5,
    hex: `20 [ 00 00 [
      11 0000000a 21 0014 24 01 25 00 27 001e8480 12 ('auto-1') 22 000a 1f ('welcome')
      26 ('k') ('v') 26 ('k') ('v') 28 00 29 01 2a 00 13 003c 1a ('reply') 1c ('other')
      15 ('SCRAM') 16 (00) ] ]`,
    packet: connack({
      properties: {
        sessionExpiryInterval: 10,
        receiveMaximum: 20,
        maximumQoS: 1,
        retainAvailable: 0,
        maximumPacketSize: 2_000_000,
        assignedClientIdentifier: "auto-1",
        topicAliasMaximum: 10,
        reasonString: "welcome",
        userProperties: [["k", "v"], ["k", "v"]],
        wildcardSubscriptionAvailable: 0,
        subscriptionIdentifierAvailable: 1,
        sharedSubscriptionAvailable: 0,
        serverKeepAlive: 60,
        responseInformation: "reply",
        serverReference: "other",
        authenticationMethod: "SCRAM",
        authenticationData: Uint8Array.of(0),
      },
    }),
  },
  {
    name: "a CONNACK as Mosquitto sends it",
    version: 5,
    hex: "20 0e 00 00 0b 22 000a 27 001e8480 21 0014",
    packet: connack({
      properties: { topicAliasMaximum: 10, maximumPacketSize: 2_000_000, receiveMaximum: 20 },
    }),
  },
];

/** Table 3.1 of MQTT 3.1.1. */
const RETURN_CODES = [1, 2, 3, 4, 5];

/** Table 3-1 of MQTT 5.0. */
// deno-fmt-ignore
const REASON_CODES = [
  0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99,
  0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
];

export const CONNACK_VECTORS: readonly PacketVector[] = [
  ...ACCEPTANCES,
  ...RETURN_CODES.flatMap((code) =>
    [3 as const, 4 as const].map((version): PacketVector => ({
      name: `a CONNACK of version ${version} refuses with Return Code ${code}`,
      version,
      hex: `20 02 00 0${code}`,
      packet: connack({ reasonCode: code }),
    }))
  ),
  ...REASON_CODES.map((code): PacketVector => ({
    name: `a CONNACK of MQTT 5.0 refuses with Reason Code 0x${code.toString(16)}`,
    version: 5,
    hex: `20 03 00 ${code.toString(16)} 00`,
    packet: connack({ reasonCode: code }),
  })),
];
