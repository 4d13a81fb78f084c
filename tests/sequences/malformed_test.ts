// Packets that break the protocol on a connection that stands (MQTT 5.0, section 4.13), and before.

import { connected, ended, expect, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  disconnect,
  either,
  pingreq,
  pingresp,
  publish,
  type What,
} from "../support/sequence_packets.ts";

/** `packet` from a connected Client ends the connection with `reasonCode`. */
function ends(what: string, packet: What, reasonCode: number, ids: string[] = []): Sequence {
  return {
    name: `${what} ends the connection`,
    ids,
    script: [connected("ann"), send("ann", packet), ended("ann", reasonCode)],
  };
}

/** The same where only MQTT 5.0 can say it. */
function ends5(what: string, packet: What, reasonCode: number, ids: string[] = []): Sequence {
  return { ...ends(what, packet, reasonCode, ids), versions: [5] };
}

const WRONG_SIDE: Sequence[] = [
  ends("a second CONNECT", connect("ann"), 0x82, ["MQTT-3.1.0-2"]),
  ends("a CONNACK", either("20 03 00 00 00", "20 02 00 00"), 0x82),
  ends("a SUBACK", either("90 04 0001 00 00", "90 03 0001 00"), 0x82),
  ends("an UNSUBACK", either("b0 04 0001 00 00", "b0 02 0001"), 0x82),
  ends("a PINGRESP", "d0 00", 0x82),
  ends("Control Packet type 0", "00 00", 0x82),
  ends5("an AUTH without an Authentication Method in the CONNECT", "f0 00", 0x82, [
    "MQTT-4.12.0-7",
  ]),
  {
    name: "Control Packet type 15 is reserved",
    versions: [4],
    script: [connected("ann"), send("ann", "f0 00"), ended("ann")],
  },
  {
    name: "a second CONNECT of another version gets a Reason Code that a DISCONNECT has",
    ids: ["MQTT-3.1.0-2", "MQTT-3.14.2-1"],
    versions: [5],
    script: [
      connected("ann"),
      send("ann", "10 [ ('MQTT') 06 02 0000 [] ('ann') ]"),
      ended("ann", 0x82),
    ],
  },
];

const FRAMES: Sequence[] = [
  ends("a Remaining Length of five bytes", "30 ffffffff01", 0x81),
  ends("a Remaining Length that is longer than it must be", "c0 8000", 0x81),
  ends("a PINGREQ with a body", "c0 01 00", 0x81),
  ends("a PINGREQ with flags", "c1 00", 0x81, ["MQTT-2.1.3-1"]),
  ends(
    "a SUBSCRIBE without its flag",
    either("80 07 0001 00 ('a') 00", "80 06 0001 ('a') 00"),
    0x81,
    [
      "MQTT-3.8.1-1",
    ],
  ),
  ends("an UNSUBSCRIBE without its flag", either("a0 06 0001 00 ('a')", "a0 05 0001 ('a')"), 0x81, [
    "MQTT-3.10.1-1",
  ]),
  ends("a PUBREL without its flag", "60 02 0001", 0x81, ["MQTT-3.6.1-1"]),
  ends("a PUBACK with flags", "42 02 0001", 0x81),
  ends("a DISCONNECT with flags", "e1 00", 0x81, ["MQTT-3.14.1-1"]),
  ends5("an AUTH with flags", "f1 00", 0x81, ["MQTT-3.15.1-1"]),
  ends("an acknowledgement without its Packet Identifier", "40 01 00", 0x81),
  ends("an acknowledgement of Packet Identifier 0", "40 02 0000", 0x82),
  ends5("a PUBACK with bytes behind its Properties", "40 05 0001 00 00 00", 0x81),
  ends5("a PUBACK with a Reason Code of another packet", "40 03 0001 92", 0x82),
  ends5("a PUBREL with a Reason Code of another packet", "62 03 0001 10", 0x82),
  ends5("a DISCONNECT with a Reason Code that does not exist", "e0 01 01", 0x82, ["MQTT-3.14.2-1"]),
];

const PUBLISHES: Sequence[] = [
  ends("a PUBLISH with QoS 3", either("36 06 ('a') 0001 00", "36 05 ('a') 0001"), 0x81, [
    "MQTT-3.3.1-4",
  ]),
  ends("a PUBLISH with DUP and QoS 0", either("38 04 ('a') 00", "38 03 ('a')"), 0x81, [
    "MQTT-3.3.1-2",
  ]),
  ends("a Topic Name with a wildcard", publish("a/+", "x"), 0x81, ["MQTT-3.3.2-2"]),
  ends("a Topic Name with U+0000", publish("a\0b", "x"), 0x81, ["MQTT-1.5.4-2"]),
  ends(
    "a Topic Name with half a surrogate",
    either("30 06 0003 eda080 00", "30 05 0003 eda080"),
    0x81,
    [
      "MQTT-1.5.4-1",
    ],
  ),
  ends("a Topic Name that is longer than the packet", "30 03 0005 61", 0x81),
  ends("a QoS 1 PUBLISH with Packet Identifier 0", publish("a", "x", { qos: 1, id: 0 }), 0x82, [
    "MQTT-2.2.1-3",
  ]),
  ends("a QoS 1 PUBLISH without Packet Identifier", "32 03 ('a')", 0x81),
  {
    name: "a zero-length Topic Name ends the connection",
    ids: ["MQTT-4.7.3-1"],
    versions: [4],
    script: [connected("ann"), send("ann", publish("", "x")), ended("ann")],
  },
  ends5("a Subscription Identifier from a Client", publish("a", "x", { identifiers: [1] }), 0x82, [
    "MQTT-3.3.4-6",
  ]),
  ends5("Topic Alias 0", "30 [ ('a') [ 23 0000 ] ]", 0x82, ["MQTT-3.3.2-8"]),
  ends5("a Topic Alias that stands twice", "30 [ ('a') [ 23 0001 23 0001 ] ]", 0x82),
  ends5("a Payload Format Indicator of 2", "30 [ ('a') [ 01 02 ] ]", 0x82),
  ends5("a Response Topic with a wildcard", "30 [ ('a') [ 08 ('#') ] ]", 0x82, ["MQTT-3.3.2-14"]),
  ends5("a Property of another packet", "30 [ ('a') [ 11 00000001 ] ]", 0x82),
  ends5("a Property that does not exist", "30 [ ('a') [ 7f 01 ] ]", 0x81),
  ends5("Properties that are longer than the packet", "30 05 ('a') 05 01", 0x81),
  ends5("a Property that is longer than the Properties", "30 07 ('a') 02 02 0000", 0x81),
  ends5("a Content Type that is not UTF-8", "30 [ ('a') [ 03 (ff) ] ]", 0x81, ["MQTT-1.5.4-1"]),
  {
    name: "what came before the packet that breaks the protocol counts, what came behind does not",
    ids: ["MQTT-4.13.1-1"],
    script: [
      connected("bob"),
      send("bob", either("82 [ 0001 00 ('#') 00 ]", "82 [ 0001 ('#') 00 ]")),
      expect("bob", either("90 04 0001 00 00", "90 03 0001 00")),
      connected("ann"),
      send("ann", publish("a", "before"), "c0 01 00", publish("a", "behind")),
      ended("ann", 0x81),
      expect("bob", publish("a", "before")),
    ],
  },
];

const BEFORE_CONNECT: Sequence[] = [
  ...[
    publish("a", "x"),
    pingreq,
    disconnect(),
    "f0 00",
    "00",
    "20 02 00 00",
    "8f",
    "16 03 01 02 00",
  ].map(
    (packet, i) => ({
      name: `whatever is not a CONNECT is closed without an answer (${i + 1})`,
      ids: ["MQTT-3.1.0-1"],
      script: [send("ann", packet), ended("ann")],
    }),
  ),
  {
    name: "a first packet that is no CONNECT is not waited for, however large it says it is",
    ids: ["MQTT-3.1.0-1"],
    script: [send("ann", "30"), ended("ann")],
  },
  {
    name: "a CONNECT that is too large is closed without being waited for",
    script: [send("ann", "10 ffffff7f"), ended("ann")],
  },
  {
    name: "a connection that does nothing wrong stands",
    versions: [3, 4, 5],
    script: [
      send("ann", connect("ann"), pingreq, pingreq),
      expect("ann", connack, pingresp, pingresp),
    ],
  },
];

testSequences("Wrong side", WRONG_SIDE);
testSequences("Malformed packet", FRAMES);
testSequences("Malformed PUBLISH", PUBLISHES);
testSequences("Before CONNECT", BEFORE_CONNECT);
