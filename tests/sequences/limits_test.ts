// Limits of the broker that no other file has, and Clients that are slow (DESIGN, "Speed").

import { advance, check, connected, ended, expect, isRead, send } from "../support/sequence.ts";
import { takesBytes } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  pingreq,
  pingresp,
  puback,
  publish,
  suback,
  subscribe,
} from "../support/sequence_packets.ts";

const KIB = "x".repeat(1024);

const SEQUENCES: Sequence[] = [
  {
    name: "connections beyond maximumConnections are closed at once, until another one ends",
    broker: { limits: { maximumConnections: 2 } },
    script: [
      connected("ann", "bob"),
      send("eve", connect("eve")),
      ended("eve"),
      send("ann", "c0 01 00"),
      ended("ann", 0x81),
      connected("eve"),
    ],
  },
  {
    name: "a Topic Name and a Topic Filter have at most maximumTopicLevels levels",
    broker: { limits: { maximumTopicLevels: 3 } },
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["a/+/#", 0]), publish("a/b/c", "x")),
      expect("ann", suback(1, 0), publish("a/b/c", "x")),
      send("ann", publish("a/b/c/d", "x")),
      ended("ann", 0x81),
      connected("ann"),
      send("ann", subscribe(1, ["a/b/c/#", 0])),
      ended("ann", 0x81),
    ],
  },
  {
    name: "the bytes that wait for a Client are bounded",
    broker: { limits: { maximumInflightMessages: 1, maximumQueuedBytes: 3_000 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 1])),
      expect("ann", suback(1, 1)),
      send("bob", ...[1, 2, 3, 4].map((id) => publish("a", KIB, { id }))),
      expect("bob", ...[1, 2, 3, 4].map((id) => puback(id))),
      expect("ann", publish("a", KIB, { id: 1 })),
      send("ann", puback(1)),
      expect("ann", publish("a", KIB, { id: 2 })),
      send("ann", puback(2)),
      expect("ann", publish("a", KIB, { id: 3 })),
      send("ann", puback(3)),
      send("bob", publish("a", "there is room again", { id: 5 })),
      expect("bob", puback(5)),
      expect("ann", publish("a", "there is room again", { id: 4 })),
    ],
  },
  {
    name: "a Client that is slow with its acknowledgements only stays connected",
    broker: { limits: { maximumInflightMessages: 1, maximumQueuedMessages: 4 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 1])),
      expect("ann", suback(1, 1)),
      send("bob", ...[1, 2, 3, 4, 5].map((id) => publish("a", `${id}`, { id }))),
      expect("bob", ...[1, 2, 3, 4, 5].map((id) => puback(id))),
      expect("ann", publish("a", "1", { id: 1 })),
      isRead("bob", false),
      advance(1_100),
      isRead("bob", true),
      advance(300_000),
      send("ann", puback(1)),
      expect("ann", publish("a", "2", { id: 2 })),
    ],
  },
  {
    name: "publishers wait a moment for a Client that reads too slowly, and nothing is lost",
    broker: { limits: { congestedOutputBytes: 2_000, drainedOutputBytes: 500 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 0])),
      expect("ann", suback(1, 0)),
      takesBytes("ann", false),
      send("bob", publish("a", KIB), publish("a", KIB), publish("a", KIB), pingreq),
      isRead("bob", false),
      advance(500),
      takesBytes("ann", true),
      expect("ann", publish("a", KIB), publish("a", KIB), publish("a", KIB)),
      expect("bob", pingresp),
      isRead("bob", true),
    ],
  },
  {
    name: "nobody waits longer than maximumBackpressureMs, then QoS 0 messages are dropped",
    broker: { limits: { congestedOutputBytes: 2_000, drainedOutputBytes: 500 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 0])),
      expect("ann", suback(1, 0)),
      takesBytes("ann", false),
      send("bob", publish("a", KIB), publish("a", KIB), publish("a", "dropped"), pingreq),
      advance(1_100),
      expect("bob", pingresp),
      send("bob", publish("a", "dropped"), pingreq),
      expect("bob", pingresp),
      takesBytes("ann", true),
      expect("ann", publish("a", KIB), publish("a", KIB)),
      send("bob", publish("a", "sent")),
      expect("ann", publish("a", "sent")),
      check("what was dropped is counted", ({ broker }) => {
        if (broker.statistics.publishDropped !== 2) throw new Error("it is not");
      }),
    ],
  },
  {
    name: "a Client that takes no byte for stalledOutputMs is closed",
    broker: { limits: { congestedOutputBytes: 2_000, drainedOutputBytes: 500 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 0])),
      expect("ann", suback(1, 0)),
      takesBytes("ann", false),
      send("bob", publish("a", KIB), publish("a", KIB)),
      advance(59_000),
      advance(1_200),
      ended("ann"),
    ],
  },
  {
    name: "QoS 1 messages wait while a Client reads too slowly, and come in order",
    broker: { limits: { congestedOutputBytes: 2_000, drainedOutputBytes: 500 } },
    script: [
      connected("ann", "bob"),
      send("ann", subscribe(1, ["a", 1])),
      expect("ann", suback(1, 1)),
      takesBytes("ann", false),
      send("bob", ...[1, 2, 3, 4].map((id) => publish("a", KIB, { id }))),
      expect("bob", puback(1), puback(2)),
      advance(1_100),
      expect("bob", puback(3), puback(4)),
      takesBytes("ann", true),
      expect("ann", ...[1, 2, 3, 4].map((id) => publish("a", KIB, { id }))),
    ],
  },
  {
    name: "large messages go to every Client unharmed",
    onlyWhole: true,
    script: [
      connected("ann", "eve", "bob"),
      send("ann", subscribe(1, ["#", 0])),
      expect("ann", suback(1, 0)),
      send("eve", subscribe(1, ["#", 1])),
      expect("eve", suback(1, 1)),
      send("bob", publish("a", KIB.repeat(64)), publish("b", KIB.repeat(65), { id: 1 })),
      expect("bob", puback(1)),
      expect("ann", publish("a", KIB.repeat(64)), publish("b", KIB.repeat(65))),
      expect("eve", publish("a", KIB.repeat(64)), publish("b", KIB.repeat(65), { id: 1 })),
    ],
  },
  {
    name: "a Client that does not read its answers is not read, and loses none",
    broker: {
      limits: { congestedOutputBytes: 2_000, drainedOutputBytes: 500, maximumOutputBytes: 4_000 },
    },
    onlyWhole: true,
    script: [
      send("ann", connect("ann")),
      expect("ann", connack),
      takesBytes("ann", false),
      send("ann", ...Array.from({ length: 3_000 }, () => pingreq)),
      isRead("ann", false),
      send("ann", pingreq),
      advance(500),
      takesBytes("ann", true),
      expect("ann", ...Array.from({ length: 3_001 }, () => pingresp)),
    ],
  },
];

testSequences("Limits", SEQUENCES);
