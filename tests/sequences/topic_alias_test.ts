// Topic Aliases (MQTT 5.0, section 3.3.2.3.4) and Maximum Packet Size (3.1.2.11.4, 3.2.2.3.6).

import { connected, ended, expect, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  either,
  puback,
  publish,
  resume,
  suback,
  subscribe,
  subscribeWith,
} from "../support/sequence_packets.ts";
import type { Properties } from "../../src/packet/properties.ts";

/** "ann" connects with `properties` and subscribes to everything with QoS 1; "bob" publishes. */
function annTakes(properties: Properties): Step[] {
  return [
    send("ann", connect("ann", { properties }), subscribe(1, ["#", 1])),
    expect("ann", connack, suback(1, 1)),
    ...connected("bob"),
  ];
}

const ALIASES: Sequence[] = [
  {
    name: "a Client sets a Topic Alias, uses it and sets it anew",
    ids: ["MQTT-3.3.2-12"],
    versions: [5],
    script: [
      annTakes({}),
      send(
        "bob",
        publish("a", "1", { alias: 10 }),
        publish("", "2", { alias: 10, id: 1 }),
        publish("b", "3", { alias: 10 }),
        publish("", "4", { alias: 10 }),
      ),
      expect("bob", puback(1)),
      expect(
        "ann",
        publish("a", "1"),
        publish("a", "2", { id: 1 }),
        publish("b", "3"),
        publish("b", "4"),
      ),
    ],
  },
  {
    name: "Topic Aliases of one Client mean nothing to another, nor on the next connection",
    ids: ["MQTT-3.3.2-7"],
    versions: [5],
    script: [
      annTakes({}),
      send("bob", publish("a", "1", { alias: 1 })),
      expect("ann", publish("a", "1")),
      connected("eve"),
      send("eve", publish("", "2", { alias: 1 })),
      ended("eve", 0x82),
      send("bob again", connect("bob"), publish("", "2", { alias: 1 })),
      ended("bob", 0x8e),
      expect("bob again", connack, "e0 01 82"),
      ended("bob again"),
    ],
  },
  {
    name: "a Topic Alias above the maximum gets 0x94",
    ids: ["MQTT-3.3.2-9", "MQTT-3.2.2-17"],
    versions: [5],
    script: [connected("ann"), send("ann", publish("a", "x", { alias: 11 })), ended("ann", 0x94)],
  },
  {
    name: "a zero-length Topic Name without a Topic Alias is a Protocol Error",
    versions: [5],
    script: [connected("ann"), send("ann", publish("", "x")), ended("ann", 0x82)],
  },
  {
    name: "a QoS 2 message keeps its Topic Name when the alias is set anew before its release",
    versions: [5],
    script: [
      annTakes({}),
      send(
        "bob",
        publish("a", "1", { alias: 1, id: 1, qos: 2 }),
        publish("b", "2", { alias: 1 }),
        "62 02 0001",
      ),
      expect("bob", "50 02 0001", "70 02 0001"),
      expect("ann", publish("b", "2"), publish("a", "1", { id: 1 })),
    ],
  },
  {
    name: "the broker sets aliases up to the Client's maximum, and the first names keep them",
    ids: ["MQTT-3.1.2-26", "MQTT-3.3.2-11"],
    versions: [5],
    script: [
      annTakes({ topicAliasMaximum: 2 }),
      send("bob", ...["a", "b", "c", "a", "b", "c"].map((topic) => publish(topic, "x"))),
      expect(
        "ann",
        publish("a", "x", { alias: 1 }),
        publish("b", "x", { alias: 2 }),
        publish("c", "x"),
        publish("", "x", { alias: 1 }),
        publish("", "x", { alias: 2 }),
        publish("c", "x"),
      ),
    ],
  },
  {
    name: "without a Topic Alias Maximum, or with 0, the broker sets none",
    ids: ["MQTT-3.1.2-27"],
    versions: [5],
    script: [
      annTakes({ topicAliasMaximum: 0 }),
      send("bob", publish("a", "x"), publish("a", "x")),
      expect("ann", publish("a", "x"), publish("a", "x")),
    ],
  },
  {
    name: "what is sent again over the next connection has its Topic Name",
    ids: ["MQTT-3.3.2-7"],
    versions: [5],
    script: [
      send("ann", resume("ann", { properties: { topicAliasMaximum: 1 } }), subscribe(1, ["a", 1])),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", publish("a", "1"), publish("a", "2", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "1", { alias: 1 }), publish("", "2", { alias: 1, id: 1 })),
      send("ann again", resume("ann", { properties: { topicAliasMaximum: 1 } })),
      ended("ann", 0x8e),
      expect(
        "ann again",
        "20 0e 01 00 0b 22 000a 27 001e8480 21 0014",
        publish("a", "2", { alias: 1, id: 1, dup: true }),
      ),
    ],
  },
];

const SIZES: Sequence[] = [
  {
    name: "a message that is too large for a Client is acknowledged and not sent",
    ids: ["MQTT-3.1.2-24", "MQTT-3.1.2-25"],
    versions: [5],
    script: [
      annTakes({ maximumPacketSize: 16, receiveMaximum: 1 }),
      send("bob", publish("a", "123456789", { id: 1 }), publish("a", "12345678", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("a", "12345678", { id: 2 })),
    ],
  },
  {
    name: "QoS 0 messages that are too large are not sent either, the others get them",
    ids: ["MQTT-3.1.2-24"],
    versions: [5],
    script: [
      annTakes({ maximumPacketSize: 16 }),
      connected("eve"),
      send("eve", subscribe(1, ["#", 0])),
      expect("eve", suback(1, 0)),
      send("bob", publish("a", "12345678901"), publish("a", "1234567890")),
      expect("ann", publish("a", "1234567890")),
      expect("eve", publish("a", "12345678901"), publish("a", "1234567890")),
    ],
  },
  {
    name: "Subscription Identifiers and aliases count for the size of a packet",
    ids: ["MQTT-3.1.2-24"],
    versions: [5],
    script: [
      send("ann", connect("ann", { properties: { maximumPacketSize: 16, topicAliasMaximum: 1 } })),
      expect("ann", connack),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [1] }, ["#", 0])),
      expect("ann", suback(1, 0)),
      connected("bob"),
      send("bob", publish("a", "123456789"), publish("abc", "1")),
      expect("ann", publish("abc", "1", { alias: 1, identifiers: [1] })),
      send("bob", publish("abc", "123456")),
      expect("ann", publish("", "123456", { alias: 1, identifiers: [1] })),
    ],
  },
  {
    name: "a message that fits without a Topic Alias is sent without one",
    ids: ["MQTT-3.1.2-25"],
    versions: [5],
    script: [
      annTakes({ maximumPacketSize: 16, topicAliasMaximum: 1 }),
      send("bob", publish("a", "1234567890")),
      expect("ann", publish("a", "1234567890")),
    ],
  },
  {
    name:
      "a packet above the broker's Maximum Packet Size gets 0x95, one that has that size does not",
    ids: ["MQTT-3.2.2-15"],
    broker: { limits: { maximumPacketSize: 50 } },
    script: [
      send("ann", connect("ann")),
      expect("ann", either("20 0e 00 00 0b 22 000a 27 00000032 21 0014", "20 02 00 00")),
      send("ann", "30 30 ('a') 00*45"),
      send("ann", "30 31"),
      ended("ann", 0x95),
    ],
  },
];

testSequences("Topic Alias", ALIASES);
testSequences("Maximum Packet Size", SIZES);
