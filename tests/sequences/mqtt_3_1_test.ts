// What is different in MQTT 3.1, protocol name "MQIsdp" (IBM's specification of 2010), and how bridges
// of Mosquitto show themselves.

import { connected, ended, expect, hangUp, refused, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
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
  will,
} from "../support/sequence_packets.ts";

const SEQUENCES: Sequence[] = [
  {
    name: "the CONNECT says MQIsdp and 3, the CONNACK has two bytes",
    versions: [3],
    script: [
      send("ann", "10 [ ('MQIsdp') 03 02 003c ('ann') ]"),
      expect("ann", "20 02 00 00"),
    ],
  },
  {
    name: "there is no Session Present, but Sessions go on",
    versions: [3],
    script: [
      send("ann", resume("ann"), subscribe(1, ["a", 1])),
      expect("ann", "20 02 00 00", suback(1, 1)),
      hangUp("ann"),
      connected("bob"),
      send("bob", publish("a", "x", { id: 1 })),
      expect("bob", puback(1)),
      send("ann", resume("ann")),
      expect("ann", "20 02 00 00", publish("a", "x", { id: 1 })),
    ],
  },
  {
    name: "a zero-length Client Identifier gets return code 2",
    versions: [3],
    script: [
      send("ann", connect("")),
      refused("ann", 0x85, 2),
      send("ann", resume("")),
      refused("ann", 0x85, 2),
    ],
  },
  {
    name: "a Client Identifier may be longer than 23 characters",
    versions: [3],
    script: [send("ann", connect("a".repeat(100))), expect("ann", connack)],
  },
  {
    name: "flags of the CONNECT that are unused may be set",
    versions: [3],
    script: [send("ann", "14 [ ('MQIsdp') 03 03 003c ('ann') ]"), expect("ann", connack)],
  },
  {
    name: "User Name and Password may be announced and missing",
    versions: [3],
    script: [send("ann", "10 [ ('MQIsdp') 03 c2 003c ('ann') ]"), expect("ann", connack)],
  },
  {
    name: "SUBSCRIBE, UNSUBSCRIBE and PUBREL may be repeated with DUP",
    versions: [3],
    script: [
      connected("ann"),
      send("ann", "8a 06 0001 ('a') 01", "aa 05 0002 ('a')"),
      expect("ann", suback(1, 1), unsuback(2)),
      send("ann", publish2("b", "x", 3), "6a 02 0003", pubrel(3)),
      expect("ann", pubrec(3), pubcomp(3), pubcomp(3)),
    ],
  },
  {
    name: "they may not in MQTT 3.1.1",
    ids: ["MQTT-3.8.1-1"],
    versions: [4],
    script: [connected("ann"), send("ann", "8a 06 0001 ('a') 01"), ended("ann")],
  },
  {
    name: "errors end the connection without a packet",
    versions: [3],
    script: [
      connected("ann", "bob"),
      send("ann", connect("ann")),
      ended("ann"),
      send("bob", publish("", "x")),
      ended("bob"),
    ],
  },
  {
    name: "Clients of all versions talk to each other",
    versions: [3],
    clients: { four: 4, five: 5 },
    script: [
      connected("three", "four", "five"),
      send("three", subscribe(1, ["a", 2])),
      expect("three", suback(1, 2)),
      send("four", subscribe(1, ["a", 1])),
      expect("four", suback(1, 1)),
      send("five", subscribe(1, ["a", 0])),
      expect("five", suback(1, 0)),
      send("three", publish2("a", "x", 9), pubrel(9)),
      expect("three", pubrec(9), publish2("a", "x", 1), pubcomp(9)),
      expect("four", publish("a", "x", { id: 1 })),
      expect("five", publish("a", "x")),
      send("three", unsubscribe(2, "a", "none")),
      expect("three", unsuback(2)),
    ],
  },
  {
    name: "a filter that the Client may not subscribe to is granted as asked for, and gets nothing",
    versions: [3],
    broker: {
      authorizer: { mayPublish: () => true, mayReceive: () => true, maySubscribe: () => false },
    },
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["a", 1])),
      expect("ann", suback(1, 1)),
      send("ann", publish("a", "x")),
    ],
  },
];

const BRIDGES: Sequence[] = [
  {
    name: "a bridge of Mosquitto does not get its own messages back, and RETAIN as published",
    versions: [4],
    script: [
      send("bridge", "10 [ ('MQTT') 84 02 003c ('bridge') ]", subscribe(1, ["#", 0])),
      expect("bridge", connack, suback(1, 0)),
      connected("ann"),
      send("bridge", publish("a", "its own")),
      send("ann", publish("a", "x", { retain: true }), publish("a", "y")),
      expect("bridge", publish("a", "x", { retain: true }), publish("a", "y")),
    ],
  },
  {
    name: "a bridge in MQTT 3.1 likewise, and its Will is a Will",
    versions: [3],
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["w", 0])),
      expect("ann", suback(1, 0)),
      send(
        "bridge",
        connect("bridge", { isBridge: true, will: will("w") }),
        subscribe(1, ["a", 0]),
      ),
      expect("bridge", connack, suback(1, 0)),
      send("bridge", publish("a", "its own")),
      hangUp("bridge"),
      expect("ann", publish("w", "gone")),
      send("ann", disconnect()),
      ended("ann"),
    ],
  },
];

testSequences("MQTT 3.1", SEQUENCES);
testSequences("Bridge", BRIDGES);
