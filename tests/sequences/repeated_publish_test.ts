// PUBLISHes to one Topic Name in one read. The broker has a short way for them (publish_memory.ts); here
// is whatever may come in between and must not be overlooked.

import { connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  disconnect,
  either,
  puback,
  publish,
  resume,
  suback,
  subscribe,
  subscribeWith,
  unsuback,
  unsubscribe,
} from "../support/sequence_packets.ts";
import type { What } from "../support/sequence_packets.ts";

const X = publish("a", "x");
const Y = publish("a", "y");

/** "ann" and "eve" subscribe to "a"; "bob" has published there three times. */
const BOB_REPEATS: Step[] = [
  ...connected("ann", "eve", "bob"),
  ...["ann", "eve"].flatMap((name) => [
    send(name, subscribe(1, ["a", 1])),
    expect(name, suback(1, 1)),
  ]),
  send("bob", X, X, X),
  expect("ann", X, X, X),
  expect("eve", X, X, X),
];

/** `packet` of "bob" among others to the same Topic Name comes to "ann" and "eve" as `delivered`. */
function between(
  what: string,
  packet: What,
  delivered: What,
  versions: Sequence["versions"],
): Sequence {
  return {
    name: `${what} goes the whole way`,
    versions: versions ?? [4, 5],
    script: [
      BOB_REPEATS,
      send("bob", X, X, packet, Y, Y),
      expect("ann", X, X, delivered, Y, Y),
      expect("eve", X, X, delivered, Y, Y),
    ],
  };
}

/** `packet` of "bob" ends his connection; what came before it counts. */
function breaks(
  what: string,
  packet: What,
  reasonCode: number,
  versions: Sequence["versions"],
): Sequence {
  return {
    name: `${what} ends the connection`,
    versions: versions ?? [4, 5],
    script: [
      BOB_REPEATS,
      send("bob", X, X, packet, Y),
      ended("bob", reasonCode),
      expect("ann", X, X),
      expect("eve", X, X),
    ],
  };
}

const SEQUENCES: Sequence[] = [
  between("an empty payload", publish("a", ""), publish("a", ""), undefined),
  between(
    "a payload of 125 bytes",
    publish("a", "z".repeat(125)),
    publish("a", "z".repeat(125)),
    undefined,
  ),
  {
    ...between(
      "a payload of 20,000 bytes",
      publish("a", "z".repeat(20_000)),
      publish("a", "z".repeat(20_000)),
      undefined,
    ),
    onlyWhole: true,
  },
  between("a retained one", publish("a", "z", { retain: true }), publish("a", "z"), undefined),
  between(
    "one with Properties",
    publish("a", "z", { properties: { contentType: "t" } }),
    publish("a", "z", { properties: { contentType: "t" } }),
    [5],
  ),
  between(
    "one with Message Expiry Interval",
    publish("a", "z", { expiry: 9 }),
    publish("a", "z", { expiry: 9 }),
    [5],
  ),
  between("one that sets a Topic Alias", publish("a", "z", { alias: 1 }), publish("a", "z"), [5]),
  breaks("DUP with QoS 0", either("38 05 ('a') 00 78", "38 04 ('a') 78"), 0x81, undefined),
  breaks(
    "a Remaining Length that is longer than it must be",
    either("30 8500 ('a') 00 78", "30 8400 ('a') 78"),
    0x81,
    undefined,
  ),
  breaks("a Subscription Identifier", publish("a", "x", { identifiers: [1] }), 0x82, [5]),
  breaks("a Topic Name with a wildcard", publish("#", "x"), 0x81, undefined),
  breaks("a Remaining Length that is shorter than the Topic Name", "30 02 0001", 0x81, undefined),
  breaks("QoS 3", either("36 07 ('a') 0001 00 78", "36 06 ('a') 0001 78"), 0x81, undefined),
  {
    name: "one above the broker's Maximum Packet Size ends the connection",
    ids: ["MQTT-3.2.2-15"],
    broker: { limits: { maximumPacketSize: 60 } },
    script: [
      send("bob", connect("bob"), X, X, X),
      expect("bob", either("20 0e 00 00 0b 22 000a 27 0000003c 21 0014", "20 02 00 00")),
      send("bob", X, publish("a", "z".repeat(100))),
      ended("bob", 0x95),
    ],
  },
  {
    name: "one above a receiver's Maximum Packet Size does not come to it",
    ids: ["MQTT-3.1.2-24"],
    versions: [5],
    script: [
      BOB_REPEATS,
      send("zoe", connect("zoe", { properties: { maximumPacketSize: 16 } })),
      expect("zoe", connack),
      send("zoe", subscribe(1, ["a", 0])),
      expect("zoe", suback(1, 0)),
      send("bob", X, X, publish("a", "too large"), publish("a", "too large for zoe"), Y),
      ...["ann", "eve"].map((name) =>
        expect(name, X, X, publish("a", "too large"), publish("a", "too large for zoe"), Y)
      ),
      expect("zoe", X, X, publish("a", "too large"), Y),
    ],
  },
  {
    name: "Subscriptions that come and go in between count",
    ids: ["MQTT-3.10.4-2"],
    script: [
      connected("bob"),
      send("bob", X, X, X, subscribe(1, ["a", 0]), X, X, X, unsubscribe(2, "a"), X, X),
      expect("bob", suback(1, 0), X, X, X, unsuback(2, 0)),
    ],
  },
  {
    name: "a Subscription that is replaced with an identifier, and with No Local, counts",
    ids: ["MQTT-3.8.4-3", "MQTT-3.8.3-3"],
    versions: [5],
    script: [
      connected("bob"),
      send("bob", subscribe(1, ["a", 0]), X, X, X),
      expect("bob", suback(1, 0), X, X, X),
      send("bob", subscribeWith(2, { subscriptionIdentifiers: [7] }, ["a", 0]), X, X),
      expect(
        "bob",
        suback(2, 0),
        publish("a", "x", { identifiers: [7] }),
        publish("a", "x", { identifiers: [7] }),
      ),
      send("bob", subscribe(3, ["a", 0, { noLocal: true }]), X, X),
      expect("bob", suback(3, 0)),
    ],
  },
  {
    name: "receivers of other versions get their own form",
    versions: [5],
    clients: { old: 4 },
    script: [
      BOB_REPEATS,
      connected("old"),
      send("old", subscribe(1, ["a", 0])),
      expect("old", suback(1, 0)),
      send("bob", X, X, X),
      expect("ann", X, X, X),
      expect("eve", X, X, X),
      expect("old", X, X, X),
    ],
  },
  {
    name: "receivers with Topic Aliases get them",
    versions: [5],
    script: [
      BOB_REPEATS,
      send("zoe", connect("zoe", { properties: { topicAliasMaximum: 1 } }), subscribe(1, ["a", 0])),
      expect("zoe", connack, suback(1, 0)),
      send("bob", X, X, X),
      expect("ann", X, X, X),
      expect("eve", X, X, X),
      expect(
        "zoe",
        publish("a", "x", { alias: 1 }),
        ...[0, 0].map(() => publish("", "x", { alias: 1 })),
      ),
    ],
  },
  {
    name: "a receiver that leaves, and one that comes back, count",
    script: [
      send("ann", resume("ann"), subscribe(1, ["a", 1])),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", X, X, X),
      expect("ann", X, X, X),
      hangUp("ann"),
      send("bob", X, X, X),
      send("ann", resume("ann")),
      expect("ann", either("20 0e 01 00 0b 22 000a 27 001e8480 21 0014", "20 02 01 00")),
      send("bob", Y, Y),
      expect("ann", Y, Y),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect("ann again", either("20 0e 01 00 0b 22 000a 27 001e8480 21 0014", "20 02 01 00")),
      send("bob", X, X),
      expect("ann again", X, X),
    ],
  },
  {
    name: "members of a Shared Subscription go on taking turns",
    script: [
      connected("ann", "eve", "bob"),
      ...["ann", "eve"].flatMap((name) => [
        send(name, subscribe(1, ["$share/g/a", 0])),
        expect(name, suback(1, 0)),
      ]),
      send("bob", X, X, X, X),
      expect("ann", X, X),
      expect("eve", X, X),
    ],
  },
  {
    name: "QoS 1 and a DISCONNECT in between keep their order",
    script: [
      BOB_REPEATS,
      send("bob", X, X, publish("a", "1", { id: 1 }), Y, disconnect(), Y),
      expect("bob", puback(1)),
      ended("bob"),
      expect("ann", X, X, publish("a", "1", { id: 1 }), Y),
      expect("eve", X, X, publish("a", "1", { id: 1 }), Y),
    ],
  },
];

testSequences("Repeated PUBLISH", SEQUENCES);
