// What becomes of the messages of a Shared Subscription when a member leaves (MQTT 5.0, section 4.8.2).

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  disconnect,
  puback,
  pubcomp,
  publish,
  publish2,
  pubrec,
  pubrel,
  resume,
  suback,
  subscribe,
  unsuback,
  unsubscribe,
} from "../support/sequence_packets.ts";

/** `names` have Sessions that outlive their connections, and share "jobs" with QoS 2; "bob" publishes. */
function workers(names: readonly string[], receiveMaximum = 20): Step[] {
  return [
    ...connected("bob"),
    ...names.flatMap((name) => [
      send(
        name,
        resume(name, { properties: { receiveMaximum } }),
        subscribe(1, ["$share/g/jobs", 2]),
      ),
      expect(name, connack, suback(1, 2)),
    ]),
  ];
}

/** "bob" publishes a job with QoS 1. */
function job(payload: string): Step[] {
  return [send("bob", publish("jobs", payload, { id: 1 })), expect("bob", puback(1))];
}

const SEQUENCES: Sequence[] = [
  {
    name: "members that are away are passed over while another is there",
    script: [
      workers(["ann", "eve"]),
      hangUp("ann"),
      job("1"),
      expect("eve", publish("jobs", "1", { id: 1 })),
      job("2"),
      expect("eve", publish("jobs", "2", { id: 2 })),
    ],
  },
  {
    name: "when all members are away the message waits for one of them",
    script: [
      workers(["ann"]),
      hangUp("ann"),
      job("1"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish("jobs", "1", { id: 1 })),
    ],
  },
  {
    name: "QoS 1 messages that a member did not acknowledge go to another when it leaves",
    script: [
      workers(["ann", "eve"]),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      job("2"),
      expect("eve", publish("jobs", "2", { id: 1 })),
      hangUp("ann"),
      expect("eve", publish("jobs", "1", { id: 2 })),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
    ],
  },
  {
    name: "messages that wait for a member go to another when it leaves, in their order",
    versions: [5],
    script: [
      workers(["ann"], 1),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      job("2"),
      job("3"),
      connected("eve"),
      send("eve", subscribe(1, ["$share/g/jobs", 1])),
      expect("eve", suback(1, 1)),
      hangUp("ann"),
      expect(
        "eve",
        publish("jobs", "1", { id: 1 }),
        publish("jobs", "2", { id: 2 }),
        publish("jobs", "3", { id: 3 }),
      ),
    ],
  },
  {
    name: "they stay with a member that nobody can stand in for",
    script: [
      workers(["ann", "eve"]),
      hangUp("eve"),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish("jobs", "1", { id: 1, dup: true })),
    ],
  },
  {
    name: "they go to another when the Session of the member ends",
    versions: [5],
    script: [
      workers(["eve"]),
      hangUp("eve"),
      send("ann", resume("ann", { expiry: 5 }), subscribe(1, ["$share/g/jobs", 1])),
      expect("ann", connack, suback(1, 1)),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      hangUp("ann"),
      advance(5_100),
      send("eve", resume("eve")),
      expect("eve", connackSessionPresent, publish("jobs", "1", { id: 1 })),
    ],
  },
  {
    name: "a QoS 2 exchange that has begun is completed with its member",
    ids: ["MQTT-4.8.2-4"],
    script: [
      workers(["ann", "eve"]),
      send("bob", publish2("jobs", "1", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("jobs", "1", 1)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, publish2("jobs", "1", 1, { dup: true })),
      send("ann", pubrec(1)),
      expect("ann", pubrel(1)),
      hangUp("ann"),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent, pubrel(1)),
    ],
  },
  {
    name: "a QoS 2 message whose member's Session ends goes to nobody else",
    ids: ["MQTT-4.8.2-5"],
    versions: [5],
    script: [
      workers(["ann", "eve"]),
      send("bob", publish2("jobs", "1", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("jobs", "1", 1)),
      send("ann", disconnect(0, { sessionExpiryInterval: 0 })),
      ended("ann"),
      advance(1_000),
    ],
  },
  {
    name: "a message that a member refuses goes to nobody else",
    ids: ["MQTT-4.8.2-6"],
    versions: [5],
    script: [
      workers(["ann", "eve"]),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      send("ann", puback(1, 0x80)),
      hangUp("ann"),
      send("bob", publish2("jobs", "2", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("eve", publish2("jobs", "2", 1)),
      send("eve", pubrec(1, 0x97)),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
      hangUp("eve"),
    ],
  },
  {
    name: "a member that unsubscribes gets no more",
    script: [
      workers(["ann", "eve"]),
      send("ann", unsubscribe(2, "$share/h/jobs", "$share/g/jobs", "jobs")),
      expect("ann", unsuback(2, 0x11, 0, 0x11)),
      send("bob", publish("jobs", "1"), publish("jobs", "2")),
      expect("eve", publish("jobs", "1"), publish("jobs", "2")),
      send("eve", unsubscribe(2, "$share/g/jobs")),
      expect("eve", unsuback(2, 0)),
      send("bob", publish("jobs", "3", { id: 1 })),
      expect("bob", puback(1, 0x10)),
    ],
  },
];

testSequences("Shared Subscription", SEQUENCES);
