// Will Messages (MQTT 5.0, sections 3.1.2.5, 3.1.3.2, 3.14.4).

import { advance, connected, ended, expect, hangUp, send } from "../support/sequence.ts";
import { stopBroker } from "../support/sequence.ts";
import { type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  connack,
  connackSessionPresent,
  connect,
  disconnect,
  puback,
  publish,
  publish2,
  resume,
  suback,
  subscribe,
  type What,
  will,
  type WillFields,
} from "../support/sequence_packets.ts";

/** "bob" gets what is published to "w". */
const BOB_WATCHES = [
  connected("bob"),
  send("bob", subscribe(1, ["w", 2])),
  expect("bob", suback(1, 2)),
].flat();

/** "ann" connects, with a Will to "w", to a Session that ends with the connection. */
function annHasWill(fields: WillFields = {}): Step[] {
  return [
    ...BOB_WATCHES,
    send("ann", connect("ann", { will: will("w", fields) })),
    expect("ann", connack),
  ];
}

/** The same, to a Session that outlives the connection by `expiry` seconds. */
function annHasDelayedWill(willDelayInterval: number, expiry: number): Step[] {
  return [
    ...BOB_WATCHES,
    send("ann", resume("ann", { expiry, will: will("w", { willDelayInterval }) })),
    expect("ann", connack),
  ];
}

/** A DISCONNECT of the Client with a code that is not 0x00: the Will is published. */
function disconnectKeepsWill(reasonCode: number): Sequence {
  const code = `0x${reasonCode.toString(16).padStart(2, "0")}`;
  return {
    name: `a DISCONNECT with ${code} does not delete the Will`,
    ids: ["MQTT-3.1.2-8", "MQTT-3.1.2-10"],
    versions: [5],
    script: [
      annHasWill(),
      send("ann", disconnect(reasonCode)),
      ended("ann"),
      expect("bob", publish("w", "gone")),
    ],
  };
}

/** What ends the connection of "ann" without a DISCONNECT of hers. */
function endPublishesWill(name: string, end: What, reasonCode: number): Sequence {
  return {
    name: `the Will is published when the broker ends the connection for ${name}`,
    ids: ["MQTT-3.1.2-8"],
    script: [
      annHasWill(),
      send("ann", end),
      ended("ann", reasonCode),
      expect("bob", publish("w", "gone")),
    ],
  };
}

const SEQUENCES: Sequence[] = [
  {
    name: "the Will is published when the connection breaks",
    ids: ["MQTT-3.1.2-8", "MQTT-3.1.2-14"],
    versions: [3, 4, 5],
    script: [annHasWill(), hangUp("ann"), expect("bob", publish("w", "gone"))],
  },
  {
    name: "the Will is published with its QoS and kept if it is retained",
    ids: ["MQTT-3.1.2-15"],
    script: [
      annHasWill({ qos: 2, retain: true, payload: "bye" }),
      hangUp("ann"),
      expect("bob", publish2("w", "bye", 1)),
      connected("eve"),
      send("eve", subscribe(1, ["w", 1])),
      expect("eve", suback(1, 1), publish("w", "bye", { id: 1, retain: true })),
    ],
  },
  {
    name: "a retained Will without payload clears the retained message",
    ids: ["MQTT-3.3.1-6"],
    script: [
      annHasWill({ retain: true, payload: "" }),
      send("ann", publish("w", "here", { retain: true })),
      expect("bob", publish("w", "here")),
      hangUp("ann"),
      expect("bob", publish("w", "")),
      send("bob", subscribe(2, ["w", 0])),
      expect("bob", suback(2, 0)),
    ],
  },
  {
    name: "a DISCONNECT deletes the Will",
    ids: ["MQTT-3.1.2-10", "MQTT-3.14.4-3"],
    versions: [3, 4, 5],
    script: [annHasWill(), send("ann", disconnect()), ended("ann"), advance(60_000)],
  },
  {
    name: "a later connection without a Will has none",
    script: [
      annHasWill(),
      send("ann", disconnect()),
      ended("ann"),
      connected("ann"),
      hangUp("ann"),
    ],
  },
  ...[0x04, 0x80, 0x81, 0x82, 0x93, 0x95, 0x97, 0x98].map(disconnectKeepsWill),
  endPublishesWill("a malformed packet", "82 05 0001 0001 2f", 0x81),
  endPublishesWill("a Protocol Error", connect("ann"), 0x82),
  {
    name: "the Properties of a Will travel in their order, Message Expiry Interval behind them",
    ids: ["MQTT-3.1.3-10"],
    versions: [5],
    script: [
      BOB_WATCHES,
      send(
        "ann",
        "10 [ ('MQTT') 05 06 0000 [] ('ann')" +
          " [ 26 ('b') ('2') 02 0000000a 01 01 18 00000000 26 ('a') ('1') 03 ('t') 08 ('r') 09 (00ff) ]" +
          " ('w') ('gone') ]",
      ),
      expect("ann", connack),
      advance(5_000),
      hangUp("ann"),
      expect(
        "bob",
        "30 [ ('w')" +
          " [ 26 ('b') ('2') 01 01 26 ('a') ('1') 03 ('t') 08 ('r') 09 (00ff) 02 0000000a ] 'gone' ]",
      ),
    ],
  },
  {
    name: "a Will with delay is published when its Will Delay Interval has passed",
    ids: ["MQTT-3.1.2-8"],
    versions: [5],
    script: [
      annHasDelayedWill(5, 60),
      hangUp("ann"),
      advance(4_900),
      advance(200),
      expect("bob", publish("w", "gone")),
      advance(100_000),
    ],
  },
  {
    name: "a Will with delay is published when the Session ends before",
    ids: ["MQTT-3.1.2-8"],
    versions: [5],
    script: [
      annHasDelayedWill(60, 5),
      hangUp("ann"),
      advance(4_900),
      advance(200),
      expect("bob", publish("w", "gone")),
      advance(100_000),
    ],
  },
  {
    name: "a Will whose delay is the Session Expiry Interval is published once",
    versions: [5],
    script: [
      annHasDelayedWill(5, 5),
      hangUp("ann"),
      advance(5_100),
      expect("bob", publish("w", "gone")),
      advance(100_000),
    ],
  },
  {
    name: "a Will with delay is published at once if the Session ends with the connection",
    versions: [5],
    script: [
      annHasWill({ willDelayInterval: 5 }),
      hangUp("ann"),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a Client that is back in time stops its Will",
    ids: ["MQTT-3.1.3-9"],
    versions: [5],
    script: [
      annHasDelayedWill(5, 60),
      hangUp("ann"),
      advance(4_900),
      send("ann", resume("ann")),
      expect("ann", connackSessionPresent),
      advance(100_000),
      hangUp("ann"),
      advance(100_000),
    ],
  },
  {
    name:
      "a Client that is back in time with Clean Start ends its Session, and so its Will is published",
    ids: ["MQTT-3.1.2-8"],
    versions: [5],
    script: [
      annHasDelayedWill(5, 60),
      hangUp("ann"),
      advance(4_900),
      send("ann", connect("ann")),
      expect("ann", connack),
      expect("bob", publish("w", "gone")),
      advance(100_000),
    ],
  },
  {
    name: "a DISCONNECT with 0x04 leaves the Will its delay, and 0x00 after it none",
    versions: [5],
    script: [
      annHasDelayedWill(5, 60),
      send("ann", disconnect(0x04)),
      ended("ann"),
      advance(4_900),
      advance(200),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a DISCONNECT with 0x04 that ends the Session publishes the Will at once",
    versions: [5],
    script: [
      annHasDelayedWill(5, 60),
      send("ann", disconnect(0x04, { sessionExpiryInterval: 0 })),
      ended("ann"),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a DISCONNECT that breaks the protocol does not delete the Will",
    versions: [5],
    script: [
      annHasWill(),
      send("ann", disconnect(0, { sessionExpiryInterval: 1 })),
      ended("ann", 0x82),
      expect("bob", publish("w", "gone")),
    ],
  },
  {
    name: "a Will to $SYS is accepted and goes nowhere",
    script: [
      connected("bob"),
      send("bob", subscribe(1, ["$SYS/#", 0])),
      expect("bob", suback(1, 0)),
      send("ann", connect("ann", { will: will("$SYS/broker/x") })),
      expect("ann", connack),
      hangUp("ann"),
    ],
  },
  {
    name: "a Will waits for a subscriber that is away",
    script: [
      send("bob", resume("bob"), subscribe(1, ["w", 1])),
      expect("bob", connack, suback(1, 1)),
      hangUp("bob"),
      send("ann", connect("ann", { will: will("w", { qos: 1 }) })),
      expect("ann", connack),
      hangUp("ann"),
      send("bob", resume("bob")),
      expect("bob", connackSessionPresent, publish("w", "gone", { id: 1 })),
      send("bob", puback(1)),
    ],
  },
  {
    name: "Wills are published when the broker stops",
    ids: ["MQTT-3.1.2-8"],
    versions: [4],
    script: [
      send("ann", connect("ann", { will: will("w") })),
      expect("ann", connack),
      BOB_WATCHES,
      stopBroker(),
      ended("ann"),
      expect("bob", publish("w", "gone")),
      ended("bob"),
    ],
  },
];

testSequences("Will", SEQUENCES);
