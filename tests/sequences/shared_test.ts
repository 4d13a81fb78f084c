// Shared Subscriptions (MQTT 5.0, section 4.8.2); midge takes them in MQTT 3.1.1 as well.

import { connected, ended, expect, hangUp, send } from "../support/sequence.ts";
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
    name: "each message goes to one member, in turn",
    script: [
      workers(["ann", "eve"]),
      send("bob", publish("jobs", "1"), publish("jobs", "2"), publish("jobs", "3")),
      expect("ann", publish("jobs", "1"), publish("jobs", "3")),
      expect("eve", publish("jobs", "2")),
    ],
  },
  {
    name: "each group, and each ordinary Subscription, gets its own copy",
    script: [
      connected("ann", "eve", "bob"),
      send("ann", subscribe(1, ["$share/g/jobs", 0], ["jobs", 0], ["$share/h/+", 0])),
      expect("ann", suback(1, 0, 0, 0)),
      send("eve", subscribe(1, ["$share/g/jobs", 0])),
      expect("eve", suback(1, 0)),
      send("bob", publish("jobs", "1")),
      expect("ann", publish("jobs", "1"), publish("jobs", "1"), publish("jobs", "1")),
      send("bob", publish("jobs", "2")),
      expect("ann", publish("jobs", "2"), publish("jobs", "2")),
      expect("eve", publish("jobs", "2")),
    ],
  },
  {
    name: "each member gets the QoS that it was granted, and its Subscription Identifier",
    ids: ["MQTT-4.8.2-3", "MQTT-3.3.4-3"],
    versions: [5],
    script: [
      connected("ann", "eve", "bob"),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [1] }, ["$share/g/jobs", 1])),
      expect("ann", suback(1, 1)),
      send("eve", subscribeWith(1, { subscriptionIdentifiers: [2] }, ["$share/g/jobs", 0])),
      expect("eve", suback(1, 0)),
      send("bob", publish("jobs", "1", { id: 1 }), publish("jobs", "2", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("jobs", "1", { id: 1, identifiers: [1] })),
      expect("eve", publish("jobs", "2", { identifiers: [2] })),
    ],
  },
  {
    name: "members whose window is full are passed over while another has room",
    versions: [5],
    script: [
      workers(["ann", "eve"], 1),
      job("1"),
      expect("ann", publish("jobs", "1", { id: 1 })),
      job("2"),
      expect("eve", publish("jobs", "2", { id: 1 })),
      send("eve", puback(1)),
      job("3"),
      expect("eve", publish("jobs", "3", { id: 2 })),
      job("4"),
      send("eve", puback(2)),
      send("ann", puback(1)),
      expect("ann", publish("jobs", "4", { id: 2 })),
    ],
  },
  {
    name: "a member that subscribes again stays one member",
    script: [
      workers(["ann", "eve"]),
      send("ann", subscribe(2, ["$share/g/jobs", 0])),
      expect("ann", suback(2, 0)),
      send("bob", publish("jobs", "1"), publish("jobs", "2"), publish("jobs", "3")),
      expect("ann", publish("jobs", "1"), publish("jobs", "3")),
      expect("eve", publish("jobs", "2")),
    ],
  },
  {
    name: "a member that may not receive the message is passed over",
    broker: {
      authorizer: {
        mayPublish: () => true,
        mayReceive: ({ clientId }) => clientId !== "ann",
        maySubscribe: () => true,
      },
    },
    script: [
      workers(["ann", "eve"]),
      send("bob", publish("jobs", "1"), publish("jobs", "2")),
      expect("eve", publish("jobs", "1"), publish("jobs", "2")),
    ],
  },
  {
    name: "a message that is too large for a member does not stop the group",
    versions: [5],
    script: [
      connected("bob"),
      send("ann", connect("ann", { properties: { maximumPacketSize: 16 } })),
      expect("ann", connack),
      send("ann", subscribe(1, ["$share/g/jobs", 1])),
      expect("ann", suback(1, 1)),
      job("too large for ann"),
      job("ok"),
      expect("ann", publish("jobs", "ok", { id: 2 })),
    ],
  },
  {
    name: "a Will goes to one member too",
    script: [
      workers(["ann", "eve"]),
      send(
        "zoe",
        either(
          "10 [ ('MQTT') 05 06 0000 [] ('zoe') [] ('jobs') ('w') ]",
          "10 [ ('MQTT') 04 06 0000 ('zoe') ('jobs') ('w') ]",
        ),
      ),
      expect("zoe", connack),
      hangUp("zoe"),
      expect("ann", publish("jobs", "w")),
    ],
  },
  {
    name: "No Local on a Shared Subscription is a Protocol Error, and nothing is subscribed",
    ids: ["MQTT-3.8.3-4"],
    versions: [5],
    script: [
      connected("bob"),
      send("ann", resume("ann"), subscribe(1, ["a", 0], ["$share/g/jobs", 0, { noLocal: true }])),
      expect("ann", connack, "e0 01 82"),
      ended("ann"),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1, 0x10)),
    ],
  },
  ...["$share", "$share/", "$share/g", "$share/g/", "$share/+/a", "$share//a"].map((filter) => ({
    name: `"${filter}" is no Shared Subscription and nothing else`,
    ids: ["MQTT-4.8.2-1", "MQTT-4.8.2-2"],
    script: [connected("ann"), send("ann", subscribe(1, [filter, 0])), ended("ann", 0x82)],
  })),
  {
    name: "a name that begins like $share is an ordinary one",
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["$shared/a", 0])),
      expect("ann", suback(1, 0)),
    ],
  },
];

testSequences("Shared Subscription", SEQUENCES);
