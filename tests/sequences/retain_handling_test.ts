// Which retained messages a SUBSCRIBE is answered with, and how (MQTT 5.0, sections 3.3.1.3, 3.8.3.1, 3.8.4).

import { connected, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  puback,
  publish,
  suback,
  subscribe,
  subscribeWith,
  unsuback,
  unsubscribe,
} from "../support/sequence_packets.ts";

/** "bob" has published a retained message to each of `topics`; its payload is the Topic Name. */
function retained(...topics: string[]): Step[] {
  return [
    ...connected("bob"),
    send("bob", ...topics.map((topic) => publish(topic, topic, { id: 1, retain: true }))),
    expect("bob", ...topics.map(() => puback(1, 0x10))),
  ];
}

const SEQUENCES: Sequence[] = [
  {
    name: "the retained messages that match follow the SUBACK, with RETAIN 1",
    ids: ["MQTT-3.3.1-5", "MQTT-3.3.1-9"],
    versions: [3, 4, 5],
    script: [
      retained("r/1", "r/2", "s"),
      connected("ann"),
      send("ann", subscribe(1, ["r/+", 1])),
      expect(
        "ann",
        suback(1, 1),
        publish("r/1", "r/1", { id: 1, retain: true }),
        publish("r/2", "r/2", { id: 2, retain: true }),
      ),
    ],
  },
  {
    name: "each filter of a SUBSCRIBE gets its retained messages, in order",
    ids: ["MQTT-3.8.4-5"],
    script: [
      retained("r/1", "r/2", "s"),
      connected("ann"),
      send("ann", subscribe(1, ["s", 0], ["r/2", 0], ["#", 0])),
      expect(
        "ann",
        suback(1, 0, 0, 0),
        publish("s", "s", { retain: true }),
        publish("r/2", "r/2", { retain: true }),
        publish("r/1", "r/1", { retain: true }),
        publish("r/2", "r/2", { retain: true }),
        publish("s", "s", { retain: true }),
      ),
    ],
  },
  {
    name: "Retain Handling 0 always sends, 1 for a new Subscription only, 2 never",
    ids: ["MQTT-3.3.1-9", "MQTT-3.3.1-10", "MQTT-3.3.1-11", "MQTT-3.8.4-4"],
    versions: [5],
    script: [
      retained("r"),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0, { retainHandling: 2 }])),
      expect("ann", suback(1, 0)),
      send("ann", subscribe(2, ["r", 0, { retainHandling: 1 }])),
      expect("ann", suback(2, 0)),
      send("ann", subscribe(3, ["r", 0, { retainHandling: 0 }])),
      expect("ann", suback(3, 0), publish("r", "r", { retain: true })),
      send("ann", unsubscribe(4, "r"), subscribe(5, ["r", 0, { retainHandling: 1 }])),
      expect("ann", unsuback(4, 0), suback(5, 0), publish("r", "r", { retain: true })),
    ],
  },
  {
    name: "each SUBSCRIBE sends the retained messages again",
    versions: [3, 4],
    script: [
      retained("r"),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0]), subscribe(2, ["r", 0])),
      expect(
        "ann",
        suback(1, 0),
        publish("r", "r", { retain: true }),
        suback(2, 0),
        publish("r", "r", { retain: true }),
      ),
    ],
  },
  {
    name: "Retain As Published keeps the flag of what is published later",
    ids: ["MQTT-3.3.1-12", "MQTT-3.3.1-13"],
    versions: [5],
    script: [
      connected("ann", "bob", "eve"),
      send("ann", subscribe(1, ["r", 1, { retainAsPublished: true }])),
      expect("ann", suback(1, 1)),
      send("eve", subscribe(1, ["r", 1])),
      expect("eve", suback(1, 1)),
      send("bob", publish("r", "x", { id: 1, retain: true }), publish("r", "y", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("r", "x", { id: 1, retain: true }), publish("r", "y", { id: 2 })),
      expect("eve", publish("r", "x", { id: 1 }), publish("r", "y", { id: 2 })),
    ],
  },
  {
    name: "retained messages carry Properties and the Subscription Identifier",
    ids: ["MQTT-3.3.4-3"],
    versions: [5],
    script: [
      connected("bob"),
      send("bob", publish("r", "x", { retain: true, properties: { contentType: "t" } })),
      connected("ann"),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [300] }, ["r", 0])),
      expect(
        "ann",
        suback(1, 0),
        publish("r", "x", { retain: true, properties: { contentType: "t" }, identifiers: [300] }),
      ),
    ],
  },
  {
    name: "a Shared Subscription gets no retained messages",
    script: [
      retained("r"),
      connected("ann"),
      send("ann", subscribe(1, ["$share/g/r", 0])),
      expect("ann", suback(1, 0)),
    ],
  },
  {
    name: "wildcards at the start do not match retained $-topics",
    ids: ["MQTT-4.7.2-1"],
    script: [
      retained("$x/y", "x/y"),
      connected("ann"),
      send("ann", subscribe(1, ["#", 0]), subscribe(2, ["+/y", 0]), subscribe(3, ["$x/#", 0])),
      expect(
        "ann",
        suback(1, 0),
        publish("x/y", "x/y", { retain: true }),
        suback(2, 0),
        publish("x/y", "x/y", { retain: true }),
        suback(3, 0),
        publish("$x/y", "$x/y", { retain: true }),
      ),
    ],
  },
  {
    name: "a filter that ends with /# matches the level above it too",
    script: [
      retained("a", "a/b", "a/b/c", "ab"),
      connected("ann"),
      send("ann", subscribe(1, ["a/#", 0])),
      expect(
        "ann",
        suback(1, 0),
        publish("a/b", "a/b", { retain: true }),
        publish("a/b/c", "a/b/c", { retain: true }),
        publish("a", "a", { retain: true }),
      ),
    ],
  },
  {
    name: "any number of retained messages comes, as fast as the Client acknowledges",
    ids: ["MQTT-3.3.4-9"],
    versions: [5],
    script: [
      retained("r/1", "r/2", "r/3"),
      send("ann", connect("ann", { properties: { receiveMaximum: 1 } }), subscribe(1, ["r/#", 1])),
      expect("ann", connack, suback(1, 1), publish("r/1", "r/1", { id: 1, retain: true })),
      send("ann", puback(1)),
      expect("ann", publish("r/2", "r/2", { id: 2, retain: true })),
      send("ann", unsubscribe(2, "r/#"), puback(2)),
      expect("ann", unsuback(2, 0)),
    ],
  },
  {
    name: "a retained message that was cleared while it waited does not come",
    versions: [5],
    script: [
      retained("r/1", "r/2"),
      send("ann", connect("ann", { properties: { receiveMaximum: 1 } }), subscribe(1, ["r/#", 1])),
      expect("ann", connack, suback(1, 1), publish("r/1", "r/1", { id: 1, retain: true })),
      hangUp("bob"),
      connected("bob"),
      send("bob", publish("r/2", "", { retain: true })),
      expect("ann", publish("r/2", "")),
      send("ann", puback(1)),
    ],
  },
  {
    name: "No Local holds for retained messages of the Client's own as well",
    ids: ["MQTT-3.8.3-3"],
    versions: [5],
    script: [
      retained("r/1"),
      connected("ann"),
      send("ann", publish("r/2", "mine", { retain: true })),
      send("ann", subscribe(1, ["r/#", 0, { noLocal: true }])),
      expect("ann", suback(1, 0), publish("r/1", "r/1", { retain: true })),
    ],
  },
];

testSequences("Retain Handling", SEQUENCES);
