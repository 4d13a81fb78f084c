// A second connection with the same Client Identifier (MQTT 5.0, section 3.1.4).

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
  puback,
  publish,
  resume,
  suback,
  subscribe,
  will,
} from "../support/sequence_packets.ts";

/** "bob" gets everything. */
const BOB_WATCHES = [
  connected("bob"),
  send("bob", subscribe(1, ["#", 0])),
  expect("bob", suback(1, 0)),
].flat();

const SEQUENCES: Sequence[] = [
  {
    name: "the old connection is told 0x8E and ends, the new one is accepted",
    ids: ["MQTT-3.1.4-3"],
    versions: [3, 4, 5],
    script: [
      connected("ann"),
      send("ann again", connect("ann")),
      ended("ann", 0x8e),
      expect("ann again", connack),
    ],
  },
  {
    name: "the Session goes on over the new connection, with what was not acknowledged",
    ids: ["MQTT-3.1.4-3", "MQTT-4.4.0-1"],
    script: [
      BOB_WATCHES,
      send("ann", resume("ann"), subscribe(1, ["a", 1])),
      expect("ann", connack, suback(1, 1)),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", publish("a", "x"), puback(1)),
      expect("ann", publish("a", "x", { id: 1 })),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect("ann again", connackSessionPresent, publish("a", "x", { id: 1, dup: true })),
    ],
  },
  {
    name: "a Session without expiry ends with the old connection",
    versions: [5],
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["a", 1])),
      expect("ann", suback(1, 1)),
      send("ann again", connect("ann", { cleanStart: false })),
      ended("ann", 0x8e),
      expect("ann again", connack),
    ],
  },
  {
    name: "a Will without delay is published",
    ids: ["MQTT-3.1.2-8"],
    script: [
      BOB_WATCHES,
      send("ann", resume("ann", { will: will("w") })),
      expect("ann", connack),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect("ann again", connackSessionPresent),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a Will with delay is not published if the Session goes on",
    ids: ["MQTT-3.1.3-9"],
    versions: [5],
    script: [
      BOB_WATCHES,
      send("ann", resume("ann", { will: will("w", { willDelayInterval: 5 }) })),
      expect("ann", connack),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect("ann again", connackSessionPresent),
      advance(10_000),
    ],
  },
  {
    name: "a Will with delay is published if the new connection has Clean Start",
    ids: ["MQTT-3.1.2-8"],
    versions: [5],
    script: [
      BOB_WATCHES,
      send("ann", resume("ann", { will: will("w", { willDelayInterval: 5 }) })),
      expect("ann", connack),
      send("ann again", connect("ann")),
      ended("ann", 0x8e),
      expect("ann again", connack),
      expect("bob", publish("w", "gone")),
      advance(10_000),
    ],
  },
  {
    name: "the Will of the new connection is its own",
    script: [
      BOB_WATCHES,
      send("ann", resume("ann", { will: will("w", { payload: "1" }) })),
      expect("ann", connack),
      send("ann again", resume("ann", { will: will("w", { payload: "2" }) })),
      ended("ann", 0x8e),
      expect("ann again", connackSessionPresent),
      expect("bob", publish("w", "1")),
      hangUp("ann again"),
      expect("bob", publish("w", "2")),
    ],
  },
  {
    name: "a Subscription to its own Will gets it over the new connection",
    script: [
      send("ann", resume("ann", { will: will("w", { qos: 1 }) }), subscribe(1, ["w", 1])),
      expect("ann", connack, suback(1, 1)),
      send("ann again", resume("ann")),
      ended("ann", 0x8e),
      expect("ann again", connackSessionPresent, publish("w", "gone", { id: 1 })),
    ],
  },
  {
    name: "a CONNECT that is refused takes nothing over",
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", connect("ann", { userName: "ann", password: new TextEncoder().encode("ann") })),
      expect("ann", connack),
      send("eve", connect("ann", { userName: "ann", password: new TextEncoder().encode("?") })),
      expect("eve", "20 03 00 86 00"),
      ended("eve"),
      send("ann", publish("a", "still here", { id: 1 })),
      expect("ann", puback(1, 0x10)),
    ],
  },
];

testSequences("Takeover", SEQUENCES);
