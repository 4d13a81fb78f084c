// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK (sections 3.8 to 3.11).

import { PacketType, type QoS } from "../../src/packet/packet_type.ts";
import { type PacketVector, request } from "./vector.ts";

const { Subscribe, Suback, Unsubscribe, Unsuback } = PacketType;

/** Every Subscription Options byte that MQTT 5.0 allows. */
const OPTIONS = [0, 1, 2].flatMap((qos) =>
  [0x00, 0x04, 0x08, 0x0c].flatMap((flags) =>
    [0x00, 0x10, 0x20].map((handling): PacketVector => {
      const digits = (qos | flags | handling).toString(16).padStart(2, "0");
      return {
        name: `a SUBSCRIBE of MQTT 5.0 with the Subscription Options ${digits}`,
        version: 5,
        hex: `82 [ 0001 [] ('f') ${digits} ]`,
        packet: {
          type: Subscribe,
          packetId: 1,
          properties: {},
          subscriptions: [request({
            qos: qos as QoS,
            noLocal: (flags & 4) !== 0,
            retainAsPublished: (flags & 8) !== 0,
            retainHandling: handling >> 4 as 0 | 1 | 2,
          })],
        },
      };
    })
  )
);

const SUBSCRIBES: PacketVector[] = [
  ...[3 as const, 4 as const].flatMap((version) =>
    [0, 1, 2].map((qos): PacketVector => ({
      name: `a SUBSCRIBE of version ${version} for QoS ${qos}`,
      version,
      hex: `82 06 000a 0001 'f' 0${qos}`,
      packet: {
        type: Subscribe,
        packetId: 10,
        subscriptions: [request({ qos: qos as QoS })],
        properties: {},
      },
    }))
  ),
  {
    name: "the example SUBSCRIBE of MQTT 3.1.1, figure 3.23",
    version: 4,
    hex: "82 0e 000a 0003 'a/b' 01 0003 'c/d' 02",
    packet: {
      type: Subscribe,
      packetId: 10,
      subscriptions: [
        request({ topicFilter: "a/b", qos: 1 }),
        request({ topicFilter: "c/d", qos: 2 }),
      ],
      properties: {},
    },
  },
  {
    name: "a SUBSCRIBE of MQTT 3.1 may be repeated with DUP and unused option bits",
    version: 3,
    hex: "8a 06 000a 0001 'f' fd",
    encodedAs: "82 06 000a 0001 'f' 01",
    packet: { type: Subscribe, packetId: 10, subscriptions: [request({ qos: 1 })], properties: {} },
  },
  {
    name: "a SUBSCRIBE of MQTT 5.0 with wildcards, a shared Topic Filter and every Property",
    version: 5,
    hex: `82 [ ffff [ 0b ffffff7f 26 ('k') ('v') 26 ('l') ('w') ]
      ('#') 2e ('+/a/+') 00 ('$share/g/t') 02 ]`,
    packet: {
      type: Subscribe,
      packetId: 65535,
      subscriptions: [
        request({
          topicFilter: "#",
          qos: 2,
          noLocal: true,
          retainAsPublished: true,
          retainHandling: 2,
        }),
        request({ topicFilter: "+/a/+" }),
        request({ topicFilter: "$share/g/t", qos: 2 }),
      ],
      properties: {
        subscriptionIdentifiers: [268435455],
        userProperties: [["k", "v"], ["l", "w"]],
      },
    },
  },
];

const SUBACKS: PacketVector[] = [
  {
    name: "a SUBACK of MQTT 3.1",
    version: 3,
    hex: "90 05 000a 00 01 02",
    packet: { type: Suback, packetId: 10, reasonCodes: [0, 1, 2], properties: {} },
  },
  {
    name: "a SUBACK of MQTT 3.1.1 with a failure",
    version: 4,
    hex: "90 05 000a 01 02 80",
    packet: { type: Suback, packetId: 10, reasonCodes: [1, 2, 0x80], properties: {} },
  },
  {
    name: "a SUBACK of MQTT 5.0 with every Reason Code",
    version: 5,
    hex: "90 0f 000a 00 00 01 02 80 83 87 8f 91 97 9e a1 a2",
    packet: {
      type: Suback,
      packetId: 10,
      reasonCodes: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
      properties: {},
    },
  },
  {
    name: "a SUBACK with every Property",
    version: 5,
    hex: "90 [ 0001 [ 1f ('why') 26 ('k') ('v') ] 87 ]",
    packet: {
      type: Suback,
      packetId: 1,
      reasonCodes: [0x87],
      properties: { reasonString: "why", userProperties: [["k", "v"]] },
    },
  },
];

const UNSUBSCRIBES: PacketVector[] = [
  ...[3 as const, 4 as const].map((version): PacketVector => ({
    name: `an UNSUBSCRIBE of version ${version} from two Topic Filters`,
    version,
    hex: "a2 0c 000a 0003 'a/b' 0003 'c/d'",
    packet: { type: Unsubscribe, packetId: 10, topicFilters: ["a/b", "c/d"], properties: {} },
  })),
  {
    name: "an UNSUBSCRIBE of MQTT 3.1 may be repeated with DUP",
    version: 3,
    hex: "aa 05 000a 0001 'f'",
    encodedAs: "a2 05 000a 0001 'f'",
    packet: { type: Unsubscribe, packetId: 10, topicFilters: ["f"], properties: {} },
  },
  {
    name: "an UNSUBSCRIBE of MQTT 5.0",
    version: 5,
    hex: "a2 06 000a 00 0001 'f'",
    packet: { type: Unsubscribe, packetId: 10, topicFilters: ["f"], properties: {} },
  },
  {
    name: "an UNSUBSCRIBE with every Property",
    version: 5,
    hex: "a2 [ 0001 [ 26 ('k') ('v') 26 ('k') ('v') ] ('f') ('g/#') ]",
    packet: {
      type: Unsubscribe,
      packetId: 1,
      topicFilters: ["f", "g/#"],
      properties: { userProperties: [["k", "v"], ["k", "v"]] },
    },
  },
];

const UNSUBACKS: PacketVector[] = [
  ...[3 as const, 4 as const].map((version): PacketVector => ({
    name: `an UNSUBACK of version ${version} is a Packet Identifier`,
    version,
    hex: "b0 02 000a",
    packet: { type: Unsuback, packetId: 10, reasonCodes: [], properties: {} },
  })),
  {
    name: "an UNSUBACK of MQTT 5.0 with every Reason Code",
    version: 5,
    hex: "b0 0a 000a 00 00 11 80 83 87 8f 91",
    packet: {
      type: Unsuback,
      packetId: 10,
      reasonCodes: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
      properties: {},
    },
  },
  {
    name: "an UNSUBACK with every Property",
    version: 5,
    hex: "b0 [ 0001 [ 1f ('why') 26 ('k') ('v') ] 00 ]",
    packet: {
      type: Unsuback,
      packetId: 1,
      reasonCodes: [0],
      properties: { reasonString: "why", userProperties: [["k", "v"]] },
    },
  },
];

export const SUBSCRIPTION_VECTORS: readonly PacketVector[] = [
  ...OPTIONS,
  ...SUBSCRIBES,
  ...SUBACKS,
  ...UNSUBSCRIBES,
  ...UNSUBACKS,
];
