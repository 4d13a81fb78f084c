// The exchange of AUTH packets (MQTT 5.0, sections 3.15, 4.12). What the authenticator knows stands in
// support/sequence_authenticator.ts.

import { advance, answer, ended, expect, forgetMethod, hangUp } from "../support/sequence.ts";
import { refused, send, type Sequence, type Step, testSequences } from "../support/sequence.ts";
import {
  auth,
  connack,
  connect,
  disconnect,
  pingreq,
  pingresp,
  publish,
  type What,
} from "../support/sequence_packets.ts";
import { bytesOf } from "../vectors/vector.ts";
import type { Properties } from "../../src/packet/properties.ts";

/** A CONNECT that begins an exchange. */
function withMethod(clientId: string, method: string, properties: Properties = {}): What {
  return connect(clientId, { properties: { ...properties, authenticationMethod: method } });
}

/** The CONNACK that ends an exchange by CHALLENGE, and one by AT ONCE. */
const challengePassed =
  "20 [ 00 00 [ 22 000a 15 ('CHALLENGE') 16 ('hello') 27 001e8480 21 0014 ] ]";
const passedAtOnce = "20 [ 00 00 [ 22 000a 15 ('AT ONCE') 27 001e8480 21 0014 ] ]";

/** "ann" is connected by CHALLENGE. */
const ANN_HAS_PASSED: Step[] = [
  send("ann", withMethod("ann", "CHALLENGE")),
  expect("ann", auth(0x18, "CHALLENGE", "who?")),
  send("ann", auth(0x18, "CHALLENGE", "ann")),
  expect("ann", challengePassed),
];

const EXCHANGES: Sequence[] = [
  {
    name: "a method that is not supported gets 0x8C",
    ids: ["MQTT-4.12.0-1"],
    versions: [5],
    script: [send("ann", withMethod("ann", "SCRAM-SHA-1")), refused("ann", 0x8c)],
  },
  {
    name: "Authentication Data without a method is a Protocol Error",
    versions: [5],
    script: [send("ann", "10 [ ('MQTT') 05 02 0000 [ 16 ('x') ] ('a') ]"), refused("ann", 0x82)],
  },
  {
    name: "the broker asks with 0x18, and the CONNACK ends the exchange with method and data",
    ids: ["MQTT-4.12.0-2", "MQTT-4.12.0-3", "MQTT-4.12.0-5"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE", { authenticationData: bytesOf("hi") })),
      expect("ann", "f0 [ 18 [ 15 ('CHALLENGE') 16 ('who?') ] ]"),
      send("ann", auth(0x18, "CHALLENGE", "again")),
      expect("ann", "f0 [ 18 [ 15 ('CHALLENGE') 16 ('who, then?') ] ]"),
      send("ann", auth(0x18, "CHALLENGE", "ann")),
      expect("ann", challengePassed),
    ],
  },
  {
    name: "a method may need no question",
    ids: ["MQTT-4.12.0-5"],
    versions: [5],
    authenticator: "later",
    script: [
      send("ann", withMethod("ann", "AT ONCE"), pingreq),
      answer(),
      expect("ann", passedAtOnce, pingresp),
    ],
  },
  {
    name: "the answers of an exchange may come later",
    versions: [5],
    authenticator: "later",
    script: [
      send("ann", withMethod("ann", "CHALLENGE"), auth(0x18, "CHALLENGE", "ann"), pingreq),
      answer(),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      answer(),
      expect("ann", challengePassed, pingresp),
    ],
  },
  {
    name: "the wrong answer is refused",
    ids: ["MQTT-4.12.0-4"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", auth(0x18, "CHALLENGE", "eve")),
      refused("ann", 0x87),
    ],
  },
  ...[
    { what: "another method", packet: auth(0x18, "AT ONCE", "ann") },
    { what: "no method", packet: "f0 [ 18 [ 16 ('ann') ] ]" },
    { what: "0x19, re-authenticate", packet: auth(0x19, "CHALLENGE", "ann") },
    { what: "0x00, success", packet: auth(0x00, "CHALLENGE", "ann") },
    { what: "no Reason Code", packet: "f0 00" },
  ].map(({ what, packet }): Sequence => ({
    name: `an AUTH with ${what} in an exchange is a Protocol Error`,
    ids: ["MQTT-4.12.0-3", "MQTT-4.12.0-5"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", packet),
      refused("ann", 0x82),
    ],
  })),
  {
    name: "a packet other than AUTH or DISCONNECT in an exchange is refused in a CONNACK",
    ids: ["MQTT-3.1.2-30", "MQTT-3.14.0-1"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", pingreq),
      refused("ann", 0x82),
    ],
  },
  {
    name: "a DISCONNECT ends an exchange",
    ids: ["MQTT-3.1.2-30"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", disconnect()),
      ended("ann"),
    ],
  },
  {
    name: "a Client that does not answer is closed after the time for a CONNECT",
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", withMethod("ann", "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      advance(30_100),
      ended("ann"),
    ],
  },
  {
    name: "an exchange takes nobody's Session over before it has ended",
    ids: ["MQTT-3.1.4-3"],
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      send("ann again", withMethod("ann", "CHALLENGE")),
      expect("ann again", auth(0x18, "CHALLENGE", "who?")),
      send("ann", pingreq),
      expect("ann", pingresp),
      send("ann again", auth(0x18, "CHALLENGE", "ann")),
      ended("ann", 0x8e),
      expect("ann again", challengePassed),
    ],
  },
];

const RE_AUTHENTICATION: Sequence[] = [
  {
    name: "ends with an AUTH with 0x00, and other packets may stand between",
    ids: ["MQTT-4.12.1-1"],
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      send("ann", auth(0x19, "CHALLENGE", "hi")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", pingreq, publish("a", "x")),
      expect("ann", pingresp),
      send("ann", auth(0x18, "CHALLENGE", "ann")),
      expect("ann", "f0 [ 00 [ 15 ('CHALLENGE') 16 ('hello') ] ]"),
      send("ann", auth(0x19, "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
    ],
  },
  {
    name: "that fails ends the connection",
    ids: ["MQTT-4.12.1-2"],
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      send("ann", auth(0x19, "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?")),
      send("ann", auth(0x18, "CHALLENGE", "eve")),
      ended("ann", 0x87),
    ],
  },
  {
    name: "by another method is a Protocol Error",
    ids: ["MQTT-4.12.1-1"],
    versions: [5],
    authenticator: "at once",
    script: [ANN_HAS_PASSED, send("ann", auth(0x19, "AT ONCE")), ended("ann", 0x82)],
  },
  {
    name: "does not begin with 0x18 or 0x00",
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      send("ann", auth(0x18, "CHALLENGE", "ann")),
      ended("ann", 0x82),
      ANN_HAS_PASSED,
      send("ann", "f0 00"),
      ended("ann", 0x82),
    ],
  },
  {
    name: "is not begun twice",
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      send("ann", auth(0x19, "CHALLENGE"), auth(0x19, "CHALLENGE")),
      expect("ann", auth(0x18, "CHALLENGE", "who?"), "e0 01 82"),
      ended("ann"),
    ],
  },
  {
    name: "of a Client that connected without a method is a Protocol Error",
    ids: ["MQTT-4.12.0-7"],
    versions: [5],
    authenticator: "at once",
    script: [
      send("ann", connect("ann", { userName: "ann", password: bytesOf("ann") })),
      expect("ann", connack),
      send("ann", auth(0x19, "CHALLENGE")),
      ended("ann", 0x82),
    ],
  },
  {
    name: "by a method that is gone ends with a Reason Code that a DISCONNECT has",
    ids: ["MQTT-3.14.2-1"],
    versions: [5],
    authenticator: "at once",
    script: [
      ANN_HAS_PASSED,
      forgetMethod("CHALLENGE"),
      send("ann", auth(0x19, "CHALLENGE")),
      ended("ann", 0x87),
    ],
  },
  {
    name: "whose answer comes when the Client is gone, or was taken over, changes nothing",
    versions: [5],
    authenticator: "later",
    script: [
      send("ann", withMethod("ann", "AT ONCE")),
      answer(),
      expect("ann", passedAtOnce),
      send("ann", auth(0x19, "AT ONCE")),
      send("ann again", withMethod("ann", "AT ONCE")),
      hangUp("ann"),
      answer(),
      answer(),
      expect("ann again", passedAtOnce),
    ],
  },
];

testSequences("AUTH", EXCHANGES);
testSequences("Re-authentication", RE_AUTHENTICATION);
