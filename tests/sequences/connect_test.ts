// CONNECT and CONNACK (MQTT 5.0, sections 3.1 and 3.2).

import {
  advance,
  connected,
  ended,
  expect,
  hangUp,
  refused,
  send,
  type Sequence,
  testSequences,
} from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
  either,
  pingreq,
  pingresp,
  publish,
  resume,
  suback,
  subscribe,
  will,
} from "../support/sequence_packets.ts";

const SEQUENCES: Sequence[] = [
  {
    name: "a CONNECT is answered with the CONNACK of Mosquitto, byte for byte",
    ids: ["MQTT-3.1.4-5"],
    script: [
      send(
        "ann",
        either("10 [ ('MQTT') 05 02 003c [] ('ann') ]", "10 [ ('MQTT') 04 02 003c ('ann') ]"),
      ),
      expect("ann", either("20 0e 00 00 0b 22 000a 27 001e8480 21 0014", "20 02 00 00")),
    ],
  },
  {
    name: "packets behind the CONNECT need not wait for the CONNACK",
    script: [
      send("ann", connect("ann"), subscribe(1, ["a", 0]), publish("a", "x"), pingreq),
      expect("ann", connack, suback(1, 0), publish("a", "x"), pingresp),
    ],
  },
  {
    name: "a Server Keep Alive, an Assigned Client Identifier and limits come in Mosquitto's order",
    versions: [5],
    broker: { limits: { maximumKeepAlive: 60, retainAvailable: false, maximumQoS: 1 } },
    script: [
      send("ann", connect("", { keepAlive: 0 })),
      expect(
        "ann",
        "20 [ 00 00 [ 13 003c 22 000a 12 ('auto-00000000-0000-4000-8000-000000000001') 25 00" +
          " 27 001e8480 21 0014 24 01 ] ]",
      ),
    ],
  },
  {
    name: "what the broker does not offer is announced",
    versions: [5],
    broker: {
      limits: {
        topicAliasMaximum: 0,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifierAvailable: false,
        sharedSubscriptionAvailable: false,
      },
    },
    script: [
      send("ann", connect("ann")),
      expect("ann", "20 [ 00 00 [ 27 001e8480 21 0014 28 00 29 00 2a 00 ] ]"),
    ],
  },
  {
    name: "a zero-length Client Identifier gets one that is returned, with either Clean Start",
    ids: ["MQTT-3.1.3-6", "MQTT-3.1.3-7", "MQTT-3.2.2-16"],
    versions: [5],
    script: [
      send("ann", connect("", { cleanStart: false })),
      expect(
        "ann",
        "20 [ 00 00 [ 22 000a 12 ('auto-00000000-0000-4000-8000-000000000001') 27 001e8480 21 0014 ] ]",
      ),
      send("bob", connect("")),
      expect(
        "bob",
        "20 [ 00 00 [ 22 000a 12 ('auto-00000000-0000-4000-8000-000000000002') 27 001e8480 21 0014 ] ]",
      ),
    ],
  },
  {
    name: "an Assigned Client Identifier names the Session from then on",
    ids: ["MQTT-3.1.3-7"],
    versions: [5],
    script: [
      send("ann", resume("", { cleanStart: true })),
      expect(
        "ann",
        "20 [ 00 00 [ 22 000a 12 ('auto-00000000-0000-4000-8000-000000000001') 27 001e8480 21 0014 ] ]",
      ),
      hangUp("ann"),
      send("ann", resume("auto-00000000-0000-4000-8000-000000000001")),
      expect("ann", connackSessionPresent),
    ],
  },
  {
    name: "a zero-length Client Identifier with Clean Session 1 is accepted",
    ids: ["MQTT-3.1.3-6"],
    versions: [4],
    script: [send("ann", connect("")), expect("ann", connack)],
  },
  {
    name: "a zero-length Client Identifier with Clean Session 0 gets return code 2",
    ids: ["MQTT-3.1.3-8"],
    versions: [4],
    script: [send("ann", resume("")), refused("ann", 0x85, 2)],
  },
  {
    name: "Session Present is 1 only for a Session that was there and is wanted",
    ids: ["MQTT-3.2.2-2", "MQTT-3.2.2-3"],
    script: [
      send("ann", resume("ann")),
      expect("ann", connack),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
      hangUp("ann"),
      send("ann", connect("ann")),
      expect("ann", connack),
    ],
  },
  {
    name: "a Protocol Version that is not known is refused with 0x84, in the older form with 1",
    ids: ["MQTT-3.1.2-2"],
    versions: [5],
    script: [
      send("new", "10 [ ('MQTT') 06 02 0000 [] ('a') ]"),
      expect("new", "20 03 00 84 00"),
      ended("new"),
      send("old", "10 [ ('MQTT') 03 02 0000 ('a') ]"),
      expect("old", "20 02 00 01"),
      ended("old"),
      send("older", "10 [ ('MQIsdp') 04 02 0000 ('a') ]"),
      expect("older", "20 02 00 01"),
      ended("older"),
    ],
  },
  {
    name: "another Protocol Name is closed without an answer",
    ids: ["MQTT-3.1.2-1"],
    versions: [5],
    script: [send("web", "10 [ ('HTTP') 05 02 0000 [] ('a') ]"), ended("web")],
  },
  {
    name: "the reserved Connect Flag must be 0",
    ids: ["MQTT-3.1.2-3"],
    script: [
      send(
        "ann",
        either("10 [ ('MQTT') 05 03 0000 [] ('a') ]", "10 [ ('MQTT') 04 03 0000 ('a') ]"),
      ),
      refused("ann", 0x81),
    ],
  },
  {
    name: "Will QoS 3 is refused",
    ids: ["MQTT-3.1.2-12"],
    script: [
      send(
        "ann",
        either(
          "10 [ ('MQTT') 05 1e 0000 [] ('a') [] ('w') ('x') ]",
          "10 [ ('MQTT') 04 1e 0000 ('a') ('w') ('x') ]",
        ),
      ),
      refused("ann", 0x81),
    ],
  },
  {
    name: "Will QoS and Will Retain need the Will Flag",
    ids: ["MQTT-3.1.2-11", "MQTT-3.1.2-13"],
    script: [
      send(
        "ann",
        either("10 [ ('MQTT') 05 0a 0000 [] ('a') ]", "10 [ ('MQTT') 04 0a 0000 ('a') ]"),
      ),
      refused("ann", 0x81),
      send(
        "bob",
        either("10 [ ('MQTT') 05 22 0000 [] ('b') ]", "10 [ ('MQTT') 04 22 0000 ('b') ]"),
      ),
      refused("bob", 0x81),
    ],
  },
  {
    name: "bytes behind the last field of a CONNECT are malformed",
    script: [
      send(
        "ann",
        either("10 [ ('MQTT') 05 02 0000 [] ('a') 00 ]", "10 [ ('MQTT') 04 02 0000 ('a') 00 ]"),
      ),
      refused("ann", 0x81),
    ],
  },
  {
    name: "a Property that stands twice, or has a value out of range, is a Protocol Error",
    ids: ["MQTT-3.1.4-1"],
    versions: [5],
    script: [
      send("twice", "10 [ ('MQTT') 05 02 0000 [ 21 0001 21 0001 ] ('a') ]"),
      refused("twice", 0x82),
      send("receive", "10 [ ('MQTT') 05 02 0000 [ 21 0000 ] ('a') ]"),
      refused("receive", 0x82),
      send("size", "10 [ ('MQTT') 05 02 0000 [ 27 00000000 ] ('a') ]"),
      refused("size", 0x82),
      send("problem", "10 [ ('MQTT') 05 02 0000 [ 17 02 ] ('a') ]"),
      refused("problem", 0x82),
      send("misplaced", "10 [ ('MQTT') 05 02 0000 [ 23 0001 ] ('a') ]"),
      refused("misplaced", 0x82),
      send("unknown", "10 [ ('MQTT') 05 02 0000 [ 7f 01 ] ('a') ]"),
      refused("unknown", 0x81),
    ],
  },
  {
    name: "a password without a User Name is allowed",
    versions: [5],
    script: [send("ann", "10 [ ('MQTT') 05 42 0000 [] ('a') ('pw') ]"), expect("ann", connack)],
  },
  {
    name: "a password without a User Name is refused",
    ids: ["MQTT-3.1.2-22"],
    versions: [4],
    script: [send("ann", "10 [ ('MQTT') 04 42 0000 ('a') ('pw') ]"), ended("ann")],
  },
  {
    name: "a Will Topic must be a Topic Name",
    script: [
      send("ann", connect("ann", { will: will("a/#") })),
      refused("ann", 0x81),
      send("bob", connect("bob", { will: will("") })),
      refused("bob", 0x82),
    ],
  },
  {
    name: "a Will beyond Maximum QoS, or retained where nothing is, is refused",
    ids: ["MQTT-3.2.2-12", "MQTT-3.2.2-13"],
    broker: { limits: { maximumQoS: 1, retainAvailable: false } },
    script: [
      send("ann", connect("ann", { will: will("w", { qos: 2 }) })),
      refused("ann", 0x9b, undefined, [0x24, 1]), // with the Maximum QoS
      send("bob", connect("bob", { will: will("w", { retain: true }) })),
      refused("bob", 0x9a, undefined, [0x24, 1]),
    ],
  },
  {
    name: "whoever sends no CONNECT in time is closed without an answer",
    script: [
      send("ann", "10"),
      advance(29_900),
      advance(200),
      ended("ann"),
    ],
  },
  {
    name: "a refused CONNECT takes what came behind it along",
    ids: ["MQTT-3.1.4-6", "MQTT-3.2.2-7"],
    script: [
      connected("bob"),
      send("bob", subscribe(1, ["#", 0])),
      expect("bob", suback(1, 0)),
      send(
        "ann",
        either("10 [ ('MQTT') 05 03 0000 [] ('a') ]", "10 [ ('MQTT') 04 03 0000 ('a') ]"),
        publish("a", "not processed"),
      ),
      refused("ann", 0x81),
    ],
  },
  {
    name:
      "a CONNACK larger than the Client's Maximum Packet Size is not sent, and the connection ends",
    ids: ["MQTT-3.1.2-24"],
    versions: [5],
    script: [
      send("large", connect("large", { properties: { maximumPacketSize: 16 } })),
      expect("large", connack),
      send("small", connect("small", { properties: { maximumPacketSize: 15 } })),
      ended("small"),
    ],
  },
  {
    name: "requests for Response and Problem Information are accepted",
    ids: ["MQTT-3.1.2-28", "MQTT-3.1.2-29"],
    versions: [5],
    script: [
      send("ann", "10 [ ('MQTT') 05 02 0000 [ 17 00 19 01 26 ('k') ('v') 26 ('k') ('v') ] ('a') ]"),
      expect("ann", connack),
    ],
  },
];

testSequences("CONNECT", SEQUENCES);
