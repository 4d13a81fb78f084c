// What is retained, and for how long (MQTT 5.0, section 3.3.1.3).

import { advance, check, connected, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  puback,
  pubcomp,
  publish,
  publish2,
  pubrec,
  pubrel,
  suback,
  subscribe,
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
    name: "a retained message goes out with the lower QoS",
    ids: ["MQTT-3.8.4-8"],
    script: [
      connected("bob"),
      send("bob", publish("r", "0", { retain: true })),
      connected("ann"),
      send("ann", subscribe(1, ["r", 2])),
      expect("ann", suback(1, 2), publish("r", "0", { retain: true })),
      send("bob", publish2("r", "2", 1, { retain: true }), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("r", "2", 1)),
      send("ann", subscribe(2, ["r", 1])),
      expect("ann", suback(2, 1), publish("r", "2", { id: 2, retain: true })),
    ],
  },
  {
    name: "the last one replaces what was retained, and only with RETAIN 1",
    ids: ["MQTT-3.3.1-5", "MQTT-3.3.1-8"],
    script: [
      connected("bob"),
      send(
        "bob",
        publish("r", "1", { retain: true }),
        publish("r", "2", { retain: true }),
        publish("r", "3"),
        publish("r", ""),
      ),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0), publish("r", "2", { retain: true })),
    ],
  },
  {
    name: "a retained message without payload is delivered, and clears",
    ids: ["MQTT-3.3.1-6", "MQTT-3.3.1-7"],
    script: [
      retained("r"),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0), publish("r", "r", { retain: true })),
      send("bob", publish("r", "", { retain: true })),
      expect("ann", publish("r", "")),
      send("ann", subscribe(2, ["r", 0])),
      expect("ann", suback(2, 0)),
    ],
  },
  {
    name: "a QoS 2 message is retained when it is released",
    script: [
      connected("ann", "bob"),
      send("bob", publish2("r", "x", 1, { retain: true })),
      expect("bob", pubrec(1)),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0)),
      send("bob", pubrel(1)),
      expect("bob", pubcomp(1)),
      expect("ann", publish("r", "x")),
      send("ann", subscribe(2, ["r", 0])),
      expect("ann", suback(2, 0), publish("r", "x", { retain: true })),
    ],
  },
  {
    name: "a message is retained when its publisher is gone",
    script: [
      retained("r"),
      hangUp("bob"),
      advance(100_000),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0), publish("r", "r", { retain: true })),
    ],
  },
  {
    name: "a retained message expires, and says how long it has left",
    ids: ["MQTT-3.3.2-5", "MQTT-3.3.2-6"],
    versions: [5],
    script: [
      connected("bob"),
      send("bob", publish("r", "x", { retain: true, expiry: 10 })),
      advance(4_000),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0), publish("r", "x", { retain: true, expiry: 6 })),
      advance(6_000),
      send("ann", subscribe(2, ["r", 0])),
      expect("ann", suback(2, 0)),
    ],
  },
  {
    name: "a retained message that has expired leaves the store by itself",
    ids: ["MQTT-3.3.2-5"],
    versions: [5],
    script: [
      connected("bob"),
      send("bob", publish("r", "x", { retain: true, expiry: 10 })),
      advance(10_200),
      check("nothing is retained", ({ broker }) => {
        if (broker.counts.retained !== 0) throw new Error("something is");
      }),
    ],
  },
  {
    name: "a retained message that replaces one with expiry does not expire",
    versions: [5],
    script: [
      connected("bob"),
      send(
        "bob",
        publish("r", "x", { retain: true, expiry: 5 }),
        publish("r", "y", { retain: true }),
      ),
      advance(10_000),
      connected("ann"),
      send("ann", subscribe(1, ["r", 0])),
      expect("ann", suback(1, 0), publish("r", "y", { retain: true })),
    ],
  },
  {
    name:
      "there are no more retained messages than maximumRetainedMessages, but an old one may change",
    ids: ["MQTT-3.3.1-5"],
    broker: { limits: { maximumRetainedMessages: 1 } },
    script: [
      retained("r"),
      send(
        "bob",
        publish("s", "x", { id: 1, retain: true }),
        publish2("s", "x", 2, { retain: true }),
        publish("r", "new", { id: 3, retain: true }),
      ),
      expect("bob", puback(1, 0x97), pubrec(2, 0x97), puback(3, 0x10)),
      connected("ann"),
      send("ann", subscribe(1, ["#", 0])),
      expect("ann", suback(1, 0), publish("r", "new", { retain: true })),
    ],
  },
];

testSequences("Retained", SEQUENCES);
