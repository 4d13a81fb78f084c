// SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0, sections 3.8 to 3.11, 3.3.4, 4.7).

import { connected, ended, expect, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  either,
  type Filter,
  puback,
  pubcomp,
  publish,
  publish2,
  pubrec,
  pubrel,
  suback,
  subscribe,
  subscribeWith,
  unsuback,
  unsubscribe,
} from "../support/sequence_packets.ts";

/** Which of `names` come to a Client that subscribes to `filter`. */
function matches(filter: string, names: readonly string[], others: readonly string[]): Sequence {
  return {
    name: `"${filter}" matches ${names.join(", ") || "nothing"}, and not ${others.join(", ")}`,
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, [filter, 0])),
      expect("ann", suback(1, 0)),
      send("bob", ...[...others, ...names].map((name) => publish(name, "x"))),
      expect("ann", ...names.map((name) => publish(name, "x"))),
    ],
  };
}

/** A SUBSCRIBE that breaks the protocol: the connection ends, and nothing is subscribed. */
function refuses(what: string, v5: string, reasonCode: number, v3?: string): Sequence {
  return {
    name: `${what} ends the connection`,
    versions: v3 === undefined ? [5] : [4, 5],
    script: [connected("ann"), send("ann", either(v5, v3 ?? v5)), ended("ann", reasonCode)],
  };
}

const OPTIONS: Filter = ["a", 1];

const SEQUENCES: Sequence[] = [
  {
    name: "a SUBACK has the Packet Identifier and a Reason Code for each filter, in order",
    ids: ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.9.3-1"],
    versions: [3, 4, 5],
    script: [
      connected("ann"),
      send("ann", subscribe(0x1234, ["a", 2], ["b/+", 0], ["#", 1])),
      expect("ann", suback(0x1234, 2, 0, 1)),
    ],
  },
  {
    name: "overlapping Subscriptions give one message with the highest QoS",
    ids: ["MQTT-3.3.4-2"],
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a/#", 1], ["a/b", 0], ["+/b", 2])),
      expect("ann", suback(1, 1, 0, 2)),
      send("bob", publish2("a/b", "x", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("a/b", "x", 1)),
    ],
  },
  {
    name: "the one message has the identifiers of all Subscriptions that have one",
    ids: ["MQTT-3.3.4-3", "MQTT-3.3.4-4"],
    versions: [5],
    script: [
      connected("ann", "bob"),
      send(
        "ann",
        subscribeWith(1, { subscriptionIdentifiers: [1] }, ["a/b", 0]),
        subscribe(2, ["+/b", 0]),
        subscribeWith(3, { subscriptionIdentifiers: [268_435_455] }, ["a/#", 1]),
      ),
      expect("ann", suback(1, 0), suback(2, 0), suback(3, 1)),
      send("bob", publish("a/b", "x", { id: 1 }), publish("z/b", "y")),
      expect("bob", puback(1)),
      expect(
        "ann",
        publish("a/b", "x", { id: 1, identifiers: [1, 268_435_455] }),
        publish("z/b", "y"),
      ),
    ],
  },
  {
    name: "a Subscription with the same filter is replaced: QoS, options and identifier",
    ids: ["MQTT-3.8.4-3"],
    versions: [5],
    script: [
      connected("ann", "bob"),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [1] }, ["a", 2])),
      expect("ann", suback(1, 2)),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "x", { id: 1, identifiers: [1] })),
      send("ann", subscribeWith(2, { subscriptionIdentifiers: [2] }, ["a", 0])),
      expect("ann", suback(2, 0)),
      send("bob", publish("a", "y", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "y", { identifiers: [2] })),
      send("ann", subscribe(3, ["a", 0, { noLocal: true }])),
      expect("ann", suback(3, 0)),
      send("ann", publish("a", "mine", { id: 9 })),
      expect("ann", puback(9)),
      send("bob", publish("a", "z", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "z")),
    ],
  },
  {
    name: "messages under way are not lost when their Subscription is replaced",
    ids: ["MQTT-3.8.4-4"],
    versions: [5],
    script: [
      send("ann", connect("ann", { properties: { receiveMaximum: 1 } }), subscribe(1, OPTIONS)),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", publish("a", "1", { id: 1 }), publish("a", "2", { id: 2 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("a", "1", { id: 1 })),
      send("ann", subscribe(2, ["a", 0])),
      expect("ann", suback(2, 0)),
      send("ann", puback(1)),
      expect("ann", publish("a", "2", { id: 2 })),
    ],
  },
  {
    name: "No Local keeps a Client's own messages from it",
    ids: ["MQTT-3.8.3-3"],
    versions: [5],
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 1, { noLocal: true }])),
      expect("ann", suback(1, 1)),
      send("ann", publish("a", "mine", { id: 1 })),
      expect("ann", puback(1)),
      send("bob", publish("a", "his", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "his", { id: 1 })),
    ],
  },
  {
    name: "another Subscription without No Local gets them nevertheless",
    ids: ["MQTT-3.8.3-3"],
    versions: [5],
    script: [
      connected("ann"),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [1] }, ["a", 2, { noLocal: true }])),
      expect("ann", suback(1, 2)),
      send("ann", subscribeWith(2, { subscriptionIdentifiers: [2] }, ["#", 0])),
      expect("ann", suback(2, 0)),
      send("ann", publish("a", "mine", { id: 1 })),
      expect("ann", publish("a", "mine", { identifiers: [2] }), puback(1)),
    ],
  },
  {
    name: "an UNSUBACK says which Subscriptions there were, and no more messages come for them",
    ids: ["MQTT-3.10.4-1", "MQTT-3.10.4-2", "MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.11.3-1"],
    versions: [3, 4, 5],
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 0], ["b", 0])),
      expect("ann", suback(1, 0, 0)),
      send("ann", unsubscribe(2, "c", "a", "a", "B")),
      expect("ann", unsuback(2, 0x11, 0x00, 0x11, 0x11)),
      send("bob", publish("a", "x"), publish("b", "y")),
      expect("ann", publish("b", "y")),
    ],
  },
  {
    name: "an UNSUBSCRIBE compares filters and does not match them",
    ids: ["MQTT-3.10.4-1"],
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a/b", 0])),
      expect("ann", suback(1, 0)),
      send("ann", unsubscribe(2, "a/#", "#", "a/+")),
      expect("ann", unsuback(2, 0x11, 0x11, 0x11)),
      send("bob", publish("a/b", "x")),
      expect("ann", publish("a/b", "x")),
    ],
  },
  {
    name: "what was sent before an UNSUBSCRIBE is completed",
    ids: ["MQTT-3.10.4-3"],
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 2])),
      expect("ann", suback(1, 2)),
      send("bob", publish2("a", "x", 1), pubrel(1)),
      expect("bob", pubrec(1), pubcomp(1)),
      expect("ann", publish2("a", "x", 1)),
      send("ann", unsubscribe(2, "a"), pubrec(1)),
      expect("ann", unsuback(2, 0), pubrel(1)),
      send("ann", pubcomp(1)),
    ],
  },
  matches("a/b", ["a/b"], ["a", "a/b/", "/a/b", "A/b", "a/b/c"]),
  matches("a/+", ["a/b", "a/"], ["a", "a/b/c"]),
  matches("a/#", ["a", "a/", "a/b", "a/b/c"], ["ab", "b/a"]),
  matches("+/+", ["/a", "a/b", "/"], ["a", "a/b/c"]),
  matches("+", ["a"], ["/a", "a/b", "$a"]),
  matches("#", ["a", "/", "a/b/c"], ["$a", "$a/b"]),
  matches("/+", ["/a", "/"], ["a", "a/b", "$a/b"]),
  matches("+/b/#", ["a/b", "a/b/c"], ["$a/b", "a"]),
  matches("$a/#", ["$a", "$a/b"], ["a", "$b/a"]),
  matches("$a/+", ["$a/b"], ["$a", "$a/b/c"]),
  matches("é/☃/+", ["é/☃/𝄞"], ["e/☃/x"]),
  refuses(
    "a wildcard that is not alone in its level",
    "82 [ 0001 00 ('a+') 00 ]",
    0x81,
    "82 [ 0001 ('a+') 00 ]",
  ),
  refuses('"#" that is not last', "82 [ 0001 00 ('a/#/b') 00 ]", 0x81, "82 [ 0001 ('a/#/b') 00 ]"),
  refuses("an empty Topic Filter", "82 [ 0001 00 () 00 ]", 0x81, "82 [ 0001 () 00 ]"),
  refuses("a SUBSCRIBE without a filter", "82 [ 0001 00 ]", 0x82, "82 [ 0001 ]"),
  refuses("an UNSUBSCRIBE without a filter", "a2 [ 0001 00 ]", 0x82, "a2 [ 0001 ]"),
  refuses("Packet Identifier 0", "82 [ 0000 00 ('a') 00 ]", 0x81, "82 [ 0000 ('a') 00 ]"),
  refuses("QoS 3", "82 [ 0001 00 ('a') 03 ]", 0x82, "82 [ 0001 ('a') 03 ]"),
  refuses(
    "a reserved Subscription Option",
    "82 [ 0001 00 ('a') 40 ]",
    0x81,
    "82 [ 0001 ('a') 04 ]",
  ),
  refuses("Retain Handling 3", "82 [ 0001 00 ('a') 30 ]", 0x82),
  refuses("Subscription Identifier 0", "82 [ 0001 [ 0b 00 ] ('a') 00 ]", 0x82),
  refuses("a second Subscription Identifier", "82 [ 0001 [ 0b 01 0b 02 ] ('a') 00 ]", 0x82),
  {
    name:
      "a filter that breaks the protocol keeps the others of its SUBSCRIBE from being subscribed",
    script: [
      connected("ann", "bob"),
      send("bob", subscribe(1, ["x", 0])),
      expect("bob", suback(1, 0)),
      send("ann", subscribe(1, ["good", 0], ["bad/#/", 0])),
      ended("ann", 0x81),
      send("bob", publish("good", "x", { id: 1 })),
      expect("bob", puback(1, 0x10)),
    ],
  },
  {
    name: "a filter that the broker does not offer gets its Reason Code, the others are granted",
    ids: ["MQTT-3.8.4-7"],
    versions: [5],
    broker: {
      limits: {
        wildcardSubscriptionAvailable: false,
        sharedSubscriptionAvailable: false,
        subscriptionIdentifierAvailable: false,
        maximumSubscriptions: 1,
      },
    },
    script: [
      send("ann", connect("ann")),
      expect("ann", "20 [ 00 00 [ 22 000a 27 001e8480 21 0014 28 00 29 00 2a 00 ] ]"),
      send("ann", subscribe(1, ["a", 1], ["a/+", 0], ["$share/g/a", 0], ["b", 0], ["a", 2])),
      expect("ann", suback(1, 1, 0xa2, 0x9e, 0x97, 2)),
      send("ann", subscribeWith(2, { subscriptionIdentifiers: [1] }, ["a", 1])),
      expect("ann", suback(2, 0xa1)),
    ],
  },
  {
    name: "a filter that the Client may not subscribe to gets 0x87, in MQTT 3.1.1 0x80",
    ids: ["MQTT-3.8.4-7"],
    broker: {
      authorizer: {
        mayPublish: (_client, name) => name !== "secret",
        mayReceive: (_client, name) => name !== "hidden",
        maySubscribe: (_client, filter) => filter !== "secret",
      },
    },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["secret", 1], ["#", 1])),
      expect("ann", either(suback(1, 0x87, 1), suback(1, 0x80, 1))),
      send("bob", publish("hidden", "x", { id: 1 }), publish("open", "x", { id: 2 })),
      expect("bob", puback(1, 0x10), puback(2)),
      expect("ann", publish("open", "x", { id: 1 })),
      send("bob", publish("secret", "x"), publish("secret", "x", { id: 3 })),
      expect("bob", puback(3, 0x87)),
      send("bob", publish2("secret", "x", 4), pubrel(4)),
      expect("bob", pubrec(4, 0x87), pubcomp(4)),
    ],
  },
];

testSequences("SUBSCRIBE", SEQUENCES);
