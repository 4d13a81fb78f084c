// How connections end (MQTT 5.0, sections 3.14, 4.13): every Reason Code that the broker ends one with.

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { stopBroker, takesBytes } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
  disconnect,
  pingreq,
  puback,
  pubcomp,
  publish,
  publish2,
  pubrec,
  pubrel,
  resume,
  suback,
  subscribe,
} from "../support/sequence_packets.ts";

const FROM_CLIENT: Sequence[] = [
  {
    name: "a DISCONNECT ends the connection without an answer",
    ids: ["MQTT-3.14.4-2"],
    versions: [3, 4, 5],
    script: [connected("ann"), send("ann", disconnect()), ended("ann")],
  },
  {
    name: "what comes behind a DISCONNECT is not processed",
    ids: ["MQTT-3.14.4-1"],
    script: [
      connected("ann", "bob"),
      send("bob", subscribe(1, ["#", 0])),
      expect("bob", suback(1, 0)),
      send("ann", publish("a", "1"), disconnect(), publish("a", "2"), pingreq),
      ended("ann"),
      expect("bob", publish("a", "1")),
    ],
  },
  {
    name: "a DISCONNECT may have a Reason String and User Properties",
    versions: [5],
    script: [
      connected("ann"),
      send("ann", "e0 [ 00 [ 1f ('bye') 26 ('k') ('v') 26 ('k') ('v') ] ]"),
      ended("ann"),
      connected("ann"),
      send("ann", "e0 [ 00 [ 1f ('bye') 1f ('bye') ] ]"),
      ended("ann", 0x82),
    ],
  },
  {
    name: "the answers to what came before a DISCONNECT are still written",
    script: [
      connected("ann"),
      send("ann", publish("a", "x", { id: 1 }), disconnect()),
      expect("ann", puback(1, 0x10)),
      ended("ann"),
    ],
  },
  {
    name: "a DISCONNECT that is not empty is malformed",
    versions: [3, 4],
    script: [connected("ann"), send("ann", "e0 01 00"), ended("ann")],
  },
];

const FROM_BROKER: Sequence[] = [
  {
    name: "0x81, malformed packet",
    ids: ["MQTT-4.13.1-1"],
    script: [connected("ann"), send("ann", "c0 01 00"), ended("ann", 0x81)],
  },
  {
    name: "0x82, Protocol Error",
    script: [connected("ann"), send("ann", connect("ann")), ended("ann", 0x82)],
  },
  {
    name: "0x8B, the broker stops",
    versions: [3, 4, 5],
    script: [
      connected("ann", "bob"),
      stopBroker(),
      ended("ann", 0x8b),
      ended("bob", 0x8b),
    ],
  },
  {
    name: "a broker that stops ends what has not connected, and takes nobody new",
    script: [
      send("ann", "10"),
      stopBroker(),
      ended("ann"),
      send("bob", connect("bob")),
      ended("bob"),
    ],
  },
  {
    name: "0x8D, Keep Alive",
    script: [
      send("ann", connect("ann", { keepAlive: 1 })),
      expect("ann", connack),
      advance(1_600),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "0x8E, the Session was taken over",
    script: [
      connected("ann"),
      send("ann again", connect("ann")),
      ended("ann", 0x8e),
      expect("ann again", connack),
    ],
  },
  {
    name: "0x93, more messages under way than Receive Maximum",
    versions: [5],
    script: [
      connected("ann"),
      send("ann", ...Array.from({ length: 21 }, (_, i) => publish2("a", "x", i + 1))),
      expect(
        "ann",
        ...Array.from({ length: 20 }, (_, i) => pubrec(i + 1)),
        "e0 01 93",
      ),
      ended("ann"),
    ],
  },
  {
    name: "a Client that knows no Receive Maximum may send more",
    versions: [3, 4],
    script: [
      connected("ann"),
      send("ann", ...Array.from({ length: 30 }, (_, i) => publish2("a", "x", i + 1))),
      expect("ann", ...Array.from({ length: 30 }, (_, i) => pubrec(i + 1))),
    ],
  },
  {
    name: "0x94, a Topic Alias above the maximum",
    versions: [5],
    script: [connected("ann"), send("ann", publish("a", "x", { alias: 11 })), ended("ann", 0x94)],
  },
  {
    name: "0x95, a packet larger than Maximum Packet Size, without waiting for it",
    ids: ["MQTT-3.2.2-15"],
    script: [
      connected("ann"),
      send("ann", "30 7d897a"),
      advance(1_000),
      hangUp("ann"),
      connected("ann"),
      send("ann", "30 80897a"),
      ended("ann", 0x95),
    ],
  },
  {
    name: "0x97, more bytes wait for their PUBREL than maximumHeldBytes",
    broker: { limits: { maximumHeldBytes: 1_000 } },
    script: [
      connected("ann"),
      send("ann", publish2("a", "x".repeat(700), 1)),
      expect("ann", pubrec(1)),
      send("ann", pubrel(1), publish2("a", "x".repeat(700), 2)),
      expect("ann", pubcomp(1), pubrec(2)),
      send("ann", publish2("a", "x".repeat(700), 3)),
      ended("ann", 0x97),
    ],
  },
  {
    name: "0x9A, RETAIN where nothing is retained",
    ids: ["MQTT-3.2.2-14"],
    versions: [4],
    broker: { limits: { retainAvailable: false } },
    script: [connected("ann"), send("ann", publish("a", "x", { retain: true })), ended("ann")],
  },
  {
    name: "0x9A and 0x9B, RETAIN and a QoS that are not offered",
    ids: ["MQTT-3.2.2-11", "MQTT-3.2.2-14"],
    versions: [5],
    broker: { limits: { retainAvailable: false, maximumQoS: 0 } },
    script: ["ann", "bob"].flatMap((name, i) => [
      send(name, connect(name)),
      expect(name, "20 [ 00 00 [ 22 000a 25 00 27 001e8480 21 0014 24 00 ] ]"),
      send(name, i === 0 ? publish("a", "x", { retain: true }) : publish("a", "x", { id: 1 })),
      ended(name, i === 0 ? 0x9a : 0x9b),
    ]),
  },
  {
    name: "a Subscription asks for any QoS even where a lower one is the Maximum QoS",
    ids: ["MQTT-3.2.2-10"],
    versions: [4],
    broker: { limits: { maximumQoS: 0 } },
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["a", 2])),
      expect("ann", suback(1, 2)),
    ],
  },
  {
    name: "a peer that takes no byte of its DISCONNECT is closed after a while",
    versions: [5],
    script: [
      connected("ann"),
      takesBytes("ann", false),
      send("ann", "c0 01 00"),
      advance(2_100),
      ended("ann"),
    ],
  },
  {
    name: "an error leaves the Session alone, and its messages",
    script: [
      send("ann", resume("ann"), subscribe(1, ["a", 1])),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "x", { id: 1 })),
      send("ann", "c0 01 00"),
      ended("ann", 0x81),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish("a", "x", { id: 1, dup: true })),
    ],
  },
];

testSequences("DISCONNECT from the Client", FROM_CLIENT);
testSequences("DISCONNECT from the broker", FROM_BROKER);
