// QoS 0, 1 and 2 from the Client to the broker (MQTT 5.0, sections 3.3 to 3.7, 4.3, 4.4, 4.6, 4.9).

import { connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
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

const INBOUND: Sequence[] = [
  {
    name: "QoS 0 is not acknowledged",
    ids: ["MQTT-4.3.1-1"],
    versions: [3, 4, 5],
    script: [annAndBob(), send("bob", publish("a", "x")), expect("ann", publish("a", "x"))],
  },
  {
    name: "QoS 1 is acknowledged, with 0x10 where nobody has subscribed",
    ids: ["MQTT-3.3.4-1", "MQTT-4.3.2-4"],
    versions: [3, 4, 5],
    script: [
      annAndBob(),
      send("bob", publish("a", "x", { id: 7 }), publish("b", "x", { id: 8 })),
      expect("bob", puback(7), puback(8, 0x10)),
      expect("ann", publish("a", "x", { id: 1 })),
    ],
  },
  {
    name: "a QoS 1 PUBLISH that is repeated is a new message, whatever its DUP flag",
    ids: ["MQTT-4.3.2-5", "MQTT-3.3.1-3"],
    script: [
      annAndBob(),
      send("bob", publish("a", "x", { id: 7 }), publish("a", "x", { id: 7, dup: true })),
      expect("bob", puback(7), puback(7)),
      expect("ann", publish("a", "x", { id: 1 }), publish("a", "x", { id: 2 })),
    ],
  },
  {
    name: "QoS 2 is delivered once, when it is released",
    ids: ["MQTT-4.3.3-8", "MQTT-4.3.3-11"],
    versions: [3, 4, 5],
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 7)),
      expect("bob", pubrec(7)),
      send("bob", pubrel(7)),
      expect("bob", pubcomp(7)),
      expect("ann", publish2("a", "x", 1)),
      send("bob", pubrel(7)),
      expect("bob", pubcomp(7)),
    ],
  },
  {
    name:
      "a QoS 2 PUBLISH that is repeated before its PUBREL is acknowledged and not delivered twice",
    ids: ["MQTT-4.3.3-10"],
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 7)),
      expect("bob", pubrec(7)),
      send("bob", publish2("a", "x", 7, { dup: true }), publish2("a", "x", 7, { dup: true })),
      expect("bob", pubrec(7), pubrec(7)),
      send("bob", pubrel(7)),
      expect("bob", pubcomp(7)),
      expect("ann", publish2("a", "x", 1)),
    ],
  },
  {
    name: "a Packet Identifier may be used again once the PUBCOMP is sent",
    ids: ["MQTT-4.3.3-12"],
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 7), pubrel(7), publish2("a", "x", 7), pubrel(7)),
      expect("bob", pubrec(7), pubcomp(7), pubrec(7), pubcomp(7)),
      expect("ann", publish2("a", "x", 1), publish2("a", "x", 2)),
    ],
  },
  {
    name: "another message under a Packet Identifier that is not released replaces the first",
    script: [
      annAndBob(),
      send("bob", publish2("a", "x", 7), publish2("a", "y", 7), pubrel(7)),
      expect("bob", pubrec(7), pubrec(7), pubcomp(7)),
      expect("ann", publish2("a", "y", 1)),
    ],
  },
  {
    name: "QoS 2 goes on over the next connection",
    ids: ["MQTT-4.3.3-10", "MQTT-4.1.0-1"],
    script: [
      annAndBob(),
      send("eve", resume("eve"), publish2("a", "x", 7), publish2("a", "y", 8)),
      expect("eve", connack, pubrec(7), pubrec(8)),
      hangUp("eve"),
      send("eve", resume("eve"), publish2("a", "x", 7, { dup: true }), pubrel(7), pubrel(8)),
      expect("eve", connackSessionPresent, pubrec(7), pubcomp(7), pubcomp(8)),
      expect("ann", publish2("a", "x", 1), publish2("a", "y", 2)),
    ],
  },
  {
    name: "Clean Start forgets what was not released",
    ids: ["MQTT-3.1.2-4"],
    script: [
      annAndBob(),
      send("eve", resume("eve"), publish2("a", "x", 7)),
      expect("eve", connack, pubrec(7)),
      hangUp("eve"),
      send("eve", connect("eve"), pubrel(7)),
      expect("eve", connack, pubcomp(7)),
    ],
  },
  {
    name: "PUBRECs and PUBACKs come in the order of the PUBLISHes",
    script: [
      annAndBob(1),
      send(
        "bob",
        publish("b", "1", { id: 9 }),
        publish2("b", "2", 3),
        publish("b", "3", { id: 1 }),
      ),
      expect("bob", puback(9, 0x10), pubrec(3), puback(1, 0x10)),
    ],
  },
  {
    name: "more QoS 2 messages than Receive Maximum without PUBREL end the connection with 0x93",
    ids: ["MQTT-3.3.4-7"],
    versions: [5],
    broker: { limits: { receiveMaximum: 2 } },
    script: [
      send("ann", connect("ann"), publish2("a", "1", 1), publish2("a", "2", 2)),
      expect("ann", "20 0e 00 00 0b 22 000a 27 001e8480 21 0002", pubrec(1), pubrec(2)),
      send("ann", publish2("a", "1", 1, { dup: true }), pubrel(1), publish2("a", "3", 3)),
      expect("ann", pubrec(1), pubcomp(1), pubrec(3)),
      send("ann", publish("a", "4", { id: 4 })),
      ended("ann", 0x93),
    ],
  },
  {
    name: "Receive Maximum counts anew with each connection",
    versions: [5],
    broker: { limits: { receiveMaximum: 1 } },
    script: [
      send("ann", resume("ann"), publish2("a", "1", 1)),
      expect("ann", "20 0e 00 00 0b 22 000a 27 001e8480 21 0001", pubrec(1)),
      hangUp("ann"),
      send("ann", resume("ann"), publish2("a", "2", 2), pubrel(1), pubrel(2)),
      expect(
        "ann",
        "20 0e 01 00 0b 22 000a 27 001e8480 21 0001",
        pubrec(2),
        pubcomp(1),
        pubcomp(2),
      ),
    ],
  },
];

testSequences("PUBLISH to the broker", INBOUND);
