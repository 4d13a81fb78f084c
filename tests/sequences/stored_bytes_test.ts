// maximumStoredBytes: what the broker keeps of messages, for all Sessions together.

import assert from "node:assert/strict";
import { advance, check, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
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
  will,
} from "../support/sequence_packets.ts";

const KIB = "x".repeat(1024);
/** What a message of {@link KIB} counts for under a Topic Name of one character; and each further place of it. */
const [SIZE, PLACE] = [1_225, 200];
const LIMITS = { limits: { maximumStoredBytes: 2 * SIZE + PLACE } };

/** A Client that has subscribed to `topicFilter` with QoS 1, and has gone. */
function away(name: string, topicFilter: string): Step[] {
  return [
    send(name, resume(name)),
    expect(name, connack),
    send(name, subscribe(1, [topicFilter, 1])),
    expect(name, suback(1, 1)),
    hangUp(name),
  ];
}

/** "bob" publishes `payload` with QoS 1 to each of `topics`, and somebody has subscribed to it. */
function published(payload: string, ...topics: string[]): Step[] {
  return [
    send("bob", ...topics.map((topic, i) => publish(topic, payload, { id: i + 1 }))),
    expect("bob", ...topics.map((_, i) => puback(i + 1))),
  ];
}

function stores(bytes: number, dropped: number): Step {
  return check(`${bytes} bytes are stored, and ${dropped} messages were dropped`, ({ broker }) => {
    assert.equal(broker.messageBytes.stored, bytes);
    assert.equal(broker.statistics.publishDropped, dropped);
  });
}

function says(text: string): Step {
  return check(`the log says: ${text}`, ({ log }) => {
    assert.equal(log.filter((line) => line.text === text).length, 1);
  });
}

const SEQUENCES: Sequence[] = [
  {
    name:
      "messages for absent Clients are bounded for all of them together, and go on to who is there",
    broker: LIMITS,
    script: [
      away("ann", "a"),
      away("eve", "b"),
      connected("bob", "joe"),
      send("joe", subscribe(1, ["#", 1])),
      expect("joe", suback(1, 1)),
      published(KIB, "a", "b", "a"),
      stores(2 * SIZE, 1),
      says("Outgoing messages are being dropped for client ann: maximumStoredBytes reached."),
      expect("joe", ...["a", "b", "a"].map((topic, i) => publish(topic, KIB, { id: i + 1 }))),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish("a", KIB, { id: 1 })),
      stores(SIZE, 1), // what is under way does not wait
      published(KIB, "b"),
      stores(2 * SIZE, 1),
      expect("joe", publish("b", KIB, { id: 4 })),
    ],
  },
  {
    name: "a message that waits for several Sessions is in memory once",
    broker: LIMITS,
    script: [
      ...["ann", "eve", "joe"].map((name) => away(name, "a")),
      connected("bob"),
      published(KIB, "a"),
      stores(SIZE + 2 * PLACE, 0),
      send("ann", connect("ann")),
      expect("ann", connack),
      stores(SIZE + PLACE, 0),
      send("eve", resume("eve")),
      expect("eve", connackSessionPresent, publish("a", KIB, { id: 1 })),
      stores(SIZE, 0),
      send("joe", resume("joe")),
      expect("joe", connackSessionPresent, publish("a", KIB, { id: 1 })),
      stores(0, 0),
    ],
  },
  {
    name:
      "no further message is retained, but one in place of another that is not smaller, or its removal",
    broker: LIMITS,
    script: [
      connected("bob"),
      send(
        "bob",
        ...["a", "b", "c"].map((topic, i) => publish(topic, KIB, { id: i + 1, retain: true })),
      ),
      expect("bob", puback(1, 0x10), puback(2, 0x10), puback(3, 0x97)),
      says("Retained messages of client bob are being refused: maximumStoredBytes reached."),
      stores(2 * SIZE, 0),
      send(
        "bob",
        publish2("c", KIB, 4, { retain: true }),
        publish("a", `${KIB}${KIB}`, { id: 5, retain: true }),
        publish("a", KIB.toUpperCase(), { id: 6, retain: true }),
        publish("b", "", { id: 7, retain: true }),
        publish("c", KIB, { id: 8, retain: true }),
      ),
      expect(
        "bob",
        pubrec(4, 0x97),
        puback(5, 0x97),
        puback(6, 0x10),
        puback(7, 0x10),
        puback(8, 0x10),
      ),
      stores(2 * SIZE, 0),
      connected("ann"),
      send("ann", subscribe(1, ["#", 0])),
      expect(
        "ann",
        suback(1, 0),
        publish("a", KIB.toUpperCase(), { retain: true }),
        publish("c", KIB, { retain: true }),
      ),
    ],
  },
  {
    name: "a QoS 2 message that finds no room until its PUBREL ends the connection with 0x97",
    broker: LIMITS,
    script: [
      send("ann", resume("ann")),
      expect("ann", connack),
      connected("bob"),
      send("ann", publish2("a", KIB, 1)),
      expect("ann", pubrec(1)),
      send("bob", publish2("b", KIB, 1)),
      expect("bob", pubrec(1)),
      stores(2 * SIZE, 0),
      send("bob", publish2("b", KIB, 2)),
      ended("bob", 0x97), // and its Session with it
      stores(SIZE, 0),
      hangUp("ann"),
      stores(SIZE, 0),
      send("ann", resume("ann"), pubrel(1)),
      expect("ann", connackSessionPresent, pubcomp(1)),
      stores(0, 0),
    ],
  },
  {
    name: "a message that is released finds the room that it had while it was held",
    broker: LIMITS,
    script: [
      away("ann", "#"),
      connected("bob"),
      send("bob", publish2("a", KIB, 1), publish2("b", KIB, 2)),
      expect("bob", pubrec(1), pubrec(2)),
      send("bob", pubrel(1), pubrel(2)),
      expect("bob", pubcomp(1), pubcomp(2)),
      stores(2 * SIZE, 0),
    ],
  },
  {
    name: "a Will Message is not retained where nothing more is, and the log says so",
    broker: LIMITS,
    script: [
      connected("bob"),
      send("bob", ...["a", "b"].map((topic) => publish(topic, KIB, { retain: true }))),
      send("ann", connect("ann", { will: will("w", { payload: KIB, retain: true }) })),
      expect("ann", connack),
      hangUp("ann"),
      stores(2 * SIZE, 0),
      says("Retained messages of client ann are being refused: maximumStoredBytes reached."),
    ],
  },
  {
    name: "what a Session had waiting is stored no longer when it ends",
    versions: [5],
    broker: { limits: { maximumInflightMessages: 1 } },
    script: [
      send("ann", resume("ann", { expiry: 10 })),
      expect("ann", connack),
      send("ann", subscribe(1, ["a", 1]), publish2("b", KIB, 2)),
      expect("ann", suback(1, 1), pubrec(2)),
      connected("bob"),
      published(KIB, "a", "a", "a"),
      expect("ann", publish("a", KIB, { id: 1 })),
      stores(3 * SIZE, 0), // one is under way
      hangUp("ann"),
      stores(4 * SIZE, 0), // and waits for the next connection now
      advance(10_200),
      stores(0, 0),
    ],
  },
  {
    name: "what has expired, or is not for its Client any more, is stored no longer",
    versions: [5],
    broker: { limits: { maximumInflightMessages: 1 } },
    script: [
      away("ann", "a"),
      connected("bob"),
      send(
        "bob",
        publish("a", KIB, { id: 1, expiry: 5 }),
        publish("b", KIB, { retain: true, expiry: 5 }),
      ),
      expect("bob", puback(1)),
      stores(2 * SIZE, 0),
      advance(6_000),
      stores(SIZE, 0),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
      stores(0, 1),
    ],
  },
  {
    name:
      "messages of a Shared Subscription that another member takes are stored once, those nobody takes not at all",
    versions: [5],
    broker: { limits: { maximumInflightMessages: 1 } },
    script: [
      connected("ann", "eve", "bob"),
      ...["ann", "eve"].flatMap((name) => [
        send(name, subscribe(1, ["$share/g/a", 1])),
        expect(name, suback(1, 1)),
      ]),
      published(KIB, "a", "a", "a", "a"),
      expect("ann", publish("a", KIB, { id: 1 })),
      expect("eve", publish("a", KIB, { id: 1 })),
      stores(2 * SIZE, 0),
      hangUp("ann"), // one was under way to it, one waited; as now for "eve"
      stores(3 * SIZE, 0),
      hangUp("eve"),
      stores(0, 4),
    ],
  },
];

testSequences("Stored bytes", SEQUENCES);
