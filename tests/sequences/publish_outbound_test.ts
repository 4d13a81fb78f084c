// QoS 0, 1 and 2 from the broker to the Client (MQTT 5.0, sections 3.3 to 3.7, 4.3, 4.4, 4.6, 4.9).

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
  pingreq,
  pingresp,
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

/** "ann" has a Session and subscribes to "a"; "bob" is connected. */
function annAndBob(receiveMaximum?: number): Step[] {
  const properties = receiveMaximum === undefined ? {} : { receiveMaximum };
  return [
    send("ann", resume("ann", { properties }), subscribe(1, ["a", 2])),
    expect("ann", connack, suback(1, 2)),
    ...connected("bob"),
  ];
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const OUTBOUND: Sequence[] = [
  {
    name: "a message is delivered with the lower of its QoS and the granted one",
    ids: ["MQTT-3.8.4-8"],
    script: [
      send("ann", connect("ann"), subscribe(1, ["0", 0], ["1", 1], ["2", 2])),
      expect("ann", connack, suback(1, 0, 1, 2)),
      connected("bob"),
      send("bob", publish2("0", "x", 1), publish2("1", "x", 2), publish2("2", "x", 3)),
      expect("bob", pubrec(1), pubrec(2), pubrec(3)),
      send("bob", pubrel(1), pubrel(2), pubrel(3), publish("2", "y")),
      expect("bob", pubcomp(1), pubcomp(2), pubcomp(3)),
      expect(
        "ann",
        publish("0", "x"),
        publish("1", "x", { id: 1 }),
        publish2("2", "x", 2),
        publish("2", "y"),
      ),
    ],
  },
  {
    name: "a PUBREC is answered with a PUBREL, a repeated one as well",
    ids: ["MQTT-4.3.3-4"],
    versions: [3, 4, 5],
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("a", "x", 1)),
      send("ann", pubrec(1), pubrec(1)),
      expect("ann", pubrel(1), pubrel(1)),
      send("ann", pubcomp(1), pubcomp(1)),
    ],
  },
  {
    name: "a PUBREC with an error ends the exchange and frees its place",
    ids: ["MQTT-4.3.3-4", "MQTT-4.4.0-2"],
    versions: [5],
    script: [
      annAndBob(1),
      send("bob", publish2("a", "x", 1), pubrel(1), publish2("a", "y", 2), pubrel(2)),
      expect("bob", pubrec(1), pubcomp(1), pubrec(2), pubcomp(2)),
      expect("ann", publish2("a", "x", 1)),
      send("ann", pubrec(1, 0x80)),
      expect("ann", publish2("a", "y", 2)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish2("a", "y", 2, { dup: true })),
    ],
  },
  {
    name: "a PUBACK with an error acknowledges",
    ids: ["MQTT-4.4.0-2"],
    versions: [5],
    script: [
      annAndBob(),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "x", { id: 1 })),
      send("ann", puback(1, 0x97)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
    ],
  },
  {
    name: "acknowledgements that nobody waits for change nothing",
    ids: ["MQTT-4.4.0-1"],
    versions: [5],
    script: [
      annAndBob(1),
      send("bob", publish("a", "x", { id: 1 }), publish("a", "y", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("a", "x", { id: 1 })),
      send("ann", puback(9), pubcomp(9), pubrec(9, 0x80), puback(9, 0x80)),
      send("ann", pubrec(9)),
      expect("ann", pubrel(9)),
      advance(100_000),
    ],
  },
  {
    name: "what is not acknowledged is sent again over the next connection, in its old order",
    ids: ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.3-6"],
    versions: [3, 4, 5],
    script: [
      annAndBob(),
      send("bob", publish("a", "1", { id: 1 }), publish2("a", "2", 2), pubrel(2)),
      expect("bob", puback(1), pubrec(2), pubcomp(2)),
      expect("ann", publish("a", "1", { id: 1 }), publish2("a", "2", 2)),
      send("bob", publish2("a", "3", 3), pubrel(3), publish("a", "4", { id: 4 })),
      expect("bob", pubrec(3), pubcomp(3), puback(4)),
      expect("ann", publish2("a", "3", 3), publish("a", "4", { id: 4 })),
      send("ann", pubrec(2), puback(4)),
      expect("ann", pubrel(2)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect(
        "ann",
        connackSessionPresent,
        publish("a", "1", { id: 1, dup: true }),
        pubrel(2),
        publish2("a", "3", 3, { dup: true }),
      ),
      send("ann", pubcomp(2), puback(1), pubrec(3), pubcomp(3)),
      expect("ann", pubrel(3)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
    ],
  },
  {
    name: "what waits comes behind what is sent again, and new messages behind both",
    ids: ["MQTT-4.6.0-5"],
    versions: [5],
    script: [
      annAndBob(1),
      send("bob", publish("a", "1", { id: 1 }), publish("a", "2", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("a", "1", { id: 1 })),
      hangUp("ann"),
      send("bob", publish("a", "3", { id: 3 })),
      expect("bob", puback(3)),
      send("ann", resume("ann", { properties: { receiveMaximum: 2 } })),
      expect(
        "ann",
        connackSessionPresent,
        publish("a", "1", { id: 1, dup: true }),
        publish("a", "2", { id: 2 }),
      ),
      send("bob", publish("a", "4", { id: 4 })),
      expect("bob", puback(4)),
      send("ann", puback(1), puback(2)),
      expect("ann", publish("a", "3", { id: 3 }), publish("a", "4", { id: 4 })),
    ],
  },
  {
    name: "a smaller Receive Maximum of the next connection holds for what is sent again",
    ids: ["MQTT-3.3.4-9"],
    versions: [5],
    script: [
      annAndBob(2),
      send("bob", publish("a", "1", { id: 1 }), publish2("a", "2", 2), pubrel(2)),
      expect("bob", puback(1), pubrec(2), pubcomp(2)),
      expect("ann", publish("a", "1", { id: 1 }), publish2("a", "2", 2)),
      hangUp("ann"),
      send("ann", resume("ann", { properties: { receiveMaximum: 1 } })),
      expect("ann", connackSessionPresent, publish("a", "1", { id: 1, dup: true })),
      send("ann", puback(1)),
      expect("ann", publish2("a", "2", 2, { dup: true })),
    ],
  },
  {
    name: "Receive Maximum bounds QoS 1 and 2 under way, and nothing else",
    ids: ["MQTT-3.3.4-9", "MQTT-3.3.4-10"],
    versions: [5],
    script: [
      annAndBob(2),
      send("bob", publish("a", "1", { id: 1 }), publish2("a", "2", 2), pubrel(2)),
      expect("bob", puback(1), pubrec(2), pubcomp(2)),
      expect("ann", publish("a", "1", { id: 1 }), publish2("a", "2", 2)),
      send("bob", publish("a", "3", { id: 3 }), publish("a", "0")),
      expect("bob", puback(3)),
      expect("ann", publish("a", "0")),
      send("ann", pubrec(2), pingreq),
      expect("ann", pubrel(2), pingresp),
      send("ann", pubcomp(2)),
      expect("ann", publish("a", "3", { id: 3 })),
    ],
  },
  {
    name: "a Client without Receive Maximum has at most 20 messages under way",
    script: [
      annAndBob(),
      send("bob", ...numbers(1, 22).map((id) => publish("a", "x", { id }))),
      expect("bob", ...numbers(1, 22).map((id) => puback(id))),
      expect("ann", ...numbers(1, 20).map((id) => publish("a", "x", { id }))),
      send("ann", puback(20), puback(1)),
      expect("ann", publish("a", "x", { id: 21 }), publish("a", "x", { id: 22 })),
    ],
  },
  {
    name: "a Packet Identifier that is in use is not taken again",
    ids: ["MQTT-4.3.2-1", "MQTT-2.2.1-4"],
    versions: [5],
    onlyWhole: true,
    script: [
      send(
        "ann",
        connect("ann", { properties: { maximumPacketSize: 20 } }),
        subscribe(1, ["a", 1]),
      ),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", publish("a", "kept", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "kept", { id: 1 })),
      // What is too large for "ann" spends an identifier all the same: 65,534 of them.
      numbers(1, 2 * 7 * 31).flatMap(() => [
        send("bob", ...numbers(1, 151).map((id) => publish("a", "too large for ann", { id }))),
        expect("bob", ...numbers(1, 151).map((id) => puback(id))),
      ]),
      send("bob", publish("a", "next", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "next", { id: 2 })),
    ],
  },
  {
    name: "an acknowledgement of the wrong kind is a Protocol Error",
    script: [
      annAndBob(),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "x", { id: 1 })),
      send("ann", pubrec(1)),
      ended("ann", 0x82),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish("a", "x", { id: 1, dup: true })),
      send("ann", pubcomp(1)),
      ended("ann", 0x82),
    ],
  },
  {
    name: "a PUBCOMP before the PUBREC, or a PUBACK for QoS 2, is a Protocol Error",
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("a", "x", 1)),
      send("ann", pubcomp(1)),
      ended("ann", 0x82),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish2("a", "x", 1, { dup: true })),
      send("ann", puback(1)),
      ended("ann", 0x82),
    ],
  },
  {
    name: "a message to its own publisher comes before its PUBACK",
    script: [
      send("ann", connect("ann"), subscribe(1, ["a", 1]), publish("a", "x", { id: 5 })),
      expect("ann", connack, suback(1, 1), publish("a", "x", { id: 1 }), puback(5)),
    ],
  },
];

testSequences("PUBLISH from the broker", OUTBOUND);
