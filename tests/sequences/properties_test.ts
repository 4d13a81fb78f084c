// What travels with a message in MQTT 5.0 (section 3.3.2.3).

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
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

const FORWARDING: Sequence[] = [
  {
    name: "the publisher's Properties are forwarded unchanged and in their order",
    ids: [
      "MQTT-3.3.2-4",
      "MQTT-3.3.2-15",
      "MQTT-3.3.2-16",
      "MQTT-3.3.2-17",
      "MQTT-3.3.2-18",
      "MQTT-3.3.2-20",
    ],
    versions: [5],
    script: [
      annTakes({}),
      send(
        "bob",
        "30 [ ('a') [ 26 ('z') ('1') 09 (0001ff) 26 ('a') ('') 08 ('r/e') 03 () 26 ('z') ('2') 01 01 ] 'x' ]",
      ),
      expect(
        "ann",
        "30 [ ('a') [ 26 ('z') ('1') 09 (0001ff) 26 ('a') ('') 08 ('r/e') 03 () 26 ('z') ('2') 01 01 ] 'x' ]",
      ),
    ],
  },
  {
    name: "Message Expiry Interval, Topic Alias and Subscription Identifiers stand behind them",
    ids: ["MQTT-3.3.2-6", "MQTT-3.3.4-3"],
    versions: [5],
    script: [
      send("ann", connect("ann", { properties: { topicAliasMaximum: 1 } })),
      expect("ann", connack),
      send("ann", subscribeWith(1, { subscriptionIdentifiers: [200] }, ["#", 1])),
      expect("ann", suback(1, 1)),
      connected("bob"),
      send("bob", "32 [ ('a') 0007 [ 02 0000000a 03 ('t') 23 0005 26 ('k') ('v') ] 'x' ]"),
      expect("bob", puback(7)),
      expect(
        "ann",
        "32 [ ('a') 0001 [ 03 ('t') 26 ('k') ('v') 02 0000000a 23 0001 0b c801 ] 'x' ]",
      ),
    ],
  },
  {
    name: "Clients of MQTT 3 get the message without Properties",
    versions: [5],
    clients: { old: 4, older: 3 },
    script: [
      connected("old", "older", "bob"),
      send("old", subscribe(1, ["a", 0])),
      expect("old", suback(1, 0)),
      send("older", subscribe(1, ["a", 1])),
      expect("older", suback(1, 1)),
      send("bob", publish("a", "x", { id: 1, expiry: 5, properties: { contentType: "t" } })),
      expect("bob", puback(1)),
      expect("old", publish("a", "x")),
      expect("older", publish("a", "x", { id: 1 })),
      send("older", publish("b", "y")),
    ],
  },
  {
    name: "messages of Clients of MQTT 3 have no Properties",
    versions: [5],
    clients: { bob: 4 },
    script: [
      annTakes({}),
      send("bob", publish("a", "x"), publish("a", "y", { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", "30 [ ('a') 00 'x' ]", "32 [ ('a') 0001 00 'y' ]"),
    ],
  },
  {
    name: "the Message Expiry Interval is reduced by the time that the message waited, rounded up",
    ids: ["MQTT-3.3.2-6"],
    versions: [5],
    script: [
      annTakes({ receiveMaximum: 1 }),
      send("bob", publish("a", "1", { id: 1 }), publish("a", "2", { id: 2, expiry: 10 })),
      expect("bob", puback(1), puback(2)),
      expect("ann", publish("a", "1", { id: 1 })),
      advance(2_500),
      send("ann", puback(1)),
      expect("ann", publish("a", "2", { id: 2, expiry: 8 })),
    ],
  },
  {
    name: "a message that expired while it waited for its turn is not sent",
    ids: ["MQTT-3.3.2-5"],
    versions: [5],
    script: [
      annTakes({ receiveMaximum: 1 }),
      send(
        "bob",
        publish("a", "1", { id: 1 }),
        publish("a", "2", { id: 2, expiry: 1 }),
        publish("a", "3", { id: 3 }),
      ),
      expect("bob", puback(1), puback(2), puback(3)),
      expect("ann", publish("a", "1", { id: 1 })),
      advance(1_100),
      send("ann", puback(1)),
      expect("ann", publish("a", "3", { id: 3 })),
    ],
  },
  {
    name:
      "a Message Expiry Interval of 0 reaches those who are there, with any QoS, and nobody else",
    ids: ["MQTT-3.3.2-5"],
    versions: [5],
    script: [
      annTakes({}),
      send("eve", resume("eve"), subscribe(1, ["a", 1])),
      expect("eve", connack, suback(1, 1)),
      hangUp("eve"),
      send("bob", publish("a", "x", { expiry: 0 }), publish("a", "y", { id: 1, expiry: 0 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "x", { expiry: 0 }), publish("a", "y", { id: 1, expiry: 0 })),
      advance(100),
      send("eve", resume("eve")),
      expect("eve", "20 0e 01 00 0b 22 000a 27 001e8480 21 0014"),
    ],
  },
  {
    name: "a message that was sent does not expire any more",
    ids: ["MQTT-4.3.3-7"],
    versions: [5],
    script: [
      send("ann", resume("ann"), subscribe(1, ["a", 1])),
      expect("ann", connack, suback(1, 1)),
      connected("bob"),
      send("bob", publish("a", "1", { id: 1, expiry: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", "1", { id: 1, expiry: 1 })),
      advance(10_000),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect(
        "ann again",
        "20 0e 01 00 0b 22 000a 27 001e8480 21 0014",
        publish("a", "1", { id: 1, dup: true, expiry: 0 }),
      ),
    ],
  },
];

testSequences("Properties", FORWARDING);
