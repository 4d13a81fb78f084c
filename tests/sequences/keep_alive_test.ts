// Keep Alive (MQTT 5.0, sections 3.1.2.10, 3.2.2.3.14, 3.12).

import { advance, connected, ended, expect, refused, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  pingreq,
  pingresp,
  publish,
  suback,
  subscribe,
  will,
} from "../support/sequence_packets.ts";

const SEQUENCES: Sequence[] = [
  {
    name: "a Client that is silent for one and a half times its Keep Alive is disconnected",
    ids: ["MQTT-3.1.2-22"],
    versions: [3, 4, 5],
    script: [
      send("ann", connect("ann", { keepAlive: 10 })),
      expect("ann", connack),
      advance(14_900),
      advance(200),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "every packet of the Client starts the time again",
    ids: ["MQTT-3.12.4-1"],
    script: [
      send("ann", connect("ann", { keepAlive: 10 })),
      expect("ann", connack),
      advance(14_000),
      send("ann", pingreq),
      expect("ann", pingresp),
      advance(14_000),
      send("ann", publish("a", "x")),
      advance(14_900),
      advance(200),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "part of a packet does not start the time again",
    script: [
      send("ann", connect("ann", { keepAlive: 10 })),
      expect("ann", connack),
      advance(14_000),
      send("ann", "30 05 00"),
      advance(1_100),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "what the broker sends does not start the time again",
    script: [
      send("ann", connect("ann", { keepAlive: 10 }), subscribe(1, ["a", 0])),
      expect("ann", connack, suback(1, 0)),
      connected("bob"),
      advance(14_000),
      send("bob", publish("a", "x")),
      expect("ann", publish("a", "x")),
      advance(1_100),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "a Keep Alive of 0 turns it off",
    versions: [3, 4, 5],
    script: [
      send("ann", connect("ann", { keepAlive: 0 })),
      expect("ann", connack),
      advance(600_000),
      send("ann", pingreq),
      expect("ann", pingresp),
    ],
  },
  {
    name: "the Will of a Client that is silent is published",
    ids: ["MQTT-3.1.2-8"],
    script: [
      connected("bob"),
      send("bob", subscribe(1, ["w", 0])),
      expect("bob", suback(1, 0)),
      send("ann", connect("ann", { keepAlive: 1, will: will("w") })),
      expect("ann", connack),
      advance(1_600),
      ended("ann", 0x8d),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a Server Keep Alive replaces a larger one, and none",
    ids: ["MQTT-3.2.2-21"],
    versions: [5],
    broker: { limits: { maximumKeepAlive: 10 } },
    script: [
      send("ann", connect("ann", { keepAlive: 60 })),
      expect("ann", "20 [ 00 00 [ 13 000a 22 000a 27 001e8480 21 0014 ] ]"),
      send("bob", connect("bob", { keepAlive: 0 })),
      expect("bob", "20 [ 00 00 [ 13 000a 22 000a 27 001e8480 21 0014 ] ]"),
      advance(15_100),
      ended("ann", 0x8d),
      ended("bob", 0x8d),
    ],
  },
  {
    name: "without Server Keep Alive the Client's own counts",
    ids: ["MQTT-3.2.2-22"],
    versions: [5],
    broker: { limits: { maximumKeepAlive: 60 } },
    script: [
      send("ann", connect("ann", { keepAlive: 10 })),
      expect("ann", connack),
      advance(15_100),
      ended("ann", 0x8d),
    ],
  },
  {
    name: "a Keep Alive beyond the maximum is refused where the Client can't be told",
    versions: [4],
    broker: { limits: { maximumKeepAlive: 60 } },
    script: [
      send("ann", connect("ann", { keepAlive: 61 })),
      refused("ann", 0x85, 2),
      send("bob", connect("bob", { keepAlive: 60 })),
      expect("bob", connack),
    ],
  },
];

testSequences("Keep Alive", SEQUENCES);
