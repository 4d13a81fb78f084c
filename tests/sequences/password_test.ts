// User Name and Password (MQTT 5.0, sections 3.1.3.5, 3.1.3.6, 3.1.4), and packets that come before the
// answer. What the authenticator knows stands in support/sequence_authenticator.ts.

import { advance, answer, connected, ended, expect, hangUp } from "../support/sequence.ts";
import { refused, send, type Sequence, testSequences } from "../support/sequence.ts";
import {
  connack,
  connect,
  disconnect,
  pingreq,
  pingresp,
  publish,
  suback,
  subscribe,
  type What,
  will,
} from "../support/sequence_packets.ts";
import { bytesOf } from "../vectors/vector.ts";

/** A CONNECT as "ann", whose password is "ann". */
function withPassword(clientId: string, password: string): What {
  return connect(clientId, { userName: "ann", password: bytesOf(password) });
}

const SEQUENCES: Sequence[] = [
  {
    name: "the right password is accepted, a wrong one and none are refused",
    ids: ["MQTT-3.1.4-2"],
    authenticator: "at once",
    script: [
      send("ann", withPassword("ann", "ann")),
      expect("ann", connack),
      send("eve", withPassword("eve", "?")),
      refused("eve", 0x86, 4),
      send("zoe", connect("zoe")),
      refused("zoe", 0x86, 4),
    ],
  },
  {
    name: "what comes behind the CONNECT waits for the answer",
    authenticator: "later",
    script: [
      send("ann", withPassword("ann", "ann"), subscribe(1, ["a", 0]), publish("a", "x")),
      send("ann", pingreq),
      advance(1_000),
      send("ann", pingreq),
      answer(),
      expect("ann", connack, suback(1, 0), publish("a", "x"), pingresp, pingresp),
    ],
  },
  {
    name: "what comes behind a CONNECT that is refused is not processed",
    ids: ["MQTT-3.1.4-6"],
    authenticator: "later",
    script: [
      send("bob", withPassword("bob", "ann"), subscribe(1, ["#", 0])),
      answer(),
      expect("bob", connack, suback(1, 0)),
      send("eve", withPassword("eve", "?"), publish("a", "x")),
      send("eve", publish("a", "y")),
      answer(),
      refused("eve", 0x86, 4),
    ],
  },
  {
    name: "a Client that does not wait for the answer has no Session and no Will",
    authenticator: "later",
    script: [
      send("bob", withPassword("bob", "ann"), subscribe(1, ["#", 0])),
      answer(),
      expect("bob", connack, suback(1, 0)),
      send(
        "ann",
        connect("ann", { userName: "ann", password: bytesOf("ann"), will: will("w") }),
        disconnect(),
      ),
      hangUp("ann"),
      answer(),
    ],
  },
  {
    name: "an answer that does not come in time is not waited for",
    authenticator: "later",
    script: [
      send("ann", withPassword("ann", "ann")),
      advance(30_100),
      ended("ann"),
      answer(),
    ],
  },
  {
    name:
      "two CONNECTs of one Client Identifier that wait take each other over in the order of answers",
    ids: ["MQTT-3.1.4-3"],
    authenticator: "later",
    script: [
      send("ann", withPassword("ann", "ann")),
      send("ann again", withPassword("ann", "ann")),
      answer(),
      expect("ann", connack),
      answer(),
      ended("ann", 0x8e),
      expect("ann again", connack),
    ],
  },
  {
    name: "a second CONNECT behind one that waits is a Protocol Error",
    ids: ["MQTT-3.1.0-2"],
    versions: [5],
    authenticator: "later",
    script: [
      send("ann", withPassword("ann", "ann"), withPassword("ann", "ann")),
      answer(),
      expect("ann", connack, "e0 01 82"),
      ended("ann"),
    ],
  },
  {
    name: "without an authenticator everybody is welcome",
    versions: [3, 4, 5],
    script: [connected("ann"), send("eve", withPassword("eve", "?")), expect("eve", connack)],
  },
];

testSequences("Password", SEQUENCES);
